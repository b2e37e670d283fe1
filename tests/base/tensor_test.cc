#include "longtake/tensor.h"

#include <gtest/gtest.h>

#include <limits>

#include "longtake/error.h"

namespace longtake {
namespace {

TEST(Tensor, StartsWithZeros) {
  const Tensor tensor(DType::kFloat32, {2, 3});
  for (float value : tensor.data<float>()) EXPECT_EQ(value, 0.0f);
}

TEST(Tensor, CopiesOwnTheirNumbers) {
  Tensor a = Tensor::from<float>({2}, {1, 2});
  Tensor b = a;
  b.data<float>()[0] = 7;
  EXPECT_EQ(a.data<float>()[0], 1.0f);
  EXPECT_FALSE(a == b);
}

TEST(Tensor, RefusesAnotherTypeAndSizesThatDoNotFit) {
  const Tensor tensor(DType::kFloat32, {2});
  EXPECT_THROW(tensor.data<double>(), InvalidArgument);
  EXPECT_THROW(Tensor::from<float>({3}, {1, 2}), InvalidArgument);
  EXPECT_THROW(tensor.reshaped({3}), InvalidArgument);
}

TEST(Tensor, RefusesSizesThatOverflow) {
  const std::int64_t huge = std::numeric_limits<std::int64_t>::max() / 2;
  EXPECT_THROW(Tensor(DType::kFloat32, {huge, 3}), InvalidArgument);
  EXPECT_THROW(Tensor(DType::kFloat32, {-1}), InvalidArgument);
}

TEST(Tensor, KeepsItsMemoryWhenItShrinksAndGrowsBack) {
  Tensor tensor(DType::kFloat32, {8, 4});
  const std::byte* memory = tensor.raw();
  tensor.resize_rows(1);
  tensor.resize_rows(8);
  EXPECT_EQ(tensor.raw(), memory);
}

}  // namespace
}  // namespace longtake
