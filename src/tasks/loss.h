// How the frames of a clip share in its loss, as plain numbers: the trainer multiplies and adds, nothing more.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace longtake::tasks {

// How much each frame of a clip counts (Beyond Short Snippets, 1503.08909, section 3.3).
enum class FrameGain {
  kUniform,  // every frame alike, as LRCN
  kLast,     // only the last
  kLinear,   // rising linearly from 0 at the first frame to 1 at the last; a single frame counts 1
};

// "uniform", "last" or "linear". Throws ConfigError that names the choices.
FrameGain parse_frame_gain(const std::string& word);

// The gains of a clip of `frames` frames, divided by their sum so that a clip's loss does not depend on its length.
// Throws InvalidArgument for a clip without frames.
std::vector<double> frame_gains(FrameGain gain, std::int64_t frames);
// The same where only some frames get an answer: the others count nothing, and these sum to 1. `answered` has an entry
// a frame.
std::vector<double> frame_gains(FrameGain gain, const std::vector<bool>& answered);

// Weights by class that make every class weigh alike: items / (classes with items x items of the class); a class
// without items gets 0.
std::vector<double> balanced_class_weights(const std::vector<std::int64_t>& items_per_class);

}  // namespace longtake::tasks
