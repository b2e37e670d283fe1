// The JSON of the model file (docs/model-file.md), written by hand in both directions: the format is a contract, so no
// field may come or go by accident.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "graph/model_file.h"
#include "longtake/error.h"

namespace longtake::graph {

namespace {

using Json = nlohmann::ordered_json;

// JSON has neither infinity nor NaN; its library would write null for them.
double finite(double value, const std::string& what) {
  if (std::isfinite(value)) return value;
  throw InvalidArgument(fmt::format("{} is {}, but a model file holds finite numbers only", what, value));
}

Json attribute_to_json(const Attribute& attribute, const std::string& what) {
  if (const double* number = std::get_if<double>(&attribute)) return finite(*number, what);
  return std::visit([](const auto& value) { return Json(value); }, attribute);
}

// An int64 and a double of the same number differ in JSON by the decimal point, which nlohmann keeps.
Attribute attribute_from_json(const Json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_number_float()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  return json.get<std::vector<std::int64_t>>();
}

const char* name_of(Initialiser::Kind kind) {
  switch (kind) {
    case Initialiser::Kind::kConstant:
      return "constant";
    case Initialiser::Kind::kUniform:
      return "uniform";
    case Initialiser::Kind::kGaussian:
      return "gaussian";
    case Initialiser::Kind::kXavier:
      return "xavier";
    case Initialiser::Kind::kHe:
      return "he";
    case Initialiser::Kind::kOrthogonal:
      return "orthogonal";
    case Initialiser::Kind::kLstmBias:
      return "lstm_bias";
  }
  return "";
}

Initialiser::Kind initialiser_kind(const std::string& name) {
  using Kind = Initialiser::Kind;
  for (Kind kind : {Kind::kConstant, Kind::kUniform, Kind::kGaussian, Kind::kXavier, Kind::kHe, Kind::kOrthogonal,
                    Kind::kLstmBias}) {
    if (name == name_of(kind)) return kind;
  }
  throw InvalidArgument(fmt::format("unknown initialiser '{}'", name));
}

Json parameter_to_json(const Parameter& parameter) {
  const Initialiser& initialiser = parameter.initialiser;
  const std::string of = fmt::format(" of parameter '{}'", parameter.name);
  return {{"name", parameter.name},
          {"shape", parameter.shape},
          {"initialiser",
           {name_of(initialiser.kind), finite(initialiser.a, "the initialiser" + of),
            finite(initialiser.b, "the initialiser" + of)}},
          {"learning_rate", finite(parameter.learning_rate, "the learning rate" + of)},
          {"decay", finite(parameter.decay, "the decay" + of)},
          {"trainable", parameter.trainable}};
}

Parameter parameter_from_json(const Json& json) {
  const Json& initialiser = json.at("initialiser");
  return {json.at("name").get<std::string>(),
          json.at("shape").get<Shape>(),
          {initialiser_kind(initialiser.at(0).get<std::string>()), initialiser.at(1).get<double>(),
           initialiser.at(2).get<double>()},
          json.at("learning_rate").get<double>(),
          json.at("decay").get<double>(),
          json.at("trainable").get<bool>()};
}

Json node_to_json(const Node& node) {
  Json attributes = Json::object();
  for (const auto& [key, value] : node.attributes) {
    attributes[key] = attribute_to_json(value, fmt::format("attribute '{}' of node '{}'", key, node.name));
  }
  return {{"name", node.name},       {"op", node.op},
          {"inputs", node.inputs},   {"parameters", node.parameters},
          {"outputs", node.outputs}, {"attributes", attributes},
          {"region", node.region}};
}

Node node_from_json(const Json& json) {
  Node node;
  node.name = json.at("name").get<std::string>();
  node.op = json.at("op").get<std::string>();
  node.inputs = json.at("inputs").get<std::vector<ValueId>>();
  node.parameters = json.at("parameters").get<std::vector<std::string>>();
  node.outputs = json.at("outputs").get<std::vector<ValueId>>();
  node.region = json.at("region").get<std::int32_t>();
  for (const auto& [key, value] : json.at("attributes").items()) node.attributes[key] = attribute_from_json(value);
  return node;
}

Json graph_to_json(const Graph& graph) {
  Json json{{"name", graph.name}, {"nodes", Json::array()}, {"inputs", graph.inputs}};
  for (const Node& node : graph.nodes) json["nodes"].push_back(node_to_json(node));
  json["outputs"] = Json::array();
  for (const Output& output : graph.outputs) {
    json["outputs"].push_back({{"name", output.name}, {"value", output.value}});
  }
  json["feedback"] = Json::array();
  for (const Feedback& feedback : graph.feedback) {
    json["feedback"].push_back(
        {{"output", feedback.output}, {"input", feedback.input}, {"discrete", feedback.discrete}});
  }
  json["regions"] = Json::array();
  for (const Region& region : graph.regions) {
    json["regions"].push_back({{"kind", region.kind}, {"name", region.name}, {"parent", region.parent}});
  }
  return json;
}

Graph graph_from_json(const Json& json) {
  Graph graph;
  graph.name = json.at("name").get<std::string>();
  for (const Json& node : json.at("nodes")) graph.nodes.push_back(node_from_json(node));
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      graph.values.push_back({i == 0 ? node.name : fmt::format("{}:{}", node.name, i), static_cast<NodeId>(n),
                              static_cast<std::int32_t>(i)});
    }
  }
  graph.inputs = json.at("inputs").get<std::vector<ValueId>>();
  for (const Json& output : json.at("outputs")) {
    graph.outputs.push_back({output.at("name").get<std::string>(), output.at("value").get<ValueId>()});
  }
  for (const Json& feedback : json.at("feedback")) {
    graph.feedback.push_back({feedback.at("output").get<std::string>(), feedback.at("input").get<std::string>(),
                              feedback.at("discrete").get<bool>()});
  }
  for (const Json& region : json.at("regions")) {
    graph.regions.push_back({region.at("kind").get<std::string>(), region.at("name").get<std::string>(),
                             region.at("parent").get<std::int32_t>()});
  }
  return graph;
}

// Reading needs no such check: JSON cannot say what is not finite, and its reader refuses 1e999.
Json input_to_json(const std::string& name, const InputSpec& spec) {
  const auto checked = [&](const char* key, double value) {
    return finite(value, fmt::format("{} of input '{}'", key, name));
  };
  for (double value : spec.mean) checked("mean", value);
  for (double value : spec.scale) checked("scale", value);
  Json json{{"kind", spec.kind},
            {"fps", checked("fps", spec.fps)},
            {"width", spec.width},
            {"height", spec.height},
            {"resize", spec.resize},
            {"crop_width", spec.crop_width},
            {"crop_height", spec.crop_height},
            {"colour", spec.colour},
            {"mean", spec.mean},
            {"scale", spec.scale},
            {"standardise", spec.standardise}};
  if (!spec.flow.empty()) {
    json["flow"] = spec.flow;
    json["flow_coding"] = spec.flow_coding;
    json["flow_fps"] = checked("flow_fps", spec.flow_fps);
  }
  if (spec.has_fields()) {
    json["fields"] = Json::array();
    for (const FieldChannel& field : spec.fields) {
      json["fields"].push_back({{"variable", field.variable},
                                {"unit", field.unit},
                                {"low", checked("low", field.low)},
                                {"high", checked("high", field.high)}});
    }
    json["validity"] = spec.validity;
    json["step_s"] = checked("step_s", spec.step_s);
    json["spacing"] = checked("spacing", spec.spacing);
    json["z_relation"] = {checked("z_a", spec.z_a), checked("z_b", spec.z_b)};
  }
  return json;
}

InputSpec input_from_json(const Json& json) {
  InputSpec spec;
  spec.kind = json.at("kind").get<std::string>();
  spec.fps = json.at("fps").get<double>();
  spec.width = json.at("width").get<std::int64_t>();
  spec.height = json.at("height").get<std::int64_t>();
  spec.resize = json.at("resize").get<std::string>();
  spec.crop_width = json.at("crop_width").get<std::int64_t>();
  spec.crop_height = json.at("crop_height").get<std::int64_t>();
  spec.colour = json.at("colour").get<std::string>();
  spec.mean = json.at("mean").get<std::vector<double>>();
  spec.scale = json.at("scale").get<std::vector<double>>();
  spec.standardise = json.at("standardise").get<bool>();
  if (json.contains("flow")) {
    spec.flow = json.at("flow").get<std::string>();
    spec.flow_coding = json.at("flow_coding").get<std::string>();
    spec.flow_fps = json.at("flow_fps").get<double>();
  }
  if (spec.has_fields()) {
    for (const Json& field : json.at("fields")) {
      spec.fields.push_back({field.at("variable").get<std::string>(), field.at("unit").get<std::string>(),
                             field.at("low").get<double>(), field.at("high").get<double>()});
    }
    spec.validity = json.at("validity").get<bool>();
    spec.step_s = json.at("step_s").get<double>();
    spec.spacing = json.at("spacing").get<double>();
    spec.z_a = json.at("z_relation").at(0).get<double>();
    spec.z_b = json.at("z_relation").at(1).get<double>();
  }
  return spec;
}

Model parse(const Json& json, const std::string& source) {
  const int version = json.at("version").get<int>();
  if (version < 1 || version > kModelFileVersion) {
    throw BadData(fmt::format("{}: model file version {}, but this longtake reads versions 1 to {}; {}", source,
                              version, kModelFileVersion,
                              version < 1 ? "the file is damaged" : "a newer longtake is needed"));
  }
  Model model;
  model.name = json.at("model").get<std::string>();
  model.task = json.at("task").get<std::string>();
  for (const Json& graph : json.at("graphs")) model.graphs.push_back(graph_from_json(graph));
  for (const Json& binding : json.at("bindings")) {
    model.bindings.push_back({binding.at("from_graph").get<std::string>(), binding.at("from_output").get<std::string>(),
                              binding.at("to_graph").get<std::string>(), binding.at("to_input").get<std::string>()});
  }
  for (const Json& parameter : json.at("parameters")) model.parameters.push_back(parameter_from_json(parameter));
  model.labels = json.at("labels").get<std::vector<std::string>>();
  for (const auto& [name, spec] : json.at("inputs").items()) model.inputs[name] = input_from_json(spec);
  model.protocol = json.at("protocol").get<std::map<std::string, std::string>>();
  model.provenance = json.at("provenance").get<std::map<std::string, std::string>>();
  if (version > 1) model.weight_format = weight_format(json.at("weight_format").get<std::string>());
  return model;
}

}  // namespace

std::string model_to_json(const Model& model) {
  const bool narrow = model.weight_format != WeightFormat::kFloat32;
  Json json{{"version", narrow ? kModelFileVersion : 1},
            {"model", model.name},
            {"task", model.task},
            {"graphs", Json::array()}};
  for (const Graph& graph : model.graphs) json["graphs"].push_back(graph_to_json(graph));
  json["bindings"] = Json::array();
  for (const Binding& binding : model.bindings) {
    json["bindings"].push_back({{"from_graph", binding.from_graph},
                                {"from_output", binding.from_output},
                                {"to_graph", binding.to_graph},
                                {"to_input", binding.to_input}});
  }
  json["parameters"] = Json::array();
  for (const Parameter& parameter : model.parameters) json["parameters"].push_back(parameter_to_json(parameter));
  for (const std::string& label : model.labels) {
    if (!is_utf8(label))
      throw BadData(fmt::format("the label \"{}\" is not UTF-8, as a model file wants it", as_utf8(label)));
  }
  json["labels"] = model.labels;
  json["inputs"] = Json::object();
  for (const auto& [name, spec] : model.inputs) json["inputs"][name] = input_to_json(name, spec);
  json["protocol"] = model.protocol;
  json["provenance"] = Json::object();
  for (const auto& [key, text] : model.provenance) json["provenance"][key] = as_utf8(text);  // paths may hold any bytes
  if (narrow) json["weight_format"] = name_of(model.weight_format);
  return json.dump();
}

Model model_from_json(const std::string& text, const std::string& source) {
  try {
    return parse(Json::parse(text), source);
  } catch (const nlohmann::json::exception& error) {
    throw BadData(fmt::format("{}: the model description is not valid: {}", source, error.what()));
  } catch (const InvalidArgument& error) {
    throw BadData(fmt::format("{}: {}", source, error.what()));
  }
}

}  // namespace longtake::graph
