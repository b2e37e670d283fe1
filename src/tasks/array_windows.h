// Windows of arrays of videos (.npy), such as moving digits.
#pragma once

#include <memory>
#include <string>

#include "base/files.h"
#include "longtake/input_spec.h"
#include "tasks/windows.h"

namespace longtake::tasks {

struct ArrayOptions {
  // [frames, sequences, ...] as mnist_test_seq.npy, and not [sequences, frames, ...].
  bool frames_first = false;
  std::int64_t sequences = 0;  // the first so many; 0 takes all
};

// Of arrays as ArrayVideos takes them. A sequence longer than the window gives its first frames for tests, and any for
// training. Throws BadData for sequences that are too short, naming both, and as ArrayVideos.
std::unique_ptr<WindowSource> array_windows(const Files& files, const Files::Path& path, const InputSpec& spec,
                                            const ArrayOptions& options, const WindowShape& shape);

}  // namespace longtake::tasks
