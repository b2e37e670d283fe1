// Reader of kinetics.h.
#include "data/kinetics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "data/csv.h"
#include "data/list_file.h"
#include "longtake/error.h"

namespace longtake {
namespace {

constexpr std::array<std::string_view, 5> kColumnNames{"label", "youtube_id", "time_start", "time_end", "split"};
constexpr std::int64_t kLatestSecond = 999999;  // six digits in the file's name

using Columns = std::array<std::size_t, kColumnNames.size()>;

Columns columns_of(const std::vector<std::string>& header, const std::string& where) {
  Columns columns{};
  for (std::size_t i = 0; i < kColumnNames.size(); ++i) {
    const auto found = std::find(header.begin(), header.end(), kColumnNames[i]);
    if (found == header.end()) {
      throw BadData(
          fmt::format("{}: the header has no column \"{}\"; label,youtube_id,time_start,time_end,split is wanted",
                      where, kColumnNames[i]));
    }
    columns[i] = static_cast<std::size_t>(found - header.begin());
  }
  return columns;
}

std::int64_t whole_second(const std::string& text, const std::string& where) {
  const std::int64_t second = parse_int64(text, where);
  if (second < 0 || second > kLatestSecond) {
    throw BadData(fmt::format("{}: {} is no time in seconds from 0 to {}", where, second, kLatestSecond));
  }
  return second;
}

// The name of the cut file.
std::string file_name(const std::string& id, const std::string& start, const std::string& end,
                      const std::string& where) {
  // The id becomes part of a path, so it may not lead elsewhere.
  if (id.empty() || id.find('/') != std::string::npos) {
    throw BadData(fmt::format("{}: \"{:.80}\" is no id of a video", where, id));
  }
  const std::int64_t start_s = whole_second(start, where);
  const std::int64_t end_s = whole_second(end, where);
  if (end_s <= start_s) {
    throw BadData(
        fmt::format("{}: the clip ends at {} s, which is not after its start at {} s", where, end_s, start_s));
  }
  return fmt::format("{}_{:06d}_{:06d}.mp4", id, start_s, end_s);
}

}  // namespace

Dataset parse_kinetics(std::string_view text, const std::string& source_name, const KineticsOptions& options) {
  const std::vector<Line> lines = read_lines(text, source_name);
  check_not_empty(lines.size() < 2, source_name, "a header and a line per video are wanted");
  const std::vector<std::string> header = parse_csv_line(lines[0].text, place(source_name, lines[0].number));
  const Columns columns = columns_of(header, place(source_name, lines[0].number));

  LabelIndex labels = options.labels.empty() ? LabelIndex() : LabelIndex(options.labels);
  ItemCollector items;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::string where = place(source_name, lines[i].number);
    const std::vector<std::string> fields = parse_csv_line(lines[i].text, where);
    if (fields.size() != header.size()) {
      throw BadData(fmt::format("{}: {} fields where the header has {}", where, fields.size(), header.size()));
    }
    const std::string& label = fields[columns[0]];
    if (label.empty()) throw BadData(fmt::format("{}: the label is empty", where));
    const std::string name = file_name(fields[columns[1]], fields[columns[2]], fields[columns[3]], where);
    DatasetItem item;
    item.label = labels.find_or_add(label, where);
    item.path = options.class_folders ? options.videos / label / name : options.videos / name;
    item.split = parse_split_name(fields[columns[4]], where);
    items.add(std::move(item), name, where);
  }
  Dataset dataset;
  dataset.items = items.take();
  dataset.labels = labels.finish(dataset.items);
  return dataset;
}

Dataset read_kinetics(const Files& files, const Files::Path& path, const KineticsOptions& options) {
  return parse_kinetics(files.read(path), path.string(), options);
}

}  // namespace longtake
