// Writes the nodes and constants of an ONNX graph under names that differ. Private to onnx/.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "graph/attributes.h"
#include "longtake/tensor.h"
#include "onnx/format.h"

namespace longtake::onnx {

// A tensor of the ONNX graph, by its name.
using Name = std::string;

class Writer {
 public:
  explicit Writer(format::GraphProto& graph) : graph_(graph) {}

  // An input or output of the file, [streams, shape...]. Throws InvalidArgument when the name is taken.
  void declare_input(const Name& name, format::TensorProto::DataType type, const Shape& shape);
  void declare_output(const Name& name, format::TensorProto::DataType type, const Shape& shape);

  // The names of what is written from now on begin with `scope`.
  void enter(const std::string& scope) { scope_ = scope; }

  // A node with one output. Whole numbers, floats and lists of `attributes` are written as ONNX has them.
  Name node(const std::string& op, std::vector<Name> inputs, const graph::Attributes& attributes = {});
  std::vector<Name> nodes(const std::string& op, std::vector<Name> inputs, std::size_t outputs,
                          const graph::Attributes& attributes = {});
  // `x` with `count` dimensions of size 1 from dimension `at` on, to go with larger ones.
  Name widen(const Name& x, std::size_t at, std::size_t count);
  // A row of `shape`, the same for each of the streams of `like`: [streams, shape...].
  Name repeat(const Name& row, const Shape& shape, const Name& like);
  // Gives the declared output `name` the numbers of `value`.
  void give(const Name& name, const Name& value);

  // Constants; equal numbers share one.
  Name number(float value);
  Name integer(std::int64_t value);  // a scalar
  Name integers(const std::vector<std::int64_t>& values);
  // An initializer that is called `name`, or nearly so where that is taken. Given once a name.
  Name weight(const std::string& name, const Tensor& values);

 private:
  Name fresh(const std::string& wish);
  void declare(format::ValueInfoProto& info, const Name& name, format::TensorProto::DataType type, const Shape& shape);
  Name constant(const Tensor& values);

  format::GraphProto& graph_;
  std::string scope_;
  std::set<Name> names_;
  std::map<std::string, Name> weights_;
  std::map<std::pair<Shape, std::vector<std::byte>>, Name> constants_;
};

}  // namespace longtake::onnx
