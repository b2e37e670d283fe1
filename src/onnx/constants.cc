#include "onnx/constants.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "longtake/error.h"

namespace longtake::onnx {

namespace {

// Far below every size; a file that holds one of these numbers as a size is refused when its tensors are read.
constexpr std::int64_t kMark = std::numeric_limits<std::int64_t>::min() + 16;

}  // namespace

std::int64_t mark_of(Axis axis) { return kMark + static_cast<std::int64_t>(axis); }

bool is_mark(std::int64_t size) { return size < kMark + 16; }

double number_at(const Tensor& tensor, std::int64_t index) {
  if (tensor.dtype() == DType::kFloat32) return tensor.data<float>()[index];
  return static_cast<double>(tensor.data<std::int64_t>()[index]);
}

std::vector<float> floats(const Tensor& tensor) {
  const auto values = tensor.data<float>();
  return {values.begin(), values.end()};
}

Sizes integers(const Tensor& tensor) {
  const auto values = tensor.data<std::int64_t>();
  return {values.begin(), values.end()};
}

Tensor from_integers(const Sizes& values) {
  return Tensor::from<std::int64_t>({static_cast<std::int64_t>(values.size())}, values);
}

Sizes dense_steps(const Shape& shape) {
  Sizes steps(shape.size(), 1);
  for (std::size_t d = shape.size(); d-- > 1;) steps[d - 1] = steps[d] * shape[d];
  return steps;
}

Tensor strided(const Tensor& tensor, const Shape& shape, const Sizes& steps, std::int64_t start) {
  Tensor out(tensor.dtype(), shape);
  const std::size_t size = size_of(tensor.dtype());
  Sizes index(shape.size(), 0);
  std::int64_t position = start;
  for (std::int64_t i = 0; i < out.count(); ++i) {
    std::memcpy(out.raw() + i * size, tensor.raw() + position * size, size);
    for (std::size_t d = shape.size(); d-- > 0;) {
      position += steps[d];
      if (++index[d] < shape[d]) break;
      position -= steps[d] * shape[d];
      index[d] = 0;
    }
  }
  return out;
}

Tensor transposed(const Tensor& tensor, const Sizes& permutation) {
  const Sizes from = dense_steps(tensor.shape());
  Shape shape;
  Sizes steps;
  for (std::int64_t d : permutation) {
    shape.push_back(tensor.shape()[d]);
    steps.push_back(from[d]);
  }
  return strided(tensor, shape, steps, 0);
}

Tensor sliced(const Tensor& tensor, std::int64_t axis, std::int64_t begin, std::int64_t size) {
  Shape shape = tensor.shape();
  shape[axis] = size;
  const Sizes steps = dense_steps(tensor.shape());
  return strided(tensor, shape, steps, begin * steps[axis]);
}

Tensor joined(const std::vector<const Tensor*>& tensors, std::int64_t axis) {
  Shape shape = tensors.front()->shape();
  shape[axis] = 0;
  for (const Tensor* tensor : tensors) shape[axis] += tensor->shape()[axis];
  Tensor out(tensors.front()->dtype(), shape);
  std::int64_t outer = 1;
  for (std::int64_t d = 0; d < axis; ++d) outer *= shape[d];
  std::byte* to = out.raw();
  for (std::int64_t o = 0; o < outer; ++o) {
    for (const Tensor* tensor : tensors) {
      const std::size_t bytes = tensor->bytes() / outer;
      if (bytes == 0) continue;
      std::memcpy(to, tensor->raw() + o * bytes, bytes);
      to += bytes;
    }
  }
  return out;
}

Shape common_shape(const Shape& a, const Shape& b) {
  Shape shape(std::max(a.size(), b.size()), 1);
  for (const Shape* operand : {&a, &b}) {
    for (std::size_t d = 0; d < operand->size(); ++d) {
      const std::int64_t size = (*operand)[d];
      std::int64_t& common = shape[shape.size() - operand->size() + d];
      if (size == 1 || size == common) continue;
      if (common != 1) throw InvalidArgument("the sizes " + to_string(a) + " and " + to_string(b) + " do not fit");
      common = size;
    }
  }
  return shape;
}

Tensor repeated(const Tensor& tensor, const Shape& shape) {
  if (common_shape(tensor.shape(), shape) != shape) {
    throw InvalidArgument(to_string(tensor.shape()) + " cannot be repeated to " + to_string(shape));
  }
  const Sizes from = dense_steps(tensor.shape());
  const std::size_t missing = shape.size() - tensor.shape().size();
  Sizes steps(shape.size(), 0);
  for (std::size_t d = 0; d < from.size(); ++d) {
    if (tensor.shape()[d] != 1) steps[missing + d] = from[d];
  }
  return strided(tensor, shape, steps, 0);
}

Tensor cast(const Tensor& tensor, DType dtype) {
  if (tensor.dtype() == dtype) return tensor;
  Tensor out(dtype, tensor.shape());
  for (std::int64_t i = 0; i < tensor.count(); ++i) {
    const double number = number_at(tensor, i);
    if (dtype == DType::kFloat32) {
      out.data<float>()[i] = static_cast<float>(number);
    } else {
      constexpr double kLimit = 9e18;
      if (!(number > -kLimit && number < kLimit)) throw InvalidArgument("a number that no integer holds");
      out.data<std::int64_t>()[i] = static_cast<std::int64_t>(number);
    }
  }
  return out;
}

}  // namespace longtake::onnx
