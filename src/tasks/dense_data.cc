#include "tasks/dense_data.h"

#include <optional>

#include "data/activitynet.h"
#include "data/interval_csv.h"
#include "data/multithumos.h"
#include "data/thumos14.h"
#include "longtake/error.h"

namespace longtake::tasks {

namespace {

VideoPlaces read_places(const Options& data, bool named_without_folder) {
  VideoPlaces places{.train_list = data.get("train_list", ""),
                     .validation_list = data.get("validation_list", ""),
                     .test_list = data.get("test_list", "")};
  if (!named_without_folder) return places;
  places.videos = data.require_text("videos");
  places.prefix = data.get("prefix", "");
  places.extension = data.get("extension", places.extension);
  return places;
}

VideoPlaces expanded(VideoPlaces places) {
  for (auto* path : {&places.videos, &places.train_list, &places.validation_list, &places.test_list}) {
    *path = expand_variables(path->string());
  }
  return places;
}

std::optional<std::int64_t> read_first_label(const Options& data, const std::vector<std::string>& labels) {
  if (!data.has("first_label")) return std::nullopt;
  const auto first = data.require<std::int64_t>("first_label");
  if (first != 0 && first != 1) throw data.error("first_label", "must be 0 or 1, the number of the first class");
  if (labels.empty()) throw data.error("first_label", "needs labels, the names of the classes in their order");
  return first;
}

}  // namespace

DataLister read_dense_format(const Options& data, const std::string& format) {
  const std::string path = data.require_text("path");
  const auto labels = data.get<std::vector<std::string>>("labels", {});
  const VideoPlaces places = read_places(data, format != "intervals");
  if (format == "activitynet") {
    return
        [=](const Files& files) { return read_activitynet(files, expand_variables(path), labels, expanded(places)); };
  }
  if (format == "multithumos") {
    return [=](const Files& files) { return read_multithumos(files, expand_variables(path), expanded(places)); };
  }
  if (format == "intervals") {
    const IntervalCsvOptions options{labels, read_first_label(data, labels)};
    return
        [=](const Files& files) { return read_interval_csv(files, expand_variables(path), options, expanded(places)); };
  }
  const std::string test_path = data.get("test_path", "");
  return [=](const Files& files) {
    std::vector<Files::Path> folders{expand_variables(path)};
    if (!test_path.empty()) folders.emplace_back(expand_variables(test_path));
    return read_thumos14(files, folders, expanded(places));
  };
}

}  // namespace longtake::tasks
