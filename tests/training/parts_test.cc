// What a training step is made of: optimisers, clipping, averages, the loss, recomputation and bindings, against
// numbers worked out by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "graph/builder.h"
#include "layers/basic.h"
#include "training/bridge.h"
#include "training/loss.h"
#include "training/optimizer.h"
#include "training/recompute.h"

namespace longtake::training {
namespace {

using graph::Builder;
using graph::ValueId;
using testing::DoubleNear;
using testing::ElementsAre;

const auto kDouble = torch::TensorOptions().dtype(torch::kFloat64);

// One learning number w = 1 with multipliers 2 (rate) and 0.5 (decay), and one that never gets a gradient.
struct OneWeight {
  explicit OneWeight(const OptimizerOptions& options) {
    model.parameters = {{"w", {1}, {}, 2, 0.5}, {"idle", {1}}};
    model.weights = {{"w", Tensor::from<double>({1}, {1})}, {"idle", Tensor::from<double>({1}, {5})}};
    weights = std::make_shared<Weights>(model, kDouble);
    optimizer = std::make_unique<Optimizer>(weights, options);
  }
  double step(double gradient, double rate) {
    weights->at("w").mutable_grad() = torch::full({1}, gradient, kDouble);
    optimizer->step(rate);
    return value();
  }
  double value() const { return weights->at("w").item<double>(); }

  graph::Model model;
  std::shared_ptr<Weights> weights;
  std::unique_ptr<Optimizer> optimizer;
};

TEST(Optimizer, SgdMovesAsCaffe) {
  OneWeight one({.kind = OptimizerKind::kSgd, .momentum = 0.9, .decay = 0.2});
  // g = 3 + 0.1 * 1; v = 0.2 * 3.1
  EXPECT_DOUBLE_EQ(one.step(3, 0.1), 1 - 0.62);
  // g = -1 + 0.1 * 0.38; v = 0.9 * 0.62 + 0.02 * -0.962: the velocity keeps the rate it was made with
  EXPECT_NEAR(one.step(-1, 0.01), 0.38 - (0.558 - 0.01924), 1e-15);
}

TEST(Optimizer, RmsPropDividesByTheRootOfTheMeanSquare) {
  OneWeight one({.kind = OptimizerKind::kRmsProp, .decay = 0, .smoothing = 0.75, .epsilon = 0.5});
  // s = 4; w -= 0.2 * 4 / (2 + 0.5)
  EXPECT_DOUBLE_EQ(one.step(4, 0.1), 1 - 0.32);
  // s = 3 + 0.25 * 24 = 9
  EXPECT_DOUBLE_EQ(one.step(std::sqrt(24), 0.1), 0.68 - 0.2 * std::sqrt(24) / 3.5);
}

TEST(Optimizer, AdamCorrectsItsBias) {
  OneWeight one({.kind = OptimizerKind::kAdam, .beta1 = 0.5, .beta2 = 0.75, .epsilon = 0});
  // The first step is always the rate: m / (1 - b1) = g, sqrt(s / (1 - b2)) = |g|.
  EXPECT_DOUBLE_EQ(one.step(-3, 0.1), 1.2);
  // m = 0.5 * -1.5 + 0.5 * 2 = 0.25, corrected 0.25 / 0.75; s = 0.75 * 2.25 + 0.25 * 4 = 2.6875, corrected / 0.4375
  EXPECT_NEAR(one.step(2, 0.1), 1.2 - 0.2 * (0.25 / 0.75) / std::sqrt(2.6875 / 0.4375), 1e-15);
}

// Float32 takes a kernel that goes once over all arrays, float64 LibTorch's functions.
TEST(Optimizer, AdamInOnePassMovesAsStepByStep) {
  for (const OptimizerKind kind : {OptimizerKind::kAdam, OptimizerKind::kAdamW}) {
    constexpr std::int64_t kNumbers = 9001;  // more than a block of the kernel
    torch::manual_seed(2);
    const torch::Tensor start = torch::randn({kNumbers}, kDouble);
    std::vector<torch::Tensor> moved;
    for (const auto type : {torch::kFloat64, torch::kFloat32}) {
      torch::manual_seed(5);
      graph::Model model;
      model.parameters = {{"w", {kNumbers}}};
      model.weights = {{"w", from_torch(start)}};
      const auto weights = std::make_shared<Weights>(model, torch::TensorOptions().dtype(type));
      Optimizer optimizer(weights, {.kind = kind, .decay = 0.1});
      for (int step = 0; step < 5; ++step) {
        weights->at("w").mutable_grad() = torch::randn({kNumbers}, kDouble).to(type);
        optimizer.step(0.01);
      }
      moved.push_back(weights->at("w").detach().to(torch::kFloat64));
    }
    EXPECT_LT((moved[1] - moved[0]).abs().max().item<double>(), 2e-6);
    EXPECT_GT((moved[0] - start).abs().max().item<double>(), 0.01);
  }
}

TEST(Optimizer, AdamWDecaysOnlyTheWeight) {
  OneWeight one({.kind = OptimizerKind::kAdamW, .decay = 0.5, .epsilon = 0});
  // 1 - 0.2 * sign(g) - 0.2 * 0.25 * 1
  EXPECT_NEAR(one.step(7, 0.1), 1 - 0.2 - 0.05, 1e-15);
  OneWeight coupled({.kind = OptimizerKind::kAdam, .decay = 0.5, .epsilon = 0});
  EXPECT_NEAR(coupled.step(7, 0.1), 1 - 0.2, 1e-15);
}

TEST(Optimizer, LeavesWhatNoGradientReached) {
  OneWeight one({.decay = 1});
  one.step(1, 0.1);
  EXPECT_EQ(one.weights->at("idle").item<double>(), 5);
}

TEST(Optimizer, GoesOnBitForBitFromItsState) {
  for (const char* kind : {"sgd", "rmsprop", "adam", "adamw"}) {
    const OptimizerOptions options{.kind = parse_optimizer(kind), .decay = 0.01};
    OneWeight one(options);
    for (int i = 0; i < 3; ++i) one.step(0.3 * i - 0.2, 0.05);
    OneWeight other(options);
    other.weights->load(one.weights->tensors());
    other.optimizer->load(one.optimizer->state());
    EXPECT_EQ(other.optimizer->state(), one.optimizer->state());
    for (int i = 0; i < 3; ++i) EXPECT_EQ(other.step(0.7 - i, 0.03), one.step(0.7 - i, 0.03)) << kind;
  }
}

TEST(Optimizer, RefusesTheStateOfAnother) {
  OneWeight sgd({}), adam({.kind = OptimizerKind::kAdam});
  EXPECT_THROW(adam.optimizer->load(sgd.optimizer->state()), InvalidArgument);
  EXPECT_THROW(parse_optimizer("adamax"), ConfigError);
}

TEST(Clipping, ScalesAllGradientsToACommonNorm) {
  OneWeight one({});
  one.weights->at("w").mutable_grad() = torch::full({1}, 3, kDouble);
  one.weights->at("idle").mutable_grad() = torch::full({1}, -4, kDouble);
  EXPECT_DOUBLE_EQ(clip_gradients(*one.weights, 0), 5);
  EXPECT_DOUBLE_EQ(clip_gradients(*one.weights, 10), 5);
  EXPECT_EQ(one.weights->at("w").grad().item<double>(), 3);
  EXPECT_DOUBLE_EQ(clip_gradients(*one.weights, 2.5), 5);
  EXPECT_DOUBLE_EQ(one.weights->at("w").grad().item<double>(), 1.5);
  EXPECT_DOUBLE_EQ(one.weights->at("idle").grad().item<double>(), -2);
  one.weights->at("w").mutable_grad() = torch::full({1}, NAN, kDouble);
  EXPECT_TRUE(std::isnan(clip_gradients(*one.weights, 1)));
}

TEST(MovingAverage, FollowsTheWeights) {
  OneWeight one({.momentum = 0});
  MovingAverage average(*one.weights, 0.75);
  one.step(-1, 1);  // w = 3
  average.update(*one.weights);
  EXPECT_DOUBLE_EQ(average.weights()->at("w").item<double>(), 1.5);
  average.update(*one.weights);
  EXPECT_DOUBLE_EQ(average.weights()->at("w").item<double>(), 1.875);
  EXPECT_EQ(one.value(), 3);
  EXPECT_THROW(MovingAverage(*one.weights, 1), ConfigError);
}

TEST(Weights, ComeBackAsTheyWere) {
  OneWeight one({}), other({});
  one.step(0.3, 0.1);
  other.weights->load(one.weights->tensors());
  EXPECT_EQ(other.weights->tensors(), one.weights->tensors());
  EXPECT_THROW(other.weights->load({{"w", Tensor::from<double>({1}, {1})}}), InvalidArgument);
  graph::Model stored = one.model;
  one.weights->store(stored);
  EXPECT_EQ(stored.weights.at("w").dtype(), DType::kFloat32);
}

TEST(LogisticLoss, SumsOverClassesAndWeighsRows) {
  // Probabilities 3/4 and 1/2, then 1/4 and 9/10.
  const torch::Tensor logits =
      torch::tensor({std::log(3.0), 0.0, -std::log(3.0), std::log(9.0)}, kDouble).view({2, 2}).requires_grad_();
  const Tensor targets = Tensor::from<std::uint8_t>({2, 2}, {1, 0, 1, 1});
  const std::vector<double> weights = {0.5, 2};
  const torch::Tensor loss = logistic_loss(logits, targets, weights);
  EXPECT_NEAR(loss.item<double>(), 0.5 * (std::log(4. / 3) + std::log(2)) + 2 * (std::log(4) + std::log(10. / 9)),
              1e-14);
  loss.backward();  // probability minus target, weighed
  const double expected[] = {0.5 * -0.25, 0.5 * 0.5, 2 * -0.75, 2 * -0.1};
  for (std::int64_t i = 0; i < 4; ++i) EXPECT_NEAR(logits.grad().view({4})[i].item<double>(), expected[i], 1e-14);
  const torch::Tensor large = torch::tensor({1000.0, -1000.0}, kDouble).view({1, 2});
  const std::vector<double> one = {1};
  EXPECT_DOUBLE_EQ(logistic_loss(large, Tensor::from<std::uint8_t>({1, 2}, {1, 1}), one).item<double>(), 1000);
  EXPECT_THROW(logistic_loss(logits, targets, one), InvalidArgument);
  EXPECT_THROW(logistic_loss(large, targets, one), InvalidArgument);
}

TEST(CrossEntropy, WeighsRowsAndClasses) {
  // Probabilities (1/4, 3/4) and (1/2, 1/2).
  const torch::Tensor logits = torch::tensor({0.0, std::log(3.0), 0.0, 0.0}, kDouble).view({2, 2});
  const std::vector<std::int64_t> labels = {0, 1};
  const std::vector<double> weights = {0.5, 2};
  const double first = std::log(4), second = std::log(2);
  EXPECT_NEAR(cross_entropy(logits, labels, weights).item<double>(), 0.5 * first + 2 * second, 1e-15);
  EXPECT_NEAR(cross_entropy(logits, labels, weights, {.class_weights = {3, 5}}).item<double>(),
              1.5 * first + 10 * second, 1e-14);
  // A tenth of the target is spread: 0.95 of the first row on its label, 0.05 on the other.
  EXPECT_NEAR(cross_entropy(logits, labels, weights, {.label_smoothing = 0.1}).item<double>(),
              0.5 * (0.95 * first + 0.05 * std::log(4. / 3)) + 2 * second, 1e-14);
  const std::vector<std::int64_t> unknown = {-1, 1};
  EXPECT_NEAR(cross_entropy(logits, unknown, weights).item<double>(), 2 * second, 1e-15);
}

TEST(CrossEntropy, HasTheGradientOfProbabilityMinusTarget) {
  torch::Tensor logits = torch::tensor({0.0, std::log(3.0)}, kDouble).view({1, 2}).set_requires_grad(true);
  cross_entropy(logits, std::vector<std::int64_t>{0}, std::vector<double>{2}).backward();
  EXPECT_NEAR(logits.grad()[0][0].item<double>(), 2 * (0.25 - 1), 1e-15);
  EXPECT_NEAR(logits.grad()[0][1].item<double>(), 2 * 0.75, 1e-15);
}

TEST(CrossEntropy, RefusesLabelsThatAreNoClass) {
  const torch::Tensor logits = torch::zeros({1, 2}, kDouble);
  const std::vector<double> weights = {1};
  EXPECT_THROW(cross_entropy(logits, std::vector<std::int64_t>{2}, weights), InvalidArgument);
  EXPECT_THROW(cross_entropy(logits, std::vector<std::int64_t>{-2}, weights), InvalidArgument);
  EXPECT_THROW(cross_entropy(logits, std::vector<std::int64_t>{0, 1}, weights), InvalidArgument);
  EXPECT_THROW(cross_entropy(logits, std::vector<std::int64_t>{0}, weights, {.class_weights = {1}}), InvalidArgument);
}

TEST(Recompute, RunsTwiceAndGivesTheSameGradient) {
  int runs = 0, again_runs = 0;
  const torch::Tensor w = torch::full({1}, 3, kDouble).set_requires_grad(true);
  const torch::Tensor x = torch::full({1}, 2, kDouble).set_requires_grad(true);
  const Segment square = [&](const std::vector<torch::Tensor>& in, bool again) {
    ++runs;
    again_runs += again;
    return std::vector<torch::Tensor>{in[0] * in[0] * w, in[0].detach()};
  };
  recompute(square, {x})[0].backward();
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(again_runs, 1);
  EXPECT_EQ(w.grad().item<double>(), 4);
  EXPECT_EQ(x.grad().item<double>(), 12);
}

// A running sum: every tick adds its input to the state.
graph::Model sum_model() {
  graph::Model model;
  Builder b(model, "main");
  const ValueId before = b.delay("total", {1});
  const ValueId total =
      layers::add(b, "next", before, layers::linear(b, "scale", b.input("x", {1}), 1, {.bias = false}));
  b.connect(before, total);
  b.output("total", total);
  b.finish();
  model.weights["scale.weight"] = Tensor::from<double>({1, 1}, {2});
  return model;
}

TEST(BackwardInPieces, HasTheGradientOfTheLastTickForAllThatCameBefore) {
  const graph::Model model = sum_model();
  const graph::Plan plan = graph::make_plan(model, model.graphs[0]);
  graph::Chunk chunk{1, 4, std::vector<std::uint8_t>(4, graph::kActive), {}};
  chunk.inputs.push_back({Tensor::from<double>({4, 1}, {1, 10, 100, 1000}), {}});
  // Only the last tick has a loss, so a window of two sees two inputs.
  const PieceLoss last = [](const std::vector<RunnerOutput>& outputs, std::int64_t first, bool) {
    const std::int64_t rows = outputs[0].data.size(0);
    return first + rows == 4 ? outputs[0].data[rows - 1].sum() : torch::Tensor();
  };
  for (const auto& [through, ticks, gradient] : {std::tuple{Backpropagation::kFull, 0, 1111.0},
                                                 {Backpropagation::kFull, 1, 1111.0},
                                                 {Backpropagation::kFull, 3, 1111.0},
                                                 {Backpropagation::kTruncated, 2, 1100.0},
                                                 {Backpropagation::kTruncated, 1, 1000.0}}) {
    const auto weights = std::make_shared<Weights>(model, kDouble);
    GraphRunner runner(plan, weights);
    StreamState state = runner.initial_state(1);
    EXPECT_EQ(backward_in_pieces(runner, chunk, {}, state, {}, {through, ticks}, last), 2222);
    EXPECT_EQ(weights->at("scale.weight").grad().item<double>(), gradient) << ticks;
    EXPECT_EQ(state.tensors.at("total").item<double>(), 2222);
    EXPECT_FALSE(state.tensors.at("total").requires_grad());
  }
}

TEST(Binding, CarriesValuesOverAndGradientsBack) {
  graph::Model model = sum_model();
  {
    Builder b(model, "forecast");
    const ValueId value = b.delay("value", {1}, b.input("start", {1}, true));
    b.connect(value, layers::affine(b, "double", value, 2, 0));
    b.output("value", value);
    b.finish();
  }
  model.bindings = {{"main", "total", "forecast", "start"}};
  graph::check(model);
  const auto weights = std::make_shared<Weights>(model, kDouble);
  const graph::Plan main = graph::make_plan(model, model.graphs[0]),
                    forecast = graph::make_plan(model, model.graphs[1]);
  GraphRunner encode(main, weights), decode(forecast, weights);
  // The second stream is a tick shorter.
  graph::Chunk chunk{2, 2, {graph::kActive, graph::kActive, graph::kActive, 0}, {}};
  chunk.inputs.push_back({Tensor::from<double>({3, 1}, {1, 5, 10}), {}});
  StreamState state = encode.initial_state(2), next_state = decode.initial_state(2);
  const auto encoded = encode.run(chunk, {}, state, {});

  graph::Chunk next{2, 3, std::vector<std::uint8_t>(6, graph::kActive), {}};
  next.inputs.resize(1);
  std::vector<torch::Tensor> given;
  apply_bindings(model, model.graphs[0], encoded, model.graphs[1], next, given);
  const auto decoded = decode.run(next, given, next_state, {});
  const torch::Tensor values = decoded[0].data.detach().view(-1);
  EXPECT_EQ(from_torch(values), Tensor::from<double>({6}, {22, 10, 44, 20, 88, 40}));
  decoded[0].data.sum().backward();  // 7 w (11 + 5)
  EXPECT_EQ(weights->at("scale.weight").grad().item<double>(), 7 * 16);
}

TEST(BatchNorm, LearnsFromTheRowsThatAreThere) {
  graph::Model model;
  Builder b(model, "main");
  b.output("y", layers::batch_norm(b, "n", b.input("x", {1}), {.epsilon = 0, .momentum = 0.25}));
  b.finish();
  model.weights = {{"n.scale", Tensor::from<double>({1}, {2})},
                   {"n.shift", Tensor::from<double>({1}, {1})},
                   {"n.mean", Tensor::from<double>({1}, {8})},
                   {"n.variance", Tensor::from<double>({1}, {4})}};
  const graph::Plan plan = graph::make_plan(model, model.graphs[0]);
  const auto weights = std::make_shared<Weights>(model, kDouble);
  GraphRunner runner(plan, weights);
  // Rows 1, 5 and 3: mean 3, variance 8/3, unbiased 4. The held tick does not count.
  graph::Chunk chunk{2, 2, {graph::kActive, graph::kActive, 0, graph::kActive}, {}};
  chunk.inputs.push_back({Tensor::from<double>({3, 1}, {1, 5, 3}), {}});
  StreamState state = runner.initial_state(2);
  const auto outputs = runner.run(chunk, {}, state, {.training = true});
  EXPECT_NEAR(outputs[0].data[1].item<double>(), 1 + 2 * 2 / std::sqrt(8. / 3), 1e-14);
  EXPECT_NEAR(weights->at("n.mean").item<double>(), 0.75 * 8 + 0.25 * 3, 1e-14);
  EXPECT_NEAR(weights->at("n.variance").item<double>(), 0.75 * 4 + 0.25 * 4, 1e-14);
  state = runner.initial_state(2);
  runner.run(chunk, {}, state, {.training = true, .update_statistics = false});
  EXPECT_NEAR(weights->at("n.mean").item<double>(), 6.75, 1e-14);
  // A single number has no variance to learn from.
  graph::Chunk single{1, 1, {graph::kActive}, {}};
  single.inputs.push_back({Tensor::from<double>({1, 1}, {9}), {}});
  state = runner.initial_state(1);
  runner.run(single, {}, state, {.training = true});
  EXPECT_NEAR(weights->at("n.variance").item<double>(), 4, 1e-14);
}

// Specs 14.8: attention spread evenly over 7 x 7 places for 30 frames.
TEST(DoublyStochasticPenalty, EqualsTheSpecifiedVectors) {
  const torch::Tensor even = torch::full({30, 49}, 1.0 / 49, torch::kFloat64);
  const std::vector<std::int64_t> one_clip(30, 0);
  EXPECT_NEAR(doubly_stochastic_penalty(even, one_clip, 1, false).item<double>(), 7.367346939, 1e-9);
  EXPECT_NEAR(doubly_stochastic_penalty(even, one_clip, 1, true).item<double>(), 0, 1e-12);
  // Two clips of one and two frames, two places: (1 - 1)^2 + (1 - 0)^2, and (1 - .5)^2 + (1 - 1.5)^2.
  const torch::Tensor uneven = torch::tensor({1.0, 0.0, 0.25, 0.75, 0.25, 0.75}, torch::kFloat64).view({3, 2});
  const std::vector<std::int64_t> clips{0, 1, 1};
  EXPECT_NEAR(doubly_stochastic_penalty(uneven, clips, 2, false).item<double>(), 1.5, 1e-12);
  EXPECT_NEAR(doubly_stochastic_penalty(uneven, clips, 2, true).item<double>(), 0.5 + 0.5, 1e-12);
}

}  // namespace
}  // namespace longtake::training
