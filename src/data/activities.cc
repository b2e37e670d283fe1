// Writes the set of activities.h.
#include "data/activities.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/generated_set.h"
#include "data/activity_scene.h"
#include "data/activitynet.h"
#include "longtake/error.h"
#include "media/video_writer.h"

namespace longtake {
namespace {

using Path = std::filesystem::path;

constexpr int kVersion = 1;  // of the rules in activity_scene; a change of them is another set
constexpr int kQuality = 23;

// Of which each split has its own random numbers.
enum SplitStream : std::uint64_t { kTrainStream = 1, kValidationStream = 2, kTestStream = 3 };

struct VideoPlan {
  std::string name;
  std::string split;
  std::int64_t frames;
  ActivityScene scene;
};

void check_options(const ActivitiesOptions& options) {
  const auto check = [](bool good, const char* name, double value, const char* wanted) {
    if (!good) throw InvalidArgument(fmt::format("activities: {} is {}; {} is wanted", name, value, wanted));
  };
  for (const auto& [name, count] : {std::pair{"the number of training videos", options.train},
                                    std::pair{"the number of validation videos", options.validation},
                                    std::pair{"the number of test videos", options.test}}) {
    check(count >= 1 && count <= 9999, name, count, "1 to 9999");
  }
  check(options.size >= 16 && options.size <= 1024 && options.size % 2 == 0, "size", options.size,
        "an even number from 16 to 1024");
  // A sprite rests for up to 2 s at first, and its act lasts up to 5.5 s.
  check(options.shortest_s >= 8 && options.shortest_s <= 3600, "the shortest video in seconds", options.shortest_s,
        "8 to 3600");
  check(options.longest_s >= options.shortest_s && options.longest_s <= 3600, "the longest video in seconds",
        options.longest_s, "a number from the shortest to 3600");
  check(options.fps >= 1 && options.fps <= 240, "the number of frames per second", options.fps, "1 to 240");
}

void plan_split(std::string_view split, SplitStream stream, int count, const ActivitiesOptions& options,
                std::vector<VideoPlan>& plans) {
  for (int number = 0; number < count; ++number) {
    Random random(options.seed, stream, static_cast<std::uint64_t>(number));
    const double length_s = random.uniform(options.shortest_s, options.longest_s);
    const std::int64_t frames = std::llround(length_s * options.fps);
    plans.push_back({fmt::format("{}_{:04d}", split, number), std::string(split), frames,
                     ActivityScene(frames, options.fps, random)});
  }
}

void write_video(const VideoPlan& plan, const Path& path, const ActivitiesOptions& options) {
  media::VideoWriterOptions video;
  video.fps = options.fps;
  video.crf = kQuality;
  media::VideoWriter writer(path.string(), options.size, options.size, video);
  Tensor image(DType::kUint8, {options.size, options.size, 3});
  for (std::int64_t frame = 0; frame < plan.frames; ++frame) {
    plan.scene.render(frame, image);
    writer.write(image);
  }
  writer.finish();
}

std::string provenance(const ActivitiesOptions& options) {
  const nlohmann::ordered_json description{
      {"set", "activities"},
      {"version", kVersion},
      {"made_by", "longtake data make activities"},
      {"seed", options.seed},
      {"train", options.train},
      {"validation", options.validation},
      {"test", options.test},
      {"size", options.size},
      {"shortest_s", options.shortest_s},
      {"longest_s", options.longest_s},
      {"fps", options.fps},
      {"labels", activity_labels()},
      {"note",
       "Two or three sprites move over a moving background, one motion, two at once, or a motion and then its "
       "opposite. "
       "No single frame tells what goes on. Generated, so free of anybody's rights."},
  };
  return description.dump(2) + "\n";
}

Dataset annotate(const std::vector<VideoPlan>& plans) {
  Dataset dataset{activity_labels(), {}, true, {}};
  for (const VideoPlan& plan : plans) {
    DatasetItem item;
    item.id = plan.name;
    item.label = kNoLabel;
    item.split = plan.split;
    item.intervals = plan.scene.intervals();
    dataset.items.push_back(std::move(item));
  }
  return dataset;
}

void write_multithumos(const Files& files, const Path& directory, const Dataset& dataset) {
  std::string classes;
  std::vector<std::string> lines(dataset.labels.size());
  for (std::size_t i = 0; i < dataset.labels.size(); ++i) classes += fmt::format("{} {}\n", i + 1, dataset.labels[i]);
  for (const DatasetItem& item : dataset.items) {
    for (const Interval& interval : item.intervals) {
      lines.at(static_cast<std::size_t>(interval.label)) +=
          fmt::format("{} {} {}\n", item.id, interval.start_s, interval.end_s);
    }
  }
  files.create_directories(directory / "annotations");
  files.write_atomic(directory / "class_list.txt", classes);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    files.write_atomic(directory / "annotations" / (dataset.labels[i] + ".txt"), lines[i]);
  }
}

void write_lists(const Files& files, const Path& directory, const Dataset& dataset) {
  for (const std::string_view split : {kTrainSplit, kValidationSplit, kTestSplit}) {
    std::string names;
    for (const DatasetItem& item : select_split(dataset, split).items) names += item.id + "\n";
    files.write_atomic(directory / fmt::format("{}.txt", split), names);
  }
}

void make(const Files& files, const Path& directory, const ActivitiesOptions& options, ThreadPool& threads) {
  std::vector<VideoPlan> plans;
  plan_split(kTrainSplit, kTrainStream, options.train, options, plans);
  plan_split(kValidationSplit, kValidationStream, options.validation, options, plans);
  plan_split(kTestSplit, kTestStream, options.test, options, plans);
  files.create_directories(directory / "videos");
  threads.parallel_for(static_cast<std::int64_t>(plans.size()), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      write_video(plans[i], directory / "videos" / (plans[i].name + ".mp4"), options);
    }
  });
  const Dataset dataset = annotate(plans);
  std::vector<double> durations_s;
  for (const VideoPlan& plan : plans) durations_s.push_back(static_cast<double>(plan.frames) / options.fps);
  write_multithumos(files, directory / "multithumos", dataset);
  write_lists(files, directory, dataset);
  files.write_atomic(directory / "annotations.json", write_activitynet(dataset, durations_s));
}

}  // namespace

std::vector<std::string> activity_labels() {
  std::vector<std::string> labels;
  for (const Motion motion : kMotions) labels.emplace_back(name_of(motion));
  for (const OrderedPair& pair : kOrderedPairs) labels.emplace_back(pair.name);
  return labels;
}

Dataset make_activities(const Files& files, const Path& directory, const ActivitiesOptions& options,
                        ThreadPool& threads) {
  check_options(options);
  const std::string description = provenance(options);
  files.create_directories(directory);
  if (!is_complete_set(files, directory, "activities", "activities.json", description, "annotations.json")) {
    files.write_atomic(directory / "activities.json", description);
    make(files, directory, options, threads);
  }
  return read_activitynet(files, directory / "annotations.json", activity_labels(), {.videos = directory / "videos"});
}

}  // namespace longtake
