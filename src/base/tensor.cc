#include "longtake/tensor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "longtake/error.h"

namespace longtake {

std::size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
    case DType::kInt32:
      return 4;
    case DType::kFloat64:
    case DType::kInt64:
      return 8;
    case DType::kUint8:
      return 1;
  }
  throw InvalidArgument("unknown dtype");
}

const char* name_of(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
      return "float32";
    case DType::kFloat64:
      return "float64";
    case DType::kInt32:
      return "int32";
    case DType::kInt64:
      return "int64";
    case DType::kUint8:
      return "uint8";
  }
  throw InvalidArgument("unknown dtype");
}

std::string to_string(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

std::int64_t element_count(const Shape& shape) {
  std::int64_t count = 1;
  for (std::int64_t size : shape) {
    if (size < 0) throw InvalidArgument(fmt::format("shape {} has a negative size", to_string(shape)));
    if (__builtin_mul_overflow(count, size, &count)) {
      throw InvalidArgument(fmt::format("shape {} has too many elements", to_string(shape)));
    }
  }
  return count;
}

void check_value_count(const Tensor& tensor, std::size_t values) {
  if (static_cast<std::size_t>(tensor.count()) != values) {
    throw InvalidArgument(fmt::format("{} values do not fill shape {}", values, to_string(tensor.shape())));
  }
}

void Tensor::Free::operator()(std::byte* memory) const { std::free(memory); }

Tensor::Tensor(DType dtype, Shape shape) : dtype_(dtype), shape_(std::move(shape)), count_(element_count(shape_)) {
  reserve(bytes());
  if (count_ != 0) std::memset(data_.get(), 0, bytes());
}

Tensor::Tensor(const Tensor& other) : dtype_(other.dtype_), shape_(other.shape_), count_(other.count_) {
  reserve(bytes());
  if (count_ != 0) std::memcpy(data_.get(), other.data_.get(), bytes());
}

Tensor& Tensor::operator=(const Tensor& other) {
  if (this == &other) return *this;
  dtype_ = other.dtype_;
  shape_ = other.shape_;
  count_ = other.count_;
  reserve(bytes());
  if (count_ != 0) std::memcpy(data_.get(), other.data_.get(), bytes());
  return *this;
}

Tensor::Tensor(Tensor&& other) noexcept : Tensor() { *this = std::move(other); }

Tensor& Tensor::operator=(Tensor&& other) noexcept {
  swap(other);
  return *this;
}

void Tensor::swap(Tensor& other) noexcept {
  std::swap(dtype_, other.dtype_);
  std::swap(shape_, other.shape_);
  std::swap(count_, other.count_);
  std::swap(capacity_, other.capacity_);
  std::swap(data_, other.data_);
}

void Tensor::resize(Shape shape) { resize(dtype_, std::move(shape)); }

void Tensor::resize(DType dtype, Shape shape) {
  count_ = element_count(shape);
  dtype_ = dtype;
  shape_ = std::move(shape);
  reserve(bytes());
}

void Tensor::resize_rows(std::int64_t rows) {
  if (shape_.empty()) throw InvalidArgument("a scalar has no rows to resize");
  shape_[0] = rows;
  count_ = element_count(shape_);
  reserve(bytes());
}

Tensor Tensor::reshaped(Shape shape) const {
  if (element_count(shape) != count_) {
    throw InvalidArgument(fmt::format("cannot reshape {} to {}", to_string(shape_), to_string(shape)));
  }
  Tensor result(*this);
  result.shape_ = std::move(shape);
  return result;
}

bool operator==(const Tensor& a, const Tensor& b) {
  return a.dtype_ == b.dtype_ && a.shape_ == b.shape_ &&
         (a.count_ == 0 || std::memcmp(a.data_.get(), b.data_.get(), a.bytes()) == 0);
}

void Tensor::check_dtype(DType wanted) const {
  if (wanted != dtype_) {
    throw InvalidArgument(fmt::format("tensor is {}, not {}", name_of(dtype_), name_of(wanted)));
  }
}

void Tensor::reserve(std::size_t bytes) {
  if (bytes <= capacity_) return;
  constexpr std::size_t kAlignment = 64;
  if (bytes > std::numeric_limits<std::size_t>::max() - kAlignment) throw std::bad_alloc();
  const std::size_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  auto* memory = static_cast<std::byte*>(std::aligned_alloc(kAlignment, rounded));
  if (memory == nullptr) throw std::bad_alloc();
  data_.reset(memory);
  capacity_ = rounded;
}

}  // namespace longtake
