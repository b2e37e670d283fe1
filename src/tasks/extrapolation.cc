#include "tasks/extrapolation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "longtake/error.h"

namespace longtake::tasks {

namespace {

// DIS looks for patches on a pyramid and needs so many pixels.
constexpr std::int64_t kSmallestSide = 12;
// Cells with nothing in them count a little, so that motion is told everywhere.
constexpr float kEmptyWeight = 1e-3F;

struct Grid {
  std::int64_t height = 0, width = 0;
  std::int64_t cells() const { return height * width; }
};

// The number at a place between cells, of one plane; places beyond the edge take the edge's.
float sample(const float* plane, const Grid& grid, double y, double x) {
  y = std::clamp(y, 0.0, static_cast<double>(grid.height - 1));
  x = std::clamp(x, 0.0, static_cast<double>(grid.width - 1));
  const auto top = std::min(static_cast<std::int64_t>(y), std::max<std::int64_t>(grid.height - 2, 0));
  const auto left = std::min(static_cast<std::int64_t>(x), std::max<std::int64_t>(grid.width - 2, 0));
  const auto down = static_cast<float>(y - static_cast<double>(top));
  const auto right = static_cast<float>(x - static_cast<double>(left));
  const std::int64_t below = grid.height > 1 ? grid.width : 0, beside = grid.width > 1 ? 1 : 0;
  const float* at = plane + top * grid.width + left;
  const float upper = at[0] + right * (at[beside] - at[0]);
  const float lower = at[below] + right * (at[below + beside] - at[below]);
  return upper + down * (lower - upper);
}

// One pass of a running mean over `radius` cells to each side along lines of `length` cells that are `step` apart.
void box_pass(std::vector<float>& plane, std::int64_t lines, std::int64_t line_step, std::int64_t length,
              std::int64_t step, std::int64_t radius) {
  std::vector<float> line(static_cast<std::size_t>(length));
  for (std::int64_t l = 0; l < lines; ++l) {
    float* at = plane.data() + l * line_step;
    double sum = 0;
    for (std::int64_t i = 0; i < std::min(radius, length); ++i) sum += at[i * step];
    for (std::int64_t i = 0; i < length; ++i) {
      if (i + radius < length) sum += at[(i + radius) * step];
      if (i - radius - 1 >= 0) sum -= at[(i - radius - 1) * step];
      line[static_cast<std::size_t>(i)] = static_cast<float>(sum / static_cast<double>(2 * radius + 1));
    }
    for (std::int64_t i = 0; i < length; ++i) at[i * step] = line[static_cast<std::size_t>(i)];
  }
}

// Three running means are a Gaussian but for a few percent, at a cost that does not depend on its width. What lies
// beyond the edge is 0, for the weights as for what they weigh.
void blur(std::vector<float>& plane, const Grid& grid, double deviation) {
  const auto radius = static_cast<std::int64_t>(std::lround((std::sqrt(4 * deviation * deviation + 1) - 1) / 2));
  if (radius < 1) return;
  for (int pass = 0; pass < 3; ++pass) {
    box_pass(plane, grid.height, grid.width, grid.width, 1, std::min(radius, grid.width - 1));
    box_pass(plane, grid.width, 1, grid.height, grid.width, std::min(radius, grid.height - 1));
  }
}

// The mean over channels as a gray picture; missing cells are 0.
Tensor gray_picture(const Tensor& frames, const Tensor& valid, std::int64_t index) {
  const std::int64_t channels = frames.size(1);
  const Grid grid{frames.size(2), frames.size(3)};
  Tensor picture(DType::kUint8, {grid.height, grid.width, 1});
  const float* from = frames.data<float>().data() + index * channels * grid.cells();
  const auto out = picture.data<std::uint8_t>();
  for (std::int64_t i = 0; i < grid.cells(); ++i) {
    float sum = 0;
    for (std::int64_t c = 0; c < channels; ++c) sum += from[c * grid.cells() + i];
    const bool there = valid.count() == 0 || valid.data<std::uint8_t>()[index * grid.cells() + i] != 0;
    const float share = std::clamp(sum / static_cast<float>(channels), 0.0F, 1.0F);
    out[i] = there ? static_cast<std::uint8_t>(std::lround(255 * share)) : 0;
  }
  return picture;
}

void check_frames(const Tensor& frames, const Tensor& valid) {
  if (frames.shape().size() != 4 || frames.size(0) < 1 || frames.size(1) < 1 || frames.size(2) < 1 ||
      frames.size(3) < 1) {
    throw InvalidArgument(
        fmt::format("frames must be [frames, channels, height, width], but they are {}", to_string(frames.shape())));
  }
  if (valid.count() != 0 && valid.shape() != Shape{frames.size(0), frames.size(2), frames.size(3)}) {
    throw InvalidArgument(
        fmt::format("validity {} does not fit frames {}", to_string(valid.shape()), to_string(frames.shape())));
  }
}

// One frame and its validity out of many.
Tensor frame_at(const Tensor& frames, std::int64_t index) {
  const Shape shape(frames.shape().begin() + 1, frames.shape().end());
  const std::int64_t count = element_count(shape);
  return Tensor::from<float>(shape, frames.data<float>().subspan(index * count, count));
}

Tensor valid_at(const Tensor& valid, std::int64_t index) {
  if (valid.count() == 0) return Tensor(DType::kUint8, {0});
  const std::int64_t count = valid.size(1) * valid.size(2);
  return Tensor::from<std::uint8_t>({valid.size(1), valid.size(2)},
                                    valid.data<std::uint8_t>().subspan(index * count, count));
}

// The motion, averaged over the cells around each by the weights.
void smooth_motion(Tensor& motion, std::vector<float> weights, const Grid& grid, double deviation) {
  std::vector<float> plane(weights.size());
  const auto both = motion.data<float>();
  std::vector<float> total = weights;
  blur(total, grid, deviation);
  for (std::int64_t axis = 0; axis < 2; ++axis) {
    const auto values = both.subspan(axis * grid.cells(), grid.cells());
    for (std::size_t i = 0; i < plane.size(); ++i) plane[i] = values[i] * weights[i];
    blur(plane, grid, deviation);
    for (std::size_t i = 0; i < plane.size(); ++i) values[i] = total[i] > 0 ? plane[i] / total[i] : 0;
  }
}

}  // namespace

Extrapolator::Extrapolator(const ExtrapolationOptions& options) : options_(options), estimator_(options.flow) {
  if (options.pairs < 1) throw InvalidArgument("motion is measured between at least 1 pair of frames");
  if (!(options.smoothing >= 0 && options.smoothing <= 10000)) {
    throw InvalidArgument(fmt::format("smoothing over {} cells is not from 0 to 10000", options.smoothing));
  }
}

Tensor Extrapolator::motion(const Tensor& frames, const Tensor& valid) {
  check_frames(frames, valid);
  const Grid grid{frames.size(2), frames.size(3)};
  Tensor mean(DType::kFloat32, {2, grid.height, grid.width});
  const std::int64_t pairs = std::min(options_.pairs, frames.size(0) - 1);
  if (pairs < 1 || std::min(grid.height, grid.width) < kSmallestSide) return mean;
  std::vector<float> weights(static_cast<std::size_t>(grid.cells()), kEmptyWeight);
  Tensor flow;
  Tensor next = gray_picture(frames, valid, frames.size(0) - 1);
  for (std::int64_t pair = 0; pair < pairs; ++pair) {
    Tensor previous = gray_picture(frames, valid, frames.size(0) - 2 - pair);
    estimator_.estimate(previous, next, flow);
    const auto sum = mean.data<float>();
    const auto one = flow.data<float>();
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += one[i] / static_cast<float>(pairs);
    const auto seen = previous.data<std::uint8_t>();
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] += static_cast<float>(seen[i]) / 255;
    next = std::move(previous);
  }
  if (options_.smoothing > 0) smooth_motion(mean, std::move(weights), grid, options_.smoothing);
  return mean;
}

namespace {

// Where each cell of a frame comes from, in cells.
struct Departures {
  explicit Departures(const Grid& grid) : y(grid.cells()), x(grid.cells()) {
    for (std::int64_t i = 0; i < grid.cells(); ++i) {
      const std::int64_t row = i / grid.width, column = i % grid.width;
      y[i] = static_cast<double>(row);
      x[i] = static_cast<double>(column);
    }
  }

  // One step further back, by the motion halfway.
  void step(const float* motion, const Grid& grid, double length) {
    const float *right = motion, *down = motion + grid.cells();
    for (std::int64_t i = 0; i < grid.cells(); ++i) {
      double dy = length * sample(down, grid, y[i], x[i]), dx = length * sample(right, grid, y[i], x[i]);
      for (int again = 0; again < 2; ++again) {
        const double half_y = y[i] - dy / 2, half_x = x[i] - dx / 2;
        dy = length * sample(down, grid, half_y, half_x);
        dx = length * sample(right, grid, half_y, half_x);
      }
      y[i] -= dy;
      x[i] -= dx;
    }
  }

  std::vector<double> y, x;
};

// The frame at the places where its cells come from: [channels + 1, height, width] into `out`.
void take(const Tensor& frame, const std::vector<float>& validity, const Departures& from, const Grid& grid,
          float* out) {
  const std::int64_t channels = frame.size(0);
  const float* values = frame.data<float>().data();
  for (std::int64_t i = 0; i < grid.cells(); ++i) {
    const double y = from.y[i], x = from.x[i];
    const bool within =
        y > -0.5 && x > -0.5 && y < static_cast<double>(grid.height) - 0.5 && x < static_cast<double>(grid.width) - 0.5;
    const float there = within ? sample(validity.data(), grid, y, x) : 0;
    const bool counts = there >= 0.5F;
    // Missing cells are 0, so dividing leaves the mean of the others.
    for (std::int64_t c = 0; c < channels; ++c) {
      out[c * grid.cells() + i] = counts ? sample(values + c * grid.cells(), grid, y, x) / there : 0;
    }
    out[channels * grid.cells() + i] = counts ? 1 : 0;
  }
}

std::vector<float> validity_of(const Tensor& valid, const Grid& grid) {
  std::vector<float> validity(static_cast<std::size_t>(grid.cells()), 1);
  for (std::int64_t i = 0; i < grid.cells() && valid.count() > 0; ++i) validity[i] = valid.data<std::uint8_t>()[i] != 0;
  return validity;
}

// `frame` with 0 wherever it is missing.
Tensor without_missing(Tensor frame, const std::vector<float>& validity) {
  const auto values = frame.data<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (validity[i % validity.size()] == 0) values[i] = 0;
  }
  return frame;
}

}  // namespace

Tensor Extrapolator::extrapolate(const Tensor& frames, const Tensor& valid, std::int64_t leads) {
  if (leads < 1) throw InvalidArgument(fmt::format("{} frames cannot be extrapolated; at least 1", leads));
  const Tensor moving = motion(frames, valid);
  const Grid grid{frames.size(2), frames.size(3)};
  const std::vector<float> validity = validity_of(valid_at(valid, frames.size(0) - 1), grid);
  const Tensor newest = without_missing(frame_at(frames, frames.size(0) - 1), validity);
  Tensor out(DType::kFloat32, {leads, frames.size(1) + 1, grid.height, grid.width});
  Departures from(grid);
  for (std::int64_t lead = 0; lead < leads; ++lead) {
    from.step(moving.data<float>().data(), grid, 1);
    take(newest, validity, from, grid, out.data<float>().data() + lead * (frames.size(1) + 1) * grid.cells());
  }
  return out;
}

Tensor advect(const Tensor& frame, const Tensor& valid, const Tensor& motion, double steps) {
  if (frame.shape().size() != 3 || motion.shape() != Shape{2, frame.size(1), frame.size(2)} ||
      (valid.count() != 0 && valid.shape() != Shape{frame.size(1), frame.size(2)})) {
    throw InvalidArgument(fmt::format("motion {} or validity {} does not fit a frame {}", to_string(motion.shape()),
                                      to_string(valid.shape()), to_string(frame.shape())));
  }
  const Grid grid{frame.size(1), frame.size(2)};
  const std::vector<float> validity = validity_of(valid, grid);
  Departures from(grid);
  const double whole = std::ceil(std::abs(steps));
  for (int step = 0; step < static_cast<int>(whole); ++step) {
    from.step(motion.data<float>().data(), grid, steps / whole);
  }
  Tensor out(DType::kFloat32, {frame.size(0) + 1, grid.height, grid.width});
  take(without_missing(frame, validity), validity, from, grid, out.data<float>().data());
  return out;
}

Tensor frame_between(Extrapolator& extrapolator, const Tensor& first, const Tensor& first_valid, const Tensor& second,
                     const Tensor& second_valid, double share) {
  if (second.shape() != first.shape()) {
    throw InvalidArgument(
        fmt::format("frames {} and {} have nothing between them", to_string(first.shape()), to_string(second.shape())));
  }
  const std::int64_t cells = first.size(1) * first.size(2);
  Tensor both(DType::kFloat32, {2, first.size(0), first.size(1), first.size(2)});
  std::copy_n(first.data<float>().data(), first.count(), both.data<float>().data());
  std::copy_n(second.data<float>().data(), second.count(), both.data<float>().data() + first.count());
  Tensor valid(DType::kUint8, {2, first.size(1), first.size(2)});
  for (std::int64_t i = 0; i < cells; ++i) {
    valid.data<std::uint8_t>()[i] = first_valid.count() == 0 ? 1 : first_valid.data<std::uint8_t>()[i];
    valid.data<std::uint8_t>()[cells + i] = second_valid.count() == 0 ? 1 : second_valid.data<std::uint8_t>()[i];
  }
  const Tensor moving = extrapolator.motion(both, valid);
  const Tensor ahead = advect(first, first_valid, moving, share),
               back = advect(second, second_valid, moving, share - 1);
  Tensor out(DType::kFloat32, ahead.shape());
  const auto a = ahead.data<float>(), b = back.data<float>();
  const auto mixed = out.data<float>();
  const std::size_t validity = static_cast<std::size_t>(first.count());
  for (std::size_t i = 0; i < mixed.size(); ++i) {
    const std::size_t cell = validity + i % static_cast<std::size_t>(cells);
    const float of_a = a[cell] * static_cast<float>(1 - share), of_b = b[cell] * static_cast<float>(share);
    const float total = of_a + of_b;
    mixed[i] = i >= validity ? (total > 0 ? 1.0F : 0.0F) : total > 0 ? (of_a * a[i] + of_b * b[i]) / total : 0;
  }
  return out;
}

}  // namespace longtake::tasks
