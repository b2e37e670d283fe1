#include "runtime/fuse.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "graph/cut.h"
#include "kernels/winograd_sum.h"

namespace longtake::runtime {

using graph::Graph;
using graph::kNoValue;
using graph::Node;
using graph::ValueId;

namespace {

class Cells {
 public:
  explicit Cells(const graph::Plan& plan) : plan_(plan), readers_(plan.graph->values.size(), 0) {
    for (const Node& node : plan.graph->nodes) {
      for (ValueId input : node.inputs) {
        if (input != kNoValue) ++readers_[input];
      }
    }
    for (const graph::Output& output : plan.graph->outputs) ++readers_[output.value];
  }

  // Another node in place of one that gates, and the nodes whose work it does besides.
  struct Fused {
    Node node;
    std::vector<graph::NodeId> done;
  };

  // Of one that gates; none where it is not the end of two such convolutions, or of one.
  std::optional<Fused> fused(const Node& gates) const {
    if (gates.op != "lstm_gates" || plan_.shape(gates.inputs[1]).size() != 3) return std::nullopt;
    const ValueId cell = gates.inputs[1];
    Fused out{gates, {plan_.graph->values[gates.inputs[0]].node}};
    std::vector<const Node*> products = summands(gates.inputs[0]);
    if (products.empty()) return std::nullopt;
    // The hidden state's goes first: it has as many channels as the cell.
    const auto of_hidden = [&](const Node* node) { return plan_.shape(node->inputs[0]) == plan_.shape(cell); };
    if (!of_hidden(products[0])) std::swap(products.front(), products.back());
    if (!of_hidden(products[0])) return std::nullopt;
    Node& node = out.node;
    node.op = "conv_lstm_step";
    node.inputs = {products[0]->inputs[0], cell};
    node.parameters.assign(5, "");
    for (std::size_t i = 0; i < products.size(); ++i) {
      out.done.push_back(plan_.graph->values[products[i]->outputs[0]].node);
      if (i > 0) node.inputs.push_back(products[i]->inputs[0]);
      for (std::size_t p = 0; p < products[i]->parameters.size(); ++p) {
        node.parameters[2 * i + p] = products[i]->parameters[p];
      }
    }
    if (!gates.parameters.empty()) node.parameters[4] = gates.parameters[0];
    return out;
  }

 private:
  // The convolutions that a value is the sum of; empty where it is not.
  std::vector<const Node*> summands(ValueId value) const {
    const Node& node = plan_.graph->producer(value);
    if (readers_[value] != 1) return {};
    if (is_part(node)) return {&node};
    if (node.op != "add") return {};
    std::vector<const Node*> found;
    for (ValueId input : node.inputs) {
      const Node& part = plan_.graph->producer(input);
      if (readers_[input] != 1 || !is_part(part)) return {};
      found.push_back(&part);
    }
    if (taps(*found[0]) != taps(*found[1])) return {};
    return found;
  }

  std::int64_t taps(const Node& convolution) const {
    return plan_.model->parameter(convolution.parameters[0]).shape[2];
  }

  // A convolution that keeps the grid and that Winograd's kernel takes.
  bool is_part(const Node& node) const {
    if (node.op != "conv2d" || node.attribute<std::int64_t>("groups") != 1) return false;
    const auto sizes = [&](const char* key) { return node.attribute<std::vector<std::int64_t>>(key); };
    const std::span<const std::int64_t> weight = plan_.model->parameter(node.parameters[0]).shape;
    const std::span<const std::int64_t> map = plan_.shape(node.inputs[0]);
    const std::int64_t kept = weight[2] / 2;
    return kernels::suits_winograd(weight.subspan(2), sizes("stride"), sizes("dilation"), map.subspan(1)) &&
           sizes("pad") == std::vector<std::int64_t>{kept, kept};
  }

  const graph::Plan& plan_;
  std::vector<int> readers_;  // per value
};

}  // namespace

std::optional<Graph> fuse_cells(const graph::Plan& plan) {
  Graph graph = *plan.graph;
  const Cells cells(plan);
  std::vector<bool> kept(graph.nodes.size(), true);
  for (Node& node : graph.nodes) {
    std::optional<Cells::Fused> fused = cells.fused(node);
    if (!fused) continue;
    node = std::move(fused->node);
    for (graph::NodeId id : fused->done) kept[static_cast<std::size_t>(id)] = false;
  }
  if (std::find(kept.begin(), kept.end(), false) == kept.end()) return std::nullopt;
  return graph::with_nodes(graph, kept);
}

}  // namespace longtake::runtime
