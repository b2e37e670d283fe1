// One node of a file while it is converted: its attributes with their types, and which of them were asked for, so that
// none is left out in silence. Private to onnx/.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "onnx/constants.h"
#include "onnx/onnx.pb.h"

namespace longtake::onnx {

class Node {
 public:
  Node(const onnx_format::NodeProto& proto, std::int64_t opset, const std::string& source)
      : proto_(proto), opset_(opset), source_(source) {}

  const std::string& op() const { return proto_.op_type(); }
  std::int64_t opset() const { return opset_; }
  std::size_t inputs() const { return static_cast<std::size_t>(proto_.input_size()); }
  std::size_t outputs() const { return static_cast<std::size_t>(proto_.output_size()); }
  // Empty where an optional one is left out.
  std::string input(std::size_t index) const;
  std::string output(std::size_t index) const;
  bool has_input(std::size_t index) const { return !input(index).empty(); }
  bool has_output(std::size_t index) const { return !output(index).empty(); }

  bool has(const char* key) const;
  // Each throws BadData when the attribute is of another type.
  std::int64_t integer(const char* key, std::int64_t otherwise);
  double real(const char* key, double otherwise);
  std::string text(const char* key, const std::string& otherwise);
  Sizes sizes(const char* key, const Sizes& otherwise);
  std::vector<std::string> texts(const char* key);
  Tensor tensor(const char* key);
  // Knows an attribute that changes nothing here.
  void ignore(const char* key) { used_.insert(key); }
  // Throws Unsupported for an attribute that nobody asked for.
  void check_all_used() const;

  // The first output that is not left out: what the nodes of the graph are called after.
  std::string name() const;
  // "file.onnx: Conv 'name'"
  std::string where() const;
  // The file contradicts itself: BadData.
  [[noreturn]] void bad(const std::string& what) const;
  // ONNX allows it, this reader does not: Unsupported.
  [[noreturn]] void unsupported(const std::string& what) const;

 private:
  const onnx_format::AttributeProto* find(const char* key, onnx_format::AttributeProto::AttributeType type);

  const onnx_format::NodeProto& proto_;
  std::int64_t opset_;
  const std::string& source_;
  std::set<std::string> used_;
};

}  // namespace longtake::onnx
