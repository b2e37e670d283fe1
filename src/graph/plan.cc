#include "graph/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "longtake/error.h"

namespace longtake::graph {

namespace {

// Model files come from anywhere. Within these bounds, far above any use, no product of sizes overflows.
constexpr std::int64_t kMostPerAttribute = std::int64_t{1} << 16;  // kernels, strides, windows
constexpr std::int64_t kMostElements = std::int64_t{1} << 30;      // of one row of a value
constexpr std::int64_t kLongestPeriod = std::int64_t{1} << 32;     // ticks between two rows

void check_attributes(const OpContext& op) {
  const auto check = [&](const std::string& key, std::int64_t number) {
    if (number > kMostPerAttribute || number < -kMostPerAttribute) {
      op.fail(fmt::format("'{}' is {}; the most is {}", key, number, kMostPerAttribute));
    }
  };
  for (const auto& [key, attribute] : op.node.attributes) {
    if (key == "shape") continue;  // a size of values, which are checked as such
    if (const auto* number = std::get_if<std::int64_t>(&attribute)) check(key, *number);
    if (const auto* numbers = std::get_if<std::vector<std::int64_t>>(&attribute)) {
      for (std::int64_t number : *numbers) check(key, number);
    }
  }
}

void check_outputs(const OpContext& op, std::span<const Shape> shapes) {
  for (const Shape& shape : shapes) {
    // A size below zero is still open here.
    const bool open = std::any_of(shape.begin(), shape.end(), [](std::int64_t size) { return size < 0; });
    if (!open && element_count(shape) > kMostElements) {
      op.fail(fmt::format("gives {}; the most is {} elements a row", to_string(shape), kMostElements));
    }
  }
}

}  // namespace

std::vector<Shape> infer_node(const Model& model, const Graph& graph, const Node& node, std::span<const Shape> shapes) {
  const OpDefinition& op = definition_of(node);
  std::vector<Shape> inputs, parameters;
  const OpContext context_without_shapes{graph, node, {}, {}};
  const auto arity = static_cast<int>(node.inputs.size());
  if (arity < op.min_inputs || arity > op.max_inputs) {
    context_without_shapes.fail(fmt::format("has {} inputs, needs {} to {}", arity, op.min_inputs, op.max_inputs));
  }
  if (static_cast<int>(node.parameters.size()) > op.max_parameters) {
    context_without_shapes.fail(fmt::format("has more than {} parameters", op.max_parameters));
  }
  for (int i = 0; i < arity; ++i) {
    const ValueId value = node.inputs[i];
    const bool optional = op.temporal == Temporal::kDelay;
    const bool later = op.temporal == Temporal::kDelay && i < 2;
    if (value == kNoValue && !optional) context_without_shapes.fail(fmt::format("input {} is missing", i));
    const bool known = value != kNoValue && value < static_cast<ValueId>(shapes.size());
    if (value != kNoValue && !known && !later) {
      context_without_shapes.fail(fmt::format("input {} comes after the node", i));
    }
    inputs.push_back(known ? shapes[value] : Shape{});
  }
  for (const std::string& name : node.parameters) {
    parameters.push_back(name.empty() ? Shape{} : model.parameter(name).shape);
  }
  parameters.resize(op.max_parameters);
  Node seen = node;
  for (int i = 0; i < arity; ++i) {
    if (node.inputs[i] >= static_cast<ValueId>(shapes.size())) seen.inputs[i] = kNoValue;
  }
  const OpContext context{graph, seen, inputs, parameters};
  check_attributes(context);
  std::vector<Shape> shapes_of_outputs = op.infer(context);
  check_outputs(context, shapes_of_outputs);
  return shapes_of_outputs;
}

std::int64_t Plan::state_bytes_per_stream() const {
  std::int64_t bytes = 0;
  for (const StateSpec& spec : state) {
    bytes += element_count(spec.shape) * static_cast<std::int64_t>(size_of(spec.dtype));
  }
  return bytes;
}

namespace {

constexpr std::int64_t kAnyLag = -1;  // of a delay's output: whatever it meets

const char* describe(Clock::Kind kind) {
  switch (kind) {
    case Clock::Kind::kTick:
      return "every tick";
    case Clock::Kind::kBegin:
      return "once, when the sequence starts";
    case Clock::Kind::kEnd:
      return "once, when the sequence ends";
  }
  return "";
}

Clock merge(const OpContext& op, Clock a, ValueId a_value, Clock b, ValueId b_value) {
  const auto& values = op.graph.values;
  if (a.kind != b.kind) {
    op.fail(fmt::format("'{}' is present {} but '{}' {}; bring the former to every tick with `latest`",
                        values[a_value].name, describe(a.kind), values[b_value].name, describe(b.kind)));
  }
  if (a.lag != b.lag && a.lag != kAnyLag && b.lag != kAnyLag) {
    op.fail(fmt::format("'{}' lags {} ticks but '{}' lags {}, so they speak about different frames",
                        values[a_value].name, a.lag, values[b_value].name, b.lag));
  }
  return {a.kind, std::max(a.period, b.period), std::max(a.lag, b.lag)};
}

Clock clock_of(const OpContext& op, const OpDefinition& definition, const std::vector<Clock>& clocks) {
  const Node& node = op.node;
  switch (definition.temporal) {
    case Temporal::kInput:
      return {node.attribute<bool>("once") ? Clock::Kind::kBegin : Clock::Kind::kTick, 1, 0};
    case Temporal::kParameter:
      return {Clock::Kind::kBegin, 1, 0};
    case Temporal::kDelay:
      return {Clock::Kind::kTick, 1, kAnyLag};
    case Temporal::kLatest:
      return {Clock::Kind::kTick, 1, std::max<std::int64_t>(0, clocks[node.inputs[0]].lag)};
    case Temporal::kLast:
      if (clocks[node.inputs[0]].kind != Clock::Kind::kTick) op.fail("needs a value of every tick");
      return {Clock::Kind::kEnd, 1, 0};
    case Temporal::kFirst:
      if (clocks[node.inputs[0]].kind != Clock::Kind::kTick) op.fail("needs a value of every tick");
      return {Clock::Kind::kBegin, 1, 0};
    case Temporal::kWhole:
      if (clocks[node.inputs[0]].kind != Clock::Kind::kTick) op.fail("needs a value of every tick");
      if (clocks[node.inputs[0]].lag > 0) op.fail("needs a value that does not lag behind its frame");
      return node.op == "final" ? Clock{Clock::Kind::kBegin, 1, 0} : clocks[node.inputs[0]];
    default:
      break;
  }
  Clock clock = clocks[node.inputs[0]];
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    clock = merge(op, clock, node.inputs[0], clocks[node.inputs[i]], node.inputs[i]);
  }
  const bool needs_ticks = definition.temporal == Temporal::kRunning || definition.temporal == Temporal::kWindow;
  if (needs_ticks && clock.kind != Clock::Kind::kTick) op.fail("needs a value of every tick");
  if (definition.temporal == Temporal::kWindow) {
    const std::int64_t ahead = node.attribute<std::int64_t>("ahead");
    if (ahead > 0 && clock.period != 1) op.fail("looking ahead needs a value of every tick, not of a slower clock");
    clock.period *= node.attribute<std::int64_t>("stride");
    if (clock.period > kLongestPeriod) op.fail("windows on windows leave more than 2^32 ticks between two values");
    clock.lag = std::max<std::int64_t>(0, clock.lag) + ahead;
  }
  return clock;
}

void infer_shapes(Plan& plan, const InputShapes& sizes) {
  const Graph& graph = *plan.graph;
  for (const auto& [name, shape] : sizes) graph.input(name);
  for (const Node& node : graph.nodes) {
    std::vector<Shape> shapes;
    const auto bound = node.op == "input" ? sizes.find(node.name) : sizes.end();
    if (bound != sizes.end()) {
      Node sized = node;
      sized.attributes["shape"] = bound->second;
      shapes = infer_node(*plan.model, graph, sized, plan.shapes);
    } else {
      shapes = infer_node(*plan.model, graph, node, plan.shapes);
    }
    plan.shapes.insert(plan.shapes.end(), shapes.begin(), shapes.end());
  }
  for (const Node& node : graph.nodes) {
    if (node.op != "delay") continue;
    const Shape& kept = plan.shapes[node.outputs[0]];
    for (int i = 0; i < 2; ++i) {
      if (node.inputs[i] == kNoValue || plan.shapes[node.inputs[i]] == kept) continue;
      throw InvalidArgument(fmt::format("op delay '{}': keeps {} but '{}' is {}", node.name, to_string(kept),
                                        graph.values[node.inputs[i]].name, to_string(plan.shapes[node.inputs[i]])));
    }
  }
}

// A delay goes on where its next value does, and what is made of delays alone with them.
void infer_goes_on(Plan& plan) {
  const Graph& graph = *plan.graph;
  std::vector<std::vector<NodeId>> readers(graph.values.size());
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    const bool delay = definition_of(node).temporal == Temporal::kDelay;  // of whose inputs the first is the next value
    for (const ValueId value : delay ? std::span(node.inputs).first(1) : std::span(node.inputs)) {
      if (value != kNoValue) readers[value].push_back(static_cast<NodeId>(n));
    }
  }
  plan.goes_on.assign(graph.values.size(), false);
  std::vector<ValueId> found;
  const auto find = [&](ValueId value) {
    if (plan.goes_on[value]) return;
    plan.goes_on[value] = true;
    found.push_back(value);
  };
  for (std::size_t v = 0; v < graph.values.size(); ++v) {
    if (plan.clocks[v].lag > 0) find(static_cast<ValueId>(v));
  }
  while (!found.empty()) {
    const ValueId value = found.back();
    found.pop_back();
    for (const NodeId reader : readers[value]) {
      for (const ValueId output : graph.nodes[reader].outputs) {
        if (plan.clocks[output].lag == kAnyLag) find(output);
      }
    }
  }
}

void infer_clocks(Plan& plan) {
  const Graph& graph = *plan.graph;
  plan.clocks.resize(graph.values.size());
  for (const Node& node : graph.nodes) {
    const Clock clock = with_context(
        plan, node, [&](const OpContext& op, auto) { return clock_of(op, definition_of(node), plan.clocks); });
    for (ValueId value : node.outputs) plan.clocks[value] = clock;
    if (definition_of(node).temporal == Temporal::kWhole) plan.whole_sequences = true;
  }
  for (const Node& node : graph.nodes) {
    if (node.op != "delay") continue;
    with_context(plan, node, [&](const OpContext& op, auto) {
      if (plan.clocks[node.inputs[0]].kind != Clock::Kind::kTick) op.fail("its next value must be one of every tick");
      if (node.inputs[1] != kNoValue && plan.clocks[node.inputs[1]].kind != Clock::Kind::kBegin) {
        op.fail("'init' must be a `once` value");
      }
    });
  }
  infer_goes_on(plan);
  for (Clock& clock : plan.clocks) clock.lag = std::max<std::int64_t>(0, clock.lag);
  for (const Output& output : graph.outputs) plan.lag = std::max(plan.lag, plan.clocks[output.value].lag);
}

// Tarjan's strongly connected components over "reads" edges, delays included. Returns a component id per node, in an
// order in which what is read comes first.
class Components {
 public:
  explicit Components(const Graph& graph)
      : graph_(graph), index_(graph.nodes.size(), -1), low_(index_), component_(index_) {
    for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
      if (index_[n] < 0) visit(static_cast<NodeId>(n));
    }
  }
  const std::vector<std::int32_t>& ids() const { return component_; }
  std::int32_t count() const { return count_; }

 private:
  struct Frame {
    NodeId node;
    std::size_t next_input;
  };

  // Iterative: a loaded graph may be a chain of any length, and the call stack is not.
  void visit(NodeId root) {
    std::vector<Frame> frames{open(root)};
    while (!frames.empty()) {
      Frame& frame = frames.back();
      const NodeId node = frame.node;
      const auto& inputs = graph_.nodes[node].inputs;
      if (frame.next_input < inputs.size()) {
        const ValueId value = inputs[frame.next_input++];
        if (value == kNoValue) continue;
        const NodeId read = graph_.values[value].node;
        if (index_[read] < 0) {
          frames.push_back(open(read));
        } else if (component_[read] < 0) {
          low_[node] = std::min(low_[node], index_[read]);
        }
        continue;
      }
      close(node);
      frames.pop_back();
      if (!frames.empty()) low_[frames.back().node] = std::min(low_[frames.back().node], low_[node]);
    }
  }

  Frame open(NodeId node) {
    index_[node] = low_[node] = next_index_++;
    stack_.push_back(node);
    return {node, 0};
  }

  void close(NodeId node) {
    if (low_[node] != index_[node]) return;
    NodeId member;
    do {
      member = stack_.back();
      stack_.pop_back();
      component_[member] = count_;
    } while (member != node);
    ++count_;
  }

  const Graph& graph_;
  std::vector<std::int32_t> index_, low_, component_;
  std::vector<NodeId> stack_;
  std::int32_t next_index_ = 0;
  std::int32_t count_ = 0;
};

bool reads_itself(const Graph& graph, NodeId id) {
  const Node& node = graph.nodes[id];
  return std::any_of(node.inputs.begin(), node.inputs.end(),
                     [&](ValueId value) { return value != kNoValue && graph.values[value].node == id; });
}

void check_loop(const Plan& plan, const Step& step) {
  for (NodeId id : step.nodes) {
    const Node& node = plan.graph->nodes[id];
    const Temporal temporal = definition_of(node).temporal;
    if (temporal != Temporal::kCombinational && temporal != Temporal::kDelay) {
      throw InvalidArgument(
          fmt::format("op {} '{}' lies on a loop; only delays may carry a loop from tick to tick", node.op, node.name));
    }
    if (node.attributes.count("repeat_first") != 0) {
      throw InvalidArgument(
          fmt::format("op delay '{}' lies on a loop, so it cannot begin with its own next value", node.name));
    }
    const bool trains_statistics =
        node.op == "batch_norm" && !node.parameters.empty() && plan.model->parameter(node.parameters[0]).trainable;
    if (trains_statistics) {
      throw InvalidArgument(
          fmt::format("op batch_norm '{}' is trainable and lies on a loop, where its statistics would "
                      "depend on the tick; freeze it or move it out of the loop",
                      node.name));
    }
  }
}

void find_steps(Plan& plan) {
  const Graph& graph = *plan.graph;
  const Components components(graph);
  std::vector<std::vector<NodeId>> members(components.count());
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) members[components.ids()[n]].push_back(static_cast<NodeId>(n));
  plan.in_loop.assign(graph.nodes.size(), false);
  for (const std::vector<NodeId>& nodes : members) {
    const bool loop = nodes.size() > 1 || reads_itself(graph, nodes.front());
    if (loop) {
      plan.steps.push_back({true, nodes});
      check_loop(plan, plan.steps.back());
      for (NodeId id : nodes) plan.in_loop[id] = true;
    } else if (plan.steps.empty() || plan.steps.back().loop) {
      plan.steps.push_back({false, nodes});
    } else {
      plan.steps.back().nodes.push_back(nodes.front());
    }
  }
}

// The counters of schedule.cc and the tensors of the ops.
void find_state(Plan& plan) {
  plan.state.push_back({"clock.ticks", DType::kInt64, {}});
  plan.state.push_back({"clock.frames", DType::kInt64, {}});
  for (const Node& node : plan.graph->nodes) {
    const OpDefinition& op = definition_of(node);
    const bool counts = op.temporal == Temporal::kRunning || op.temporal == Temporal::kWindow ||
                        op.temporal == Temporal::kLatest || op.temporal == Temporal::kLast ||
                        node.attributes.count("repeat_first") != 0;
    if (counts) plan.state.push_back({node.name + ".count", DType::kInt64, {}});
    if (op.temporal == Temporal::kWindow) plan.state.push_back({node.name + ".flushed", DType::kInt64, {}});
    if (!op.state) continue;
    for (StateSpec& spec : with_context(plan, node, op.state)) plan.state.push_back(std::move(spec));
  }
}

}  // namespace

Plan make_plan(const Model& model, const Graph& graph, const InputShapes& sizes) {
  Plan plan;
  plan.model = &model;
  plan.graph = &graph;
  infer_shapes(plan, sizes);
  infer_clocks(plan);
  find_steps(plan);
  find_state(plan);
  return plan;
}

}  // namespace longtake::graph
