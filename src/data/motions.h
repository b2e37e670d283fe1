// The generated set of the demo: real H.264 files in which a textured sprite moves over a moving textured background in
// one of eight ways that no single frame gives away: left / right, up / down, clockwise / counter-clockwise, approach /
// recede.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/threads.h"
#include "data/dataset.h"

namespace longtake {

struct MotionsOptions {
  std::uint64_t seed = 1;
  int train_per_class = 200;
  int test_per_class = 50;
  int size = 64;  // pixels, both ways; even
  int frames = 16;
  double fps = 15;

  friend bool operator==(const MotionsOptions&, const MotionsOptions&) = default;
};

// The names of the eight classes.
std::vector<std::string> motion_labels();

// Writes train/<class>/0000.mp4 ..., test/<class>/0000.mp4 ..., motions.json (how it was made) and, last of all,
// manifest.csv into `directory`, and returns what the manifest says. The same options give the same bytes. A directory
// in which the same set is already complete is left as it is, and one that was interrupted is made anew.
// Throws InvalidArgument for options out of range or a directory that holds anything else, and IoError.
Dataset make_motions(const Files& files, const std::filesystem::path& directory, const MotionsOptions& options,
                     ThreadPool& threads);

}  // namespace longtake
