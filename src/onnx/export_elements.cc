// Ops that work element by element, softmax, and the gates of cells, as ONNX nodes.
#include <array>
#include <limits>

#include "onnx/export_ops.h"

namespace longtake::onnx {

namespace {

using Names = std::vector<Name>;

Names relu(const OpExport& e) { return {e.writer.node("Relu", e.inputs)}; }
Names sigmoid(const OpExport& e) { return {e.writer.node("Sigmoid", e.inputs)}; }
Names tanh(const OpExport& e) { return {e.writer.node("Tanh", e.inputs)}; }
Names log(const OpExport& e) { return {e.writer.node("Log", e.inputs)}; }
Names add(const OpExport& e) { return {e.writer.node("Add", e.inputs)}; }
Names mul(const OpExport& e) { return {e.writer.node("Mul", e.inputs)}; }
Names softmax(const OpExport& e) { return {e.writer.node("Softmax", e.inputs, {{"axis", e.axis()}})}; }
// Nothing is dropped where nothing is trained.
Names dropout(const OpExport& e) { return e.inputs; }

// The parameter, at every row.
Names constant(const OpExport& e) { return {e.writer.repeat(e.weight(0), e.op.parameters[0], e.inputs[0])}; }

Name attribute(const OpExport& e, const char* key) {
  return e.writer.number(static_cast<float>(e.op.node.attribute<double>(key)));
}

Names leaky_relu(const OpExport& e) {
  return {e.writer.node("LeakyRelu", e.inputs, {{"alpha", e.op.node.attribute<double>("slope")}})};
}

Names clip(const OpExport& e) {
  return {e.writer.node("Clip", {e.inputs[0], attribute(e, "low"), attribute(e, "high")})};
}

Names affine(const OpExport& e) {
  return {e.writer.node("Add", {e.writer.node("Mul", {e.inputs[0], attribute(e, "scale")}), attribute(e, "shift")})};
}

// (1 - z) x + z y
Names blend(const OpExport& e) {
  const Name rest = e.writer.node("Sub", {e.writer.number(1), e.inputs[0]});
  return {e.writer.node("Add",
                        {e.writer.node("Mul", {rest, e.inputs[1]}), e.writer.node("Mul", {e.inputs[0], e.inputs[2]})})};
}

// Where no place is valid, the sum is 0 and so is every place.
Names masked_softmax(const OpExport& e) {
  Writer& w = e.writer;
  const Name valid = w.node("Cast", {e.inputs[1]}, {{"to", std::int64_t{format::TensorProto::BOOL}}});
  const Name open = w.node("Where", {valid, e.inputs[0], w.number(std::numeric_limits<float>::lowest())});
  const Name highest = w.node("ReduceMax", {open}, {{"axes", std::vector{e.axis()}}, {"keepdims", true}});
  const Name exp = w.node("Where", {valid, w.node("Exp", {w.node("Sub", {e.inputs[0], highest})}), w.number(0)});
  const Name sum = w.node("ReduceSum", {exp, w.integers({e.axis()})}, {{"keepdims", true}});
  const Name some = w.node("Greater", {sum, w.number(0)});
  return {w.node("Div", {exp, w.node("Where", {some, sum, w.number(1)})})};
}

// A row of the peepholes [3, channels] as [channels, 1, ...], to go with a cell of `rank` dimensions: a constant of the
// node, because another cell that shares the parameter may have another rank.
Name peephole(const OpExport& e, std::int64_t row, const char* gate, std::size_t rank) {
  const std::int64_t channels = e.numbers(0).size(1);
  Shape shape(rank, 1);
  shape[0] = channels;
  const auto values = e.numbers(0).data<float>().subspan(row * channels, channels);
  return e.writer.weight(e.op.node.name + "." + gate, Tensor::from<float>(shape, values));
}

// Gates in the order input, forget, candidate, output; peepholes in the order input, forget, output. The output gate
// sees the new cell.
Names lstm_gates(const OpExport& e) {
  Writer& w = e.writer;
  const Name& previous = e.inputs[1];
  const std::int64_t channels = e.op.inputs[1][0];
  const std::size_t rank = e.op.inputs[1].size();
  const Names gates = w.nodes("Split", {e.inputs[0], w.integers({channels, channels, channels, channels})}, 4,
                              {{"axis", std::int64_t{1}}});
  const bool peepholes = e.op.has_parameter(0);
  const auto gate = [&](const Name& x, const Name& cell, std::int64_t row, const char* name) {
    if (!peepholes) return w.node("Sigmoid", {x});
    return w.node("Sigmoid", {w.node("Add", {x, w.node("Mul", {peephole(e, row, name, rank), cell})})});
  };
  const Name input = gate(gates[0], previous, 0, "input");
  const Name forget = gate(gates[1], previous, 1, "forget");
  const Name candidate = w.node("Tanh", {gates[2]});
  const Name cell = w.node("Add", {w.node("Mul", {forget, previous}), w.node("Mul", {input, candidate})});
  const Name output = gate(gates[3], cell, 2, "output");
  return {w.node("Mul", {output, w.node("Tanh", {cell})}), cell};
}

}  // namespace

std::span<const ExportEntry> export_elements() {
  static const std::array entries{
      ExportEntry{"add", add},
      ExportEntry{"affine", affine},
      ExportEntry{"blend", blend},
      ExportEntry{"clip", clip},
      ExportEntry{"constant", constant},
      ExportEntry{"dropout", dropout},
      ExportEntry{"leaky_relu", leaky_relu},
      ExportEntry{"log", log},
      ExportEntry{"lstm_gates", lstm_gates},
      ExportEntry{"masked_softmax", masked_softmax},
      ExportEntry{"mul", mul},
      ExportEntry{"relu", relu},
      ExportEntry{"sigmoid", sigmoid},
      ExportEntry{"softmax", softmax},
      ExportEntry{"tanh", tanh},
  };
  return entries;
}

}  // namespace longtake::onnx
