#include "data/interval_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "data/annotations.h"
#include "data/csv.h"
#include "longtake/error.h"

namespace longtake {
namespace {

enum IntervalColumn { kVideoColumn, kLabelColumn, kStartColumn, kEndColumn, kSplitColumn, kIntervalColumns };

// Where each column stands; -1 for one that is not there.
using Positions = std::array<int, kIntervalColumns>;

Positions positions_of(const std::vector<std::string>& header, const std::string& where) {
  static const std::vector<std::string> names{"path", "label", "start", "end", "split"};
  Positions positions;
  positions.fill(-1);
  for (std::size_t i = 0; i < header.size(); ++i) {
    const auto name = std::find(names.begin(), names.end(), header[i]);
    if (name == names.end()) {
      throw BadData(fmt::format("{}: {}", where, unknown_name_message("column", header[i], "", names)));
    }
    int& position = positions[static_cast<std::size_t>(name - names.begin())];
    if (position >= 0) throw BadData(fmt::format("{}: the column \"{}\" is there twice", where, header[i]));
    position = static_cast<int>(i);
  }
  for (const IntervalColumn column : {kVideoColumn, kLabelColumn, kStartColumn, kEndColumn}) {
    if (positions[column] >= 0) continue;
    throw BadData(fmt::format("{}: the header has no column \"{}\"; path,label,start,end[,split] is wanted", where,
                              names[column]));
  }
  return positions;
}

std::string label_of(const std::string& text, const IntervalCsvOptions& options, const std::string& where) {
  if (!options.first_label) return text;
  const std::int64_t number = parse_int64(text, where + ": label");
  const auto count = static_cast<std::int64_t>(options.labels.size());
  const std::int64_t index = number - *options.first_label;
  if (index < 0 || index >= count) {
    throw BadData(
        fmt::format("{}: class {} is not among the {} classes {} to {}; first_label = {} would count them "
                    "from {}",
                    where, number, count, *options.first_label, *options.first_label + count - 1,
                    1 - *options.first_label, 1 - *options.first_label));
  }
  return options.labels[static_cast<std::size_t>(index)];
}

void add_row(const std::vector<std::string>& fields, const Positions& positions, const IntervalCsvOptions& options,
             const std::string& where, AnnotationCollector& annotations) {
  const auto field = [&](IntervalColumn column) {
    return positions[column] < 0 ? std::string() : fields[positions[column]];
  };
  const std::string path = field(kVideoColumn), label = field(kLabelColumn), start = field(kStartColumn),
                    end = field(kEndColumn);
  if (path.empty()) throw BadData(fmt::format("{}: the path is empty", where));
  const std::size_t video = annotations.video(path, where);
  if (!field(kSplitColumn).empty()) annotations.set_split(video, parse_split_name(field(kSplitColumn), where), where);
  if (label.empty() && start.empty() && end.empty()) return;
  annotations.add(video, label_of(label, options, where), parse_double(start, where + ": start"),
                  parse_double(end, where + ": end"), where);
}

}  // namespace

Dataset parse_interval_csv(std::string_view text, const std::string& source_name, const IntervalCsvOptions& options) {
  if (options.first_label && (options.labels.empty() || *options.first_label < 0 || *options.first_label > 1)) {
    throw InvalidArgument(
        fmt::format("first_label = {} needs the classes in labels, and counts them from 0 or 1", *options.first_label));
  }
  const std::vector<Line> lines = read_lines(text, source_name);
  check_not_empty(lines.size() < 2, source_name, "a header and a row per interval are wanted");
  const std::string header_place = place(source_name, lines[0].number);
  const std::vector<std::string> header = parse_csv_line(lines[0].text, header_place);
  const Positions positions = positions_of(header, header_place);
  AnnotationCollector annotations(options.labels);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::string where = place(source_name, lines[i].number);
    const std::vector<std::string> fields = parse_csv_line(lines[i].text, where);
    if (fields.size() != header.size()) {
      throw BadData(fmt::format("{}: {} fields where the header has {}", where, fields.size(), header.size()));
    }
    add_row(fields, positions, options, where, annotations);
  }
  return annotations.finish();
}

Dataset read_interval_csv(const Files& files, const Files::Path& path, const IntervalCsvOptions& options,
                          VideoPlaces places) {
  places.videos = path.parent_path();
  return locate_videos(files, parse_interval_csv(files.read(path), path.string(), options), places);
}

}  // namespace longtake
