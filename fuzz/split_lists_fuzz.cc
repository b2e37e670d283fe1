// Any text is either a list or BadData, whatever kind of list it is read as. The first byte chooses the kind.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "data/split_lists.h"
#include "longtake/error.h"

namespace {

void check_items(const std::vector<longtake::DatasetItem>& items, std::int64_t classes) {
  for (const longtake::DatasetItem& item : items) {
    if (item.label < 0 || item.label >= classes || item.id.empty()) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::vector<std::string> labels{"Archery", "BabyCrawling", "Basketball"};
  try {
    switch (data[0] % 4) {
      case 0:
        if (longtake::parse_class_index(text, "fuzz").empty()) __builtin_trap();
        break;
      case 1:
        check_items(longtake::parse_split_list(text, "fuzz", labels, "train", {}), 3);
        break;
      case 2:
        check_items(longtake::parse_split_list(text, "fuzz", labels, "test", {.first_label = 0}), 3);
        break;
      default:
        check_items(longtake::parse_hmdb51_list(text, "fuzz", "videos/wave", 0), 1);
    }
  } catch (const longtake::BadData&) {
  }
  return 0;
}
