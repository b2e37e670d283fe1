// Fast kernels against the reference, on shapes chosen to have edges everywhere; and that how many rows or threads
// share a call changes no bit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "layers/basic.h"
#include "layers/patches.h"
#include "runtime/kernel_case.h"

namespace longtake::runtime {
namespace {

using graph::Builder;
using test::KernelCase;

struct Case {
  std::string name;
  std::function<void(Builder&)> build;
  bool exact = false;  // bit for bit as the reference: the same operations in the same order
};

Case convolution(const std::string& name, Shape shape, layers::Conv2dOptions options) {
  return {"conv2d_" + name, [=](Builder& b) { layers::conv2d(b, "node", b.input("x", shape), options); }, true};
}

Case pool(const std::string& name, bool maximum, Shape shape, layers::PoolOptions options) {
  return {(maximum ? "max_pool_" : "average_pool_") + name,
          [=](Builder& b) {
            const auto x = b.input("x", shape);
            maximum ? layers::max_pool(b, "node", x, options) : layers::average_pool(b, "node", x, options);
          },
          true};
}

Case linear(Shape shape, std::int64_t out, bool bias) {
  return {"linear_" + std::to_string(shape.back()) + "_" + std::to_string(out) + (bias ? "" : "_without_bias"),
          [=](Builder& b) { layers::linear(b, "node", b.input("x", shape), out, {.bias = bias}); }, true};
}

Case gates(const std::string& name, Shape cell, bool peepholes) {
  return {"lstm_gates_" + name, [=](Builder& b) {
            Shape all = cell;
            all[0] *= 4;
            std::vector<std::string> parameters;
            if (peepholes) parameters.push_back(b.parameter({"peepholes", {3, cell[0]}}));
            b.node("lstm_gates", "node", {b.input("a", all), b.input("c", cell)}, {}, parameters);
          }};
}

Case transposed_convolution(const std::string& name, Shape shape, layers::ConvTranspose2dOptions options) {
  return {"conv_transpose2d_" + name,
          [=](Builder& b) { layers::conv_transpose2d(b, "node", b.input("x", shape), options); }, true};
}

template <class F>
Case one_input(const std::string& name, Shape shape, bool exact, F layer) {
  return {name, [=](Builder& b) { layer(b, b.input("x", shape)); }, exact};
}

std::vector<Case> cases() {
  std::vector<Case> all{
      convolution("3x3", {5, 9, 7}, {.channels = 13, .kernel = 3}),
      convolution("3x3_pad", {8, 6, 11}, {.channels = 16, .kernel = 3, .pad = 1}),
      convolution("7x7_stride", {3, 23, 18}, {.channels = 37, .kernel = 7, .stride = 2}),
      convolution("5x5_groups", {6, 12, 10}, {.channels = 38, .kernel = 5, .stride = 2, .pad = 2, .groups = 2}),
      convolution("dilated", {4, 13, 13}, {.channels = 9, .kernel = 3, .stride = 2, .pad = 3, .dilation = 2}),
      convolution("dilated_groups", {9, 11, 8}, {.channels = 6, .kernel = 2, .pad = 1, .dilation = 3, .groups = 3}),
      convolution("1x1", {33, 5, 4}, {.channels = 70, .kernel = 1, .bias = false}),
      convolution("deep", {130, 4, 4}, {.channels = 5, .kernel = 3, .pad = 1}),
      convolution("many_places", {2, 20, 21}, {.channels = 34, .kernel = 3, .pad = 1}),
      convolution("depthwise", {11, 9, 8}, {.channels = 11, .kernel = 3, .stride = 2, .pad = 1, .groups = 11}),
      transposed_convolution("4x4", {5, 3, 4}, {.channels = 13, .kernel = 4, .stride = 2, .pad = 1}),
      transposed_convolution("5x5", {3, 4, 2}, {.channels = 18, .kernel = 5, .stride = 3, .pad = 1}),
      transposed_convolution("7x7", {4, 2, 3}, {.channels = 3, .kernel = 7, .stride = 5, .pad = 1, .bias = false}),
      transposed_convolution("plain", {7, 5, 3}, {.channels = 4, .kernel = 3, .stride = 1, .pad = 1}),
      transposed_convolution("cut", {2, 2, 2}, {.channels = 35, .kernel = 5, .stride = 2, .pad = 3}),
      transposed_convolution("one_place", {9, 1, 1}, {.channels = 5, .kernel = 3, .stride = 3}),
      transposed_convolution("gaps", {3, 4, 3}, {.channels = 5, .kernel = 2, .stride = 3}),
      pool("floor", true, {5, 9, 8}, {.kernel = 3, .stride = 2}),
      pool("ceil", true, {13, 10, 8}, {.kernel = 3, .stride = 2, .ceil = true}),
      pool("pad", true, {4, 7, 7}, {.kernel = 2, .stride = 1, .pad = 1}),
      pool("ceil_pad", false, {7, 8, 6}, {.kernel = 3, .stride = 2, .pad = 1, .ceil = true}),
      pool("count_padding", false, {7, 8, 6},
           {.kernel = 3, .stride = 2, .pad = 1, .ceil = true, .count_padding = true}),
      linear({1}, 1, true),
      linear({7}, 33, true),
      linear({129}, 17, false),
      linear({500}, 230, true),
      linear({3, 19}, 21, true),
      gates("vector", {13}, false),
      gates("vector_peepholes", {21}, true),
      gates("map_peepholes", {5, 3, 4}, true),
      {"add",
       [](Builder& b) {
         layers::add(b, "node", b.input("x", {3, 5}), b.input("y", {3, 5}));
       },
       true},
      {"mul_map",
       [](Builder& b) {
         layers::mul(b, "node", b.input("x", {3, 5, 2}), b.input("y", {3, 5, 2}));
       },
       true},
      {"add_repeated",
       [](Builder& b) {
         layers::add(b, "node", b.input("x", {3, 5}), b.input("y", {1, 5}));
       },
       true},
      {"mul_places",
       [](Builder& b) {
         layers::mul(b, "node", b.input("x", {3, 5, 2}), b.input("y", {1, 5, 2}));
       },
       true},
      {"concat",
       [](Builder& b) {
         layers::concat(b, "node", {b.input("x", {3, 4}), b.input("y", {3, 9})}, 1);
       },
       true},
      {"concat_maps",
       [](Builder& b) {
         layers::concat(b, "node", {b.input("x", {3, 4, 2}), b.input("y", {5, 4, 2})}, 0);
       },
       true},
  };
  const auto two = [](const std::string& name, Shape x, Shape y, bool exact, auto layer) {
    return Case{name, [=](Builder& b) { layer(b, b.input("x", x), b.input("y", y)); }, exact};
  };
  using V = graph::ValueId;
  const auto product = [](Builder& b, V x, V y) { layers::matmul(b, "node", x, y); };
  all.push_back(
      two("warp", {19, 5, 7}, {6, 5, 7}, true, [](Builder& b, V x, V flow) { layers::warp(b, "node", x, flow); }));
  all.push_back(one_input("coordinates", {2, 5, 7}, true, [](Builder& b, V x) { layers::coordinates(b, "node", x); }));
  all.push_back(two("matmul", {5, 7}, {7, 19}, false, product));
  all.push_back(two("matmul_of_many", {3, 4, 2}, {3, 2, 9}, false, product));
  all.push_back(two("matmul_column", {6, 33}, {33, 1}, false, product));
  all.push_back(
      two("mul_per_channel", {9, 4, 3}, {9, 1, 1}, true, [](Builder& b, V x, V y) { layers::mul(b, "node", x, y); }));
  all.push_back(
      two("add_per_channel", {9, 1, 1}, {9, 4, 3}, true, [](Builder& b, V x, V y) { layers::add(b, "node", x, y); }));
  all.push_back(
      one_input("slice_of_maps", {7, 3, 4}, true, [](Builder& b, V x) { layers::slice(b, "node", x, 0, 2, 4); }));
  all.push_back(
      one_input("slice_inside", {3, 9, 2}, true, [](Builder& b, V x) { layers::slice(b, "node", x, 1, 4, 3); }));
  all.push_back(one_input("slice_axis_from_the_end", {3, 4, 9}, true,
                          [](Builder& b, V x) { layers::slice(b, "node", x, -1, 4, 3); }));
  all.push_back(one_input("constant", {7, 3, 4}, true, [](Builder& b, V x) {
    layers::constant(b, "node", x, {5, 2, 3}, graph::Initialiser::he());
  }));
  all.push_back(one_input("max_pool_dilated", {5, 9, 8}, true, [](Builder& b, V x) {
    using Sizes = std::vector<std::int64_t>;
    b.node("max_pool", "node", {x},
           {{"kernel", Sizes{3, 2}},
            {"stride", Sizes{2, 1}},
            {"pad", Sizes{1, 1}},
            {"dilation", Sizes{2, 3}},
            {"ceil", true}});
  }));
  all.push_back(one_input("transpose", {3, 4, 5}, true, [](Builder& b, V x) {
    layers::transpose(b, "node", x, {1, 2, 0});
  }));
  all.push_back(
      one_input("pixel_unshuffle", {3, 6, 4}, true, [](Builder& b, V x) { layers::patchify(b, "node", x, 2); }));
  all.push_back(
      one_input("pixel_shuffle", {8, 3, 5}, true, [](Builder& b, V x) { layers::unpatchify(b, "node", x, 2); }));
  for (const Shape& shape : {Shape{19}, Shape{6, 5, 3}}) {
    const std::string suffix = shape.size() == 1 ? "_vector" : "_map";
    all.push_back(one_input("relu" + suffix, shape, true, [](Builder& b, V x) { layers::relu(b, "node", x); }));
    all.push_back(one_input("sigmoid" + suffix, shape, false, [](Builder& b, V x) { layers::sigmoid(b, "node", x); }));
    all.push_back(
        one_input("leaky_relu" + suffix, shape, true, [](Builder& b, V x) { layers::leaky_relu(b, "node", x, 0.2); }));
    all.push_back(
        one_input("clip" + suffix, shape, true, [](Builder& b, V x) { layers::clip(b, "node", x, -0.3, 0.6); }));
    all.push_back(
        {"blend" + suffix,
         [=](Builder& b) { layers::blend(b, "node", b.input("z", shape), b.input("x", shape), b.input("y", shape)); },
         true});
    all.push_back(one_input("tanh" + suffix, shape, false, [](Builder& b, V x) { layers::tanh(b, "node", x); }));
    all.push_back(
        one_input("softmax" + suffix, shape, false, [](Builder& b, V x) { layers::softmax(b, "node", x, 0); }));
    all.push_back(
        one_input("affine" + suffix, shape, true, [](Builder& b, V x) { layers::affine(b, "node", x, 1.7, -0.3); }));
    all.push_back(one_input("flatten" + suffix, shape, true, [](Builder& b, V x) { layers::flatten(b, "node", x); }));
    all.push_back(
        one_input("batch_norm" + suffix, shape, true, [](Builder& b, V x) { layers::batch_norm(b, "node", x); }));
  }
  const Shape map{21, 3, 5};
  all.push_back(one_input("softmax_last", map, false, [](Builder& b, V x) { layers::softmax(b, "node", x, -1); }));
  all.push_back(one_input("lrn", map, false, [](Builder& b, V x) { layers::lrn(b, "node", x, {.alpha = 0.3}); }));
  all.push_back(one_input("lrn_even", map, false, [](Builder& b, V x) {
    layers::lrn(b, "node", x, {.size = 4, .alpha = 0.3, .beta = 0.6, .k = 2});
  }));
  all.push_back(one_input("global_max", map, true, [](Builder& b, V x) { layers::global_max_pool(b, "node", x); }));
  all.push_back(
      one_input("global_mean", map, true, [](Builder& b, V x) { layers::global_average_pool(b, "node", x); }));
  return all;
}

class FastKernel : public testing::TestWithParam<Case> {};

TEST_P(FastKernel, AgreesWithTheReference) {
  for (std::uint32_t seed = 1; seed <= 2; ++seed) {
    const KernelCase kernel(GetParam().build, seed);
    for (std::int64_t rows : {1, 2, 3, 5, 17}) {
      const auto inputs = kernel.inputs(rows);
      const auto expected = kernel.run(KernelLevel::kReference, inputs, rows);
      for (KernelLevel level : test::fast_levels()) {
        const auto got = kernel.run(level, inputs, rows);
        // winograd_test.cc has the bound of its own error.
        const bool winograd = std::string_view(kernel.kernel(level)->name()).starts_with("winograd");
        const float bound = winograd ? 3e-5F : 1e-6F;
        for (std::size_t i = 0; i < expected.size(); ++i) {
          if (GetParam().exact && !winograd) {
            EXPECT_EQ(got[i], expected[i]) << name_of(level) << ", " << rows << " rows";
          } else {
            EXPECT_THAT(got[i], testing::Pointwise(testing::FloatNear(bound), expected[i]))
                << name_of(level) << ", " << rows << " rows";
          }
        }
      }
    }
  }
}

TEST_P(FastKernel, GivesTheSameBitsAtEveryLevel) {
  const KernelCase kernel(GetParam().build, 4);
  const auto inputs = kernel.inputs(9);
  const auto portable = kernel.run(KernelLevel::kPortable, inputs, 9);
  for (KernelLevel level : test::fast_levels()) EXPECT_EQ(kernel.run(level, inputs, 9), portable) << name_of(level);
}

TEST_P(FastKernel, GivesTheSameBitsAloneAndOnTwoThreads) {
  const KernelCase kernel(GetParam().build, 3);
  constexpr std::int64_t kRows = 17;
  ThreadPool pool(2);
  const auto inputs = kernel.inputs(kRows);
  for (KernelLevel level : test::fast_levels()) {
    const auto together = kernel.run(level, inputs, kRows);
    EXPECT_EQ(kernel.run(level, inputs, kRows, &pool), together);
    for (std::int64_t r = 0; r < kRows; ++r) {
      std::vector<std::vector<float>> one;
      for (const auto& values : inputs) {
        const auto size = static_cast<std::ptrdiff_t>(values.size() / kRows);
        one.emplace_back(values.begin() + r * size, values.begin() + (r + 1) * size);
      }
      const auto alone = kernel.run(level, one, 1);
      for (std::size_t i = 0; i < alone.size(); ++i) {
        const auto size = static_cast<std::ptrdiff_t>(alone[i].size());
        const std::vector<float> part(together[i].begin() + r * size, together[i].begin() + (r + 1) * size);
        EXPECT_EQ(alone[i], part) << name_of(level) << ", row " << r;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, FastKernel, testing::ValuesIn(cases()),
                         [](const auto& parameter) { return parameter.param.name; });

TEST(Limits, AreAppliedByTheKernelBefore) {
  const std::vector<Case> before{convolution("", {5, 9, 7}, {.channels = 13, .kernel = 3}), linear({70}, 45, true),
                                 convolution("", {7, 6, 5}, {.channels = 7, .kernel = 3, .groups = 7})};
  for (const Case& one : before) {
    const KernelCase kernel(one.build, 5);
    const auto inputs = kernel.inputs(14);
    for (KernelLevel level : test::fast_levels()) {
      for (const kernels::Limits& limits : {kernels::Limits{.low = 0}, kernels::Limits{-0.3f, 0.7f}}) {
        auto expected = kernel.run(level, inputs, 14);
        for (float& value : expected[0]) value = limits(value);
        EXPECT_EQ(kernel.run(level, inputs, 14, nullptr, limits), expected);
      }
    }
  }
}

// What is not a number stays so: a broken input must not turn into a plausible answer.
TEST(Limits, KeepNan) {
  const KernelCase kernel([](Builder& b) { layers::linear(b, "node", b.input("x", {3}), 40); }, 5);
  std::vector<std::vector<float>> inputs{{1, NAN, 2}};
  for (KernelLevel level : test::fast_levels()) {
    EXPECT_THAT(kernel.run(level, inputs, 1, nullptr, {.low = 0})[0], testing::Each(testing::IsNan()));
  }
}

// Distance in units of the last place of the exact value.
double units_off(float got, double exact) {
  const float nearest = static_cast<float>(exact);
  const float unit = std::nextafter(std::fabs(nearest), INFINITY) - std::fabs(nearest);
  return std::fabs(static_cast<double>(got) - exact) / static_cast<double>(unit);
}

std::vector<float> run_on_numbers(const char* op, KernelLevel level, const std::vector<float>& numbers) {
  const auto count = static_cast<std::int64_t>(numbers.size());
  const KernelCase kernel([&](Builder& b) { b.node(op, "node", {b.input("x", {count})}); }, 1);
  return kernel.run(level, {numbers}, 1)[0];
}

TEST(Sigmoid, IsWithinThreeUnitsOfDouble) {
  std::vector<float> numbers;
  for (float x = -80; x <= 80; x += 0.00371f) numbers.push_back(x);
  for (KernelLevel level : test::fast_levels()) {
    const std::vector<float> got = run_on_numbers("sigmoid", level, numbers);
    double worst = 0;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      worst = std::max(worst, units_off(got[i], 1 / (1 + std::exp(-static_cast<double>(numbers[i])))));
    }
    EXPECT_LT(worst, 3) << name_of(level);
  }
}

TEST(Tanh, IsWithinTwoUnitsOfDouble) {
  std::vector<float> numbers;
  for (float x = -20; x <= 20; x += 0.00037f) numbers.push_back(x);
  for (float x = 1e-30f; x < 1; x *= 1.7f) numbers.push_back(x);
  for (KernelLevel level : test::fast_levels()) {
    const std::vector<float> got = run_on_numbers("tanh", level, numbers);
    double worst = 0;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      worst = std::max(worst, units_off(got[i], std::tanh(static_cast<double>(numbers[i]))));
    }
    EXPECT_LT(worst, 2) << name_of(level);
  }
}

TEST(Transcendentals, KeepTheirLimitsAndNan) {
  for (KernelLevel level : test::fast_levels()) {
    EXPECT_THAT(run_on_numbers("tanh", level, {-INFINITY, -50, -0.0f, 0, 50, INFINITY}),
                testing::ElementsAre(-1, -1, 0, 0, 1, 1));
    EXPECT_THAT(run_on_numbers("sigmoid", level, {0, 50, INFINITY}), testing::ElementsAre(0.5f, 1, 1));
    EXPECT_LT(run_on_numbers("sigmoid", level, {-INFINITY})[0], 1e-37f);
    EXPECT_TRUE(std::isnan(run_on_numbers("tanh", level, {NAN})[0]));
    EXPECT_TRUE(std::isnan(run_on_numbers("sigmoid", level, {NAN})[0]));
  }
}

TEST(Softmax, GivesMaskedPlacesNothing) {
  const KernelCase kernel([](Builder& b) { layers::softmax(b, "node", b.input("x", {3})); }, 1);
  for (KernelLevel level : test::fast_levels()) {
    EXPECT_THAT(kernel.run(level, {{5, -INFINITY, 5}}, 1)[0], testing::ElementsAre(0.5f, 0, 0.5f));
  }
}

}  // namespace
}  // namespace longtake::runtime
