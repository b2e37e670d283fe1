#include "training/bridge.h"

#include <cstring>

namespace longtake::training {

torch::ScalarType scalar_type(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
      return torch::kFloat32;
    case DType::kFloat64:
      return torch::kFloat64;
    case DType::kInt32:
      return torch::kInt32;
    case DType::kInt64:
      return torch::kInt64;
    case DType::kUint8:
      return torch::kUInt8;
  }
  throw InvalidArgument("unknown dtype");
}

DType dtype_of(torch::ScalarType type) {
  for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kInt32, DType::kInt64, DType::kUint8}) {
    if (scalar_type(dtype) == type) return dtype;
  }
  throw InvalidArgument(fmt::format("longtake has no tensors of type {}", c10::toString(type)));
}

torch::Tensor view(const Tensor& tensor) {
  // LibTorch has no views of constant memory; nothing here writes through it.
  return torch::from_blob(const_cast<std::byte*>(tensor.raw()), tensor.shape(), scalar_type(tensor.dtype()));
}

torch::Tensor to_torch(const Tensor& tensor, const torch::TensorOptions& options) {
  const torch::Tensor seen = view(tensor);
  const torch::ScalarType type =
      seen.is_floating_point() ? c10::typeMetaToScalarType(options.dtype()) : seen.scalar_type();
  return seen.to(options.device(), type, /*non_blocking=*/false, /*copy=*/true);
}

void copy_to(const torch::Tensor& tensor, Tensor& out) {
  const torch::Tensor host = tensor.detach().to(torch::kCPU).contiguous();
  out.resize(dtype_of(host.scalar_type()), Shape(host.sizes().begin(), host.sizes().end()));
  if (out.bytes() > 0) std::memcpy(out.raw(), host.data_ptr(), out.bytes());
}

Tensor from_torch(const torch::Tensor& tensor) {
  Tensor out;
  copy_to(tensor, out);
  return out;
}

torch::Tensor index_tensor(std::span<const std::int64_t> values, const torch::Device& device) {
  torch::Tensor host = torch::empty({static_cast<std::int64_t>(values.size())}, torch::kInt64);
  std::copy(values.begin(), values.end(), host.data_ptr<std::int64_t>());
  return host.to(device);
}

std::vector<std::int64_t> with_rows(std::int64_t rows, const Shape& shape) {
  std::vector<std::int64_t> sizes{rows};
  sizes.insert(sizes.end(), shape.begin(), shape.end());
  return sizes;
}

}  // namespace longtake::training
