// Turns the pictures of a video into coded optical flow, for inputs whose spec asks for it (InputSpec::flow). Clips and
// streams both go through here, so they see the same.
#pragma once

#include <cstdint>

#include "flow/coding.h"
#include "flow/estimator.h"
#include "longtake/input_spec.h"
#include "longtake/video_reader.h"

namespace longtake {

// How many pictures are read for a frame of the input: flow_fps / fps. Throws InvalidArgument when that is no whole
// number.
std::int64_t pictures_per_frame(const InputSpec& spec);

// Throws InvalidArgument when no video can be read for the spec, as video_options() and FlowInput do, or its frames are
// smaller than its crop, and Unsupported where it wants flow that this longtake cannot measure.
void check_input(const InputSpec& spec);

class FlowInput {
 public:
  // What is remembered from picture to picture.
  struct Memory {
    Tensor picture;              // the last one, uint8 [height, width, 1]; nothing where none came yet
    std::int64_t position = -1;  // its place on the grid of flow_fps
  };

  // Throws InvalidArgument unless the spec has flow measured, by a known method, coding and whole multiple of its fps.
  explicit FlowInput(const InputSpec& spec);

  // The next picture, gray, as video_options(spec) reads it. True where a frame of the input ends with it: `flow` is
  // then the coded motion that led to it, uint8 [height, width, 3] in the spec's colour order, with the picture's times
  // and an index that counts frames of the input. The first picture has no motion and gives none: LRCN, too, begins
  // with frame 2. Where pictures in between are lost, the motion is divided by the steps that it took. Throws as
  // FlowEstimator::estimate().
  bool push(const Frame& picture, Frame& flow);

  // Forgets the pictures so far.
  void reset() { restore({}); }
  const Memory& memory() const { return memory_; }
  // Goes on after the picture of `memory`; a reader that begins anew is taken to begin with the one after it. Throws
  // InvalidArgument when it is malformed.
  void restore(Memory memory);

 private:
  FlowEstimator estimator_;
  FlowCoding coding_;
  bool bgr_;
  std::int64_t stride_;  // pictures per frame of the input
  Memory memory_;
  std::int64_t offset_ = 0;  // from the reader's index to the position
  Tensor motion_;
};

}  // namespace longtake
