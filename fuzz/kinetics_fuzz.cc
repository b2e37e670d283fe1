// Any text is either a list of Kinetics or BadData, and no id leads out of the folder of the videos.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "data/kinetics.h"
#include "longtake/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const longtake::Dataset dataset = longtake::parse_kinetics(text, "fuzz", {.videos = "videos"});
    for (const longtake::DatasetItem& item : dataset.items) {
      if (item.path.parent_path() != "videos") __builtin_trap();
      if (static_cast<std::size_t>(item.label) >= dataset.labels.size()) __builtin_trap();
    }
  } catch (const longtake::BadData&) {
  }
  return 0;
}
