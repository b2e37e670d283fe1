#include "training/torch_executor.h"

#include "training/bridge.h"
#include "training/device.h"
#include "training/graph_runner.h"

namespace longtake::training {

namespace {

std::shared_ptr<const Weights> weights_on_device(const graph::Model& model, const TorchExecutorOptions& options) {
  if (options.dtype != DType::kFloat32 && options.dtype != DType::kFloat64) {
    throw InvalidArgument(fmt::format("cannot compute in {}; float32 and float64 can", name_of(options.dtype)));
  }
  check_device(options.device);
  return guarded("cannot copy the weights", [&] {
    const auto torch_options =
        torch::TensorOptions().device(torch::Device(options.device)).dtype(scalar_type(options.dtype));
    return std::make_shared<const Weights>(model, torch_options);
  });
}

}  // namespace

TorchExecutor::TorchExecutor(const graph::Model& model, const std::string& graph, const TorchExecutorOptions& options)
    : TorchExecutor(model, graph, weights_on_device(model, options), options.sizes) {}

TorchExecutor::TorchExecutor(const graph::Model& model, const std::string& graph,
                             std::shared_ptr<const Weights> weights, const graph::InputShapes& sizes)
    : plan_(graph::make_plan(model, model.graph(graph), sizes)),
      weights_(std::move(weights)),
      runner_(std::make_unique<GraphRunner>(plan_, weights_)) {}

TorchExecutor::~TorchExecutor() = default;

State TorchExecutor::initial_state(std::int64_t streams) const {
  return graph::initial_state(plan_, streams, dtype_of(c10::typeMetaToScalarType(weights_->options().dtype())));
}

void TorchExecutor::run(const graph::Chunk& chunk, State& state, graph::Outputs& outputs) {
  guarded("cannot run the model", [&] {
    const torch::NoGradGuard no_grad;
    StreamState stream_state = to_stream_state(plan_, state, weights_->options());
    const std::vector<RunnerOutput> results = runner_->run(chunk, {}, stream_state, {});
    outputs.resize(results.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
      outputs[i].name = plan_.graph->outputs[i].name;
      copy_to(results[i].data, outputs[i].data);
      outputs[i].rows.assign(results[i].rows.begin(), results[i].rows.end());
    }
    for (const auto& [name, tensor] : stream_state.tensors) copy_to(tensor, state.at(name));
    for (const auto& [name, tensor] : stream_state.counters.tensors()) state.at(name) = tensor;
  });
}

}  // namespace longtake::training
