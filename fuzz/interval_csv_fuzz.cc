// Any text is either intervals or BadData, with classes by name and by number. The first byte chooses which.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "annotation_checks.h"
#include "data/interval_csv.h"
#include "longtake/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  longtake::IntervalCsvOptions options;
  if (data[0] % 2 == 1) options = {.labels = {"wave", "point"}, .first_label = 1};
  try {
    longtake::fuzz::check_dense(longtake::parse_interval_csv(text, "fuzz", options));
  } catch (const longtake::BadData&) {
  }
  return 0;
}
