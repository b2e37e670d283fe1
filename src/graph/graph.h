// A graph clocked once per frame, as plain data: nodes that compute values from values, and the delays that carry them
// to the next frame. It holds no numbers (parameters live in the Model) and no sizes of inputs beyond the nominal ones.
//
// A value has, per stream, a tensor at each tick where it is *present*. How presence follows from op to op is in
// schedule.h; what each op means is in ops.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/attributes.h"
#include "longtake/tensor.h"

namespace longtake::graph {

using NodeId = std::int32_t;
using ValueId = std::int32_t;
inline constexpr ValueId kNoValue = -1;

struct Node {
  std::string name;                     // unique in the graph, such as "lstm1/gates"
  std::string op;                       // a name in ops.h
  std::vector<ValueId> inputs;          // in the op's order; kNoValue where an optional one is absent
  std::vector<std::string> parameters;  // names in the Model, in the op's order; empty where an optional one is absent
  Attributes attributes;
  std::vector<ValueId> outputs;
  std::int32_t region = -1;  // index of the innermost region, or -1

  // The attribute `key`. Throws InvalidArgument naming this node when it is missing or of another type.
  template <class T>
  const T& attribute(const std::string& key) const;
};

struct Value {
  std::string name;  // the node's name, or "node:1" for its second output
  NodeId node = -1;
  std::int32_t index = 0;  // which output of the node
};

struct Output {
  std::string name;
  ValueId value = kNoValue;
};

// A named set of nodes that means something as a whole ("lstm", "conv_lstm"), so that an executor may replace it.
struct Region {
  std::string kind;
  std::string name;
  std::int32_t parent = -1;
};

// Declares that `output` at one tick is what `input` wants at the next: a word, a predicted frame. The graph can then
// be run with the input given (teacher forcing) or free (close_feedback).
struct Feedback {
  std::string output;
  std::string input;
  bool discrete = false;  // chosen (argmax, sampling) by a driver outside the graph; cannot be closed inside it
};

struct Graph {
  std::string name;
  std::vector<Node> nodes;
  std::vector<Value> values;
  std::vector<ValueId> inputs;  // values of "input" nodes, in declaration order
  std::vector<Output> outputs;
  std::vector<Feedback> feedback;
  std::vector<Region> regions;

  // Each throws InvalidArgument that lists what there is when `name` is not among it.
  ValueId input(const std::string& name) const;
  std::size_t input_index(const std::string& name) const;
  const Output& output(const std::string& name) const;

  const Node& producer(ValueId value) const { return nodes[values[value].node]; }
};

// Runs free: every declared feedback that is not discrete becomes a delay from the output to the input. The first tick
// of a sequence sees zeros, or the `once` value named `<input>.init` if the graph has such an input. Throws
// InvalidArgument when a feedback is discrete.
Graph close_feedback(const Graph& graph);

extern template const bool& Node::attribute<bool>(const std::string&) const;
extern template const std::int64_t& Node::attribute<std::int64_t>(const std::string&) const;
extern template const double& Node::attribute<double>(const std::string&) const;
extern template const std::string& Node::attribute<std::string>(const std::string&) const;
extern template const std::vector<std::int64_t>& Node::attribute<std::vector<std::int64_t>>(const std::string&) const;

}  // namespace longtake::graph
