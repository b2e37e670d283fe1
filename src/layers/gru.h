// Gated recurrent units on vectors and on maps, and what they are stacked with (Ballas 2015, 1511.06432, equations 4 to
// 9; Shi 2017, 1706.03458, for the other forms).
//
//   z = s(Wz x + Uz h' [+ Vz l])    r = s(Wr x + Ur h' [+ Vr l])
//   g = tanh(W x + U (r o h'))      h = (1 - z) o h' + z o g
//
// where h' is the state before and l, in a stack, the state of the layer below at the same tick. Products are linear
// layers (gru) or convolutions that keep the size of the map (conv_gru). In conv_traj_gru those of the state go where
// the motion leads: L fields of motion, found in x and h' by convolutions, move h' as many times, and a 1 x 1
// convolution joins what arrives.
#pragma once

#include <optional>
#include <string>

#include "layers/basic.h"

namespace longtake::layers {

struct GruOptions {
  std::int64_t channels = 0;                  // of the state: its size, or its maps
  std::int64_t kernel = 3;                    // conv_gru only, of its convolutions; odd
  std::optional<std::int64_t> hidden_kernel;  // conv_gru only, of those from the state; `kernel` if not given
  bool bias = true;                           // one per gate; the paper writes none
  bool reset_after = false;     // g = tanh(W x + r o (U h' + b)), as cuDNN and the HKO-7 benchmark have it
  bool update_keeps = false;    // h = z o h' + (1 - z) o g, as they have it
  std::optional<double> slope;  // g is a leaky ReLU of this slope below 0, as there, in the place of tanh
  WeightOptions weights = {.weight = Initialiser::xavier(), .bias_decay = 1};
  std::optional<Initialiser> hidden_weight;  // gru: orthogonal, conv_gru: as the others, if not given
  ValueId below = graph::kNoValue;           // l, of the size of the state
  ValueId initial = graph::kNoValue;         // a `once` value; zero without it
};

// x [features] to the state [channels] at every tick of x. Parameters, gates in the order z, r, g along the first
// dimension: "<name>.input.weight" [3 channels, features] and "<name>.input.bias", "<name>.hidden.weight" [2 channels,
// channels], "<name>.candidate.weight" [channels, channels] (with reset_after also its bias) and, in a stack,
// "<name>.below.weight" [2 channels, channels below]. State "<name>.h".
//
// x may be kNoValue where options.initial is given: a layer that goes on by itself at every tick of the clock, as the
// first of a forecaster does. It has no input.*, and its biases are "<name>.hidden.bias" and "<name>.candidate.bias".
ValueId gru(Builder& b, const std::string& name, ValueId x, const GruOptions& options);

// x [maps, height, width] to the state [channels, height, width]; weights have the kernel as two more dimensions.
// Throws InvalidArgument for an even kernel.
ValueId conv_gru(Builder& b, const std::string& name, ValueId x, const GruOptions& options);

struct TrajGruOptions {
  std::int64_t channels = 0;          // of the state
  std::int64_t links = 5;             // L, fields of motion
  std::int64_t input_kernel = 3;      // odd
  std::int64_t motion_channels = 32;  // of the maps in which the motion is found, with kernels of
  std::int64_t motion_kernel = 5;     // odd
  double slope = 0.2;                 // of their leaky ReLU, and of g's
  WeightOptions weights = {.weight = Initialiser::xavier(), .bias_decay = 1};
  ValueId initial = graph::kNoValue;
};

// The trajectory GRU (Shi 2017, 1706.03458), in the form with reset_after and update_keeps: x [maps, height, width] to
// the state [channels, height, width]. Parameters as conv_gru's, with hidden.weight [2 channels, links channels, 1, 1]
// and candidate.weight [channels, links channels, 1, 1] for the moved states one after the other; and of the motion
// "<name>.motion_input.*" from x, "<name>.motion_hidden.weight" from h' and "<name>.motion.*" [2 links, ...], in the
// order of warp(), which begin at zero, so that nothing moves. x may be kNoValue as in gru(). Throws InvalidArgument
// for an even kernel.
ValueId conv_traj_gru(Builder& b, const std::string& name, ValueId x, const TrajGruOptions& options);

}  // namespace longtake::layers
