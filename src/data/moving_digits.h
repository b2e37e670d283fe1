// The generated set of video prediction: sprites, such as handwritten digits, that move with constant speed and bounce
// off the edges (Srivastava 2015, 1502.04681; Shi 2015, 1506.04214, section 4.1).
#pragma once

#include <cstdint>
#include <string>

#include "base/files.h"
#include "base/random.h"
#include "base/threads.h"
#include "longtake/tensor.h"

namespace longtake {

// Two generators are in use, whose results cannot be compared.
enum class DigitMotion : std::uint8_t {
  kPaper,    // speed uniform in [3, 5) pixels a frame; the centre bounces, exactly, between the sprite's half sizes
  kOpenStl,  // as OpenSTL and the published mnist_test_seq.npy: 3.6 pixels a frame on a 64 x 64 canvas with digits of
             // 28, a tenth of the room there is; a sprite that would leave is put on the edge and turns
};

struct MovingDigitsOptions {
  std::uint64_t seed = 1;
  std::int64_t train = 10000, validation = 2000, test = 3000;  // sequences
  std::int64_t digits = 2;                                     // in a sequence
  std::int64_t frames = 20;
  std::int64_t size = 64;  // pixels, both ways
  DigitMotion motion = DigitMotion::kPaper;

  friend bool operator==(const MovingDigitsOptions&, const MovingDigitsOptions&) = default;
};

// "paper" or "openstl". Throws InvalidArgument that names the choices.
DigitMotion parse_digit_motion(const std::string& word);

// One sequence, uint8 [frames, size, size]: digits drawn from `sprites`, uint8 [sprites, height, width], laid over each
// other by the maximum. Throws InvalidArgument where a sprite does not fit the canvas.
Tensor moving_digits(const Tensor& sprites, const MovingDigitsOptions& options, Random random);

// Writes train.npy, validation.npy and test.npy (uint8 [sequences, frames, size, size]) and moving_digits.json (how
// they were made) into `directory`. The sprites of the test are the last fifth of those in the file and move nowhere
// else. The same options and sprites give the same bytes; a directory with the same set is left as it is. Throws
// InvalidArgument for options out of range or a directory that holds anything else, BadData for `sprites_path`, and
// IoError.
void make_moving_digits(const Files& files, const Files::Path& sprites_path, const Files::Path& directory,
                        const MovingDigitsOptions& options, ThreadPool& threads);

}  // namespace longtake
