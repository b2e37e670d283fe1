#include "data/activitynet.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "data/annotations.h"
#include "data/lined_json.h"
#include "longtake/error.h"

namespace longtake {
namespace {

using Kind = LinedJson::Kind;

class Reader {
 public:
  Reader(const std::string& source_name, const std::vector<std::string>& labels)
      : source_name_(source_name), annotations_(labels) {}

  Dataset read(const LinedJson& root) {
    const LinedJson& database = required(root, "database", Kind::kObject, "an object of videos");
    for (std::size_t i = 0; i < database.keys.size(); ++i) read_video(database.keys[i], database.elements[i]);
    if (annotations_.empty()) throw BadData(fmt::format("{}: no video in it has annotations", at(database)));
    return annotations_.finish();
  }

 private:
  std::string at(const LinedJson& value) const { return place(source_name_, value.line); }

  const LinedJson& checked(const LinedJson& value, std::string_view what, Kind kind, std::string_view wanted) const {
    if (value.kind != kind) throw BadData(fmt::format("{}: {} is not {}", at(value), what, wanted));
    return value;
  }

  const LinedJson& required(const LinedJson& object, std::string_view key, Kind kind, std::string_view wanted) const {
    checked(object, "this", Kind::kObject, "an object");
    const LinedJson* value = object.find(key);
    if (value == nullptr) {
      throw BadData(fmt::format("{}: the object has no \"{}\"; {} is wanted", at(object), key, wanted));
    }
    return checked(*value, fmt::format("\"{}\"", key), kind, wanted);
  }

  void read_video(const std::string& name, const LinedJson& video) {
    checked(video, fmt::format("the video \"{:.80}\"", name), Kind::kObject, "an object");
    const LinedJson* list = video.find("annotations");
    if (list != nullptr) checked(*list, "\"annotations\"", Kind::kArray, "an array");
    if (list == nullptr || list->elements.empty()) {
      annotations_.warn(fmt::format("{}: the video \"{:.200}\" has no annotations and was left out", at(video), name));
      return;
    }
    const std::size_t number = annotations_.video(name, at(video));
    if (video.find("subset") != nullptr) {
      const LinedJson& subset = required(video, "subset", Kind::kString, "a name such as \"training\"");
      annotations_.set_split(number, parse_split_name(subset.text, at(subset)), at(subset));
    }
    if (video.find("duration") != nullptr) {
      const LinedJson& duration = required(video, "duration", Kind::kNumber, "a number of seconds");
      annotations_.set_duration(number, duration.number, at(duration));
    }
    for (const LinedJson& annotation : list->elements) read_annotation(number, annotation);
  }

  void read_annotation(std::size_t video, const LinedJson& annotation) {
    constexpr std::string_view kPair = "an array of start and end in seconds";
    const LinedJson& label = required(annotation, "label", Kind::kString, "the name of a class");
    const LinedJson& segment = required(annotation, "segment", Kind::kArray, kPair);
    if (segment.elements.size() != 2) throw BadData(fmt::format("{}: \"segment\" is not {}", at(segment), kPair));
    std::array<double, 2> ends{};
    for (std::size_t i = 0; i < 2; ++i) {
      ends[i] = checked(segment.elements[i], "an end of \"segment\"", Kind::kNumber, "a number of seconds").number;
    }
    annotations_.add(video, label.text, ends[0], ends[1], at(segment));
  }

  const std::string& source_name_;
  AnnotationCollector annotations_;
};

std::string json_text(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string_view subset_of(const std::string& split) {
  if (split == kTrainSplit) return "training";
  if (split == kTestSplit) return "testing";
  return split;
}

}  // namespace

Dataset parse_activitynet(std::string_view text, const std::string& source_name,
                          const std::vector<std::string>& labels) {
  return Reader(source_name, labels).read(parse_lined_json(text, source_name));
}

Dataset read_activitynet(const Files& files, const Files::Path& path, const std::vector<std::string>& labels,
                         const VideoPlaces& places) {
  return locate_videos(files, parse_activitynet(files.read(path), path.string(), labels), places);
}

std::string write_activitynet(const Dataset& dataset, std::span<const double> durations_s) {
  if (durations_s.size() != dataset.items.size()) {
    throw InvalidArgument(fmt::format("{} durations for {} videos", durations_s.size(), dataset.items.size()));
  }
  std::string text = "{\"database\": {";
  for (std::size_t i = 0; i < dataset.items.size(); ++i) {
    const DatasetItem& item = dataset.items[i];
    text += fmt::format("{}\n  {}: {{", i == 0 ? "" : ",", json_text(item.id));
    if (!item.split.empty()) text += fmt::format("\"subset\": \"{}\", ", subset_of(item.split));
    text += fmt::format("\"duration\": {}, \"annotations\": [", durations_s[i]);
    for (std::size_t k = 0; k < item.intervals.size(); ++k) {
      const Interval& interval = item.intervals[k];
      text += fmt::format("{}\n    {{\"label\": {}, \"segment\": [{}, {}]}}", k == 0 ? "" : ",",
                          json_text(dataset.labels.at(static_cast<std::size_t>(interval.label))), interval.start_s,
                          interval.end_s);
    }
    text += "]}";
  }
  return text + "\n}}\n";
}

}  // namespace longtake
