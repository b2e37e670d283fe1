// Reads and writes the manifest.
#include "data/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/text.h"
#include "data/csv.h"
#include "data/list_file.h"
#include "longtake/error.h"

namespace longtake {
namespace {

enum Column { kPath, kLabel, kStart, kEnd, kSplit, kGroup, kColumns };

const std::vector<std::string>& column_names() {
  static const std::vector<std::string> names{"path", "label", "start", "end", "split", "group"};
  return names;
}

// Where each column stands in a line; -1 for one that is not there.
struct Layout {
  std::array<int, kColumns> position{-1, -1, -1, -1, -1, -1};
  std::size_t fields = 0;  // in every line; 0 where there is no header
};

Layout layout_of(const std::vector<std::string>& header, const std::string& where) {
  Layout layout;
  layout.fields = header.size();
  for (std::size_t i = 0; i < header.size(); ++i) {
    const auto name = std::find(column_names().begin(), column_names().end(), header[i]);
    if (name == column_names().end()) {
      throw BadData(fmt::format("{}: {}", where, unknown_name_message("column", header[i], "", column_names())));
    }
    int& position = layout.position[static_cast<std::size_t>(name - column_names().begin())];
    if (position >= 0) throw BadData(fmt::format("{}: the column \"{}\" is there twice", where, header[i]));
    position = static_cast<int>(i);
  }
  if (layout.position[kLabel] < 0) {
    throw BadData(
        fmt::format("{}: the header has no column \"label\"; path,label[,start,end[,split]] is wanted", where));
  }
  return layout;
}

class LineFields {
 public:
  LineFields(const Layout& layout, std::vector<std::string> fields, const std::string& where)
      : layout_(layout), fields_(std::move(fields)), where_(where) {
    const std::size_t found = fields_.size();
    if (layout.fields != 0 && found != layout.fields) {
      throw BadData(fmt::format("{}: {} fields where the header has {}", where, found, layout.fields));
    }
    if (layout.fields == 0 && found != 2 && found != 4 && found != 5) {
      throw BadData(fmt::format("{}: {} fields; path,label or path,label,start,end[,split] is wanted", where, found));
    }
  }

  // The field of a column; empty where the line has none.
  const std::string& text(Column column) const {
    static const std::string none;
    const auto position = static_cast<std::size_t>(layout_.position[column]);
    return position < fields_.size() ? fields_[position] : none;
  }

  const std::string& required(Column column) const {
    const std::string& value = text(column);
    if (value.empty()) throw BadData(fmt::format("{}: the {} is empty", where_, column_names()[column]));
    return value;
  }

  std::optional<double> seconds(Column column) const {
    const std::string& value = text(column);
    if (value.empty()) return std::nullopt;
    const double time = parse_double(value, fmt::format("{}: {}", where_, column_names()[column]));
    if (time < 0) {
      throw BadData(fmt::format("{}: {} is {} s; a time from 0 on is wanted", where_, column_names()[column], time));
    }
    return time;
  }

 private:
  const Layout& layout_;
  std::vector<std::string> fields_;
  const std::string& where_;
};

DatasetItem read_item(const LineFields& line, const std::filesystem::path& folder, LabelIndex& labels,
                      const std::string& where) {
  DatasetItem item;
  item.path = folder / line.required(kPath);
  item.label = labels.find_or_add(line.required(kLabel), where);
  item.start_s = line.seconds(kStart);
  item.end_s = line.seconds(kEnd);
  if (item.end_s && *item.end_s <= item.start_s.value_or(0)) {
    throw BadData(fmt::format("{}: the part ends at {} s, which is not after its start at {} s", where, *item.end_s,
                              item.start_s.value_or(0)));
  }
  if (!line.text(kSplit).empty()) item.split = parse_split_name(line.text(kSplit), where);
  item.group = line.text(kGroup);
  return item;
}

std::string csv_field(const std::string& text) {
  const bool plain = text.find_first_of("\",") == std::string::npos && trim(text) == text;
  if (plain) return text;
  std::string field = "\"";
  for (const char letter : text) field += letter == '"' ? std::string("\"\"") : std::string(1, letter);
  return field + "\"";
}

}  // namespace

Dataset parse_manifest(std::string_view text, const std::string& source_name, const std::filesystem::path& folder,
                       const std::vector<std::string>& labels) {
  constexpr Layout kWithoutHeader{{0, 1, 2, 3, 4, -1}, 0};
  const std::vector<Line> lines = read_lines(text, source_name);
  Layout layout = kWithoutHeader;
  LabelIndex index = labels.empty() ? LabelIndex() : LabelIndex(labels);
  ItemCollector items;
  for (const Line& line : lines) {
    const std::string where = place(source_name, line.number);
    std::vector<std::string> fields = parse_csv_line(line.text, where);
    const bool header = &line == &lines.front() && std::find(fields.begin(), fields.end(), "path") != fields.end();
    if (header) {
      layout = layout_of(fields, where);
      continue;
    }
    const LineFields line_fields(layout, std::move(fields), where);
    items.add(read_item(line_fields, folder, index, where), line_fields.text(kPath), where);
  }
  check_not_empty(items.empty(), source_name, "a line per video, path,label[,start,end[,split]], is wanted");
  Dataset dataset;
  dataset.items = items.take();
  dataset.labels = index.finish(dataset.items);
  return dataset;
}

Dataset read_manifest(const Files& files, const Files::Path& path, const std::vector<std::string>& labels) {
  return parse_manifest(files.read(path), path.string(), path.parent_path(), labels);
}

std::string write_manifest(const Dataset& dataset, const std::filesystem::path& folder) {
  std::string text = "path,label,start,end,split,group\n";
  const auto seconds = [](const std::optional<double>& time) { return time ? fmt::format("{}", *time) : ""; };
  for (const DatasetItem& item : dataset.items) {
    const std::filesystem::path relative = item.path.lexically_relative(folder);
    const bool below = !relative.empty() && *relative.begin() != "..";
    text += fmt::format("{},{},{},{},{},{}\n", csv_field((below ? relative : item.path).generic_string()),
                        csv_field(dataset.labels.at(static_cast<std::size_t>(item.label))), seconds(item.start_s),
                        seconds(item.end_s), item.split, csv_field(item.group));
  }
  return text;
}

}  // namespace longtake
