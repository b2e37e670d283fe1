// Any two texts are either units that convert to a number, or an Error; any text is a time, or an Error. The texts are
// separated by a line's end: a unit, another one, units of time, a calendar, a time.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/text.h"
#include "fields/calendar.h"
#include "fields/units.h"
#include "longtake/error.h"

namespace {

template <class Call>
void allow_errors(const Call& call) {
  try {
    call();
  } catch (const longtake::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace fields = longtake::fields;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  std::array<std::string_view, 5> texts;
  std::size_t count = 0;
  for (const std::string_view line : longtake::split(all, '\n')) {
    if (count < texts.size()) texts[count++] = line;
  }
  allow_errors([&] { fields::Conversion(texts[0], texts[1], {.interval_s = 300})(1.5); });
  allow_errors([&] { fields::TimeUnits(texts[2], texts[3], "fuzz").to_utc(1.5); });
  allow_errors([&] {
    const std::int64_t time = fields::parse_time(texts[4], "fuzz");
    if (fields::parse_time(fields::format_time(time), "written") != time) __builtin_trap();
  });
  return 0;
}
