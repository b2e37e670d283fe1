// Lines, labels and duplicates, for all readers of lists.
#include "data/list_file.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "longtake/error.h"

namespace longtake {
namespace {

void check_line(std::string_view text, const std::string& source_name, std::int64_t number) {
  if (text.size() > kLongestLine) {
    throw BadData(fmt::format("{}: the line has {} characters, more than the {} of any list",
                              place(source_name, number), text.size(), kLongestLine));
  }
  if (text.find('\0') != std::string_view::npos) {
    throw BadData(
        fmt::format("{}: the line holds a zero byte; a text file in UTF-8 is wanted", place(source_name, number)));
  }
}

std::string item_id(const DatasetItem& item, const std::string& name) {
  if (!item.start_s && !item.end_s) return name;
  return fmt::format("{}#{}-{}", name, item.start_s ? fmt::format("{}", *item.start_s) : "",
                     item.end_s ? fmt::format("{}", *item.end_s) : "");
}

}  // namespace

std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (text.substr(0, kMark.size()) == kMark) text.remove_prefix(kMark.size());
  return text;
}

std::vector<Line> read_lines(std::string_view text, const std::string& source_name) {
  text = without_byte_order_mark(text);
  std::vector<Line> lines;
  for (std::int64_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
    const std::string_view line = text.substr(0, end);
    check_line(line, source_name, number);
    if (const std::string_view content = trim(line); !content.empty()) lines.push_back({number, content});
    const bool crlf = text.substr(end, 2) == "\r\n";
    text.remove_prefix(std::min(text.size(), end + (crlf ? 2 : 1)));
  }
  return lines;
}

std::string place(const std::string& source_name, std::int64_t line) { return fmt::format("{}:{}", source_name, line); }

void check_not_empty(bool empty, const std::string& source_name, std::string_view wanted) {
  if (empty) throw BadData(fmt::format("{}: there is nothing in it; {}", source_name, wanted));
}

void ItemCollector::add(DatasetItem item, const std::string& name, const std::string& where) {
  item.id = item_id(item, name);
  const auto [entry, added] = places_.emplace(item.id, where);
  if (!added) {
    throw BadData(fmt::format("{}: \"{:.200}\" is listed already at {}; every item may come once", where, item.id,
                              entry->second));
  }
  items_.push_back(std::move(item));
}

LabelIndex::LabelIndex(std::vector<std::string> labels) : labels_(std::move(labels)), given_(true) {
  for (std::size_t i = 0; i < labels_.size(); ++i) numbers_.emplace(labels_[i], static_cast<std::int64_t>(i));
}

std::int64_t LabelIndex::find_or_add(std::string_view name, std::string_view where) {
  if (const auto found = numbers_.find(name); found != numbers_.end()) return found->second;
  if (given_) throw BadData(fmt::format("{}: {}", where, unknown_name_message("class", name, "", labels_)));
  const auto number = static_cast<std::int64_t>(labels_.size());
  labels_.emplace_back(name);
  numbers_.emplace(name, number);
  return number;
}

std::vector<std::string> LabelIndex::finish(std::vector<DatasetItem>& items) const {
  if (given_) return labels_;
  std::vector<std::string> sorted;
  std::vector<std::int64_t> final_number(labels_.size());
  for (const auto& [name, number] : numbers_) {  // in the order of the names' bytes
    final_number[static_cast<std::size_t>(number)] = static_cast<std::int64_t>(sorted.size());
    sorted.push_back(name);
  }
  for (DatasetItem& item : items) {
    if (item.label != kNoLabel) item.label = final_number[static_cast<std::size_t>(item.label)];
    for (Interval& interval : item.intervals) interval.label = final_number[static_cast<std::size_t>(interval.label)];
  }
  return sorted;
}

}  // namespace longtake
