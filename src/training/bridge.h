// Between longtake's tensors and LibTorch's, and between their errors. Private to training/.
#pragma once

#include <fmt/format.h>

#include <span>
#include <string>

#include "longtake/error.h"
#include "longtake/tensor.h"
#include "training/torch.h"

namespace longtake::training {

torch::ScalarType scalar_type(DType dtype);
// Throws InvalidArgument for types that longtake does not have.
DType dtype_of(torch::ScalarType type);

// The same memory as `tensor`, which must outlive every use, gradients included.
torch::Tensor view(const Tensor& tensor);
// A copy. Floating-point numbers are brought to the type of `options`, others keep theirs.
torch::Tensor to_torch(const Tensor& tensor, const torch::TensorOptions& options);
// A copy on the host.
Tensor from_torch(const torch::Tensor& tensor);
// The same into `out`, whose memory is reused.
void copy_to(const torch::Tensor& tensor, Tensor& out);

// One dimension of whole numbers, copied to the device.
torch::Tensor index_tensor(std::span<const std::int64_t> values, const torch::Device& device);

// [rows, shape...]
std::vector<std::int64_t> with_rows(std::int64_t rows, const Shape& shape);

// Calls f() and turns what LibTorch throws into longtake's errors. `what` opens the message.
template <class F>
decltype(auto) guarded(const char* what, F f) {
  try {
    return f();
  } catch (const Error&) {
    throw;
  } catch (const c10::Error& error) {
    throw Error(fmt::format("{}: LibTorch says: {}", what, error.what_without_backtrace()));
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(fmt::format("{}: {}", what, error.what()));
  }
}

}  // namespace longtake::training
