#include "tasks/small_forecasters.h"

#include "base/random.h"
#include "models/registry.h"
#include "runtime/program.h"

namespace longtake::test {

namespace {

std::shared_ptr<const graph::Model> build(const InputSpec& input, const std::vector<std::string>& overrides) {
  const models::Entry& entry = models::find("conv_lstm_forecaster");
  Options options = models::tiny_options(entry);
  options.set_override("seen=3");
  options.set_override("forecast=4");
  for (const std::string& override : overrides) options.set_override(override);
  auto model = std::make_shared<graph::Model>(models::build(options, {input, {}}));
  graph::initialise(*model, 7);
  std::uint64_t index = 0;
  for (const graph::Parameter& parameter : model->parameters) {
    Random random(5, index++);
    for (float& value : model->weights.at(parameter.name).data<float>()) {
      value += static_cast<float>(random.uniform(-0.3, 0.3));
    }
  }
  return model;
}

}  // namespace

std::shared_ptr<const graph::Model> small_forecaster(const std::vector<std::string>& overrides) {
  return build({.width = 14, .height = 12, .colour = "gray", .scale = {1.0 / 255}}, overrides);
}

std::shared_ptr<const graph::Model> small_nowcaster(const std::vector<std::string>& overrides) {
  InputSpec input;
  input.kind = "fields";
  input.fields = {{"rain", "dBZ", 0, 60}};
  input.validity = true;
  input.height = input.width = 16;
  input.spacing = 2000;
  input.step_s = 600;
  return build(input, overrides);
}

tasks::ExecutorMaker runtime_executors(const std::shared_ptr<const graph::Model>& model) {
  return [model](const std::string& graph, const graph::InputShapes& sizes) {
    return std::make_unique<runtime::Program>(model, graph, runtime::ProgramOptions{.sizes = sizes});
  };
}

Tensor random_frames(std::int64_t ticks, std::int64_t streams, const Shape& frame, std::uint64_t seed) {
  Shape shape = frame;
  shape.insert(shape.begin(), {ticks, streams});
  Tensor out(DType::kFloat32, shape);
  Random random(seed);
  for (float& value : out.data<float>()) value = random.uniform_float();
  return out;
}

}  // namespace longtake::test
