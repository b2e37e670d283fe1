// Frame encoders: from a picture to a vector of features, a map, or maps of several levels, chosen by name in a recipe.
#pragma once

#include <string>
#include <vector>

#include "base/options.h"
#include "graph/builder.h"

namespace longtake::layers {

// What a model takes from its encoder.
enum class Taps {
  kFeatures,  // one vector [features]
  kMap,       // one map [channels, height, width]: the last one
  kLevels,    // every level that the encoder names, from low to high: maps, and at last the features
};

// x is a frame [channels, height, width]. `options` are those of the encoder, from a table of its name:
//
// "caffenet_hybrid": LRCN's net between CaffeNet and Zeiler-Fergus up to the ReLU of fc6, 4096 features (1411.4389,
//   with the authors' released network). Needs 3 x 227 x 227 for its published size. Levels pool1, pool2, pool5, fc6.
//
// "caffenet": AlexNet with pooling before normalisation, as Caffe has it (Krizhevsky 2012), up to the ReLU of fc7.
//   3 x 227 x 227. Levels pool1, pool2, pool5, fc7.
//
// "vgg16": configuration D of Simonyan and Zisserman 2014 (1409.1556) up to the ReLU of fc7. 3 x 224 x 224. Levels
//   pool2, pool3, pool4, pool5, fc7: those of GRU-RCN.
//
// "googlenet": Szegedy 2014 (1409.4842) without the auxiliary classifiers; features are the 1024 averages of
//   inception_5b, whose 7 x 7 x 1024 map is the last one. 3 x 224 x 224. Levels pool2, pool3, pool4, inception_5b,
//   pool5.
//
// These have no options and no dropout: the model adds it.
//
// "pixels": the frame itself, flattened. No options. Levels are the frame and its pixels.
//
// "small_cnn": for small clips: blocks of convolution, ReLU and 2x2 max pooling, then a linear layer with ReLU. Levels
//   are the blocks and the features.
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
// Returns one value, but for kLevels. Throws ConfigError for an unknown encoder or option.
std::vector<graph::ValueId> encode(graph::Builder& b, const std::string& encoder, const Options& options,
                                   graph::ValueId x, Taps taps);

// Throws ConfigError that suggests the nearest name for an encoder that encode() does not know.
void check_encoder(const std::string& encoder);

// The encoders of the papers (pretrained.cc), in their own scope.
std::vector<graph::ValueId> caffenet_hybrid(graph::Builder& b, graph::ValueId x, Taps taps);
std::vector<graph::ValueId> caffenet(graph::Builder& b, graph::ValueId x, Taps taps);
std::vector<graph::ValueId> vgg16(graph::Builder& b, graph::ValueId x, Taps taps);
std::vector<graph::ValueId> googlenet(graph::Builder& b, graph::ValueId x, Taps taps);

}  // namespace longtake::layers
