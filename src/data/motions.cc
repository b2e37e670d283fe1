// Writes the set of motions.h.
#include "data/motions.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/generated_set.h"
#include "base/random.h"
#include "data/manifest.h"
#include "data/motion_scene.h"
#include "longtake/error.h"
#include "media/video_writer.h"

namespace longtake {
namespace {

using Path = std::filesystem::path;

constexpr int kVersion = 1;  // of the rules in motion_scene; a change of them is another set
constexpr int kQuality = 23;

// Of which each split has its own random numbers.
enum SplitStream : std::uint64_t { kTrainStream = 1, kTestStream = 2 };

struct ClipPlan {
  Path path;  // relative to the directory
  Motion motion;
  SplitStream stream;
  std::uint64_t number;
};

void check_options(const MotionsOptions& options) {
  const auto check = [](bool good, const char* name, double value, const char* wanted) {
    if (!good) throw InvalidArgument(fmt::format("motions: {} is {}; {} is wanted", name, value, wanted));
  };
  check(options.train_per_class >= 1 && options.train_per_class <= 100000, "the number of training clips per class",
        options.train_per_class, "1 to 100000");
  check(options.test_per_class >= 1 && options.test_per_class <= 100000, "the number of test clips per class",
        options.test_per_class, "1 to 100000");
  check(options.size >= 16 && options.size <= 1024 && options.size % 2 == 0, "size", options.size,
        "an even number from 16 to 1024");
  check(options.frames >= 2 && options.frames <= 10000, "the number of frames per clip", options.frames, "2 to 10000");
  check(options.fps >= 1 && options.fps <= 240, "the number of frames per second", options.fps, "1 to 240");
}

void plan_split(std::string_view split, SplitStream stream, int per_class, std::vector<ClipPlan>& plans,
                std::vector<DatasetItem>& items) {
  for (const Motion motion : kMotions) {
    for (int number = 0; number < per_class; ++number) {
      const Path path = Path(split) / name_of(motion) / fmt::format("{:04d}.mp4", number);
      plans.push_back({path, motion, stream, static_cast<std::uint64_t>(number)});
      DatasetItem item;
      item.path = path;
      item.label = static_cast<std::int64_t>(motion);
      item.split = split;
      items.push_back(std::move(item));
    }
  }
}

void write_clip(const ClipPlan& plan, const Path& directory, const MotionsOptions& options) {
  const MotionScene scene(plan.motion,
                          Random(options.seed, plan.stream, static_cast<std::uint64_t>(plan.motion), plan.number));
  media::VideoWriterOptions video;
  video.fps = options.fps;
  video.crf = kQuality;
  media::VideoWriter writer((directory / plan.path).string(), options.size, options.size, video);
  Tensor image(DType::kUint8, {options.size, options.size, 3});
  for (int frame = 0; frame < options.frames; ++frame) {
    scene.render(frame, image);
    writer.write(image);
  }
  writer.finish();
}

std::string provenance(const MotionsOptions& options) {
  const nlohmann::ordered_json description{
      {"set", "motions"},
      {"version", kVersion},
      {"made_by", "longtake data make motions"},
      {"seed", options.seed},
      {"train_per_class", options.train_per_class},
      {"test_per_class", options.test_per_class},
      {"size", options.size},
      {"frames", options.frames},
      {"fps", options.fps},
      {"labels", motion_labels()},
      {"note",
       "A sprite moves over a moving background. Position, angle and size are spread alike in all classes at every "
       "frame, so that only the order of the frames tells the class. Generated, so free of anybody's rights."},
  };
  return description.dump(2) + "\n";
}

}  // namespace

std::vector<std::string> motion_labels() {
  std::vector<std::string> labels(kMotions.size());
  std::transform(kMotions.begin(), kMotions.end(), labels.begin(), [](Motion motion) { return name_of(motion); });
  return labels;
}

Dataset make_motions(const Files& files, const Path& directory, const MotionsOptions& options, ThreadPool& threads) {
  check_options(options);
  const std::string description = provenance(options);
  files.create_directories(directory);
  if (!is_complete_set(files, directory, "motions", "motions.json", description, "manifest.csv")) {
    std::vector<ClipPlan> plans;
    Dataset dataset{motion_labels(), {}};
    plan_split(kTrainSplit, kTrainStream, options.train_per_class, plans, dataset.items);
    plan_split(kTestSplit, kTestStream, options.test_per_class, plans, dataset.items);
    files.write_atomic(directory / "motions.json", description);
    for (const ClipPlan& plan : plans) files.create_directories((directory / plan.path).parent_path());
    threads.parallel_for(static_cast<std::int64_t>(plans.size()), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) write_clip(plans[static_cast<std::size_t>(i)], directory, options);
    });
    files.write_atomic(directory / "manifest.csv", write_manifest(dataset, ""));
  }
  return read_manifest(files, directory / "manifest.csv", motion_labels());
}

}  // namespace longtake
