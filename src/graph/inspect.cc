#include "graph/inspect.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "graph/ops.h"

namespace longtake::graph {

namespace {

std::int64_t learnable(const Plan& plan, const std::string& name) {
  if (name.empty()) return 0;
  const Parameter& parameter = plan.model->parameter(name);
  return parameter.trainable ? element_count(parameter.shape) : 0;
}

LayerReport report_node(const Plan& plan, NodeId id) {
  const Node& node = plan.graph->nodes[id];
  LayerReport layer{
      .name = node.name, .op = node.op, .shape = plan.shape(node.outputs[0]), .in_loop = plan.in_loop[id]};
  for (const std::string& name : node.parameters) layer.parameters += learnable(plan, name);
  const OpDefinition& op = definition_of(node);
  const Clock& clock = plan.clocks[node.outputs[0]];
  if (op.flops && clock.kind == Clock::Kind::kTick) {
    layer.flops = with_context(plan, node, op.flops) / clock.period;
  }
  return layer;
}

// The regions that hold a loop: recurrent cells.
std::vector<bool> cells_of(const Plan& plan) {
  std::vector<bool> cells(plan.graph->regions.size(), false);
  for (std::size_t n = 0; n < plan.graph->nodes.size(); ++n) {
    const std::int32_t region = plan.graph->nodes[n].region;
    if (region >= 0 && plan.in_loop[n]) cells[region] = true;
  }
  return cells;
}

// The layer that a parameter of a node belongs to: the cell, or what its name begins with.
std::string layer_of(const Plan& plan, const Node& node, const std::string& parameter, const std::vector<bool>& cells) {
  if (node.region >= 0 && cells[node.region]) return plan.graph->regions[node.region].name;
  return parameter.substr(0, parameter.rfind('.'));
}

// Names are the user's: quote them for Graphviz.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace

InspectReport inspect(const Plan& plan) {
  InspectReport report;
  report.model = plan.model->name;
  report.graph = plan.graph->name;
  for (const Graph& graph : plan.model->graphs) report.graphs.push_back(graph.name);
  report.weight_format = plan.model->weight_format;
  report.model_parameters = plan.model->parameter_count();
  report.state_bytes_per_stream = plan.state_bytes_per_stream();
  report.state = plan.state;
  report.causal = plan.causal();
  report.lag = plan.lag;
  report.whole_sequences = plan.whole_sequences;
  const std::vector<bool> cells = cells_of(plan);
  std::map<std::string, std::size_t> place_of_layer;
  std::set<std::string> seen;
  for (std::size_t n = 0; n < plan.graph->nodes.size(); ++n) {
    report.layers.push_back(report_node(plan, static_cast<NodeId>(n)));
    report.flops_per_frame += report.layers.back().flops;
    const Node& node = plan.graph->nodes[n];
    for (const std::string& name : node.parameters) {
      const std::int64_t count = learnable(plan, name);
      if (count == 0 || !seen.insert(name).second) continue;
      const std::string layer = layer_of(plan, node, name, cells);
      const auto [place, is_new] = place_of_layer.try_emplace(layer, report.parameters_by_layer.size());
      if (is_new) report.parameters_by_layer.emplace_back(layer, 0);
      report.parameters_by_layer[place->second].second += count;
      report.parameters_by_name.emplace_back(name, count);
      report.parameters += count;
    }
  }
  for (const Step& step : plan.steps) {
    if (!step.loop) continue;
    std::vector<std::string>& loop = report.loops.emplace_back();
    for (NodeId id : step.nodes) loop.push_back(plan.graph->nodes[id].name);
  }
  return report;
}

std::string to_json(const InspectReport& report) {
  using Json = nlohmann::ordered_json;
  Json json{{"model", report.model},
            {"graph", report.graph},
            {"graphs", report.graphs},
            {"weight_format", name_of(report.weight_format)},
            {"model_parameters", report.model_parameters},
            {"parameters", report.parameters},
            {"parameters_by_layer", Json::object()},
            {"parameters_by_name", Json::object()},
            {"flops_per_frame", report.flops_per_frame},
            {"state_bytes_per_stream", report.state_bytes_per_stream},
            {"state", Json::array()},
            {"causal", report.causal},
            {"lag", report.lag},
            {"whole_sequences", report.whole_sequences},
            {"loops", report.loops},
            {"layers", Json::array()}};
  for (const auto& [name, count] : report.parameters_by_layer) json["parameters_by_layer"][name] = count;
  for (const auto& [name, count] : report.parameters_by_name) json["parameters_by_name"][name] = count;
  for (const StateSpec& spec : report.state) {
    json["state"].push_back({{"name", spec.name}, {"dtype", name_of(spec.dtype)}, {"shape", spec.shape}});
  }
  for (const LayerReport& layer : report.layers) {
    json["layers"].push_back({{"name", layer.name},
                              {"op", layer.op},
                              {"shape", layer.shape},
                              {"parameters", layer.parameters},
                              {"flops_per_frame", layer.flops},
                              {"runs", layer.in_loop ? "loop" : "parallel"}});
  }
  if (report.memory) {
    const MemoryReport& memory = *report.memory;
    json["memory"] = {{"streams", memory.streams}, {"weights", memory.weights}, {"kernels", memory.kernels},
                      {"buffers", memory.buffers}, {"state", memory.state},     {"frames", memory.frames},
                      {"answers", memory.answers}, {"total", memory.total()}};
  }
  return json.dump(2);
}

std::string to_text(const InspectReport& report) {
  std::size_t width = 5;
  for (const LayerReport& layer : report.layers) width = std::max(width, layer.name.size());
  const bool one_of_many = report.graphs.size() > 1;
  std::string text = one_of_many ? fmt::format("graph {}\n\n", report.graph) : "";
  text += fmt::format("{:<{}}  {:<22}  {:<18}  {:>13}  {:>15}  {}\n", "layer", width, "op", "shape", "parameters",
                      "FLOPs per frame", "runs");
  for (const LayerReport& layer : report.layers) {
    text += fmt::format("{:<{}}  {:<22}  {:<18}  {:>13L}  {:>15L}  {}\n", layer.name, width, layer.op,
                        to_string(layer.shape), layer.parameters, layer.flops, layer.in_loop ? "loop" : "parallel");
  }
  text += fmt::format(
      "\nparameters          {}\nweight format       {}\nFLOPs per frame     {}\nstate per stream    {} bytes\n",
      report.parameters, name_of(report.weight_format), report.flops_per_frame, report.state_bytes_per_stream);
  text += report.causal            ? "causal              yes\n"
          : report.whole_sequences ? "causal              no: needs whole clips\n"
                                   : fmt::format("causal              no: answers lag {} frames behind\n", report.lag);
  text += fmt::format("loops               {}\n", report.loops.size());
  if (one_of_many) {
    text +=
        fmt::format("parameters of all   {} (graphs {})\n", report.model_parameters, fmt::join(report.graphs, ", "));
  }
  if (report.memory) {
    const MemoryReport& memory = *report.memory;
    text += fmt::format("memory              {} bytes for {} stream{}\n", memory.total(), memory.streams,
                        memory.streams == 1 ? "" : "s");
    for (const auto& [what, bytes] : {std::pair{"weights", memory.weights}, std::pair{"kernels", memory.kernels},
                                      std::pair{"buffers", memory.buffers}, std::pair{"state", memory.state},
                                      std::pair{"frames", memory.frames}, std::pair{"answers", memory.answers}}) {
      text += fmt::format("  {:<18}{}\n", what, bytes);
    }
  }
  return text;
}

std::string to_dot(const Plan& plan) {
  const Graph& graph = *plan.graph;
  std::string dot =
      fmt::format("digraph {} {{\n  rankdir=BT;\n  node [shape=box, fontname=\"sans-serif\"];\n", quoted(graph.name));
  int loop = 0;
  for (const Step& step : plan.steps) {
    if (step.loop) dot += fmt::format("  subgraph cluster_{} {{\n    label=\"loop\";\n", loop++);
    for (NodeId id : step.nodes) {
      const Node& node = graph.nodes[id];
      dot += fmt::format("    n{} [label={}{}];\n", id,
                         quoted(fmt::format("{}\n{} {}", node.name, node.op, to_string(plan.shape(node.outputs[0])))),
                         node.op == "delay" ? ", style=dashed" : "");
    }
    if (step.loop) dot += "  }\n";
  }
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] == kNoValue || (node.op == "delay" && i == 2)) continue;
      const bool back = node.op == "delay" && i == 0;
      dot += fmt::format("  n{} -> n{}{};\n", graph.values[node.inputs[i]].node, n,
                         back ? " [style=dashed, constraint=false]" : "");
    }
  }
  for (const Output& output : graph.outputs) {
    dot += fmt::format("  {} [shape=ellipse];\n  n{} -> {};\n", quoted("output " + output.name),
                       graph.values[output.value].node, quoted("output " + output.name));
  }
  return dot + "}\n";
}

}  // namespace longtake::graph
