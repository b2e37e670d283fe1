#include "kernels/buffer.h"

#include <cstdlib>
#include <new>

namespace longtake::kernels {

void Buffer::Free::operator()(float* memory) const { std::free(memory); }

float* Buffer::reserve(std::int64_t floats) {
  if (floats <= capacity_) return data_.get();
  constexpr std::int64_t kLine = 16;  // floats in 64 bytes
  const std::int64_t rounded = (floats + kLine - 1) / kLine * kLine;
  data_.reset();
  capacity_ = 0;
  data_.reset(static_cast<float*>(std::aligned_alloc(64, static_cast<std::size_t>(rounded) * sizeof(float))));
  if (data_ == nullptr) throw std::bad_alloc();
  capacity_ = rounded;
  return data_.get();
}

}  // namespace longtake::kernels
