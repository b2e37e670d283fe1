#include "runtime/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "graph/weight_format.h"
#include "longtake/error.h"
#include "runtime/compiled.h"
#include "runtime/fuse.h"

namespace longtake::runtime {

using graph::Node;
using graph::NodeId;
using graph::ValueId;

Program::Program(const std::shared_ptr<const graph::Model>& model, const std::string& graph,
                 const ProgramOptions& options)
    : Program(model, nullptr, &model->graph(graph), options) {}

Program::Program(std::shared_ptr<const graph::Model> model, graph::Graph graph, const ProgramOptions& options)
    : Program(std::move(model), std::make_unique<const graph::Graph>(std::move(graph)), nullptr, options) {}

namespace {

KernelChoice kernels_of(const ProgramOptions& options) {
  KernelChoice choice = options.kernels ? KernelChoice{*options.kernels} : kernels_from_environment();
  choice.precise = choice.precise || options.precise;
  return choice;
}

WeightFormat weight_format_of(const ProgramOptions& options, const graph::Model& model) {
  if (options.weight_format) return *options.weight_format;
  const char* wanted = std::getenv("LONGTAKE_WEIGHT_FORMAT");
  if (wanted == nullptr || *wanted == '\0') return model.weight_format;
  try {
    return weight_format(wanted);
  } catch (const InvalidArgument& error) {
    throw ConfigError(fmt::format("LONGTAKE_WEIGHT_FORMAT: {}", error.what()));
  }
}

int most_threads(int wanted) {
  if (wanted < 0) throw InvalidArgument(fmt::format("{} threads are too few", wanted));
  return wanted == 0 ? std::max(1, static_cast<int>(std::thread::hardware_concurrency())) : wanted;
}

}  // namespace

Program::Program(std::shared_ptr<const graph::Model> model, std::unique_ptr<const graph::Graph> own,
                 const graph::Graph* graph, const ProgramOptions& options)
    : model_(std::move(model)),
      own_graph_(std::move(own)),
      kernels_(kernels_of(options)),
      weight_format_(weight_format_of(options, *model_)),
      matrices_(graph::matrices_of(*model_)),
      plan_(make_plan(own_graph_ != nullptr ? *own_graph_ : *graph, options.sizes)),
      schedule_(plan_),
      workspaces_(most_threads(options.threads)) {
  compile();
}

// Of the graph as it is run: cells that run faster in one go are one node.
graph::Plan Program::make_plan(const graph::Graph& graph, const graph::InputShapes& sizes) {
  graph::Plan plan = graph::make_plan(*model_, graph, sizes);
  if (kernels_.level == KernelLevel::kReference || kernels_.precise) return plan;
  std::optional<graph::Graph> fused = fuse_cells(plan);
  if (!fused) return plan;
  own_graph_ = std::make_unique<const graph::Graph>(std::move(*fused));
  return graph::make_plan(*model_, *own_graph_, sizes);
}

Program::~Program() = default;

State Program::initial_state(std::int64_t streams) const { return graph::initial_state(plan_, streams); }

std::vector<std::pair<std::string, std::string>> Program::kernels() const {
  std::vector<std::pair<std::string, std::string>> result;
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    if (nodes_[n].kernel != nullptr) result.emplace_back(plan_.graph->nodes[n].name, nodes_[n].kernel->name());
  }
  return result;
}

std::int64_t Program::kernel_bytes() const {
  std::int64_t bytes = 0;
  for (const Compiled& node : nodes_) bytes += node.kernel != nullptr ? node.kernel->bytes() : 0;
  return bytes;
}

std::int64_t Program::buffer_bytes() const {
  std::int64_t bytes = row_scratch_.bytes() + workspaces_.bytes();
  for (const Buffer& slot : slots_) bytes += slot.bytes();
  for (const Buffer& scratch : gather_scratch_) bytes += scratch.bytes();
  return bytes;
}

std::int64_t Program::buffer_bytes(std::int64_t rows) const {
  std::vector<std::int64_t> floats(storage_.slots, 0);
  for (std::size_t v = 0; v < sizes_.size(); ++v) {
    const std::int32_t slot = storage_.slot[v];
    if (slot >= 0) floats[slot] = std::max(floats[slot], rows * sizes_[v]);
  }
  std::int64_t bytes = buffer_bytes();
  for (std::size_t s = 0; s < floats.size(); ++s) {
    bytes += std::max<std::int64_t>(0, floats[s] * static_cast<std::int64_t>(sizeof(float)) - slots_[s].bytes());
  }
  return bytes;
}

void Program::run(const graph::Chunk& chunk, State& state, graph::Outputs& outputs) {
  check(chunk, state);
  schedule_.build(chunk, state);
  chunk_ = &chunk;
  state_ = &state;
  outputs_ = &outputs;
  outputs.resize(plan_.graph->outputs.size());
  place_values(chunk);
  for (const graph::Step& step : plan_.steps) run_step(step);
}

// What the schedule does not check: types, and that the state's tensors are there.
void Program::check(const graph::Chunk& chunk, const State& state) const {
  for (std::size_t i = 0; i < chunk.inputs.size(); ++i) {
    if (chunk.inputs[i].data.dtype() == DType::kFloat32) continue;
    throw InvalidArgument(fmt::format("input {} of graph '{}' is {}, not float32", i, plan_.graph->name,
                                      name_of(chunk.inputs[i].data.dtype())));
  }
  for (const graph::StateSpec& spec : plan_.state) {
    const auto found = state.tensors().find(spec.name);
    const auto fits = [&](const Tensor& tensor) {
      const Shape& shape = tensor.shape();
      return tensor.dtype() == spec.dtype && shape.size() == spec.shape.size() + 1 && shape[0] == state.streams() &&
             std::equal(spec.shape.begin(), spec.shape.end(), shape.begin() + 1);
    };
    if (found != state.tensors().end() && fits(found->second)) continue;
    throw InvalidArgument(fmt::format("the state is not one of graph '{}': it needs '{}', {} {} per stream",
                                      plan_.graph->name, spec.name, name_of(spec.dtype), to_string(spec.shape)));
  }
}

// Gives every value the memory of its slot, grown to the rows it has in this chunk.
void Program::place_values(const graph::Chunk& chunk) {
  slot_sizes_.assign(storage_.slots, 0);
  for (std::size_t v = 0; v < sizes_.size(); ++v) {
    const std::int32_t slot = storage_.slot[v];
    if (slot < 0) continue;
    const std::int64_t rows = schedule_.rows_of(static_cast<ValueId>(v)).size();
    slot_sizes_[slot] = std::max(slot_sizes_[slot], rows * sizes_[v]);
  }
  for (std::int32_t s = 0; s < storage_.slots; ++s) slots_[s].reserve(slot_sizes_[s]);
  for (std::size_t v = 0; v < sizes_.size(); ++v) {
    const std::int32_t slot = storage_.slot[v];
    write_[v] = slot < 0 ? nullptr : slots_[slot].data();
    read_[v] = write_[v];
  }
  for (std::size_t i = 0; i < plan_.graph->inputs.size(); ++i) {
    const ValueId value = plan_.graph->inputs[i];
    if (external_[value] && chunk.inputs[i].data.count() != 0) read_[value] = chunk.inputs[i].data.data<float>().data();
  }
  for (std::size_t v = 0; v < sizes_.size(); ++v) read_[v] = read_[storage_.root[v]];
}

void Program::run_step(const graph::Step& step) {
  if (!step.loop) {
    for (NodeId id : step.nodes) {
      run_node(id, 0, schedule_.rows(schedule_.node(id).rows).size());
      finish_node(id);
    }
    return;
  }
  for (std::int64_t tick = 0; tick < schedule_.ticks(); ++tick) {
    for (NodeId id : step.nodes) {
      const graph::RowSet& set = schedule_.rows(schedule_.node(id).rows);
      run_node(id, set.begin[tick], set.begin[tick + 1]);
    }
  }
  for (NodeId id : step.nodes) finish_node(id);
}

void Program::run_node(NodeId id, std::int64_t begin, std::int64_t end) {
  if (begin == end) return;
  switch (nodes_[id].action) {
    case Action::kNothing:
      break;
    case Action::kInput:
      run_input(id, begin, end);
      break;
    case Action::kParameter:
      run_parameter(id, begin, end);
      break;
    case Action::kKernel:
      run_kernel(id, begin, end);
      break;
    case Action::kShow:
    case Action::kTurn:
      run_show(id, begin, end);
      break;
    case Action::kRunning:
      run_running(id, begin, end);
      break;
    case Action::kWindow:
      run_window(id, begin, end);
      break;
  }
}

// What happens once all rows of the chunk are there: the state moves on and outputs leave.
void Program::finish_node(NodeId id) {
  switch (nodes_[id].action) {
    case Action::kShow:
      finish_show(id);
      break;
    case Action::kRunning:
      finish_running(id);
      break;
    case Action::kWindow:
      finish_window(id);
      break;
    default:
      break;
  }
  for (std::size_t output : outputs_of_node_[id]) write_output(output);
}

void Program::run_kernel(NodeId id, std::int64_t begin, std::int64_t end) {
  const Node& node = plan_.graph->nodes[id];
  for (std::size_t i = 0; i < node.inputs.size(); ++i) call_inputs_[i] = gathered(id, i, begin, end);
  for (std::size_t i = 0; i < node.outputs.size(); ++i) call_outputs_[i] = row(node.outputs[i], begin);
  nodes_[id].kernel->run({end - begin,
                          {call_inputs_.data(), node.inputs.size()},
                          {call_outputs_.data(), node.outputs.size()},
                          pool_.get(),
                          &workspaces_});
}

// The rows of an input that belong to the output rows [begin, end), copied together only where they do not lie so.
const float* Program::gathered(NodeId id, std::size_t input, std::int64_t begin, std::int64_t end) {
  const ValueId value = plan_.graph->nodes[id].inputs[input];
  const std::vector<std::int32_t>& gather = schedule_.node(id).gather[input];
  if (gather.empty()) return read_row(value, begin);
  if (gather[end - 1] - gather[begin] == end - 1 - begin) return read_row(value, gather[begin]);
  const std::int64_t size = row_size(value);
  float* to = gather_scratch_[input].reserve((end - begin) * size);
  for (std::int64_t r = begin; r < end; ++r) copy_row(value, read_row(value, gather[r]), to + (r - begin) * size);
  return to;
}

void Program::write_output(std::size_t index) {
  const graph::Output& output = plan_.graph->outputs[index];
  const ValueId value = output.value;
  const graph::RowSet& set = schedule_.rows_of(value);
  graph::ChunkOutput& out = (*outputs_)[index];
  if (out.name != output.name) out.name = output.name;
  const Shape& shape = plan_.shapes[value];
  const Shape& now = out.data.shape();
  if (out.data.dtype() == DType::kFloat32 && now.size() == shape.size() + 1 &&
      std::equal(shape.begin(), shape.end(), now.begin() + 1)) {
    out.data.resize_rows(set.size());
  } else {
    Shape wanted{set.size()};
    wanted.insert(wanted.end(), shape.begin(), shape.end());
    out.data.resize(DType::kFloat32, std::move(wanted));
  }
  const std::int64_t lag = plan_.clocks[value].lag;
  out.rows.clear();
  float* to = out.data.data<float>().data();
  for (std::int64_t r = 0; r < set.size(); ++r) {
    out.rows.push_back({set.rows[r].tick, set.rows[r].stream, schedule_.about(set.rows[r], lag)});
    export_row(value, read_row(value, r), to + r * row_size(value));
  }
}

}  // namespace longtake::runtime
