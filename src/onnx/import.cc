#include "onnx/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "longtake/error.h"
#include "onnx/converter.h"

namespace longtake::onnx {

namespace {

using onnx_format::NodeProto;

std::array<std::span<const OpEntry>, 9> all_entries() {
  return {element_entries(), binary_entries(), map_entries(),       product_entries(), shape_entries(),
          cut_entries(),     reduce_entries(), recurrent_entries(), constant_entries()};
}

const OpEntry* find_entry(const std::string& op) {
  for (const auto& entries : all_entries()) {
    for (const OpEntry& entry : entries) {
      if (op == entry.name) return &entry;
    }
  }
  return nullptr;
}

class Importer {
 public:
  Importer(const OnnxFile::Content& file, graph::Builder& b, const ImportOptions& options)
      : file_(file), converter_(file, b, options), options_(options) {}

  Imported run(const std::map<std::string, Bound>& inputs, std::vector<std::string> taps) {
    read(inputs, taps);
    Imported imported;
    for (const std::string& tap : taps) imported.taps.push_back(tapped(tap));
    imported.weights = converter_.take_weights();
    return imported;
  }

  std::vector<Tensor> fold_all(std::vector<std::string> taps) {
    read({}, taps);
    std::vector<Tensor> tensors;
    for (const std::string& tap : taps) tensors.push_back(std::get<Tensor>(*converter_.find(tap)));
    return tensors;
  }

 private:
  void read(const std::map<std::string, Bound>& inputs, std::vector<std::string>& taps) {
    if (taps.empty()) {
      for (const auto& output : file_.graph().output()) taps.push_back(output.name());
    }
    find_needed(taps);
    for (const auto& [name, numbers] : file_.initialisers) converter_.set(name, numbers);
    for (const FileInput& input : file_.inputs) take_input(input, inputs);
    for (const NodeProto* node : needed_) {
      if (all_constant(*node)) fold(*node);
    }
    if (options_.frozen) plan_norms(taps);
    for (const NodeProto* node : needed_) {
      if (done_.count(node) == 0) convert(*node);
    }
  }

  // The nodes that the taps depend on, in the order of the file, which is one in which what is read comes first.
  void find_needed(const std::vector<std::string>& taps) {
    std::set<std::string> wanted;
    std::vector<std::string> names;
    for (const FileInput& input : file_.inputs) names.push_back(input.name);
    for (const NodeProto& node : file_.graph().node())
      names.insert(names.end(), node.output().begin(), node.output().end());
    for (const std::string& tap : taps) {
      if (std::find(names.begin(), names.end(), tap) == names.end() || tap.empty()) {
        throw ConfigError(unknown_name_message("tensor", tap, file_.source, names));
      }
      wanted.insert(tap);
    }
    for (int i = file_.graph().node_size(); i-- > 0;) {
      const NodeProto& node = file_.graph().node(i);
      const bool needed = std::any_of(node.output().begin(), node.output().end(),
                                      [&](const std::string& name) { return wanted.count(name) != 0; });
      if (!needed) continue;
      needed_.push_back(&node);
      wanted.insert(node.input().begin(), node.input().end());
    }
    std::reverse(needed_.begin(), needed_.end());
    for (const FileInput& input : file_.inputs) {
      if (wanted.count(input.name) != 0) needed_inputs_.insert(input.name);
    }
  }

  void take_input(const FileInput& input, const std::map<std::string, Bound>& inputs) {
    const auto constant = options_.constants.find(input.name);
    if (constant != options_.constants.end()) converter_.set(input.name, constant->second);
    const auto found = inputs.find(input.name);
    if (found == inputs.end()) {
      if (constant == options_.constants.end() && needed_inputs_.count(input.name) != 0) {
        throw Unsupported(
            fmt::format("{}: needs the input '{}' too, which nothing here gives; take a tensor that does "
                        "not depend on it",
                        file_.source, input.name));
      }
      return;
    }
    check_type(input);
    check_sizes(input, found->second);
    converter_.set(input.name, found->second);
  }

  // Floating-point numbers of any width are computed in float32.
  void check_type(const FileInput& input) {
    using Type = onnx_format::TensorProto;
    for (const auto& declared : file_.graph().input()) {
      if (declared.name() != input.name) continue;
      const std::int32_t type = declared.type().tensor_type().elem_type();
      if (type == Type::UNDEFINED || type == Type::FLOAT || type == Type::DOUBLE || type == Type::FLOAT16) return;
      throw Unsupported(
          fmt::format("{}: the input '{}' is not of floating-point numbers; export the model with float32 "
                      "inputs",
                      file_.source, input.name));
    }
  }

  void check_sizes(const FileInput& input, const Bound& bound) {
    if (input.shape.empty()) return;  // not declared
    const Shape& rows = converter_.shape(bound);
    bool fits = input.shape.size() == bound.axes.size();
    std::size_t d = 0;
    for (std::size_t i = 0; fits && i < bound.axes.size(); ++i) {
      if (bound.axes[i] != Axis::kData) {
        converter_.declare(bound.axes[i], input.shape[i]);
      } else {
        const std::int64_t size = rows[d++];
        fits = input.shape[i] == -1 || input.shape[i] == size;
      }
    }
    if (!fits) {
      throw BadData(
          fmt::format("{}: the input '{}' is {} (-1: any size), but each frame is {}; set the input's size and "
                      "colour to those of the file",
                      file_.source, input.name, to_string(input.shape), to_string(rows)));
    }
  }

  bool all_constant(const NodeProto& node) const {
    return std::all_of(node.input().begin(), node.input().end(), [&](const std::string& name) {
      const Value* value = converter_.find(name);
      return name.empty() || (value != nullptr && std::holds_alternative<Tensor>(*value));
    });
  }

  const OpEntry& entry_of(const Node& node, const NodeProto& proto) const {
    const bool standard = proto.domain().empty() || proto.domain() == "ai.onnx";
    const OpEntry* entry = standard ? find_entry(node.op()) : nullptr;
    if (entry == nullptr) {
      node.unsupported(
          fmt::format("this op {}is not supported (docs/onnx.md lists those that are); export the model "
                      "without it, or take a tensor before this node",
                      standard ? "" : "of '" + proto.domain() + "' "));
    }
    return *entry;
  }

  // Calls use(node, entry) and names the node in what goes wrong.
  template <class Use>
  void process(const NodeProto& proto, const Use& use) {
    Node node(proto, file_.opset, file_.source);
    const OpEntry& entry = entry_of(node, proto);
    try {
      use(node, entry);
    } catch (const InvalidArgument& error) {  // what does not fit the nodes before
      node.bad(error.what());
    }
    node.check_all_used();
    done_.insert(&proto);
  }

  void fold(const NodeProto& proto) {
    process(proto, [&](Node& node, const OpEntry& entry) {
      if (entry.fold == nullptr) node.unsupported("works on constants only; compute them before the model is saved");
      std::vector<const Tensor*> inputs;
      for (std::size_t i = 0; i < std::max<std::size_t>(node.inputs(), node.op() == "Constant" ? 0 : 1); ++i) {
        const bool optional = node.op() == "Slice" && i > 0;
        if (!optional && !node.has_input(i)) node.bad(fmt::format("input {} is missing", i));
        inputs.push_back(node.has_input(i) ? &converter_.constant(node, i) : nullptr);
      }
      std::vector<Tensor> outputs = entry.fold(node, inputs);
      for (std::size_t i = 0; i < outputs.size(); ++i) {
        converter_.count_folded(node, outputs[i]);
        converter_.set(node, i, std::move(outputs[i]));
      }
    });
  }

  void convert(const NodeProto& proto) {
    if (all_constant(proto)) return fold(proto);
    if (proto.op_type() == "BatchNormalization" && converter_.norm_behind(proto.input(0)) == &proto) {
      converter_.set(proto.output(0), *converter_.find(proto.input(0)));  // the convolution has done it
      return;
    }
    process(proto, [&](Node& node, const OpEntry& entry) {
      if (entry.convert == nullptr)
        node.unsupported("is supported for constants only, but its input depends on the frame");
      entry.convert(converter_, node);
    });
    for (const std::string& output : proto.output()) {
      if (output.empty() || converter_.find(output) != nullptr) continue;
      throw Unsupported(fmt::format("{}: {} gives no '{}'", file_.source, proto.op_type(), output));
    }
  }

  // Batch norms that are the only reader of a convolution are folded into it.
  void plan_norms(const std::vector<std::string>& taps) {
    std::map<std::string, int> readers;
    std::map<std::string, const NodeProto*> convolutions;
    for (const std::string& tap : taps) ++readers[tap];
    for (const NodeProto* node : needed_) {
      for (const std::string& input : node->input()) ++readers[input];
      if (node->op_type() == "Conv" && node->output_size() == 1) convolutions[node->output(0)] = node;
    }
    for (const NodeProto* node : needed_) {
      if (node->op_type() != "BatchNormalization" || node->input_size() != 5) continue;
      const std::string& from = node->input(0);
      const bool constant = std::all_of(node->input().begin() + 1, node->input().end(), [&](const std::string& name) {
        const Value* value = converter_.find(name);
        return value != nullptr && std::holds_alternative<Tensor>(*value);
      });
      if (readers[from] == 1 && convolutions.count(from) != 0 && constant) converter_.fold_norm(from, node);
    }
  }

  Bound tapped(const std::string& tap) const {
    const Value* value = converter_.find(tap);
    if (value == nullptr || std::holds_alternative<Tensor>(*value)) {
      throw Unsupported(fmt::format("{}: the tensor '{}' does not depend on the frame", file_.source, tap));
    }
    return std::get<Bound>(*value);
  }

  const OnnxFile::Content& file_;
  Converter converter_;
  const ImportOptions& options_;
  std::vector<const NodeProto*> needed_;
  std::set<std::string> needed_inputs_;
  std::set<const NodeProto*> done_;
};

}  // namespace

Imported import_graph(const OnnxFile& file, graph::Builder& b, const std::map<std::string, Bound>& inputs,
                      const std::vector<std::string>& taps, const ImportOptions& options) {
  return Importer(file.content(), b, options).run(inputs, taps);
}

std::vector<Tensor> fold_graph(const OnnxFile& file, const std::vector<std::string>& taps,
                               const std::map<std::string, Tensor>& constants) {
  graph::Model model;
  graph::Builder b(model, "constants");
  const ImportOptions options{.constants = constants};
  return Importer(file.content(), b, options).fold_all(taps);
}

std::vector<std::string> supported_ops() {
  std::vector<std::string> names;
  for (const auto& entries : all_entries()) {
    for (const OpEntry& entry : entries) names.emplace_back(entry.name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace longtake::onnx
