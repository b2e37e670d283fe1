// Autograd functions on the runtime's kernels against LibTorch in double precision.
#include <gtest/gtest.h>

#include "training/convolution.h"
#include "training/kernels.h"

namespace longtake::training {
namespace {

double relative_norm(const torch::Tensor& got, const torch::Tensor& right) {
  return ((got.to(at::kDouble) - right).norm() / right.norm()).item<double>();
}

torch::Tensor normal(std::vector<std::int64_t> shape) { return torch::randn(shape); }

torch::Tensor leaf(const torch::Tensor& values, at::ScalarType type) {
  return values.to(type).clone().set_requires_grad(true);
}

graph::Node convolution(std::int64_t pad) {
  graph::Node node;
  node.name = "c";
  node.op = "conv2d";
  using Sizes = std::vector<std::int64_t>;
  node.attributes = {
      {"stride", Sizes{1, 1}}, {"pad", Sizes{pad, pad}}, {"dilation", Sizes{1, 1}}, {"groups", std::int64_t{1}}};
  return node;
}

struct Case {
  std::int64_t taps, pad;
  bool bias;
};

class FastConvolutionGradient : public testing::TestWithParam<Case> {};

// Two ticks of a loop, whose weights' gradients are gathered, and one whose result nobody asks for.
TEST_P(FastConvolutionGradient, AgreesWithDoublePrecision) {
  const auto [taps, pad, bias] = GetParam();
  torch::manual_seed(3);
  const torch::Tensor x = normal({3, 9, 10, 7}), y = normal({2, 9, 10, 7}), w = normal({12, 9, taps, taps}),
                      b = normal({12});
  const graph::Node node = convolution(pad);
  std::vector<std::vector<torch::Tensor>> gradients;
  torch::Tensor send_x, send_y;
  for (const bool fast : {false, true}) {
    const auto type = fast ? at::kFloat : at::kDouble;
    const torch::Tensor x_in = leaf(x, type), y_in = leaf(y, type), weight = leaf(w, type);
    const torch::Tensor offset = bias ? leaf(b, type) : torch::Tensor();
    ASSERT_EQ(FastConvolution::takes(node, {9, 10, 7}, weight), fast);
    torch::Tensor out_x, out_y;
    if (fast) {
      const FastConvolution convolve(node, {9, 10, 7}, weight, offset);
      out_x = convolve(x_in);
      out_y = convolve(y_in);
      convolve(y_in);
    } else {
      out_x = at::conv2d(x_in, weight, offset, {1, 1}, {pad, pad});
      out_y = at::conv2d(y_in, weight, offset, {1, 1}, {pad, pad});
      send_x = torch::randn_like(out_x);
      send_y = torch::randn_like(out_y);
    }
    ((out_x * send_x.to(type)).sum() + (out_y * send_y.to(type)).sum()).backward();
    gradients.push_back({out_x.detach(), out_y.detach(), x_in.grad(), y_in.grad(), weight.grad()});
    if (bias) gradients.back().push_back(offset.grad());
  }
  for (std::size_t i = 0; i < gradients[0].size(); ++i) {
    EXPECT_LT(relative_norm(gradients[1][i], gradients[0][i]), 5e-6) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Taps, FastConvolutionGradient,
                         testing::Values(Case{3, 1, true}, Case{3, 0, false}, Case{5, 2, true}, Case{5, 1, false}));

TEST(FastConvolution, LeavesOthersToLibTorch) {
  const torch::Tensor weight = normal({12, 9, 3, 3});
  const graph::Node node = convolution(1);
  EXPECT_TRUE(FastConvolution::takes(node, {9, 10, 7}, weight));
  EXPECT_FALSE(FastConvolution::takes(node, {9, 2, 7}, weight));
  EXPECT_FALSE(FastConvolution::takes(node, {9, 10, 7}, normal({12, 9, 1, 1})));
  EXPECT_FALSE(FastConvolution::takes(node, {3, 10, 7}, normal({12, 3, 3, 3})));
  graph::Node strided = node;
  strided.attributes["stride"] = std::vector<std::int64_t>{2, 2};
  EXPECT_FALSE(FastConvolution::takes(strided, {9, 10, 7}, weight));
  setenv("LONGTAKE_KERNELS", "precise", 1);
  EXPECT_FALSE(FastConvolution::takes(node, {9, 10, 7}, weight));
  unsetenv("LONGTAKE_KERNELS");
}

class FastLstmGatesGradient : public testing::TestWithParam<bool> {};

TEST_P(FastLstmGatesGradient, AgreesWithDoublePrecision) {
  torch::manual_seed(4);
  for (const bool map : {false, true}) {
    const auto shape = [&](std::int64_t channels) {
      return map ? std::vector<std::int64_t>{2, channels, 3, 5} : std::vector<std::int64_t>{7, channels};
    };
    const torch::Tensor g = normal(shape(44)), c = normal(shape(11)), p = normal({3, 11});
    const torch::Tensor send_hidden = normal(shape(11)), send_cell = normal(shape(11));
    std::vector<std::vector<torch::Tensor>> gradients;
    for (const auto type : {at::kDouble, at::kFloat}) {
      const torch::Tensor gates = leaf(g, type), cell = leaf(c, type);
      const torch::Tensor peepholes = GetParam() ? leaf(p, type) : torch::Tensor();
      const auto out = lstm_gates(gates, cell, peepholes);
      ((out[0] * send_hidden.to(type)).sum() + (out[1] * send_cell.to(type)).sum()).backward();
      gradients.push_back({out[0].detach(), out[1].detach(), gates.grad(), cell.grad()});
      if (GetParam()) gradients.back().push_back(peepholes.grad());
    }
    for (std::size_t i = 0; i < gradients[0].size(); ++i) {
      EXPECT_LT(relative_norm(gradients[1][i], gradients[0][i]), 1e-6) << i << (map ? " of maps" : " of vectors");
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Peepholes, FastLstmGatesGradient, testing::Bool());

}  // namespace
}  // namespace longtake::training
