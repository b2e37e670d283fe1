// Any text is either tracks, which survive writing and reading, or an Error. The first byte chooses what it is read as.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "fields/track_readers.h"
#include "longtake/error.h"

namespace {

using namespace longtake::fields;

std::vector<Track> parse_as(std::uint8_t format, std::string_view text) {
  switch (format % 4) {
    case 0:
      return parse_track_table(text, "fuzz");
    case 1:
      return parse_track_text(text, "fuzz", {.start = 0});
    case 2:
      return parse_tempest_extremes(text, "fuzz");
    default:
      return parse_tracks(text, "fuzz");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    const std::vector<Track> tracks = parse_as(data[0], text);
    if (parse_track_table(write_tracks_csv(tracks), "written") != tracks) __builtin_trap();
    if (write_tracks_geojson(tracks).empty()) __builtin_trap();
  } catch (const longtake::BadData&) {
  } catch (const longtake::InvalidArgument&) {
  }
  return 0;
}
