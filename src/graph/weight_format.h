// What it means for a model's matrices to be kept in fewer bits (longtake/weight_format.h).
#pragma once

#include <set>
#include <string>
#include <vector>

#include "graph/model.h"
#include "longtake/weight_format.h"

namespace longtake::graph {

// The names of the parameters that a format other than float32 rounds: the weights of `linear` that no other op reads.
std::set<std::string> matrices_of(const Model& model);

// A finite matrix in one byte a weight: whole numbers from -127 to 127 as float32 of its shape, and a scale for each
// row.
struct ByteWeights {
  Tensor numbers;
  Tensor scales;  // float32 [rows]
};
ByteWeights to_bytes(const Tensor& matrix);
// Their product. Throws InvalidArgument where the shapes do not fit or a number is none that to_bytes() gives.
Tensor from_bytes(const ByteWeights& weights);

// The numbers of `matrix`, float32 [outputs, inputs], that the format has, as float32. Throws InvalidArgument that
// names it as `name` where one is not finite or beyond the format.
Tensor rounded(const Tensor& matrix, WeightFormat format, const std::string& name);

// Rounds the model's matrices and keeps them so from then on. Throws InvalidArgument where they are in another format
// than float32 or this one already, or as rounded() does.
void set_weight_format(Model& model, WeightFormat format);

}  // namespace longtake::graph
