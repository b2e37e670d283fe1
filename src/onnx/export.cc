#include "onnx/export.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "graph/model_file.h"
#include "longtake/error.h"
#include "onnx/export_ops.h"
#include "onnx/export_step.h"

namespace longtake::onnx {

namespace {

using graph::Temporal;
using Json = nlohmann::ordered_json;

// The least opset that has all operators of the graph, and the version of the format that came with it.
int opset_of(const graph::Graph& graph) {
  int opset = kExportOpset;
  for (const graph::Node& node : graph.nodes) {
    const ExportEntry* entry = find_export(node.op);
    if (entry != nullptr) opset = std::max(opset, entry->opset);
  }
  return opset;
}
std::int64_t ir_version_of(int opset) { return opset < 15 ? 7 : 8; }

constexpr const char* kHowTo =
    "One tick of any number of streams of a longtake model (docs/onnx.md). Give every input state.X the tensor that "
    "the "
    "output state.X.next had at the tick before; a new stream begins with zeros. active[s] says that stream s has a "
    "frame at this tick, reset[s] that a new sequence begins with it; a stream with neither keeps its state. An output "
    "Y "
    "counts where active is true or, where there is an output Y.present, where that is true.";

void check_exportable(const graph::Plan& plan) {
  for (const graph::Node& node : plan.graph->nodes) {
    const Temporal temporal = graph::definition_of(node).temporal;
    if (temporal == Temporal::kWhole) {
      throw Unsupported(
          fmt::format("op {} '{}' needs whole sequences, so there is no step to export: a stream's first answer would "
                      "depend on its last frame; only causal models and those that lag behind can be exported",
                      node.op, node.name));
    }
    if (temporal == Temporal::kCombinational && find_export(node.op) == nullptr) {
      throw Unsupported(fmt::format("op {} '{}' cannot be written as ONNX by this version", node.op, node.name));
    }
    for (const std::string& name : node.parameters) {
      if (name.empty() || plan.model->weights.count(name) != 0) continue;
      throw InvalidArgument(
          fmt::format("parameter '{}' of op {} '{}' has no numbers; train the model, or load its weights", name,
                      node.op, node.name));
    }
  }
}

Json signature_json(const graph::Plan& plan) {
  Json outputs = Json::object(), states = Json::object();
  for (const graph::Output& output : plan.graph->outputs) {
    outputs[output.name] = {{"shape", plan.shapes[output.value]}, {"lag", plan.clocks[output.value].lag}};
  }
  for (const graph::StateSpec& spec : step_signature(plan).state) {
    states[state_input(spec.name)] = {
        {"next", state_output(spec.name)}, {"dtype", name_of(spec.dtype)}, {"shape", spec.shape}, {"initial", 0}};
  }
  return {{"graph", plan.graph->name}, {"lag", plan.lag}, {"outputs", outputs}, {"states", states}};
}

// What a user must know to feed the model, as in the model file (docs/model-file.md), and how to step it.
void add_metadata(format::ModelProto& out, const graph::Plan& plan) {
  const auto add = [&](const std::string& key, const std::string& value) {
    format::StringStringEntryProto& entry = *out.add_metadata_props();
    entry.set_key("longtake." + key);
    entry.set_value(value);
  };
  const Json model = Json::parse(graph::model_to_json(*plan.model));
  add("name", plan.model->name);
  add("task", plan.model->task);
  for (const char* key : {"labels", "inputs", "protocol", "provenance"}) add(key, model.at(key).dump());
  add("step", signature_json(plan).dump());
}

}  // namespace

std::vector<std::byte> export_onnx(const graph::Model& model, const std::string& graph_name,
                                   const ExportOptions& options) {
  const graph::Plan plan = graph::make_plan(model, model.graph(graph_name), options.sizes);
  check_exportable(plan);
  format::ModelProto out;
  const int opset = opset_of(*plan.graph);
  out.set_ir_version(ir_version_of(opset));
  out.set_producer_name("longtake");
  out.set_doc_string(kHowTo);
  out.add_opset_import()->set_version(opset);
  out.mutable_graph()->set_name(model.name.empty() ? graph_name : model.name + "." + graph_name);
  Writer writer(*out.mutable_graph());
  Step(plan, options, writer).write();
  add_metadata(out, plan);
  return serialise(out);
}

std::vector<std::string> exported_ops() {
  std::vector<std::string> names;
  for (const graph::OpDefinition& op : graph::all_ops()) {
    const bool combinational = op.temporal == Temporal::kCombinational;
    if (combinational ? find_export(op.name) != nullptr : op.temporal != Temporal::kWhole) names.emplace_back(op.name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace longtake::onnx
