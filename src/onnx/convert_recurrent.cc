// LSTM, GRU and RNN: the sequence axis of ONNX is our ticks, so a layer is a loop through delays.
#include <fmt/format.h>

#include <algorithm>

#include "onnx/converter.h"

namespace longtake::onnx {

namespace {

// A recurrent layer of ONNX, in both directions where it has two. Sizes: D directions, G gates, H hidden.
struct Layer {
  Bound x;
  bool batch_first;  // layout = 1
  std::vector<bool> backwards;
  std::int64_t hidden;
  Tensor weight, recurrence;  // [D, G H, in], [D, G H, H]
  Tensor bias;                // [D, 2 G H], or nothing
};

std::vector<bool> directions_of(Node& node) {
  const std::string direction = node.text("direction", "forward");
  if (direction == "forward") return {false};
  if (direction == "reverse") return {true};
  if (direction == "bidirectional") return {false, true};
  node.bad(fmt::format("'direction' is '{}'", direction));
}

void refuse_options(const Converter& c, Node& node) {
  for (const char* key : {"clip", "activation_alpha", "activation_beta"}) {
    if (node.has(key)) node.unsupported(fmt::format("'{}' is not supported", key));
  }
  // Lengths are ours to say, by ending a stream; a file may only repeat that all sequences are whole.
  if (!node.has_input(4)) return;
  const Tensor& lengths = c.constant(node, 4);
  const std::int64_t declared = c.declared(Axis::kTick);
  for (std::int64_t i = 0; i < lengths.count(); ++i) {
    if (number_at(lengths, i) == static_cast<double>(declared)) continue;
    node.unsupported("'sequence_lens' other than the whole sequence is not supported; end the streams instead");
  }
}

Layer read_layer(const Converter& c, Node& node, std::int64_t gates) {
  Layer layer{c.bound(node, 0), node.integer("layout", 0) != 0, directions_of(node), 0, {}, {}, {}};
  const Axes wanted =
      layer.batch_first ? Axes{Axis::kStream, Axis::kTick, Axis::kData} : Axes{Axis::kTick, Axis::kStream, Axis::kData};
  if (layer.x.axes != wanted) {
    node.unsupported(
        "its input does not go over time; only a sequence given as such can be read, so take a tensor "
        "before this node and let the model remember");
  }
  refuse_options(c, node);
  layer.weight = c.weight(node, 1);
  layer.recurrence = c.weight(node, 2);
  const auto directions = static_cast<std::int64_t>(layer.backwards.size());
  if (layer.recurrence.shape().size() != 3) node.bad("R must be [directions, gates, hidden]");
  layer.hidden = layer.recurrence.shape()[2];
  const std::int64_t rows = gates * layer.hidden;
  if (layer.hidden < 1 || layer.recurrence.shape() != Shape{directions, rows, layer.hidden} ||
      layer.weight.shape() != Shape{directions, rows, c.shape(layer.x)[0]} ||
      node.integer("hidden_size", layer.hidden) != layer.hidden) {
    node.bad("W, R, 'direction' and 'hidden_size' do not fit each other and the input");
  }
  if (node.has_input(3)) {
    layer.bias = c.weight(node, 3);
    if (layer.bias.shape() != Shape{directions, 2 * rows}) node.bad("B must be [directions, 2 gates hidden]");
  }
  return layer;
}

// Rows of one direction [rows, ...], the gates in another order: `order[g]` is where gate g of ours is in the file.
Tensor gates_of(const Tensor& tensor, std::int64_t direction, std::int64_t hidden, const Sizes& order) {
  const Tensor one = sliced(tensor, 0, direction, 1).reshaped(Shape(tensor.shape().begin() + 1, tensor.shape().end()));
  std::vector<Tensor> parts;
  for (std::int64_t gate : order) parts.push_back(sliced(one, 0, gate * hidden, hidden));
  std::vector<const Tensor*> list;
  for (const Tensor& part : parts) list.push_back(&part);
  return joined(list, 0);
}

// The biases of the input (half 0) or of the recurrence (half 1).
Tensor bias_of(const Layer& layer, std::int64_t direction, std::int64_t half, const Sizes& order) {
  const auto gates = static_cast<std::int64_t>(order.size());
  if (layer.bias.count() == 0) return Tensor(DType::kFloat32, {gates * layer.hidden});
  const std::int64_t rows = layer.bias.shape()[1] / 2;
  return gates_of(sliced(layer.bias, 1, half * rows, rows), direction, layer.hidden, order);
}

Tensor sum(Tensor a, const Tensor& b) {
  for (std::int64_t i = 0; i < a.count(); ++i) a.data<float>()[i] += b.data<float>()[i];
  return a;
}

// Where a direction starts: input `index`, [D, streams, H] or, batch first, [streams, D, H]; kNoValue for zeros.
ValueId initial(Converter& c, const Node& node, const Layer& layer, std::size_t index, std::int64_t direction,
                const std::string& part) {
  if (!node.has_input(index)) return graph::kNoValue;
  const auto directions = static_cast<std::int64_t>(layer.backwards.size());
  if (!c.is_constant(node, index)) {
    const Bound& given = c.bound(node, index);
    const Axes wanted = layer.batch_first ? Axes{Axis::kStream, Axis::kData, Axis::kData}
                                          : Axes{Axis::kData, Axis::kStream, Axis::kData};
    if (given.axes != wanted || c.shape(given) != Shape{directions, layer.hidden}) {
      node.unsupported(fmt::format("input {} ('{}') is no initial state of a stream", index, node.input(index)));
    }
    const ValueId one = c.emit(node, part + ".one", "slice", {given.value},
                               {{"axis", std::int64_t{0}}, {"begin", direction}, {"size", std::int64_t{1}}});
    return c.reshape(node, part, one, {layer.hidden});
  }
  const Tensor& numbers = c.weight(node, index);
  if (numbers.count() != directions * layer.hidden) {
    node.unsupported("an initial state that differs between streams must be an input of the file, not a constant");
  }
  const Tensor one = sliced(numbers.reshaped({directions, layer.hidden}), 0, direction, 1).reshaped({layer.hidden});
  return c.emit(node, part, "parameter", {}, {}, {c.parameter(node, part + ".values", one)});
}

ValueId gate_sums(Converter& c, const Node& node, const std::string& part, ValueId x, Tensor weight, Tensor bias) {
  std::vector<std::string> parameters{c.parameter(node, part + ".weight", std::move(weight))};
  parameters.push_back(bias.count() == 0 ? std::string() : c.parameter(node, part + ".bias", std::move(bias)));
  return c.emit(node, part, "linear", {x}, {}, parameters);
}

ValueId cut(Converter& c, const Node& node, const std::string& part, ValueId x, std::int64_t begin, std::int64_t size) {
  return c.emit(node, part, "slice", {x}, {{"axis", std::int64_t{0}}, {"begin", begin}, {"size", size}});
}

// One direction: adds the loop from `x` on and returns the hidden value and, for an LSTM, the cell.
struct Direction {
  std::int64_t index;
  std::string part;  // begins the names of its nodes
  ValueId x;
};

// A delay that is connected by the caller.
ValueId state(Converter& c, const Node& node, const Layer& layer, const Direction& d, std::size_t input,
              const char* name) {
  const ValueId first = initial(c, node, layer, input, d.index, d.part + name + "0");
  return c.delay(node, d.part + name, {layer.hidden}, first);
}

// Gates of ours: input, forget, candidate, output; of ONNX: input, output, forget, candidate.
std::vector<ValueId> lstm(Converter& c, const Node& node, const Layer& layer, const Direction& d) {
  const Sizes order{0, 2, 3, 1};
  const ValueId h = state(c, node, layer, d, 5, "h"), cell = state(c, node, layer, d, 6, "c");
  const Tensor bias = sum(bias_of(layer, d.index, 0, order), bias_of(layer, d.index, 1, order));
  const ValueId from_x =
      gate_sums(c, node, d.part + "input", d.x, gates_of(layer.weight, d.index, layer.hidden, order), bias);
  const ValueId from_h =
      gate_sums(c, node, d.part + "hidden", h, gates_of(layer.recurrence, d.index, layer.hidden, order), {});
  const ValueId gates = c.emit(node, d.part + "sum", "add", {from_x, from_h});
  std::vector<std::string> peepholes;
  if (node.has_input(7)) {
    const Tensor& p = c.weight(node, 7);
    if (p.shape() != Shape{static_cast<std::int64_t>(layer.backwards.size()), 3 * layer.hidden}) {
      node.bad("P must be [directions, 3 hidden]");
    }
    const Tensor ours = gates_of(p, d.index, layer.hidden, {0, 2, 1});  // of ONNX: input, output, forget
    peepholes = {c.parameter(node, d.part + "peepholes", ours.reshaped({3, layer.hidden}))};
  }
  auto next = c.emit_all(node, d.part + "gates", "lstm_gates", {gates, cell}, {}, peepholes);
  c.builder().connect(h, next[0]);
  c.builder().connect(cell, next[1]);
  return next;
}

// h = (1 - z) n + z h', with the reset gate before or after the product with the recurrent weight.
std::vector<ValueId> gru(Converter& c, Node& node, const Layer& layer, const Direction& d) {
  const bool reset_after = node.integer("linear_before_reset", 0) != 0;
  const std::int64_t size = layer.hidden;
  const Sizes all{0, 1, 2}, gates{0, 1}, candidate{2};
  const ValueId h = state(c, node, layer, d, 5, "h");
  Tensor input_bias = bias_of(layer, d.index, 0, all);
  const Tensor hidden_bias = bias_of(layer, d.index, 1, all);
  if (!reset_after) input_bias = sum(input_bias, hidden_bias);
  const ValueId from_x =
      gate_sums(c, node, d.part + "input", d.x, gates_of(layer.weight, d.index, size, all), input_bias);
  const ValueId from_h =
      gate_sums(c, node, d.part + "hidden", h, gates_of(layer.recurrence, d.index, size, reset_after ? all : gates),
                reset_after ? hidden_bias : Tensor());
  const auto gate = [&](const std::string& name, std::int64_t index) {
    const ValueId sum = c.emit(node, d.part + name + ".sum", "add",
                               {cut(c, node, d.part + name + ".input", from_x, index * size, size),
                                cut(c, node, d.part + name + ".hidden", from_h, index * size, size)});
    return c.emit(node, d.part + name, "sigmoid", {sum});
  };
  const ValueId z = gate("update", 0), r = gate("reset", 1);
  ValueId remembered = graph::kNoValue;
  if (reset_after) {
    remembered = c.emit(node, d.part + "remembered", "mul",
                        {r, cut(c, node, d.part + "candidate.hidden", from_h, 2 * size, size)});
  } else {
    const ValueId kept = c.emit(node, d.part + "kept", "mul", {r, h});
    remembered =
        gate_sums(c, node, d.part + "remembered", kept, gates_of(layer.recurrence, d.index, size, candidate), {});
  }
  const ValueId sum = c.emit(node, d.part + "candidate.sum", "add",
                             {cut(c, node, d.part + "candidate.input", from_x, 2 * size, size), remembered});
  const ValueId n = c.emit(node, d.part + "candidate", "tanh", {sum});
  const ValueId next = c.emit(node, d.part + "next", "blend", {z, n, h});
  c.builder().connect(h, next);
  return {next};
}

std::vector<ValueId> rnn(Converter& c, const Node& node, const Layer& layer, const Direction& d) {
  const ValueId h = state(c, node, layer, d, 5, "h");
  const Tensor bias = sum(bias_of(layer, d.index, 0, {0}), bias_of(layer, d.index, 1, {0}));
  const ValueId from_x =
      gate_sums(c, node, d.part + "input", d.x, gates_of(layer.weight, d.index, layer.hidden, {0}), bias);
  const ValueId from_h =
      gate_sums(c, node, d.part + "hidden", h, gates_of(layer.recurrence, d.index, layer.hidden, {0}), {});
  const ValueId next = c.emit(node, d.part + "next", "tanh", {c.emit(node, d.part + "sum", "add", {from_x, from_h})});
  c.builder().connect(h, next);
  return {next};
}

void want_activations(Node& node, const std::vector<std::string>& usual, std::size_t directions) {
  const std::vector<std::string> given = node.texts("activations");
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (given.size() != usual.size() * directions || given[i] != usual[i % usual.size()]) {
      node.unsupported("only the usual 'activations' are supported");
    }
  }
}

// Directions side by side: [D, H].
ValueId beside(Converter& c, const Node& node, const std::string& part, const Layer& layer,
               const std::vector<ValueId>& values) {
  std::vector<ValueId> rows;
  for (std::size_t i = 0; i < values.size(); ++i) {
    rows.push_back(c.reshape(node, fmt::format("{}.row{}", part, i), values[i], {1, layer.hidden}));
  }
  return rows.size() == 1 ? rows[0] : c.emit(node, part, "concat", rows, {{"axis", std::int64_t{0}}});
}

template <class Add>
void convert_layer(Converter& c, Node& node, const Layer& layer, const Add& add) {
  std::vector<std::vector<ValueId>> ends(2);  // per output after the first: the last row of each direction
  std::vector<ValueId> outputs;
  for (std::size_t i = 0; i < layer.backwards.size(); ++i) {
    const bool backwards = layer.backwards[i];
    const std::string part = backwards ? "backwards." : "";
    const ValueId x = backwards ? c.emit(node, part + "turned", "reverse", {layer.x.value}) : layer.x.value;
    const std::vector<ValueId> values = add(Direction{static_cast<std::int64_t>(i), part, x});
    outputs.push_back(backwards ? c.emit(node, part + "returned", "reverse", {values[0]}) : values[0]);
    for (std::size_t v = 0; v < values.size(); ++v) {
      if (!node.has_output(v + 1)) continue;
      ends[v].push_back(c.emit(node, fmt::format("{}last{}", part, v), "last", {values[v]}));
    }
  }
  if (node.has_output(0)) {
    c.set(node, 0,
          Bound{beside(c, node, "all", layer, outputs),
                layer.batch_first ? Axes{Axis::kStream, Axis::kTick, Axis::kData, Axis::kData}
                                  : Axes{Axis::kTick, Axis::kData, Axis::kStream, Axis::kData}});
  }
  for (std::size_t v = 0; v < ends.size(); ++v) {
    if (ends[v].empty()) continue;
    c.set(node, v + 1,
          Bound{beside(c, node, fmt::format("end{}", v), layer, ends[v]),
                layer.batch_first ? Axes{Axis::kStream, Axis::kData, Axis::kData}
                                  : Axes{Axis::kData, Axis::kStream, Axis::kData}});
  }
}

void convert_lstm(Converter& c, Node& node) {
  const Layer layer = read_layer(c, node, 4);
  want_activations(node, {"Sigmoid", "Tanh", "Tanh"}, layer.backwards.size());
  if (node.integer("input_forget", 0) != 0) node.unsupported("'input_forget' is not supported");
  convert_layer(c, node, layer, [&](const Direction& d) { return lstm(c, node, layer, d); });
}

void convert_gru(Converter& c, Node& node) {
  const Layer layer = read_layer(c, node, 3);
  want_activations(node, {"Sigmoid", "Tanh"}, layer.backwards.size());
  convert_layer(c, node, layer, [&](const Direction& d) { return gru(c, node, layer, d); });
}

void convert_rnn(Converter& c, Node& node) {
  const Layer layer = read_layer(c, node, 1);
  want_activations(node, {"Tanh"}, layer.backwards.size());
  convert_layer(c, node, layer, [&](const Direction& d) { return rnn(c, node, layer, d); });
}

}  // namespace

std::span<const OpEntry> recurrent_entries() {
  static constexpr OpEntry kEntries[] = {
      {"LSTM", convert_lstm, nullptr},
      {"GRU", convert_gru, nullptr},
      {"RNN", convert_rnn, nullptr},
  };
  return kEntries;
}

}  // namespace longtake::onnx
