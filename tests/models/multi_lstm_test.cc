// MultiLSTM's windows (1507.05738): which frames an answer has seen, and when it comes.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "longtake/error.h"
#include "models/registry.h"
#include "runtime/program.h"

namespace longtake::models {
namespace {

constexpr std::int64_t kWindow = 4;  // of the tiny model
constexpr std::int64_t kVideo = 9;   // frames

graph::Model multi_lstm_with(const std::vector<std::string>& overrides) {
  Options options = tiny_options(find("multi_lstm"));
  for (const std::string& override : overrides) options.set_override(override);
  graph::Model model = build(options, {find("multi_lstm").tiny_input, {"left", "right"}});
  graph::initialise(model, 3);
  return model;
}

// The logits of a video of random frames of which one, if there is one of that number, is another.
graph::ChunkOutput logits(const graph::Model& model, std::int64_t other = -1) {
  runtime::Program program(std::make_shared<const graph::Model>(model), "main");
  const Shape shape = program.plan().shape(program.plan().graph->inputs[0]);
  Tensor frames(DType::kFloat32, {kVideo, shape[0], shape[1], shape[2]});
  const auto numbers = frames.data<float>();
  const std::size_t size = numbers.size() / kVideo;
  for (std::int64_t f = 0; f < kVideo; ++f) {
    Random random(5, static_cast<std::uint64_t>(f == other ? 100 + f : f));
    for (float& number : numbers.subspan(f * size, size)) number = static_cast<float>(random.uniform(-2, 2));
  }
  graph::Chunk chunk{1, kVideo + program.plan().lag, {}, {}};
  chunk.flags.assign(kVideo, graph::kActive);
  chunk.flags.resize(chunk.ticks, graph::kFlush);
  chunk.flags.back() |= graph::kEnd;
  chunk.inputs.push_back({frames, {}});
  State state = program.initial_state(1);
  graph::Outputs outputs;
  program.run(chunk, state, outputs);
  return *std::find_if(outputs.begin(), outputs.end(), [](const auto& output) { return output.name == "logits"; });
}

std::vector<float> row(const graph::ChunkOutput& output, std::int64_t frame) {
  const auto values = output.data.data<float>().subspan(2 * frame, 2);
  return {values.begin(), values.end()};
}

class MultiLstmWindows : public testing::TestWithParam<std::int64_t> {};

// Step i answers for i - offset - N + 1 ... i - offset, so the last to answer for a frame comes N - 1 + offset later.
TEST_P(MultiLstmWindows, AnswerForEveryFrameWithTheLastStepThatCoversIt) {
  const graph::Model model = multi_lstm_with({"offset=" + std::to_string(GetParam())});
  const std::int64_t lag = kWindow - 1 + GetParam();
  EXPECT_EQ(graph::make_plan(model, model.graph("main")).lag, lag);
  const graph::ChunkOutput output = logits(model);
  ASSERT_EQ(std::ssize(output.rows), kVideo);
  for (std::int64_t f = 0; f < kVideo; ++f) {
    EXPECT_EQ(output.rows[f].about, f);
    EXPECT_EQ(output.rows[f].tick, f + lag);
  }
}

TEST_P(MultiLstmWindows, HaveSeenWhatTheLastStepSawAndNoMore) {
  const graph::Model model = multi_lstm_with({"offset=" + std::to_string(GetParam())});
  const graph::ChunkOutput output = logits(model);
  for (std::int64_t other = 0; other < kVideo; ++other) {
    const graph::ChunkOutput changed = logits(model, other);
    for (std::int64_t f = 0; f < kVideo; ++f) {
      EXPECT_EQ(row(changed, f) != row(output, f), other <= f + kWindow - 1 + GetParam()) << f << " by " << other;
    }
  }
}

using Rows = std::vector<std::vector<double>>;

// One output of a video of random frames, by frame; ticks go to the model `together` at a time.
Rows output_of(const graph::Model& model, const std::string& name, std::int64_t frames, std::int64_t together) {
  runtime::Program program(std::make_shared<const graph::Model>(model), "main");
  const Shape shape = program.plan().shape(program.plan().graph->inputs[0]);
  State state = program.initial_state(1);
  graph::Outputs outputs;
  Rows rows;
  const std::int64_t ticks = frames + program.plan().lag;
  for (std::int64_t begin = 0; begin < ticks; begin += together) {
    const std::int64_t end = std::min(ticks, begin + together),
                       active = std::clamp<std::int64_t>(frames - begin, 0, end - begin);
    graph::Chunk chunk{1, end - begin, {}, {}};
    chunk.flags.assign(active, graph::kActive);
    chunk.flags.resize(chunk.ticks, graph::kFlush);
    if (end == ticks) chunk.flags.back() |= graph::kEnd;
    Tensor given(DType::kFloat32, {active, shape[0], shape[1], shape[2]});
    const auto numbers = given.data<float>();
    for (std::int64_t f = 0; f < active; ++f) {
      Random random(5, static_cast<std::uint64_t>(begin + f));
      const std::size_t size = numbers.size() / active;
      for (float& number : numbers.subspan(f * size, size)) number = static_cast<float>(random.uniform(-2, 2));
    }
    chunk.inputs.push_back({std::move(given), {}});
    program.run(chunk, state, outputs);
    for (const graph::ChunkOutput& output : outputs) {
      if (output.name != name || output.rows.empty()) continue;
      const auto values = output.data.data<float>();
      const std::size_t size = values.size() / output.rows.size();
      for (std::size_t r = 0; r < output.rows.size(); ++r) {
        EXPECT_EQ(output.rows[r].about, std::ssize(rows)) << name;
        rows.emplace_back(values.begin() + r * size, values.begin() + (r + 1) * size);
      }
    }
  }
  return rows;
}

std::vector<double> linear(const graph::Model& model, const std::string& name, const std::vector<double>& x) {
  const Tensor& weight = model.weights.at(name + ".weight");
  std::vector<double> y(weight.size(0), 0.0);
  for (std::size_t o = 0; o < y.size(); ++o) {
    for (std::size_t i = 0; i < x.size(); ++i) y[o] += weight.data<float>()[o * x.size() + i] * x[i];
    if (model.weights.contains(name + ".bias")) y[o] += model.weights.at(name + ".bias").data<float>()[o];
  }
  return y;
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// What the window of frames first ... last shows to a step with the state h.
std::vector<double> attended(const graph::Model& model, const Rows& features, std::int64_t first, std::int64_t last,
                             const std::vector<double>& h) {
  const std::vector<double> query = linear(model, "attention.query", h);
  std::vector<double> x(features[0].size(), 0.0);
  double sum = 0;
  for (std::int64_t t = first; t <= last; ++t) {
    std::vector<double> product = linear(model, "attention.key", features[t]);
    for (std::size_t i = 0; i < product.size(); ++i) product[i] = std::tanh(product[i]) * std::tanh(query[i]);
    const double weight = std::exp(linear(model, "attention.score", product)[0]);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += weight * features[t][i];
    sum += weight;
  }
  for (double& value : x) value /= sum;
  return x;
}

// The paper's equations, step by step: step i sees the frames i - N + 1 ... i that exist, and answers for
// i - offset - N + 1 ... i - offset.
Rows by_hand(const graph::Model& model, const Rows& features, std::int64_t offset) {
  const std::int64_t frames = std::ssize(features), late = std::max<std::int64_t>(0, offset);
  const std::size_t size = model.weights.at("lstm.hidden.weight").size(1), classes = 2;
  std::vector<double> h(size, 0.0), c(size, 0.0);
  Rows sums(frames, std::vector<double>(classes, 0.0));
  std::vector<double> counts(frames, 0.0);
  for (std::int64_t i = late; i < frames + late; ++i) {
    const auto x = attended(model, features, std::max<std::int64_t>(0, i - kWindow + 1), std::min(i, frames - 1), h);
    const std::vector<double> from_input = linear(model, "lstm.input", x), from_state = linear(model, "lstm.hidden", h);
    const auto gate = [&](std::size_t k, std::size_t j) { return from_input[k * size + j] + from_state[k * size + j]; };
    for (std::size_t j = 0; j < size; ++j) {
      c[j] = sigmoid(gate(1, j)) * c[j] + sigmoid(gate(0, j)) * std::tanh(gate(2, j));
      h[j] = sigmoid(gate(3, j)) * std::tanh(c[j]);
    }
    const std::vector<double> answers = linear(model, "classifier", h);
    for (std::int64_t k = 0; k < kWindow; ++k) {
      const std::int64_t t = i - offset - kWindow + 1 + k;
      if (t < 0 || t >= frames) continue;
      for (std::size_t l = 0; l < classes; ++l) sums[t][l] += answers[k * classes + l];
      ++counts[t];
    }
  }
  for (std::int64_t t = 0; t < frames; ++t) {
    for (double& value : sums[t]) value /= counts[t];
  }
  return sums;
}

// Videos shorter than the offset, of one frame, of just a window and longer; at once and frame by frame.
TEST_P(MultiLstmWindows, FollowThePapersEquations) {
  graph::Model model = multi_lstm_with({"offset=" + std::to_string(GetParam())});
  graph::Graph& main = model.graphs[0];
  const auto window =
      std::find_if(main.nodes.begin(), main.nodes.end(), [](const auto& n) { return n.name == "frames"; });
  main.outputs.push_back({"features", window->inputs[0]});
  for (const std::int64_t frames : {1, 2, 3, 4, 5, 9}) {
    const Rows features = output_of(model, "features", frames, 100), found = output_of(model, "logits", frames, 100);
    ASSERT_EQ(std::ssize(features), frames);
    ASSERT_EQ(std::ssize(found), frames);
    EXPECT_EQ(output_of(model, "logits", frames, 1), found) << frames;
    const Rows expected = by_hand(model, features, GetParam());
    for (std::int64_t f = 0; f < frames; ++f) {
      for (std::size_t l = 0; l < 2; ++l) EXPECT_NEAR(found[f][l], expected[f][l], 1e-5) << f << " of " << frames;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Offset, MultiLstmWindows, testing::Values(-3, -1, 0, 1, 3));

// One answer a step: with an offset it is about the frame of that many steps before.
TEST(MultiLstm, OfOneAnswerLooksAheadByTheOffset) {
  const graph::Model model = multi_lstm_with({"multiple_outputs=false", "offset=2"});
  const graph::ChunkOutput output = logits(model);
  ASSERT_EQ(std::ssize(output.rows), kVideo);
  EXPECT_EQ(output.rows[0].tick, 2);
  EXPECT_NE(row(logits(model, 6), 4), row(output, 4));
  EXPECT_EQ(row(logits(model, 7), 4), row(output, 4));
}

TEST(MultiLstm, RefusesOffsetsBeyondItsWindow) {
  for (const char* wrong : {"offset=4", "offset=-4"}) {
    EXPECT_THAT([&] { multi_lstm_with({wrong}); }, testing::ThrowsMessage<ConfigError>(testing::HasSubstr("offset")));
  }
}

}  // namespace
}  // namespace longtake::models
