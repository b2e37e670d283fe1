#include "training/probe.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "base/random.h"
#include "training/bridge.h"
#include "training/recompute.h"

namespace longtake::test {

using training::Backpropagation;
using training::GraphRunner;
using training::RunnerOutput;
using training::Weights;

namespace {

constexpr std::uint64_t kCoefficientSeed = 77;

// The weighted sum of all that comes out.
torch::Tensor touch_all(const std::vector<RunnerOutput>& outputs, std::int64_t first_tick,
                        const std::vector<std::uint64_t>& samples) {
  torch::Tensor total;
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    const RunnerOutput& output = outputs[o];
    if (output.rows.empty()) continue;
    torch::Tensor coefficients = torch::empty(output.data.sizes(), torch::kFloat64);
    double* to = coefficients.data_ptr<double>();
    const std::int64_t size = output.data.numel() / output.data.size(0);
    for (const graph::OutputRow& row : output.rows) {
      for (std::int64_t i = 0; i < size; ++i) {
        *to++ = counter_uniform(kCoefficientSeed, o, samples[row.stream], first_tick + row.tick, i) - 0.5;
      }
    }
    const torch::Tensor part = (output.data.to(torch::kFloat64) * coefficients).sum();
    total = total.defined() ? total + part : part;
  }
  return total;
}

Tensor gradient_of(const torch::Tensor& tensor) {
  return training::from_torch(
      (tensor.grad().defined() ? tensor.grad() : torch::zeros_like(tensor)).to(torch::kFloat64));
}

}  // namespace

Probed probe(const graph::Model& model, const std::string& graph_name, const graph::Chunk& chunk,
             const ProbeOptions& options) {
  const torch::AutoGradMode record(options.gradients);
  const auto weights =
      std::make_shared<Weights>(model, torch::TensorOptions().dtype(training::scalar_type(options.dtype)));
  const graph::Plan plan = graph::make_plan(model, model.graph(graph_name));
  GraphRunner runner(plan, weights);
  std::vector<torch::Tensor> given;
  for (const graph::ChunkInput& input : chunk.inputs) {
    given.push_back(training::view(input.data)
                        .to(training::scalar_type(options.dtype), /*non_blocking=*/false, /*copy=*/true)
                        .set_requires_grad(options.gradients));
  }
  std::vector<std::uint64_t> samples = options.samples;
  for (std::int64_t s = 0; options.samples.empty() && s < chunk.streams; ++s) samples.push_back(s);
  const training::RunOptions run_options{options.training, true, options.seed, options.step, samples};

  Probed probed;
  training::StreamState state = runner.initial_state(chunk.streams);
  probed.loss = training::backward_in_pieces(
      runner, chunk, given, state, run_options,
      {options.truncated ? Backpropagation::kTruncated : Backpropagation::kFull, options.piece_ticks},
      [&](const std::vector<RunnerOutput>& outputs, std::int64_t first_tick, bool) {
        return touch_all(outputs, first_tick, samples);
      });
  for (const graph::Parameter& parameter : model.parameters) {
    const torch::Tensor& weight = weights->at(parameter.name);
    if (parameter.trainable) {
      probed.by_parameter[parameter.name] = gradient_of(weight);
    } else {
      probed.statistics[parameter.name] = training::from_torch(weight.to(torch::kFloat64));
    }
  }
  for (const torch::Tensor& input : given) probed.by_input.push_back(gradient_of(input));
  probed.state = training::to_state(state);
  return probed;
}

Tensor in_float64(const Tensor& tensor) { return training::from_torch(training::view(tensor).to(torch::kFloat64)); }

graph::Chunk in_float64(const graph::Chunk& chunk) {
  graph::Chunk out = chunk;
  for (graph::ChunkInput& input : out.inputs) input.data = in_float64(input.data);
  return out;
}

double difference(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape()) throw std::logic_error("shapes " + to_string(a.shape()) + ", " + to_string(b.shape()));
  double worst = 0;
  for (std::int64_t i = 0; i < a.count(); ++i) {
    const double x = a.data<double>()[i], y = b.data<double>()[i];
    worst = std::max(worst, std::isnan(x - y) ? 1e300 : std::abs(x - y) / (1 + std::abs(y)));
  }
  return worst;
}

double difference(const std::map<std::string, Tensor>& a, const std::map<std::string, Tensor>& b) {
  double worst = 0;
  for (const auto& [name, tensor] : a) worst = std::max(worst, difference(tensor, b.at(name)));
  return worst;
}

}  // namespace longtake::test
