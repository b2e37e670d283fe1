// Invariants c and g in the trainer, in float64: gradients are those of the function that is computed, and those of one
// clip whatever its neighbours' lengths are.
#include <cmath>
#include <set>

#include "base/random.h"
#include "invariants/fixture.h"
#include "training/probe.h"

namespace longtake::invariants {

namespace {

constexpr double kTolerance = 1e-12;

graph::Model in_float64(const graph::Model& model) {
  graph::Model out = model;
  for (auto& [name, tensor] : out.weights) tensor = test::in_float64(tensor);
  return out;
}

// Batch norm that is trained takes its statistics from all frames of a batch, so neighbours matter to it by definition.
bool trains_batch_norm(const graph::Model& model, const graph::Graph& graph) {
  for (const graph::Node& node : graph.nodes) {
    if (node.op == "batch_norm" && model.parameter(node.parameters[0]).trainable) return true;
  }
  return false;
}

class Batch {
 public:
  Batch(const graph::Model& model, const graph::Graph& graph, const std::vector<std::int64_t>& frames)
      : model_(model),
        graph_(graph),
        plan_(graph::make_plan(model, graph)),
        script_(videos_of_lengths(plan_, frames)) {}

  // The gradients of a loss that adds up over some of the videos. Dropout is keyed by the video, not by its place.
  test::Probed probe(const std::vector<std::int64_t>& videos, bool training) const {
    const std::vector<std::uint64_t> samples(videos.begin(), videos.end());
    return test::probe(model_, graph_.name, test::in_float64(test::cut(plan_, script_, 0, script_.ticks, videos)),
                       {.training = training, .samples = samples});
  }

 private:
  const graph::Model& model_;
  const graph::Graph& graph_;
  graph::Plan plan_;
  test::Script script_;
};

// What a clip adds to loss and gradients of a batch is what it gives alone.
void expect_own_gradients(const graph::Model& model, const graph::Graph& graph, bool training) {
  const test::Probed alone = Batch(model, graph, {6}).probe({0}, training);
  for (const std::int64_t length : {1, 3, 6, 11}) {
    SCOPED_TRACE(length);
    const Batch batch(model, graph, {6, length});
    const test::Probed both = batch.probe({0, 1}, training), other = batch.probe({1}, training);
    EXPECT_NEAR(both.loss - other.loss, alone.loss, kTolerance * (1 + std::abs(both.loss)));
    for (const auto& [name, gradient] : alone.by_parameter) {
      Tensor own = both.by_parameter.at(name);
      const auto others = other.by_parameter.at(name).data<double>();
      for (std::int64_t i = 0; i < own.count(); ++i) own.data<double>()[i] -= others[i];
      EXPECT_LT(test::difference(own, gradient), kTolerance) << name;
    }
  }
}

// The names of the parameters that a graph uses.
std::set<std::string> parameters_of(const graph::Graph& graph) {
  std::set<std::string> names;
  for (const graph::Node& node : graph.nodes) names.insert(node.parameters.begin(), node.parameters.end());
  return names;
}

struct Problem {
  graph::Model model;
  std::string graph;
  graph::Chunk chunk;
  bool training = false;

  double loss() const { return test::probe(model, graph, chunk, {.training = training, .gradients = false}).loss; }
};

// The slope of the loss when `element` moves by `step` both ways.
double slope(const Problem& problem, double& element, double step) {
  const double before = element;
  element = before + step;
  const double up = problem.loss();
  element = before - step;
  const double down = problem.loss();
  element = before;
  return (up - down) / (2 * step);
}

// Compares some elements of `analytic` with what moving the same elements of `moved` does to the loss.
void expect_gradient(const Problem& problem, Tensor& moved, const Tensor& analytic, const std::string& what) {
  Random random(9);
  for (int i = 0; i < 4 && moved.count() > 0; ++i) {
    const auto at = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(moved.count())));
    const double wanted = analytic.data<double>()[at];
    const auto agrees = [&](double numeric) { return std::abs(numeric - wanted) <= 1e-6 * (1 + std::abs(wanted)); };
    // A step across a kink of ReLU or max pooling says nothing, so smaller ones are tried.
    double numeric = 0;
    for (const double step : {1e-5, 1e-6, 1e-7}) {
      numeric = slope(problem, moved.data<double>()[at], step);
      if (agrees(numeric)) break;
    }
    EXPECT_TRUE(agrees(numeric)) << what << " element " << at << ": " << wanted << ", but the loss moves by "
                                 << numeric;
  }
}

// Whether any element is not zero: a gradient that is zero everywhere would prove nothing.
bool moves(const Tensor& gradient) {
  for (double value : gradient.data<double>()) {
    if (value != 0) return true;
  }
  return false;
}

}  // namespace

TEST_P(Invariants, C_OtherClipsLengthsChangeNoGradient) {
  const graph::Model model = in_float64(*model_);
  for (const graph::Graph& graph : graphs()) expect_own_gradients(model, graph, false);
}

TEST_P(Invariants, C_OtherClipsLengthsChangeNoGradientInTraining) {
  const graph::Model model = in_float64(*model_);
  for (const graph::Graph& graph : graphs()) {
    if (trains_batch_norm(model, graph)) {
      GTEST_SKIP() << "graph " << graph.name << " trains batch norm, whose statistics are those of the whole batch";
    }
  }
  for (const graph::Graph& graph : graphs()) expect_own_gradients(model, graph, true);
}

TEST_P(Invariants, G_GradientsEqualFiniteDifferences) {
  for (const graph::Graph& graph : graphs()) {
    const std::set<std::string> used = parameters_of(graph);
    for (const bool training : {false, true}) {
      SCOPED_TRACE(training ? "training" : "evaluation");
      Problem problem{in_float64(*model_), graph.name, {}, training};
      const graph::Plan plan = graph::make_plan(problem.model, graph);
      const test::Script script = test::make_script(plan, {.ticks = 8, .streams = 2, .seed = 5});
      problem.chunk = test::in_float64(test::cut(plan, script, 0, script.ticks, {0, 1}));
      const test::Probed probed = test::probe(problem.model, graph.name, problem.chunk, {.training = training});
      for (const auto& [name, gradient] : probed.by_parameter) {
        if (!used.contains(name)) continue;
        EXPECT_TRUE(moves(gradient)) << name;
        expect_gradient(problem, problem.model.weights.at(name), gradient, name);
      }
      for (std::size_t i = 0; i < probed.by_input.size(); ++i) {
        expect_gradient(problem, problem.chunk.inputs[i].data, probed.by_input[i], "input " + std::to_string(i));
      }
    }
  }
}

}  // namespace longtake::invariants
