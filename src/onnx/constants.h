// Arithmetic on the constants of a file, so that what does not depend on a frame is computed when it is read. Constants
// are float32 or int64; integers and truth values of every size are int64. Private to onnx/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "longtake/tensor.h"
#include "onnx/import.h"
#include "onnx/onnx.pb.h"

namespace longtake::onnx {

using Sizes = std::vector<std::int64_t>;

// The tensor of a file. Float16, bfloat16 and float64 become float32, integers and bool int64. `where` begins the
// errors. Throws BadData when the numbers do not fill the shape, Unsupported for other types and for external data.
Tensor read_tensor(const onnx_format::TensorProto& proto, const std::string& where);

// The size of a dimension that goes over frames, ticks or streams, in the int64 constants that Shape gives.
std::int64_t mark_of(Axis axis);
bool is_mark(std::int64_t size);

// One element float32 or int64, as a number.
double number_at(const Tensor& tensor, std::int64_t index);
std::vector<float> floats(const Tensor& tensor);
// int64 only.
Sizes integers(const Tensor& tensor);
Tensor from_integers(const Sizes& values);

// Elements of `tensor` under `shape`, where a step in dimension d moves by steps[d] elements from `start` on.
Tensor strided(const Tensor& tensor, const Shape& shape, const Sizes& steps, std::int64_t start);
// How far the elements of a dense array of `shape` lie apart in each dimension.
Sizes dense_steps(const Shape& shape);
Tensor transposed(const Tensor& tensor, const Sizes& permutation);
Tensor sliced(const Tensor& tensor, std::int64_t axis, std::int64_t begin, std::int64_t size);
// Of equal dtype, ranks and sizes beside `axis`.
Tensor joined(const std::vector<const Tensor*>& tensors, std::int64_t axis);
// Sizes 1 and missing ones in front are repeated. Throws InvalidArgument when that does not give `shape`.
Tensor repeated(const Tensor& tensor, const Shape& shape);
// The shape that two shapes are repeated to. Throws InvalidArgument when the sizes do not fit.
Shape common_shape(const Shape& a, const Shape& b);
Tensor cast(const Tensor& tensor, DType dtype);

}  // namespace longtake::onnx
