// What the functions that convert one op share: the values of the file so far, and the builder that nodes go to.
// Private to onnx/.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "onnx/file.h"
#include "onnx/import.h"
#include "onnx/node.h"

namespace longtake::onnx {

using graph::Attributes;
using graph::ValueId;

// A tensor of the file: numbers, or a value of the graph.
using Value = std::variant<Tensor, Bound>;

class Converter {
 public:
  Converter(const OnnxFile::Content& file, graph::Builder& builder, const ImportOptions& options)
      : builder_(builder), options_(options), file_(file) {}

  const ImportOptions& options() const { return options_; }
  const graph::Builder& builder() const { return builder_; }
  graph::Builder& builder() { return builder_; }
  const Shape& shape(const Bound& bound) const { return builder_.shape(bound.value); }

  // The node's inputs. Each calls node.bad() when the input is left out.
  const Value& value(const Node& node, std::size_t index) const;
  bool is_constant(const Node& node, std::size_t index) const;
  // Throws Unsupported for a constant.
  const Bound& bound(const Node& node, std::size_t index) const;
  // Throws Unsupported for what depends on a frame.
  const Tensor& constant(const Node& node, std::size_t index) const;
  // Float32 constants only.
  const Tensor& weight(const Node& node, std::size_t index) const;
  // A list of integers: the attribute `key` or, in versions that have it so, input `index`.
  Sizes sizes(Node& node, const char* key, std::size_t index) const;
  void set(const Node& node, std::size_t index, Value value);
  void set(const std::string& name, Value value) { values_[name] = std::move(value); }
  const Value* find(const std::string& name) const;

  // A node of the graph, called like the first output of `node`, with `part` behind it.
  std::vector<ValueId> emit_all(const Node& node, const std::string& part, const std::string& op,
                                std::vector<ValueId> inputs, Attributes attributes = {},
                                std::vector<std::string> parameters = {});
  ValueId emit(const Node& node, const std::string& part, const std::string& op, std::vector<ValueId> inputs,
               Attributes attributes = {}, std::vector<std::string> parameters = {}) {
    return emit_all(node, part, op, std::move(inputs), std::move(attributes), std::move(parameters)).front();
  }
  // A delay that is still to be connected.
  ValueId delay(const Node& node, const std::string& part, const Shape& shape, ValueId init);
  // A parameter with its numbers, float32; a `statistic` never learns.
  std::string parameter(const Node& node, const std::string& part, Tensor numbers, bool statistic = false);
  // `value` under another row shape.
  ValueId reshape(const Node& node, const std::string& part, ValueId value, const Shape& shape);
  // The constant as a value that is present where `like` is.
  ValueId spread(const Node& node, const std::string& part, const Tensor& numbers, ValueId like);

  // The dimension of the rows that dimension `axis` of the tensor is; one that goes over frames is Unsupported.
  std::int64_t row_axis(const Node& node, const Bound& bound, std::int64_t axis) const;
  // `axis` from 0, for a tensor of `rank` dimensions.
  static std::int64_t axis_from_zero(const Node& node, std::int64_t axis, std::size_t rank);
  // Frames of `dimensions` data dimensions, [n, ...]. Throws Unsupported that says what the op needs.
  const Bound& frames(const Node& node, std::size_t index, std::size_t dimensions, const char* needs) const;

  // The size that the file says for the dimension that goes over frames, ticks or streams; -1 if it is open.
  std::int64_t declared(Axis axis) const;
  void declare(Axis axis, std::int64_t size) { declared_[axis] = size; }
  // Numbers that folding has made so far are kept in proportion to the file, so that none can fill the memory.
  void count_folded(const Node& node, const Tensor& numbers);

  // The batch norm whose scale the convolution that makes `output` takes over, or null.
  const onnx_format::NodeProto* norm_behind(const std::string& output) const;
  void fold_norm(const std::string& output, const onnx_format::NodeProto* norm) { norms_[output] = norm; }

  const OnnxFile::Content& file() const { return file_; }
  std::map<std::string, Tensor> take_weights() { return std::move(weights_); }

 private:
  std::string fresh(const std::string& name);

  graph::Builder& builder_;
  const ImportOptions& options_;
  const OnnxFile::Content& file_;
  std::map<std::string, Value> values_;
  std::map<std::string, const onnx_format::NodeProto*> norms_;  // by output of the convolution
  std::map<std::string, Tensor> weights_;
  std::map<Axis, std::int64_t> declared_;
  std::set<std::string> names_;
  std::int64_t folded_ = 0;
};

// How one op is converted, when some input depends on a frame, and folded, when none does; null where that is not
// supported.
struct OpEntry {
  const char* name;
  void (*convert)(Converter&, Node&);
  std::vector<Tensor> (*fold)(Node&, std::span<const Tensor* const> inputs);
};

std::span<const OpEntry> element_entries();    // convert_elements.cc: what works on one tensor, element by element
std::span<const OpEntry> binary_entries();     // convert_binary.cc: sums and products of two
std::span<const OpEntry> map_entries();        // convert_maps.cc
std::span<const OpEntry> product_entries();    // convert_products.cc
std::span<const OpEntry> shape_entries();      // convert_shapes.cc
std::span<const OpEntry> cut_entries();        // convert_cuts.cc
std::span<const OpEntry> reduce_entries();     // convert_reduce.cc
std::span<const OpEntry> constant_entries();   // fold.cc: what makes constants
std::span<const OpEntry> recurrent_entries();  // convert_recurrent.cc

}  // namespace longtake::onnx
