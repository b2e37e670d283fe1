#include "onnx/export_ops.h"

namespace longtake::onnx {

std::int64_t OpExport::axis() const {
  const std::int64_t axis = op.node.attribute<std::int64_t>("axis");
  return (axis < 0 ? axis + static_cast<std::int64_t>(op.inputs[0].size()) : axis) + 1;
}

Name OpExport::reshape(const Name& x, const Shape& shape) const {
  std::vector<std::int64_t> sizes{0};  // as it is
  sizes.insert(sizes.end(), shape.begin(), shape.end());
  return writer.node("Reshape", {x, writer.integers(sizes)});
}

const ExportEntry* find_export(const std::string& op) {
  for (const auto& entries : {export_elements(), export_maps(), export_shapes()}) {
    for (const ExportEntry& entry : entries) {
      if (op == entry.name) return &entry;
    }
  }
  return nullptr;
}

}  // namespace longtake::onnx
