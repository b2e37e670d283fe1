// Readers of split_lists.h.
#include "data/split_lists.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/text.h"
#include "data/folders.h"
#include "data/list_file.h"
#include "longtake/error.h"

namespace longtake {
namespace {

using Path = Files::Path;

// "name" and "number" of a line "name number"; the number is empty where the line has one word. Names may hold spaces.
std::pair<std::string_view, std::string_view> split_off_number(std::string_view line) {
  const std::size_t space = line.find_last_of(" \t");
  if (space == std::string_view::npos) return {line, {}};
  const std::string_view last = line.substr(space + 1);
  const bool number = last.find_first_not_of("+-0123456789") == std::string_view::npos;
  if (!number) return {line, {}};
  return {trim(line.substr(0, space)), last};
}

std::int64_t label_by_number(std::string_view number, const std::vector<std::string>& labels, std::int64_t first,
                             const std::string& where) {
  const std::int64_t value = parse_int64(number, where);
  const auto count = static_cast<std::int64_t>(labels.size());
  if (value < first || value - first >= count) {
    throw BadData(fmt::format("{}: class {} is not among the {} classes {} to {}", where, value, count, first,
                              first + count - 1));
  }
  return value - first;
}

std::int64_t label_by_folder(const Path& name, const std::vector<std::string>& labels, const std::string& where) {
  const std::string folder = name.parent_path().filename().string();
  const auto found = std::find(labels.begin(), labels.end(), folder);
  if (found != labels.end()) return found - labels.begin();
  if (folder.empty()) {
    throw BadData(fmt::format("{}: there is neither a class number nor a class folder, such as {}/{}", where,
                              labels.empty() ? "Archery" : labels.front(), name.string()));
  }
  throw BadData(fmt::format("{}: {}", where, unknown_name_message("class", folder, "the class index", labels)));
}

void check_folder_agrees(const Path& name, std::int64_t label, const std::vector<std::string>& labels,
                         std::int64_t first, const std::string& where) {
  const std::string folder = name.parent_path().filename().string();
  const auto found = std::find(labels.begin(), labels.end(), folder);
  if (found == labels.end() || found - labels.begin() == label) return;
  throw BadData(
      fmt::format("{}: the number {} means class \"{}\", but the folder is of \"{}\"; these lists are read as counting "
                  "classes from "
                  "{}",
                  where, label + first, labels[static_cast<std::size_t>(label)], folder, first));
}

// The "g08" of "v_ApplyEyeMakeup_g08_c01.avi"; empty where the name is not of this form.
std::string ucf101_group(const Path& name) {
  const std::string stem = name.stem().string();
  for (const std::string_view part : split(stem, '_')) {
    const bool digits = part.size() == 3 && part.find_first_not_of("0123456789", 1) == std::string_view::npos;
    if (digits && part[0] == 'g') return std::string(part);
  }
  return "";
}

void collect(std::vector<DatasetItem> items, const std::string& source_name, ItemCollector& collector) {
  for (DatasetItem& item : items) {
    const std::string name = item.id;
    collector.add(std::move(item), name, source_name);
  }
}

}  // namespace

std::vector<std::string> parse_class_index(std::string_view text, const std::string& source_name) {
  std::vector<std::string> labels;
  for (const Line& line : read_lines(text, source_name)) {
    const std::string where = place(source_name, line.number);
    const std::size_t space = line.text.find_first_of(" \t");
    if (space == std::string_view::npos) {
      throw BadData(
          fmt::format("{}: \"{:.80}\" is not a number and a class, such as \"1 ApplyEyeMakeup\"", where, line.text));
    }
    const std::int64_t number = parse_int64(line.text.substr(0, space), where);
    const auto wanted = static_cast<std::int64_t>(labels.size()) + 1;
    if (number != wanted) throw BadData(fmt::format("{}: class number {} where {} is wanted", where, number, wanted));
    std::string name(trim(line.text.substr(space)));
    if (std::find(labels.begin(), labels.end(), name) != labels.end()) {
      throw BadData(fmt::format("{}: the class \"{:.80}\" is listed twice", where, name));
    }
    labels.push_back(std::move(name));
  }
  check_not_empty(labels.empty(), source_name, "a line per class, such as \"1 ApplyEyeMakeup\", is wanted");
  return labels;
}

namespace {

Files::Path with_extension(Files::Path name, const std::string& wanted) {
  const bool has_one = has_video_extension(name);
  if (has_one && wanted.empty()) return name;
  if (has_one) return name.replace_extension(wanted);
  if (!name.has_extension() || !wanted.empty()) name += wanted.empty() ? ".avi" : wanted;
  return name;
}

}  // namespace

std::vector<DatasetItem> parse_split_list(std::string_view text, const std::string& source_name,
                                          const std::vector<std::string>& labels, std::string_view split,
                                          const Ucf101Lists& lists) {
  ItemCollector items;
  for (const Line& line : read_lines(text, source_name)) {
    const std::string where = place(source_name, line.number);
    const auto [text_name, number] = split_off_number(line.text);
    Path name(text_name);
    if (!name.has_filename()) throw BadData(fmt::format("{}: \"{:.80}\" names no file", where, text_name));
    name = with_extension(std::move(name), lists.extension);
    DatasetItem item;
    item.label = number.empty() ? label_by_folder(name, labels, where)
                                : label_by_number(number, labels, lists.first_label, where);
    check_folder_agrees(name, item.label, labels, lists.first_label, where);
    item.path = lists.videos / name;
    item.group = ucf101_group(name);
    item.split = split;
    items.add(std::move(item), name.generic_string(), where);
  }
  check_not_empty(items.empty(), source_name, "a line per video, such as \"Archery/v_Archery_g01_c01.avi\", is wanted");
  return items.take();
}

Dataset read_ucf101(const Files& files, const Ucf101Lists& lists) {
  Dataset dataset;
  dataset.labels = parse_class_index(files.read(lists.class_index), lists.class_index.string());
  ItemCollector items;
  for (const auto& [path, split] : {std::pair{lists.train_list, kTrainSplit}, std::pair{lists.test_list, kTestSplit}}) {
    if (path.empty()) continue;
    collect(parse_split_list(files.read(path), path.string(), dataset.labels, split, lists), path.string(), items);
  }
  if (items.empty()) throw InvalidArgument("neither a train list nor a test list of UCF101 is given");
  dataset.items = items.take();
  return dataset;
}

std::vector<DatasetItem> parse_hmdb51_list(std::string_view text, const std::string& source_name,
                                           const Files::Path& class_folder, std::int64_t label) {
  ItemCollector items;
  for (const Line& line : read_lines(text, source_name)) {
    const std::string where = place(source_name, line.number);
    const auto [name, number] = split_off_number(line.text);
    const bool known = number == "0" || number == "1" || number == "2";
    if (!known || name.empty()) {
      throw BadData(
          fmt::format("{}: \"{:.80}\" is not a file name and 0 (unused), 1 (train) or 2 (test)", where, line.text));
    }
    DatasetItem item;
    item.path = class_folder / Path(name);
    item.label = label;
    item.split = number == "1" ? kTrainSplit : number == "2" ? kTestSplit : "";
    items.add(std::move(item), (class_folder.filename() / Path(name)).generic_string(), where);
  }
  std::vector<DatasetItem> used = items.take();
  std::erase_if(used, [](const DatasetItem& item) { return item.split.empty(); });
  return used;
}

Dataset read_hmdb51(const Files& files, const Hmdb51Lists& lists) {
  const std::string ending = fmt::format("_test_split{}.txt", lists.split);
  Dataset dataset;
  for (const std::string& name : files.list(lists.lists)) {
    if (!name.ends_with(ending) || name.size() == ending.size()) continue;
    const std::string class_name = name.substr(0, name.size() - ending.size());
    const Path path = lists.lists / name;
    const auto label = static_cast<std::int64_t>(dataset.labels.size());
    std::vector<DatasetItem> items =
        parse_hmdb51_list(files.read(path), path.string(), lists.videos / class_name, label);
    std::move(items.begin(), items.end(), std::back_inserter(dataset.items));
    dataset.labels.push_back(class_name);
  }
  if (dataset.labels.empty()) {
    throw BadData(fmt::format("{}: there is no list of split {}; files such as brush_hair{} are wanted",
                              lists.lists.string(), lists.split, ending));
  }
  return dataset;
}

}  // namespace longtake
