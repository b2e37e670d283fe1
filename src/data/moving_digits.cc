#include "data/moving_digits.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <vector>

#include "base/generated_set.h"
#include "base/sha256.h"
#include "base/text.h"
#include "data/idx.h"
#include "data/npy.h"
#include "longtake/error.h"

namespace longtake {

namespace {

const std::array<std::string, 2> kMotionWords{"paper", "openstl"};

// A coordinate that moves in [0, room] and bounces off both ends.
struct Bouncing {
  double position, velocity;

  // Where the edge is met within the step, the rest of the step goes back: several times, should the room be narrow.
  void step_exactly(double room) {
    position += velocity;
    while (room > 0 && (position < 0 || position > room)) {
      position = position < 0 ? -position : 2 * room - position;
      velocity = -velocity;
    }
    if (room <= 0) position = 0;
  }

  void step_to_the_edge(double room) {
    position += velocity;
    if (position <= 0) {
      position = 0;
      velocity = -velocity;
    }
    if (position >= room) {
      position = room;
      velocity = -velocity;
    }
  }
};

struct Mover {
  std::int64_t sprite;
  Bouncing x, y;
};

Mover draw_mover(std::int64_t sprites, double room_x, double room_y, DigitMotion motion, Random& random) {
  Mover mover{};
  mover.sprite = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(sprites)));
  mover.x.position = random.uniform(0, room_x);
  mover.y.position = random.uniform(0, room_y);
  const double angle = random.uniform(0, 2 * std::numbers::pi);
  if (motion == DigitMotion::kPaper) {
    const double speed = random.uniform(3, 5);
    mover.x.velocity = speed * std::cos(angle);
    mover.y.velocity = speed * std::sin(angle);
  } else {
    mover.x.velocity = 0.1 * room_x * std::cos(angle);
    mover.y.velocity = 0.1 * room_y * std::sin(angle);
  }
  return mover;
}

void lay_over(std::span<std::uint8_t> canvas, std::int64_t canvas_width, std::span<const std::uint8_t> sprite,
              std::int64_t width, std::int64_t left, std::int64_t top) {
  const std::int64_t height = static_cast<std::int64_t>(sprite.size()) / width;
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      std::uint8_t& pixel = canvas[(top + y) * canvas_width + left + x];
      pixel = std::max(pixel, sprite[y * width + x]);
    }
  }
}

Tensor some_sprites(const Tensor& sprites, std::int64_t first, std::int64_t last) {
  const std::int64_t pixels = sprites.size(1) * sprites.size(2);
  return Tensor::from<std::uint8_t>({last - first, sprites.size(1), sprites.size(2)},
                                    sprites.data<std::uint8_t>().subspan(first * pixels, (last - first) * pixels));
}

void check_digit_options(const MovingDigitsOptions& options) {
  const auto check_count = [](const char* name, std::int64_t count, std::int64_t least, std::int64_t most) {
    if (count >= least && count <= most) return;
    throw InvalidArgument(fmt::format("{} is {} but must be from {} to {}", name, count, least, most));
  };
  constexpr std::int64_t kMostSequences = 1'000'000;
  check_count("the number of training sequences", options.train, 1, kMostSequences);
  check_count("the number of validation sequences", options.validation, 0, kMostSequences);
  check_count("the number of test sequences", options.test, 0, kMostSequences);
  check_count("the number of digits", options.digits, 1, 100);
  check_count("the number of frames", options.frames, 1, 10'000);
  check_count("the size", options.size, 8, 4096);
}

void write_sequences(const Files& files, const Files::Path& path, const Tensor& sprites, std::int64_t count,
                     std::uint64_t stream, const MovingDigitsOptions& options, ThreadPool& threads) {
  files.write_atomic(path, [&](OutputFile& out) {
    out.write(npy_header(DType::kUint8, {count, options.frames, options.size, options.size}));
    constexpr std::int64_t kAtOnce = 256;
    std::vector<Tensor> sequences(kAtOnce);
    for (std::int64_t first = 0; first < count; first += kAtOnce) {
      const std::int64_t some = std::min(kAtOnce, count - first);
      threads.parallel_for(some, 8, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          sequences[i] = moving_digits(sprites, options, Random(options.seed, stream, first + i));
        }
      });
      for (std::int64_t i = 0; i < some; ++i) {
        out.write(std::span<const std::byte>(sequences[i].raw(), sequences[i].bytes()));
      }
    }
  });
}

}  // namespace

DigitMotion parse_digit_motion(const std::string& word) {
  for (std::size_t i = 0; i < kMotionWords.size(); ++i) {
    if (word == kMotionWords[i]) return static_cast<DigitMotion>(i);
  }
  throw InvalidArgument(unknown_name_message("motion", word, "", kMotionWords));
}

Tensor moving_digits(const Tensor& sprites, const MovingDigitsOptions& options, Random random) {
  const std::int64_t height = sprites.size(1), width = sprites.size(2);
  if (height > options.size || width > options.size) {
    throw InvalidArgument(
        fmt::format("sprites of {} x {} pixels do not fit a canvas of {}", width, height, options.size));
  }
  const auto room_x = static_cast<double>(options.size - width), room_y = static_cast<double>(options.size - height);
  std::vector<Mover> movers;
  for (std::int64_t i = 0; i < options.digits; ++i) {
    movers.push_back(draw_mover(sprites.size(0), room_x, room_y, options.motion, random));
  }
  Tensor frames(DType::kUint8, {options.frames, options.size, options.size});
  const std::int64_t pixels = options.size * options.size;
  for (std::int64_t t = 0; t < options.frames; ++t) {
    const auto canvas = frames.data<std::uint8_t>().subspan(t * pixels, pixels);
    for (Mover& mover : movers) {
      const auto sprite = sprites.data<std::uint8_t>().subspan(mover.sprite * height * width, height * width);
      lay_over(canvas, options.size, sprite, width, static_cast<std::int64_t>(mover.x.position),
               static_cast<std::int64_t>(mover.y.position));
      if (options.motion == DigitMotion::kPaper) {
        mover.x.step_exactly(room_x);
        mover.y.step_exactly(room_y);
      } else {
        mover.x.step_to_the_edge(room_x);
        mover.y.step_to_the_edge(room_y);
      }
    }
  }
  return frames;
}

void make_moving_digits(const Files& files, const Files::Path& sprites_path, const Files::Path& directory,
                        const MovingDigitsOptions& options, ThreadPool& threads) {
  check_digit_options(options);
  const std::string sprite_bytes = files.read(sprites_path);
  const Tensor sprites = parse_idx_pictures(sprite_bytes, sprites_path.string());
  const std::int64_t count = sprites.size(0), learnt = count - count / 5;
  if (options.test > 0 && count < 5) {
    throw InvalidArgument(
        fmt::format("{}: {} sprites are too few to keep some for the test", sprites_path.string(), count));
  }
  const nlohmann::ordered_json made{{"set", "moving digits"},
                                    {"motion", kMotionWords[static_cast<std::size_t>(options.motion)]},
                                    {"seed", options.seed},
                                    {"train", options.train},
                                    {"validation", options.validation},
                                    {"test", options.test},
                                    {"digits", options.digits},
                                    {"frames", options.frames},
                                    {"size", options.size},
                                    {"sprites", sprites_path.filename().string()},
                                    {"sprites_sha256", sha256(std::as_bytes(std::span(sprite_bytes)))},
                                    {"sprites_to_learn_from", learnt},
                                    {"sprites_of_the_test", count - learnt}};
  const std::string description = made.dump(2) + "\n";
  files.create_directories(directory);
  if (is_complete_set(files, directory, "moving digits", "moving_digits.json", description, "test.npy")) return;
  files.write_atomic(directory / "moving_digits.json", description);
  const Tensor to_learn = some_sprites(sprites, 0, learnt), for_test = some_sprites(sprites, learnt, count);
  write_sequences(files, directory / "train.npy", to_learn, options.train, 0, options, threads);
  write_sequences(files, directory / "validation.npy", to_learn, options.validation, 1, options, threads);
  write_sequences(files, directory / "test.npy", options.test > 0 ? for_test : to_learn, options.test, 2, options,
                  threads);
}

}  // namespace longtake
