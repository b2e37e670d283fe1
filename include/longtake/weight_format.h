// How the matrices of a model are kept: the weights of its `linear` ops, which is where an LSTM, a GRU and a fully
// connected layer have theirs. A step of one stream takes as long as these take to be read from memory, so fewer bytes
// are less time. All other weights stay float32.
#pragma once

#include <cstdint>
#include <string_view>

namespace longtake {

enum class WeightFormat : std::uint8_t {
  kFloat32,
  kFloat16,  // IEEE binary16: each weight within 1/2048 of itself, or within 2^-25 where it is below 2^-14
  // Whole numbers from -127 to 127 with a scale for each output: each weight within 1/254 of its row's largest. Inputs
  // are rounded so too, row by row, while a product is made.
  kInt8,
};

// "float32", "float16" or "int8".
const char* name_of(WeightFormat format);
// Throws InvalidArgument for another name.
WeightFormat weight_format(std::string_view name);

}  // namespace longtake
