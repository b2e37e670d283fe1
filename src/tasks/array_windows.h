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

// The array is uint8 or float32 [sequences, frames, height, width] or [sequences, frames, height, width, channels].
// Bytes become what the spec says of a picture; other numbers are taken as they are. A sequence longer than the window
// gives its first frames for tests, and any for training. Throws InvalidArgument for a spec that is none of video,
// BadData for an array of another kind or with too few frames, naming both, and as NpyFile.
std::unique_ptr<WindowSource> array_windows(const Files& files, const Files::Path& path, const InputSpec& spec,
                                            const ArrayOptions& options, const WindowShape& shape);

}  // namespace longtake::tasks
