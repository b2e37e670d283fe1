// Arrays of videos (.npy), such as moving digits, as a model sees them.
#pragma once

#include <cstdint>
#include <string>

#include "base/files.h"
#include "data/npy.h"
#include "longtake/input_spec.h"
#include "longtake/tensor.h"

namespace longtake::tasks {

class ArrayVideos {
 public:
  // The array is uint8, float32 or float64 [sequences, frames, height, width], or the same with channels last; with
  // `frames_first` [frames, sequences, ...], as mnist_test_seq.npy. Throws InvalidArgument for a spec that is none of
  // video, BadData for an array of another kind, and as NpyFile.
  ArrayVideos(const Files& files, const Files::Path& path, const InputSpec& spec, bool frames_first);

  const std::string& name() const { return file_.name(); }
  const Shape& shape() const { return file_.header().shape; }
  std::int64_t sequences() const { return sequences_; }
  std::int64_t frames() const { return frames_; }
  // [channels, height, width] of a frame as the model sees it.
  const Shape& frame_shape() const { return seen_; }

  // The frames [first, first + count) of a sequence: float32 [count, channels, height, width]. Bytes become what the
  // spec says of a picture; other numbers are taken as they are. Throws InvalidArgument for frames that are not there,
  // BadData for numbers that are not finite in float32.
  Tensor read(std::int64_t sequence, std::int64_t first, std::int64_t count) const;

 private:
  bool of_bytes() const { return file_.header().dtype == DType::kUint8; }
  void read_frame(std::int64_t sequence, std::int64_t frame, std::span<float> to) const;

  NpyFile file_;
  InputSpec spec_;
  bool frames_first_;
  std::int64_t frames_ = 0, sequences_ = 0;
  Shape picture_;  // [height, width, channels] in the file
  Shape seen_;
};

}  // namespace longtake::tasks
