// A dense, contiguous, row-major array of numbers that owns its memory: the value that goes into and comes out of
// every longtake model. It is a regular type (copying copies the numbers) and knows nothing of devices or gradients.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace longtake {

enum class DType : std::uint8_t { kFloat32, kFloat64, kInt32, kInt64, kUint8 };

// Sizes of the dimensions, outermost first. An empty shape is a scalar with one element.
using Shape = std::vector<std::int64_t>;

std::size_t size_of(DType dtype);
// "float32", "float64", "int32", "int64" or "uint8".
const char* name_of(DType dtype);
// The number of elements of `shape`. Throws InvalidArgument on a negative size or when the product overflows.
std::int64_t element_count(const Shape& shape);
// "[2, 3, 4]"
std::string to_string(const Shape& shape);

template <class T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<float>() {
  return DType::kFloat32;
}
template <>
constexpr DType dtype_of<double>() {
  return DType::kFloat64;
}
template <>
constexpr DType dtype_of<std::int32_t>() {
  return DType::kInt32;
}
template <>
constexpr DType dtype_of<std::int64_t>() {
  return DType::kInt64;
}
template <>
constexpr DType dtype_of<std::uint8_t>() {
  return DType::kUint8;
}

class Tensor {
 public:
  // An empty float32 tensor of shape [0].
  Tensor() : shape_{0} {}
  // All zeros. Memory is aligned to 64 bytes.
  Tensor(DType dtype, Shape shape);

  Tensor(const Tensor& other);
  Tensor& operator=(const Tensor& other);
  Tensor(Tensor&& other) noexcept;
  Tensor& operator=(Tensor&& other) noexcept;
  // Allocates nothing, as std::swap would.
  void swap(Tensor& other) noexcept;

  // A tensor of `shape` that holds a copy of `values`, whose number must fit.
  template <class T>
  static Tensor from(Shape shape, std::span<const T> values);
  template <class T>
  static Tensor from(Shape shape, std::initializer_list<T> values) {
    return from<T>(std::move(shape), std::span<const T>(values.begin(), values.size()));
  }

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  std::int64_t size(std::size_t dimension) const { return shape_.at(dimension); }
  std::int64_t count() const { return count_; }
  std::size_t bytes() const { return static_cast<std::size_t>(count_) * size_of(dtype_); }

  // The elements. T must be the dtype's type, else InvalidArgument.
  template <class T>
  std::span<T> data() {
    check_dtype(dtype_of<T>());
    return {reinterpret_cast<T*>(data_.get()), static_cast<std::size_t>(count_)};
  }
  template <class T>
  std::span<const T> data() const {
    check_dtype(dtype_of<T>());
    return {reinterpret_cast<const T*>(data_.get()), static_cast<std::size_t>(count_)};
  }
  std::byte* raw() { return data_.get(); }
  const std::byte* raw() const { return data_.get(); }

  // Gives the tensor another shape and keeps its memory where the new one fits into it; new elements are unspecified.
  // Steady loops call this with sizes they have seen before, so that they allocate nothing.
  void resize(Shape shape);
  void resize(DType dtype, Shape shape);
  // Changes the outermost size only, the same way, without building a Shape.
  void resize_rows(std::int64_t rows);
  // The same elements under another shape with as many elements.
  Tensor reshaped(Shape shape) const;

  // Equal dtype, shape and bytes (so NaN equals the same NaN and 0 differs from -0).
  friend bool operator==(const Tensor& a, const Tensor& b);

 private:
  struct Free {
    void operator()(std::byte* memory) const;
  };
  void check_dtype(DType wanted) const;
  void reserve(std::size_t bytes);

  DType dtype_ = DType::kFloat32;
  Shape shape_;
  std::int64_t count_ = 0;
  std::size_t capacity_ = 0;
  std::unique_ptr<std::byte[], Free> data_;
};

// Throws InvalidArgument unless `values` elements fill `tensor` exactly.
void check_value_count(const Tensor& tensor, std::size_t values);

template <class T>
Tensor Tensor::from(Shape shape, std::span<const T> values) {
  Tensor tensor(dtype_of<T>(), std::move(shape));
  check_value_count(tensor, values.size());
  std::span<T> out = tensor.data<T>();
  for (std::size_t i = 0; i < values.size(); ++i) out[i] = values[i];
  return tensor;
}

}  // namespace longtake
