// The networks of the HKO-7 benchmark: Shi, Gao, Lausen et al. 2017, "Deep Learning for Precipitation Nowcasting: A
// Benchmark and A New Model" (1706.03458). Encoder and forecaster are levels of recurrent layers, convolutions lead
// down and transposed ones up between them; the layers are trajectory GRUs or convolutional ones. The encoder also sees
// where on the map each place is. The forecaster's top level goes on from its state alone.
#include <fmt/format.h>

#include "layers/gru.h"
#include "models/classifier.h"
#include "models/forecaster.h"

namespace longtake::models {

namespace {

using graph::Builder;
using graph::ValueId;
using Numbers = std::vector<std::int64_t>;

// The numbers of an option, one for each level from the frame's side up.
Numbers numbers_option(const Options& options, const char* key, const Numbers& otherwise, std::int64_t least) {
  Numbers numbers = options.get(key, otherwise);
  if (numbers.empty()) throw options.error(key, "needs at least one level");
  for (std::int64_t number : numbers) {
    if (number < least || number > 65536) throw options.error(key, fmt::format("must be {} to 65536, each", least));
  }
  return numbers;
}

struct TrajectoryLevels {
  explicit TrajectoryLevels(const Options& o)
      : options(o),
        trajectory(is_trajectory(o)),
        hidden(numbers_option(o, "hidden", {64, 192, 192}, 1)),
        links(read("links", {13, 13, 9}, 1)),
        hidden_kernels(read("hidden_kernels", {5, 5, 3}, 1)),
        input_kernel(odd_option(o, "input_kernel", 3)),
        between(read("between", {8, 192, 192}, 1)),
        down_kernels(read("down_kernels", {7, 5, 3}, 1)),
        up_kernels(read("up_kernels", {7, 5, 4}, 1)),
        strides(read("strides", {5, 3, 2}, 1)),
        pads(read("pads", {1, 1, 1}, 0)),
        motion_channels(size_option(o, "motion_channels", 32)),
        motion_kernel(odd_option(o, "motion_kernel", 5)),
        slope(finite_option(o, "slope", 0.2)) {
    for (std::int64_t kernel : hidden_kernels) {
      if (kernel % 2 == 0) throw o.error("hidden_kernels", "must be odd, so that the map keeps its size");
    }
  }

  static bool is_trajectory(const Options& options) {
    const std::array<std::string, 2> cells{"trajectory", "gru"};
    return options.get_choice("cell", "trajectory", cells) == "trajectory";
  }
  Numbers read(const char* key, const Numbers& otherwise, std::int64_t least) const {
    Numbers numbers = numbers_option(options, key, otherwise, least);
    if (numbers.size() == hidden.size()) return numbers;
    throw options.error(key, fmt::format("needs {} numbers, one for each of hidden", hidden.size()));
  }

  std::size_t count() const { return hidden.size(); }

  ValueId recurrent(Builder& b, const std::string& name, std::size_t level, ValueId x, ValueId initial) const {
    if (trajectory) {
      return layers::conv_traj_gru(b, name, x,
                                   {.channels = hidden[level],
                                    .links = links[level],
                                    .input_kernel = input_kernel,
                                    .motion_channels = motion_channels,
                                    .motion_kernel = motion_kernel,
                                    .slope = slope,
                                    .initial = initial});
    }
    return layers::conv_gru(b, name, x,
                            {.channels = hidden[level],
                             .kernel = input_kernel,
                             .hidden_kernel = hidden_kernels[level],
                             .reset_after = true,
                             .update_keeps = true,
                             .slope = slope,
                             .initial = initial});
  }

  ValueId active(Builder& b, const std::string& name, ValueId x) const {
    return layers::leaky_relu(b, name + ".active", x, slope);
  }

  ValueId down(Builder& b, std::size_t level, ValueId x) const {
    const std::string name = "down" + std::to_string(level + 1);
    return active(
        b, name,
        layers::conv2d(
            b, name, x,
            {.channels = between[level], .kernel = down_kernels[level], .stride = strides[level], .pad = pads[level]}));
  }

  // To the grid of `below`, from which down() came.
  ValueId up(Builder& b, std::size_t level, ValueId x, const Shape& below) const {
    const std::string name = "up" + std::to_string(level + 1);
    const ValueId map = layers::conv_transpose2d(
        b, name, x,
        {.channels = between[level], .kernel = up_kernels[level], .stride = strides[level], .pad = pads[level]});
    const Shape& got = b.shape(map);
    if (got[1] != below[1] || got[2] != below[2]) {
      throw options.error("up_kernels",
                          fmt::format("leads level {} from {} x {} places back to {} x {}, but it came from {} x {}; a "
                                      "side must be a whole number of strides once 2 pads are added and a kernel, down "
                                      "or up, is taken away",
                                      level + 1, b.shape(x)[1], b.shape(x)[2], got[1], got[2], below[1], below[2]));
    }
    return active(b, name, map);
  }

  const Options& options;
  bool trajectory;
  Numbers hidden, links, hidden_kernels;
  std::int64_t input_kernel;
  Numbers between, down_kernels, up_kernels, strides, pads;
  std::int64_t motion_channels, motion_kernel;
  double slope;
};

std::string state_name(std::size_t level) { return "h" + std::to_string(level + 1); }

// Returns the shapes of the levels' states.
std::vector<Shape> add_encoder(graph::Model& model, const TrajectoryLevels& levels, const Shape& frame) {
  Builder b(model, "encode");
  const ValueId seen = b.input("frame", frame);
  ValueId x = layers::concat(b, "placed", {seen, layers::coordinates(b, "coordinates", seen)});
  std::vector<Shape> states;
  for (std::size_t level = 0; level < levels.count(); ++level) {
    x = levels.recurrent(b, "encode" + std::to_string(level + 1), level, levels.down(b, level, x), graph::kNoValue);
    b.output(state_name(level), x);
    states.push_back(b.shape(x));
  }
  b.finish();
  return states;
}

}  // namespace

// The input's channels but its validity are forecast. Options, lists with a number for each level from the frame's side
// up, with the benchmark's values for frames of 480 x 480 as defaults:
//   cell = "trajectory"          or "gru", the benchmark's convolutional GRU
//   hidden = [64, 192, 192]      channels of each level's state
//   links = [13, 13, 9]          of the trajectory GRUs: how many times each state is moved
//   hidden_kernels = [5, 5, 3]   of the convolutional GRUs, from the state
//   input_kernel = 3             of both, from below
//   between = [8, 192, 192]      channels of the maps that lead to a level, and from it
//   down_kernels = [7, 5, 3]     of the convolutions to a level
//   up_kernels = [7, 5, 4]       of the transposed ones from it
//   strides = [5, 3, 2], pads = [1, 1, 1]   of both
//   motion_channels = 32, motion_kernel = 5 of the convolutions that find the motion
//   slope = 0.2                  of every leaky ReLU
//   seen = 5, forecast = 20      frames in the test
graph::Model trajectory_gru(const Options& options, const Purpose& purpose) {
  graph::Model model;
  const TrajectoryLevels levels(options);
  const Shape frame = frame_shape(purpose.input);
  const std::vector<Shape> states = add_encoder(model, levels, frame);
  Builder b(model, "forecast");
  ValueId x = graph::kNoValue;
  for (std::size_t level = levels.count(); level-- > 0;) {
    const ValueId initial = bound_state(model, b, state_name(level), states[level]);
    x = levels.recurrent(b, "forecast" + std::to_string(level + 1), level, x, initial);
    x = levels.up(b, level, x, level == 0 ? frame : states[level - 1]);
  }
  x = layers::conv2d(b, "last", x, {.channels = levels.between[0], .kernel = 3, .pad = 1});
  b.output("frame", layers::conv2d(b, "output", levels.active(b, "last", x),
                                   {.channels = forecast_channels(purpose.input),
                                    .kernel = 1,
                                    .weights = {.weight = graph::Initialiser::xavier()}}));
  b.finish();
  add_forecast_protocol(model, purpose, options, 5, 20);
  return model;
}

}  // namespace longtake::models
