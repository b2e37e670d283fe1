// How combinational ops are written as ONNX nodes: one function an op, in tables by what the ops are about. Private to
// onnx/.
#pragma once

#include <span>
#include <vector>

#include "graph/model.h"
#include "graph/ops.h"
#include "onnx/export.h"
#include "onnx/export_writer.h"

namespace longtake::onnx {

// One node of the graph. Tensors have the stream as their first dimension, so dimension d of a row is d + 1.
struct OpExport {
  Writer& writer;
  const graph::Model& model;
  const graph::OpContext& op;
  std::span<const Shape> outputs;
  std::vector<Name> inputs;

  const Tensor& numbers(std::size_t parameter) const { return model.weights.at(op.node.parameters[parameter]); }
  Name weight(std::size_t parameter) const { return writer.weight(op.node.parameters[parameter], numbers(parameter)); }
  // The attribute "axis" as a dimension of the tensor.
  std::int64_t axis() const;
  // `x` with rows of `shape`.
  Name reshape(const Name& x, const Shape& shape) const;
};

// The names of the outputs.
using WriteOp = std::vector<Name> (*)(const OpExport&);
struct ExportEntry {
  const char* name;
  WriteOp write;
  int opset = kExportOpset;  // that has all the operators it writes
};

std::span<const ExportEntry> export_elements();  // export_elements.cc: element by element, softmax, gates
std::span<const ExportEntry> export_maps();      // export_maps.cc: convolution, pooling, normalisation
std::span<const ExportEntry> export_shapes();    // export_shapes.cc: products, and what joins, cuts and turns

// Null for an op that is not combinational or that no table has.
const ExportEntry* find_export(const std::string& op);

}  // namespace longtake::onnx
