// Our side of bench/run in training: the trainer's step (forward, backward, clipping, optimiser) on one batch again and
// again. See worker.h for what it answers once it runs.
//   training_bench MODEL BATCH TICKS THREADS     BATCH holds "frame" [ticks x streams, ...] and "labels" of the rows
#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "graph/model_file.h"
#include "training/bridge.h"
#include "training/device.h"
#include "training/graph_runner.h"
#include "training/loss.h"
#include "training/optimizer.h"
#include "training/recompute.h"
#include "training/slices.h"
#include "worker.h"

namespace longtake::bench {

namespace {

using namespace training;

// As recipes/motions.toml.
constexpr double kLearningRate = 2e-3;
constexpr double kClipNorm = 5.0;
constexpr OptimizerOptions kOptimizer{.kind = OptimizerKind::kAdamW, .decay = 1e-3};
constexpr std::int64_t kMemoryBudget = std::int64_t{2} << 30;

class Step {
 public:
  Step(const std::string& model, const std::string& batch_path, std::int64_t ticks)
      : model_(graph::load_model(model)),
        plan_(graph::make_plan(model_, model_.graph("main"))),
        weights_(std::make_shared<Weights>(model_, torch::dtype(torch::kFloat32))),
        runner_(plan_, weights_),
        optimizer_(weights_, kOptimizer),
        logits_(static_cast<std::size_t>(&plan_.graph->output("logits") - plan_.graph->outputs.data())) {
    SafetensorsFile batch = read_safetensors(real_files(), batch_path);
    const auto labels = batch.tensors.at("labels").data<std::int64_t>();
    labels_.assign(labels.begin(), labels.end());
    row_weights_.assign(labels.size(), 1.0 / static_cast<double>(labels.size()));
    chunk_.ticks = ticks;
    chunk_.streams = static_cast<std::int64_t>(labels.size()) / ticks;
    for (std::int64_t t = 0; t < ticks; ++t) {
      const int flags = graph::kActive | (t == 0 ? graph::kReset : 0) | (t + 1 == ticks ? graph::kEnd : 0);
      chunk_.flags.insert(chunk_.flags.end(), chunk_.streams, static_cast<std::uint8_t>(flags));
    }
    chunk_.inputs.push_back({std::move(batch.tensors.at("frame")), {}});
  }

  void learn() {
    differentiate(true);
    clip_gradients(*weights_, kClipNorm);
    optimizer_.step(kLearningRate);
    ++step_;
  }

  // Without dropout, whose masks are each side's own.
  SafetensorsFile gradients() {
    const double loss = differentiate(false);
    SafetensorsFile seen;
    seen.tensors["loss"] = Tensor::from<float>({1}, {static_cast<float>(loss)});
    for (const graph::Parameter* parameter : weights_->trainable()) {
      seen.tensors[parameter->name] = from_torch(weights_->at(parameter->name).grad());
    }
    return seen;
  }

 private:
  double differentiate(bool training) {
    StreamState state = runner_.initial_state(chunk_.streams);
    weights_->clear_gradients();
    const RunOptions run{.training = training, .seed = 1, .step = step_, .samples = {}};
    const PieceOptions pieces{.ticks = ticks_in_budget(plan_, DType::kFloat32, chunk_.streams, kMemoryBudget)};
    return backward_in_pieces(runner_, chunk_, {}, state, run, pieces,
                              [this](const std::vector<RunnerOutput>& outputs, std::int64_t first_tick, bool) {
                                const RunnerOutput& logits = outputs[logits_];
                                const auto first = static_cast<std::size_t>(first_tick * chunk_.streams);
                                return cross_entropy(logits.data, std::span(labels_).subspan(first, logits.rows.size()),
                                                     std::span(row_weights_).subspan(first, logits.rows.size()));
                              });
  }

  graph::Model model_;
  graph::Plan plan_;
  std::shared_ptr<Weights> weights_;
  GraphRunner runner_;
  Optimizer optimizer_;
  std::size_t logits_;
  graph::Chunk chunk_;
  std::vector<std::int64_t> labels_;
  std::vector<double> row_weights_;
  std::uint64_t step_ = 0;
};

}  // namespace

}  // namespace longtake::bench

int main(int argc, char** argv) {
  using namespace longtake;
  if (argc != 5) {
    fmt::print(stderr, "training_bench: see the top of bench/training_bench.cc\n");
    return 2;
  }
  try {
    training::configure_torch(std::stoi(argv[4]), "cpu");
    bench::Step step(argv[1], argv[2], std::stoll(argv[3]));
    bench::serve({[&] { step.learn(); }, [&] { return step.gradients(); }});
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "training_bench: {}\n", error.what());
    return 1;
  }
}
