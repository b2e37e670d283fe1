// The error of Winograd's convolution and of its gradient against double precision, and that it is what runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <functional>
#include <random>

#include "kernels/winograd_gradient.h"
#include "layers/basic.h"
#include "layers/conv_lstm.h"
#include "longtake/error.h"
#include "runtime/kernel_case.h"
#include "runtime/program.h"
#include "runtime/script.h"

namespace longtake::test {
namespace {

using kernels::KernelLevel;
using kernels::WinogradGrid;

struct Sizes {
  std::int64_t channels, outputs, height, width, taps, pad;
};

class Winograd : public testing::TestWithParam<Sizes> {};

WinogradGrid grid_of(const Sizes& s) {
  const std::int64_t less = s.taps - 1 - 2 * s.pad;
  return {s.height, s.width, s.height - less, s.width - less, {s.pad, s.pad}, s.taps};
}

// use(output place, input place, weight place) for every product of a convolution; maps channels last.
void for_products(const Sizes& s, std::int64_t rows,
                  const std::function<void(std::int64_t, std::int64_t, std::int64_t)>& use) {
  const WinogradGrid grid = grid_of(s);
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t y = 0; y < grid.out_height; ++y) {
      for (std::int64_t x = 0; x < grid.out_width; ++x) {
        for (std::int64_t t = 0; t < s.taps * s.taps; ++t) {
          const std::int64_t iy = y - s.pad + t / s.taps, ix = x - s.pad + t % s.taps;
          if (iy < 0 || iy >= s.height || ix < 0 || ix >= s.width) continue;
          for (std::int64_t o = 0; o < s.outputs; ++o) {
            for (std::int64_t c = 0; c < s.channels; ++c) {
              use(((r * grid.out_height + y) * grid.out_width + x) * s.outputs + o,
                  ((r * s.height + iy) * s.width + ix) * s.channels + c, (o * s.channels + c) * s.taps * s.taps + t);
            }
          }
        }
      }
    }
  }
}

// Of the difference, over that of what is right.
double relative_norm(const std::vector<float>& got, const std::vector<double>& right) {
  double error = 0, norm = 0;
  for (std::size_t i = 0; i < right.size(); ++i) {
    error += (got[i] - right[i]) * (got[i] - right[i]);
    norm += right[i] * right[i];
  }
  return std::sqrt(error / norm);
}

TEST_P(Winograd, StaysWithinItsErrorOfDoublePrecision) {
  const Sizes s = GetParam();
  std::mt19937 random(5);
  constexpr std::int64_t kRows = 2;
  const WinogradGrid grid = grid_of(s);
  const auto x = random_floats(kRows * s.height * s.width * s.channels, random, 1);
  const auto weight = random_floats(s.outputs * s.channels * s.taps * s.taps, random, 1);
  std::vector<double> right(static_cast<std::size_t>(kRows * grid.out_height * grid.out_width * s.outputs));
  for_products(s, kRows, [&](std::int64_t out, std::int64_t in, std::int64_t w) {
    right[static_cast<std::size_t>(out)] +=
        static_cast<double>(x[static_cast<std::size_t>(in)]) * static_cast<double>(weight[static_cast<std::size_t>(w)]);
  });
  for (const KernelLevel level : fast_levels()) {
    const kernels::WinogradSum sum(level, grid, s.outputs, 1, {{s.channels, weight}});
    std::vector<float> got(right.size());
    const std::vector<float> no_bias(static_cast<std::size_t>(s.outputs));
    const float* const inputs[] = {x.data()};
    constexpr std::array<std::size_t, 1> at{0};
    kernels::Workspaces workspaces;
    sum.run({kRows, inputs, nullptr, &workspaces}, at, 0,
            [&](const WinogradGrid::Place& place, kernels::WinogradOutput output, float*) {
              output.bias = no_bias.data();
              write_winograd_tile(sum, output, place, got.data());
            });
    EXPECT_LT(relative_norm(got, right), 5e-6) << name_of(level);
  }
}

TEST_P(Winograd, TheGradientOfItsWeightsDoesToo) {
  const Sizes s = GetParam();
  std::mt19937 random(6);
  constexpr std::int64_t kRows = 3;
  const WinogradGrid grid = grid_of(s);
  const auto x = random_floats(kRows * s.height * s.width * s.channels, random, 1);
  const auto by_out = random_floats(kRows * grid.out_height * grid.out_width * s.outputs, random, 1);
  std::vector<double> right(static_cast<std::size_t>(s.outputs * s.channels * s.taps * s.taps));
  for_products(s, kRows, [&](std::int64_t out, std::int64_t in, std::int64_t w) {
    right[static_cast<std::size_t>(w)] += static_cast<double>(x[static_cast<std::size_t>(in)]) *
                                          static_cast<double>(by_out[static_cast<std::size_t>(out)]);
  });
  ThreadPool pool(2);
  for (const KernelLevel level : fast_levels()) {
    std::vector<float> alone;
    for (ThreadPool* threads : {static_cast<ThreadPool*>(nullptr), &pool}) {
      kernels::WinogradWeightGradient gradient(level, grid, s.channels, s.outputs);
      // In two calls: what is added is kept.
      gradient.add(x.data(), by_out.data(), 1, threads);
      gradient.add(x.data() + s.height * s.width * s.channels,
                   by_out.data() + grid.out_height * grid.out_width * s.outputs, kRows - 1, threads);
      std::vector<float> got(right.size());
      gradient.finish(got, nullptr);
      EXPECT_LT(relative_norm(got, right), 5e-6) << name_of(level);
      if (threads == nullptr) {
        alone = got;
      } else {
        EXPECT_EQ(got, alone);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, Winograd,
                         testing::Values(Sizes{8, 8, 12, 12, 3, 1}, Sizes{9, 17, 7, 5, 3, 1}, Sizes{64, 40, 6, 9, 3, 0},
                                         Sizes{16, 8, 11, 8, 5, 2}, Sizes{11, 33, 6, 7, 5, 1},
                                         Sizes{300, 16, 8, 8, 3, 2}));

graph::Model conv_lstm_model() {
  graph::Model model;
  graph::Builder b(model, "main");
  const auto x = b.input("x", {8, 9, 10});
  b.output("h", layers::conv_lstm(b, "cell", x, {.channels = 8, .input_kernel = 3, .hidden_kernel = 3}).hidden);
  b.output("y", layers::conv2d(b, "after", x, {.channels = 8, .kernel = 5, .pad = 2}));
  b.finish();
  fill_weights(model, 3);
  return model;
}

std::string kernels_of(const runtime::Program& program) {
  std::string all;
  for (const auto& [node, kernel] : program.kernels()) all += node + "=" + kernel + " ";
  return all;
}

TEST(WinogradProgram, RunsUnlessSumsInOrderAreAskedFor) {
  const auto model = std::make_shared<const graph::Model>(conv_lstm_model());
  using testing::HasSubstr;
  using testing::Not;
  const auto fast = kernels_of(runtime::Program(model, "main", {.kernels = KernelLevel::kPortable}));
  EXPECT_THAT(fast, HasSubstr("cell.gates=winograd_conv_lstm_3x3"));
  EXPECT_THAT(fast, HasSubstr("after=winograd_5x5"));
  const auto precise =
      kernels_of(runtime::Program(model, "main", {.precise = true, .kernels = KernelLevel::kPortable}));
  EXPECT_THAT(precise, Not(HasSubstr("winograd")));
  setenv("LONGTAKE_KERNELS", "portable,precise", 1);
  EXPECT_EQ(kernels_of(runtime::Program(model, "main")), precise);
  setenv("LONGTAKE_KERNELS", "precise", 1);
  EXPECT_THAT(kernels_of(runtime::Program(model, "main")), Not(HasSubstr("winograd")));
  setenv("LONGTAKE_KERNELS", "portable,quick", 1);
  EXPECT_THROW(runtime::Program(model, "main"), ConfigError);
  unsetenv("LONGTAKE_KERNELS");
}

}  // namespace
}  // namespace longtake::test
