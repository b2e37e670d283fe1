// A frame encoder from an ONNX file: encoder = "file.onnx#tensor" in a recipe.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/options.h"
#include "layers/encoder.h"

namespace longtake::onnx {

// What was read of files while a model was built.
struct EncoderWeights {
  std::map<std::string, Tensor> weights;  // by full parameter name
  std::vector<std::string> files;         // "name.onnx#tensor sha256 <digits>", for the provenance
};

// `encoder` is "<path>.onnx", then nothing (the file's first output), or "#" and the names of tensors with commas
// between them. Adds it in a scope "encoder", as layers::encode does, and puts its numbers into `read`. One tensor for
// Taps::kFeatures, of which a map becomes a vector, and for kMap; any number for kLevels, from low to high. `options`,
// from the table [model.onnx]:
//
//   frozen = true          its weights do not learn, and batch norm is folded into convolutions
//   learning_rate = 1.0    multiplier of what learns, where it is not frozen
//   pool = 0               max pooling of the maps that are taken, its kernel and stride: for maps too large to keep
//   average = false        a map becomes a vector by its mean over places instead of being flattened
//
// Throws ConfigError where recipe and file do not fit each other, and as import.h where the file cannot be read.
std::vector<graph::ValueId> add_encoder(graph::Builder& b, const std::string& encoder, const Options& options,
                                        graph::ValueId frame, layers::Taps taps, EncoderWeights& read);

}  // namespace longtake::onnx
