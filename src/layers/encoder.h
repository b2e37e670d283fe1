// Frame encoders: from a picture to a vector of features, chosen by name in a recipe.
#pragma once

#include <string>

#include "base/options.h"
#include "graph/builder.h"

namespace longtake::layers {

// x is a frame [channels, height, width]; the result is [features]. `options` are those of the encoder:
//
// "caffenet_hybrid": LRCN's net between CaffeNet and Zeiler-Fergus up to the ReLU of fc6, 4096 features (1411.4389;
//   specs in docs/models.md). Needs 3 x 227 x 227 for its published size. No options. No dropout: the model adds it.
//
// "small_cnn": for small clips: blocks of convolution, ReLU and 2x2 max pooling, then a linear layer with ReLU.
//   channels = [16, 32, 48]   maps of each block
//   kernels = [5, 3, 3]       their square kernels, padded to keep the size
//   features = 64
//   batch_norm = false        after each convolution
//   global_pool = false       the last block ends in a global max pooling instead, so that features do not say where
//   difference = false        also show the net the difference to the previous frame (0 at the first), and
//   deviation = false         the difference to the mean of the frames so far, each as more input channels: the encoder
//                             then remembers frames
//   dropout = 0.0             before the linear layer
//
// Throws ConfigError for an unknown encoder or option.
graph::ValueId encode(graph::Builder& b, const std::string& encoder, const Options& options, graph::ValueId x);

}  // namespace longtake::layers
