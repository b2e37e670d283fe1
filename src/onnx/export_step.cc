#include "onnx/export_step.h"

#include <fmt/format.h>

#include <algorithm>

#include "graph/ops.h"

namespace longtake::onnx {

using format::TensorProto;
using graph::Node;
using graph::NodeId;
using graph::Temporal;

namespace {

constexpr const char* kResetInput = "reset";
constexpr const char* kFlushInput = "flush";
constexpr const char* kEndInput = "end";

}  // namespace

StepSignature step_signature(const graph::Plan& plan) {
  StepSignature signature;
  for (const Node& node : plan.graph->nodes) {
    if (node.op == "last") signature.end = true;
    if (node.op != "window") continue;
    if (node.attribute<std::int64_t>("ahead") > 0) signature.flush = true;
    if (node.attribute<std::string>("edge") == "valid") signature.end = true;
  }
  for (const graph::StateSpec& spec : plan.state) {
    if (element_count(spec.shape) > 0) signature.state.push_back(spec);
  }
  return signature;
}

void Step::write() {
  declare_inputs();
  declare_states();
  for (const graph::Output& output : plan_.graph->outputs) {
    writer_.declare_output(output.name, TensorProto::FLOAT, plan_.shapes[output.value]);
  }
  values_.resize(plan_.graph->values.size());
  write_clock();
  for (const graph::Step& step : plan_.steps) {
    for (NodeId id : step.nodes) write_node(id);
  }
  // Delays keep values that come after them.
  for (const Node& node : plan_.graph->nodes) {
    if (node.op == "delay") finish_delay(node);
  }
  write_outputs();
}

void Step::declare_inputs() {
  for (graph::ValueId input : plan_.graph->inputs) {
    const Node& node = plan_.graph->producer(input);
    writer_.declare_input(node.name, TensorProto::FLOAT, plan_.shapes[input]);
    if (options_.input_presence) writer_.declare_input(node.name + ".present", TensorProto::BOOL, {});
  }
  writer_.declare_input(active_, TensorProto::BOOL, {});
  writer_.declare_input(kResetInput, TensorProto::BOOL, {});
  if (signature_.flush) writer_.declare_input(kFlushInput, TensorProto::BOOL, {});
  if (signature_.end) writer_.declare_input(kEndInput, TensorProto::BOOL, {});
}

void Step::declare_states() {
  for (const graph::StateSpec& spec : signature_.state) {
    const auto type = spec.dtype == DType::kInt64 ? TensorProto::INT64 : TensorProto::FLOAT;
    writer_.declare_input(state_input(spec.name), type, spec.shape);
    writer_.declare_output(state_output(spec.name), type, spec.shape);
  }
}

// Schedule::build_clock: a stream's first active tick is a reset.
void Step::write_clock() {
  writer_.enter("clock");
  const Name ticks = "clock.ticks", frames = "clock.frames";
  const Name fresh = writer_.node("Equal", {state_input(ticks), writer_.integer(0)});
  reset_ = either(kResetInput, both(active_, fresh));
  const Name moves = signature_.flush ? either(active_, kFlushInput) : active_;
  keep_count(ticks, sum(restored(ticks, 0), as_integer(moves)));
  keep_count(frames, sum(restored(frames, 0), as_integer(active_)));
}

void Step::write_node(NodeId id) {
  const Node& node = plan_.graph->nodes[id];
  writer_.enter(node.name);
  switch (graph::definition_of(node).temporal) {
    case Temporal::kInput:
      return write_input(node);
    case Temporal::kParameter:
      return write_parameter(node);
    case Temporal::kCombinational:
      return write_combinational(node);
    case Temporal::kDelay:
      return write_delay(node);
    case Temporal::kRunning:
      return write_running(node);
    case Temporal::kWindow:
      return write_window(node);
    case Temporal::kLatest:
    case Temporal::kLast:
      return write_newest(node);
    case Temporal::kFirst:
      return write_first(node);
    case Temporal::kWhole:
      return;  // export_onnx() has refused it
  }
}

void Step::write_outputs() {
  for (const graph::Output& output : plan_.graph->outputs) {
    const Value& shown = value(output.value);
    writer_.give(output.name, shown.tensor);
    if (shown.present == active_) continue;
    const Name present = output.name + ".present";
    writer_.declare_output(present, TensorProto::BOOL, {});
    writer_.give(present, shown.present);
  }
}

Name Step::both(const Name& a, const Name& b) {
  if (a == b) return a;
  Name& name = cache_[{std::min(a, b) + "\n" + std::max(a, b), "And"}];
  if (name.empty()) name = writer_.node("And", {a, b});
  return name;
}

Name Step::either(const Name& a, const Name& b) {
  if (a == b) return a;
  Name& name = cache_[{std::min(a, b) + "\n" + std::max(a, b), "Or"}];
  if (name.empty()) name = writer_.node("Or", {a, b});
  return name;
}

Name Step::as_integer(const Name& mask) {
  Name& name = cache_[{mask, "Cast"}];
  if (name.empty()) name = writer_.node("Cast", {mask}, {{"to", std::int64_t{TensorProto::INT64}}});
  return name;
}

Name Step::spread(const Name& mask, std::size_t rank) {
  if (rank == 0) return mask;
  Name& name = cache_[{mask, fmt::format("Unsqueeze {}", rank)}];
  if (name.empty()) name = writer_.widen(mask, 1, rank);
  return name;
}

Name Step::select(const Name& mask, const Name& a, const Name& b, std::size_t rank) {
  return writer_.node("Where", {spread(mask, rank), a, b});
}

void Step::keep_count(const std::string& state, const Name& value) {
  keep(state, signature_.end ? select(kEndInput, writer_.integer(0), value) : value);
}

Name Step::zero(const std::string& state) {
  const auto spec = std::find_if(plan_.state.begin(), plan_.state.end(),
                                 [&](const graph::StateSpec& other) { return other.name == state; });
  return spec->dtype == DType::kInt64 ? writer_.integer(0) : writer_.number(0);
}

}  // namespace longtake::onnx
