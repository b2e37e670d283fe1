#include "data/annotations.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/text.h"
#include "longtake/error.h"

namespace longtake {

AnnotationCollector::AnnotationCollector(const std::vector<std::string>& labels)
    : labels_(labels.empty() ? LabelIndex() : LabelIndex(labels)), label_names_(labels) {}

namespace {

// The name becomes part of a path, so it may not lead elsewhere.
void check_video_name(std::string_view name, const std::string& where) {
  const std::filesystem::path path(name);
  const bool leaves = path.is_absolute() || std::find(path.begin(), path.end(), "..") != path.end();
  if (name.find('\0') != std::string_view::npos) {  // where the system would end the path
    throw BadData(fmt::format("{}: the name of a video holds a NUL character", where));
  }
  if (name.empty() || leaves || !path.has_filename()) {
    throw BadData(fmt::format("{}: \"{:.200}\" is no name of a video below the folder of the videos", where, name));
  }
}

}  // namespace

std::size_t AnnotationCollector::video(std::string_view name, const std::string& where) {
  const auto found = numbers_.find(name);
  if (found != numbers_.end()) return found->second;
  check_video_name(name, where);
  numbers_.emplace(name, videos_.size());
  videos_.push_back({std::string(name), "", std::nullopt, {}});
  return videos_.size() - 1;
}

void AnnotationCollector::set_split(std::size_t video, std::string_view split, const std::string& where) {
  Video& entry = videos_.at(video);
  if (!entry.split.empty() && entry.split != split) {
    throw BadData(
        fmt::format("{}: \"{:.200}\" is of split {} here, but of {} before", where, entry.name, split, entry.split));
  }
  entry.split = split;
}

void AnnotationCollector::set_duration(std::size_t video, double duration_s, const std::string& where) {
  if (!(duration_s > 0)) throw BadData(fmt::format("{}: a video of {} s; more than 0 is wanted", where, duration_s));
  videos_.at(video).duration_s = duration_s;
}

void AnnotationCollector::add(std::size_t video, std::string_view label, double start_s, double end_s,
                              const std::string& where) {
  Video& entry = videos_.at(video);
  if (label.empty()) throw BadData(fmt::format("{}: the class is empty", where));
  if (start_s < 0) throw BadData(fmt::format("{}: the interval starts at {} s; 0 or more is wanted", where, start_s));
  if (end_s < start_s) {
    throw BadData(fmt::format("{}: the interval ends at {} s, before its start at {} s", where, end_s, start_s));
  }
  if (entry.duration_s && (start_s >= *entry.duration_s || end_s > *entry.duration_s + kRounding)) {
    throw BadData(fmt::format("{}: the interval from {} s to {} s lies outside the video, which has {} s", where,
                              start_s, end_s, *entry.duration_s));
  }
  if (entry.duration_s && end_s > *entry.duration_s) {
    warn(fmt::format("{}: the interval ends at {} s, but the video at {} s; it was cut", where, end_s,
                     *entry.duration_s));
    end_s = *entry.duration_s;
  }
  const std::int64_t number = labels_.find_or_add(label, where);
  if (number == static_cast<std::int64_t>(label_names_.size())) label_names_.emplace_back(label);
  entry.entries.push_back({{number, start_s, end_s}, where});
}

std::vector<Interval> AnnotationCollector::merged(Video& video) {
  std::stable_sort(video.entries.begin(), video.entries.end(),
                   [](const Entry& a, const Entry& b) { return starts_before(a.interval, b.interval); });
  std::vector<Interval> intervals;
  std::map<std::int64_t, std::pair<std::size_t, std::string>> newest;  // of each class: where it is, where it was read
  for (const Entry& entry : video.entries) {
    const auto before = newest.find(entry.interval.label);
    if (before != newest.end() && entry.interval.start_s < intervals[before->second.first].end_s) {
      Interval& interval = intervals[before->second.first];
      warn(fmt::format("{}: \"{}\" from {} s to {} s in {:.200} overlaps with {}; they were merged", entry.where,
                       label_names_[static_cast<std::size_t>(interval.label)], entry.interval.start_s,
                       entry.interval.end_s, video.name, before->second.second));
      interval.end_s = std::max(interval.end_s, entry.interval.end_s);
      continue;
    }
    newest[entry.interval.label] = {intervals.size(), entry.where};
    intervals.push_back(entry.interval);
  }
  return intervals;
}

Dataset AnnotationCollector::finish() {
  std::sort(videos_.begin(), videos_.end(), [](const Video& a, const Video& b) { return a.name < b.name; });
  Dataset dataset;
  dataset.dense = true;
  for (Video& video : videos_) {
    DatasetItem item;
    item.id = video.name;
    item.label = kNoLabel;
    item.split = video.split;
    item.intervals = merged(video);
    dataset.items.push_back(std::move(item));
  }
  dataset.labels = labels_.finish(dataset.items);
  for (DatasetItem& item : dataset.items) std::sort(item.intervals.begin(), item.intervals.end(), starts_before);
  dataset.warnings = std::move(warnings_);
  return dataset;
}

namespace {

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
    words.push_back(line.substr(0, end));
    line = trim(line.substr(end));
  }
  return words;
}

std::string_view thumos_split(std::string_view video) {
  if (video.starts_with("video_validation_")) return kTrainSplit;
  if (video.starts_with("video_test_")) return kTestSplit;
  return "";
}

}  // namespace

void collect_interval_lines(std::string_view text, const std::string& source_name, const std::string& label,
                            AnnotationCollector& annotations) {
  for (const Line& line : read_lines(text, source_name)) {
    const std::string where = place(source_name, line.number);
    const std::vector<std::string_view> words = words_of(line.text);
    if (words.size() != 3) {
      throw BadData(fmt::format("{}: \"{:.80}\" is no video, start and end, such as \"video_test_0000004 1.5 2.0\"",
                                where, line.text));
    }
    const std::size_t video = annotations.video(words[0], where);
    if (const std::string_view split = thumos_split(words[0]); !split.empty()) {
      annotations.set_split(video, split, where);
    }
    annotations.add(video, label, parse_double(words[1], where + ": start"), parse_double(words[2], where + ": end"),
                    where);
  }
}

}  // namespace longtake
