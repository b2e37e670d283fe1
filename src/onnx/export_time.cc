// Values that come from outside and values that are kept: see Schedule::show() for what this spells out.
#include "graph/ops.h"
#include "onnx/export_ops.h"
#include "onnx/export_step.h"

namespace longtake::onnx {

using graph::kNoValue;
using graph::Node;

void Step::write_input(const Node& node) {
  Name present = node.attribute<bool>("once") ? reset_ : active_;
  if (options_.input_presence) present = both(present, node.name + ".present");
  value(node.outputs[0]) = {node.name, present};
}

// The same numbers for every stream.
void Step::write_parameter(const Node& node) {
  const Tensor& numbers = plan_.model->weights.at(node.parameters[0]);
  const Name row = writer_.weight(node.parameters[0], numbers);
  value(node.outputs[0]) = {writer_.repeat(row, numbers.shape(), active_), reset_};
}

void Step::write_combinational(const Node& node) {
  const Name present = present_of_all(node);
  std::vector<Name> inputs;
  for (graph::ValueId input : node.inputs) inputs.push_back(value(input).tensor);
  const std::vector<Name> outputs =
      graph::with_context(plan_, node, [&](const graph::OpContext& op, std::span<const Shape> shapes) {
        return find_export(node.op)->write({writer_, *plan_.model, op, shapes, std::move(inputs)});
      });
  for (std::size_t i = 0; i < outputs.size(); ++i) value(node.outputs[i]) = {outputs[i], present};
}

Name Step::present_of_all(const Node& node) {
  Name present = value(node.inputs[0]).present;
  for (graph::ValueId input : node.inputs) present = both(present, value(input).present);
  return present;
}

void Step::write_delay(const Node& node) {
  const std::size_t rank = this->rank(node.outputs[0]);
  const bool has_init = node.inputs.size() > 1 && node.inputs[1] != kNoValue;
  const Name initial = has_init ? value(node.inputs[1]).tensor : writer_.number(0);
  const Name before = select(reset_, initial, state_input(node.name), rank);
  before_[node.name] = before;
  value(node.outputs[0]) = {before, plan_.goes_on[node.inputs[0]] ? either(active_, "flush") : active_};
  if (node.attributes.count("repeat_first") == 0) return;
  const std::string counter = node.name + ".count";
  const Value& next = value(node.inputs[0]);
  const Name count = restored(counter, 0);
  const Name begins = both(next.present, writer_.node("Equal", {count, writer_.integer(0)}));
  value(node.outputs[0]).tensor = select(begins, next.tensor, before, rank);
  keep_count(counter, sum(count, as_integer(next.present)));
}

void Step::finish_delay(const Node& node) {
  writer_.enter(node.name);
  const Value& next = value(node.inputs[0]);
  keep(node.name, select(next.present, next.tensor, before_.at(node.name), rank(node.outputs[0])));
}

// The newest row up to and with the tick: `latest` at every active tick and with every row, `last` at the end.
void Step::write_newest(const Node& node) {
  const std::size_t rank = this->rank(node.outputs[0]);
  const Value& in = value(node.inputs[0]);
  const std::string counter = node.name + ".count";
  const Name newest = select(in.present, in.tensor, restored(node.name, rank), rank);
  const Name count = sum(restored(counter, 0), as_integer(in.present));
  keep(node.name, newest);
  keep_count(counter, count);
  if (node.op == "latest" && in.present == active_) {
    value(node.outputs[0]) = {newest, active_};
    return;
  }
  const Name some = writer_.node("Greater", {count, writer_.integer(0)});
  const Name shown = node.op == "last" ? Name("end") : either(in.present, active_);
  value(node.outputs[0]) = {newest, both(some, shown)};
}

// The row at the start of a sequence; zeros where there is none.
void Step::write_first(const Node& node) {
  const Value& in = value(node.inputs[0]);
  const Name row = select(in.present, in.tensor, writer_.number(0), rank(node.outputs[0]));
  value(node.outputs[0]) = {row, reset_};
}

}  // namespace longtake::onnx
