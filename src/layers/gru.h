// Gated recurrent units on vectors and on maps, and what they are stacked with (Ballas 2015, 1511.06432, equations 4 to
// 9; Shi 2017, 1706.03458, for the other forms).
//
//   z = s(Wz x + Uz h' [+ Vz l])    r = s(Wr x + Ur h' [+ Vr l])
//   g = tanh(W x + U (r o h'))      h = (1 - z) o h' + z o g
//
// where h' is the state before and l, in a stack, the state of the layer below at the same tick. Products are linear
// layers (gru) or convolutions that keep the size of the map (conv_gru).
#pragma once

#include <optional>
#include <string>

#include "layers/basic.h"

namespace longtake::layers {

struct GruOptions {
  std::int64_t channels = 0;  // of the state: its size, or its maps
  std::int64_t kernel = 3;    // conv_gru only, of all its convolutions; odd
  bool bias = true;           // one per gate; the paper writes none
  bool reset_after = false;   // g = tanh(W x + r o (U h' + b)), as cuDNN and the HKO-7 benchmark have it
  bool update_keeps = false;  // h = z o h' + (1 - z) o g, as they have it
  WeightOptions weights = {.weight = Initialiser::xavier(), .bias_decay = 1};
  std::optional<Initialiser> hidden_weight;  // gru: orthogonal, conv_gru: as the others, if not given
  ValueId below = graph::kNoValue;           // l, of the size of the state
  ValueId initial = graph::kNoValue;         // a `once` value; zero without it
};

// x [features] to the state [channels] at every tick of x. Parameters, gates in the order z, r, g along the first
// dimension: "<name>.input.weight" [3 channels, features] and "<name>.input.bias", "<name>.hidden.weight" [2 channels,
// channels], "<name>.candidate.weight" [channels, channels] (with reset_after also its bias) and, in a stack,
// "<name>.below.weight" [2 channels, channels below]. State "<name>.h".
ValueId gru(Builder& b, const std::string& name, ValueId x, const GruOptions& options);

// x [maps, height, width] to the state [channels, height, width]; weights have the kernel as two more dimensions.
// Throws InvalidArgument for an even kernel.
ValueId conv_gru(Builder& b, const std::string& name, ValueId x, const GruOptions& options);

}  // namespace longtake::layers
