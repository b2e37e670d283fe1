// What the readers of lists share: lines of a text file with their numbers, labels by name, and the check that nothing
// is listed twice. Private to data.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset.h"

namespace longtake {

// A line longer than this is no list but something else, and is refused before anything is made of it.
inline constexpr std::size_t kLongestLine = 65536;

// `text` without a byte order mark.
std::string_view without_byte_order_mark(std::string_view text);

struct Line {
  std::int64_t number;    // from 1
  std::string_view text;  // without white space at either end
};

// The lines of `text` that are not blank. Ends of lines may be LF, CRLF or CR. Throws BadData naming source and line on
// lines that are too long or hold a zero byte.
std::vector<Line> read_lines(std::string_view text, const std::string& source_name);

// "trainlist01.txt:12"
std::string place(const std::string& source_name, std::int64_t line);

// Throws BadData for "": a list without a single item is a mistake.
void check_not_empty(bool empty, const std::string& source_name, std::string_view wanted);

// Gathers items and refuses those that come twice.
class ItemCollector {
 public:
  // `where` is what a message calls the item's place, such as "list.csv:3". Sets the item's id.
  void add(DatasetItem item, const std::string& name, const std::string& where);
  std::vector<DatasetItem> take() { return std::move(items_); }
  bool empty() const { return items_.empty(); }

 private:
  std::vector<DatasetItem> items_;
  std::map<std::string, std::string, std::less<>> places_;  // of each id
};

// Class names by index: given ones, or those that turn up, sorted when all are known.
class LabelIndex {
 public:
  LabelIndex() = default;
  explicit LabelIndex(std::vector<std::string> labels);

  // The number of `name` in the given labels, or the provisional number of a name that turned up. Throws BadData that
  // starts with `where` on a name that is not among given labels.
  std::int64_t find_or_add(std::string_view name, std::string_view where);

  // The labels in their final order; rewrites the items' numbers to it.
  std::vector<std::string> finish(std::vector<DatasetItem>& items) const;

 private:
  std::vector<std::string> labels_;
  std::map<std::string, std::int64_t, std::less<>> numbers_;
  bool given_ = false;
};

}  // namespace longtake
