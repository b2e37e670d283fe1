// The generated dense set: real H.264 files of 20 to 40 s in which several sprites make overlapping motions, with the
// intervals of twelve classes: the eight of motions.h, and four that only the order of two motions tells apart.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/threads.h"
#include "data/dataset.h"

namespace longtake {

struct ActivitiesOptions {
  std::uint64_t seed = 1;
  int train = 80;  // videos
  int validation = 20;
  int test = 40;
  int size = 64;  // pixels, both ways; even
  double shortest_s = 20;
  double longest_s = 40;
  double fps = 10;

  friend bool operator==(const ActivitiesOptions&, const ActivitiesOptions&) = default;
};

// The names of the twelve classes: the motions, then the ordered pairs.
std::vector<std::string> activity_labels();

// Writes into `directory` videos/train_0000.mp4 ..., videos/validation_0000.mp4 ..., videos/test_0000.mp4 ...,
// train.txt, validation.txt and test.txt (the names of the videos of each split), multithumos/ (the annotations in
// MultiTHUMOS's form), activities.json (how it was made) and, last of all, annotations.json (the annotations in
// ActivityNet's form), and returns what that says. The same options give the same bytes. A directory in which the same
// set is already complete is left as it is, and one that was interrupted is made anew. Throws InvalidArgument for
// options out of range or a directory that holds anything else, and IoError.
Dataset make_activities(const Files& files, const std::filesystem::path& directory, const ActivitiesOptions& options,
                        ThreadPool& threads);

}  // namespace longtake
