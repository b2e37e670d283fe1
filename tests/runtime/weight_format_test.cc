// Matrices of fewer bits: what each format loses, and that levels, threads and the number of rows change no bit of it.
#include "graph/weight_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "base/half.h"
#include "graph/builder.h"
#include "kernels/byte_matrix.h"
#include "kernels/matrix.h"
#include "layers/basic.h"
#include "layers/lstm.h"
#include "longtake/error.h"
#include "runtime/kernel_case.h"
#include "runtime/program.h"
#include "runtime/script.h"

namespace longtake::runtime {
namespace {

using graph::Builder;
using testing::HasSubstr;
using testing::ThrowsMessage;

// An LSTM of odd sizes between two fully connected layers.
std::shared_ptr<graph::Model> lstm_model() {
  auto model = std::make_shared<graph::Model>();
  Builder b(*model, "main");
  const auto x = layers::relu(b, "relu", layers::linear(b, "fc", b.input("x", {37}), 53));
  b.output("y", layers::linear(b, "out", layers::lstm(b, "lstm", x, {.hidden_size = 29}).hidden, 5));
  b.finish();
  test::fill_weights(*model, 3);
  return model;
}

struct Answers {
  std::vector<float> answers;
  std::string kernels;
};

Answers run(const std::shared_ptr<const graph::Model>& model, const ProgramOptions& options, std::int64_t streams = 3,
            std::int64_t ticks = 9) {
  Program program(model, "main", options);
  graph::Chunk chunk;
  chunk.ticks = ticks;
  chunk.streams = streams;
  chunk.flags.assign(static_cast<std::size_t>(ticks * streams), graph::kActive);
  std::mt19937 random(11);
  const std::vector<float> numbers = test::random_floats(ticks * streams * 37, random, 1);
  chunk.inputs.push_back({Tensor::from<float>({ticks * streams, 37}, numbers), {}});
  State state = program.initial_state(streams);
  graph::Outputs outputs;
  program.run(chunk, state, outputs);
  const auto answers = outputs.at(0).data.data<float>();
  Answers result{{answers.begin(), answers.end()}, ""};
  for (const auto& [node, kernel] : program.kernels()) result.kernels += node + "=" + kernel + " ";
  return result;
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max<double>(largest, std::fabs(a[i] - b[i]));
  return largest;
}

TEST(WeightFormat, HalvesGiveTheBitsOfTheirNumbersAsFloats) {
  const auto model = lstm_model();
  auto halves = std::make_shared<graph::Model>(*model);
  graph::set_weight_format(*halves, WeightFormat::kFloat16);
  for (kernels::KernelLevel level : test::fast_levels()) {
    const Answers as_halves = run(halves, {.kernels = level});
    EXPECT_THAT(as_halves.kernels, HasSubstr("_halves"));
    const Answers as_floats = run(halves, {.kernels = level, .weight_format = WeightFormat::kFloat32});
    EXPECT_THAT(as_floats.kernels, Not(HasSubstr("_halves")));
    EXPECT_EQ(as_halves.answers, as_floats.answers);
    EXPECT_EQ(run(model, {.kernels = level, .weight_format = WeightFormat::kFloat16}).answers, as_halves.answers);
  }
}

TEST(WeightFormat, LosesWhatItSays) {
  const auto model = lstm_model();
  const std::vector<float> exact = run(model, {.kernels = KernelLevel::kReference}).answers;
  const auto difference = [&](WeightFormat format, KernelLevel level) {
    return largest_difference(run(model, {.kernels = level, .weight_format = format}).answers, exact);
  };
  for (kernels::KernelLevel level : test::fast_levels()) {
    EXPECT_LT(difference(WeightFormat::kFloat16, level), 1e-3);
    EXPECT_GT(difference(WeightFormat::kFloat16, level), 1e-6);  // it was used
    EXPECT_LT(difference(WeightFormat::kInt8, level), 3e-2);
    EXPECT_GT(difference(WeightFormat::kInt8, level), 1e-4);
  }
  // The reference has the same weights: what is between them is the rounding of the inputs alone.
  EXPECT_GT(difference(WeightFormat::kInt8, KernelLevel::kReference), 1e-4);
}

TEST(WeightFormat, BytesGiveTheSameBitsAtEveryLevel) {
  const auto model = lstm_model();
  const auto bytes = [&](KernelLevel level, int threads) {
    return run(model, {.threads = threads, .kernels = level, .weight_format = WeightFormat::kInt8});
  };
  const Answers portable = bytes(KernelLevel::kPortable, 1);
  EXPECT_THAT(portable.kernels, HasSubstr("bytes_portable"));
  for (kernels::KernelLevel level : test::fast_levels()) {
    EXPECT_EQ(bytes(level, 1).answers, portable.answers);
    EXPECT_EQ(bytes(level, 2).answers, portable.answers);
  }
}

// Rows alone, few and many take other ways through the kernels.
TEST(WeightFormat, RowsDoNotSeeEachOther) {
  constexpr std::int64_t kRows = 217, kDepth = 333, kOutputs = 117;
  std::mt19937 random(5);
  const std::vector<float> x = test::random_floats(kRows * kDepth, random, 1);
  std::vector<float> weight = test::random_floats(kOutputs * kDepth, random, 1);
  for (float& number : weight) number = float_of_half(half_of_float(number));
  const std::vector<float> bias = test::random_floats(kOutputs, random, 1);
  ThreadPool pool(2);
  for (kernels::KernelLevel level : test::fast_levels()) {
    const PackedMatrix floats(level, kOutputs, kDepth, weight.data(), bias.data(), {{0, kDepth}});
    const PackedMatrix halves(level, kOutputs, kDepth, weight.data(), bias.data(), {{0, kDepth}},
                              PackedMatrix::Numbers::kHalves);
    kernels::ByteMatrix bytes(level, kOutputs, kDepth, weight.data(), bias.data());
    std::vector<float> of_floats(kRows * kOutputs), of_halves = of_floats, of_bytes = of_floats, row(kOutputs);
    floats.multiply({x.data(), nullptr, kDepth}, kRows, of_floats.data(), kOutputs, {}, nullptr);
    halves.multiply({x.data(), nullptr, kDepth}, kRows, of_halves.data(), kOutputs, {}, &pool);
    EXPECT_EQ(of_halves, of_floats);
    bytes.multiply(x.data(), kRows, of_bytes.data(), {}, &pool);
    double norm = 0, error = 0;
    for (std::size_t i = 0; i < of_floats.size(); ++i) {
      norm += of_floats[i] * of_floats[i];
      error += (of_bytes[i] - of_floats[i]) * (of_bytes[i] - of_floats[i]);
    }
    EXPECT_LT(std::sqrt(error / norm), 0.01);
    for (std::int64_t few : {1, 2, 3, 5, 7}) {
      std::vector<float> some(few * kOutputs);
      halves.multiply({x.data(), nullptr, kDepth}, few, some.data(), kOutputs, {}, nullptr);
      EXPECT_TRUE(std::equal(some.begin(), some.end(), of_floats.begin())) << few << " rows of halves";
      bytes.multiply(x.data(), few, some.data(), {}, nullptr);
      EXPECT_TRUE(std::equal(some.begin(), some.end(), of_bytes.begin())) << few << " rows of bytes";
    }
  }
}

TEST(WeightFormat, WhatIsNoNumberStaysNone) {
  const std::vector<float> weight(40 * 3, 0.5f);
  for (kernels::KernelLevel level : test::fast_levels()) {
    kernels::ByteMatrix bytes(level, 40, 3, weight.data(), nullptr);
    for (float bad : {NAN, INFINITY, -INFINITY}) {
      const float x[] = {1, bad, 2};
      std::vector<float> y(40);
      bytes.multiply(x, 1, y.data(), {.low = 0}, nullptr);
      EXPECT_THAT(y, testing::Each(testing::IsNan()));
    }
    const float zeros[] = {0, 0, 0};
    std::vector<float> y(40, 1);
    bytes.multiply(zeros, 1, y.data(), {}, nullptr);
    EXPECT_THAT(y, testing::Each(0.0f));
  }
}

TEST(WeightFormat, FollowsTheEnvironment) {
  const auto model = lstm_model();
  setenv("LONGTAKE_WEIGHT_FORMAT", "float16", 1);
  EXPECT_THAT(run(model, {.kernels = KernelLevel::kPortable}).kernels, HasSubstr("_halves"));
  setenv("LONGTAKE_WEIGHT_FORMAT", "float8", 1);
  EXPECT_THAT([&] { run(model, {}); }, ThrowsMessage<ConfigError>(HasSubstr("\"float8\"; it is float32, float16 or")));
  unsetenv("LONGTAKE_WEIGHT_FORMAT");
}

TEST(WeightFormat, RefusesWhatItCannotHold) {
  graph::Model model = *lstm_model();
  model.weights.at("fc.weight").data<float>()[7] = 70000;
  EXPECT_THAT([&] { graph::set_weight_format(model, WeightFormat::kFloat16); },
              ThrowsMessage<InvalidArgument>(HasSubstr("weight 'fc.weight' holds 70000, beyond what float16 has")));
  model.weights.at("fc.weight").data<float>()[7] = NAN;
  EXPECT_THAT([&] { graph::set_weight_format(model, WeightFormat::kInt8); },
              ThrowsMessage<InvalidArgument>(HasSubstr("weight 'fc.weight' holds nan")));
  model = *lstm_model();
  graph::set_weight_format(model, WeightFormat::kInt8);
  EXPECT_THAT([&] { graph::set_weight_format(model, WeightFormat::kFloat16); },
              ThrowsMessage<InvalidArgument>(HasSubstr("are int8 already")));
}

TEST(Half, RoundsToTheNearest) {
  for (std::uint32_t bits = 0; bits < 0x7c00; ++bits) {  // all that are finite and not negative
    const float number = float_of_half(static_cast<std::uint16_t>(bits));
    EXPECT_EQ(half_of_float(number), bits);
    EXPECT_EQ(half_of_float(-number), bits | 0x8000);
    const float next = bits + 1 < 0x7c00 ? float_of_half(static_cast<std::uint16_t>(bits + 1)) : 65536;
    const float between = number + (next - number) / 2;
    EXPECT_EQ(half_of_float(between), bits + (bits & 1));  // the even one
    EXPECT_EQ(half_of_float(std::nextafter(between, 0.0f)), bits);
    EXPECT_EQ(half_of_float(std::nextafter(between, 1e9f)), bits + 1);
  }
  EXPECT_EQ(half_of_float(INFINITY), 0x7c00);
  EXPECT_TRUE(std::isnan(float_of_half(half_of_float(NAN))));
}

}  // namespace
}  // namespace longtake::runtime
