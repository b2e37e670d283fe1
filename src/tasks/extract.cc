#include "tasks/extract.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/sha256.h"
#include "graph/cut.h"
#include "graph/model_file.h"
#include "longtake/error.h"
#include "tasks/classify.h"

namespace longtake::tasks {

namespace {

constexpr const char* kEncoder = "encoder";

void check_frozen(const graph::Model& encoder) {
  for (const graph::Parameter& parameter : encoder.parameters) {
    if (parameter.trainable && parameter.learning_rate != 0) {
      throw ConfigError(fmt::format(
          "features can only be kept of an encoder that does not learn, but '{}' does; freeze it", parameter.name));
    }
  }
}

void check_forgetful(const graph::Plan& plan) {
  for (const graph::StateSpec& spec : plan.state) {
    if (spec.name.starts_with("clock.")) continue;
    throw ConfigError(fmt::format(
        "features can only be kept of an encoder that sees one frame at a time, but this one remembers '{}'",
        spec.name));
  }
}

}  // namespace

CutModel cut_at_encoder(const graph::Model& model) {
  const graph::Graph& whole = model.graph("main");
  const bool has_encoder = std::any_of(whole.regions.begin(), whole.regions.end(), [](const graph::Region& region) {
    return region.name == kEncoder && region.parent < 0;
  });
  if (!has_encoder)
    throw ConfigError(fmt::format("model '{}' has no encoder whose features could be kept", model.name));
  const std::vector<graph::ValueId> levels = graph::region_outputs(whole, kEncoder);
  CutModel cut{graph::with_graph(model, graph::up_to(whole, levels)), {}};
  check_frozen(cut.encoder);
  const graph::Plan plan = graph::make_plan(cut.encoder, cut.encoder.graphs[0]);
  check_forgetful(plan);
  std::vector<Shape> shapes;
  for (const graph::Output& output : cut.encoder.graphs[0].outputs) shapes.push_back(plan.shape(output.value));
  cut.head = graph::with_graph(model, graph::from_on(whole, levels, shapes));
  return cut;
}

std::string feature_fingerprint(const graph::Model& encoder) {
  graph::Model told;  // what does not change the features is left out
  told.graphs = encoder.graphs;
  for (graph::Graph& graph : told.graphs) {  // regions also tell of what came behind the encoder
    graph.regions.clear();
    for (graph::Node& node : graph.nodes) node.region = -1;
  }
  told.parameters = encoder.parameters;
  told.weights = encoder.weights;
  told.inputs = encoder.inputs;
  return sha256(graph::model_to_bytes(told));
}

Clip extract_features(const graph::Model& encoder, graph::Executor& executor, const Clip& clip,
                      std::int64_t memory_budget) {
  const InputSpec& spec = encoder.inputs.at("frame");
  const graph::Plan& plan = executor.plan();
  const std::int64_t at_once = rows_in_budget(plan, memory_budget);
  Clip result{
      .first_frame = clip.first_frame, .first_time_s = clip.first_time_s, .times_s = clip.times_s, .stats = clip.stats};
  for (const graph::Output& output : plan.graph->outputs) {
    Shape shape = plan.shape(output.value);
    shape.insert(shape.begin(), clip.count());
    result.features.emplace_back(DType::kFloat32, shape);
  }
  State state = executor.initial_state(1);
  graph::Outputs outputs;
  for (std::int64_t begin = 0; begin < clip.count(); begin += at_once) {
    std::vector<ClipFrame> rows;
    for (std::int64_t f = begin; f < std::min(begin + at_once, clip.count()); ++f) rows.push_back({&clip, f, {}});
    graph::Chunk chunk{1, static_cast<std::int64_t>(rows.size()), {}, chunk_inputs(rows, spec)};
    chunk.flags.assign(rows.size(), graph::kActive);
    executor.run(chunk, state, outputs);
    for (std::size_t level = 0; level < outputs.size(); ++level) {
      Tensor& whole = result.features[level];
      const std::size_t row = whole.bytes() / clip.count();
      std::memcpy(whole.raw() + begin * row, outputs[level].data.raw(), outputs[level].data.bytes());
    }
  }
  return result;
}

}  // namespace longtake::tasks
