// Memory for numbers that is asked for again and again with sizes it has seen before.
#pragma once

#include <cstdint>
#include <memory>

namespace longtake::kernels {

// 64-byte aligned floats that grow and never shrink; growing forgets the contents.
class Buffer {
 public:
  float* reserve(std::int64_t floats);
  float* data() const { return data_.get(); }
  std::int64_t bytes() const { return capacity_ * static_cast<std::int64_t>(sizeof(float)); }

 private:
  struct Free {
    void operator()(float* memory) const;
  };
  std::int64_t capacity_ = 0;
  std::unique_ptr<float, Free> data_;
};

}  // namespace longtake::kernels
