// Products, and what joins, cuts and turns values, as ONNX nodes.
#include <array>
#include <limits>

#include "onnx/export_ops.h"

namespace longtake::onnx {

namespace {

using Names = std::vector<Name>;
using Sizes = std::vector<std::int64_t>;

Names linear(const OpExport& e) {
  Writer& w = e.writer;
  if (e.op.inputs[0].size() == 1) {
    Names inputs{e.inputs[0], e.weight(0)};
    if (e.op.has_parameter(1)) inputs.push_back(e.weight(1));
    return {w.node("Gemm", inputs, {{"transB", true}})};
  }
  const Name turned = w.node("Transpose", {e.weight(0)}, {{"perm", Sizes{1, 0}}});
  const Name product = w.node("MatMul", {e.inputs[0], turned});
  if (!e.op.has_parameter(1)) return {product};
  return {w.node("Add", {product, e.weight(1)})};
}

Names matmul(const OpExport& e) { return {e.writer.node("MatMul", e.inputs)}; }
Names concat(const OpExport& e) { return {e.writer.node("Concat", e.inputs, {{"axis", e.axis()}})}; }
// flatten, reshape
Names reshape(const OpExport& e) { return {e.reshape(e.inputs[0], e.outputs[0])}; }

Names transpose(const OpExport& e) {
  Sizes permutation{0};
  for (std::int64_t d : e.op.node.attribute<Sizes>("permutation")) permutation.push_back(d + 1);
  return {e.writer.node("Transpose", e.inputs, {{"perm", permutation}})};
}

// pixel_unshuffle, pixel_shuffle. SpaceToDepth has another order of channels, so both are spelled out.
Names pixel_shuffle(const OpExport& e) {
  const bool back = e.op.node.op == "pixel_shuffle";
  const Shape& whole = back ? e.outputs[0] : e.op.inputs[0];
  const std::int64_t patch = e.op.node.attribute<std::int64_t>("patch");
  const std::int64_t channels = whole[0], rows = whole[1] / patch, columns = whole[2] / patch;
  const Shape pixels{channels, rows, patch, columns, patch}, patches{channels, patch, patch, rows, columns};
  const Sizes there{0, 1, 3, 5, 2, 4}, home{0, 1, 4, 2, 5, 3};
  const Name parts = e.reshape(e.inputs[0], back ? patches : pixels);
  return {e.reshape(e.writer.node("Transpose", {parts}, {{"perm", back ? home : there}}), e.outputs[0])};
}

Names slice(const OpExport& e) {
  Writer& w = e.writer;
  const std::int64_t begin = e.op.node.attribute<std::int64_t>("begin");
  const std::int64_t end = begin + e.op.node.attribute<std::int64_t>("size");
  return {w.node("Slice", {e.inputs[0], w.integers({begin}), w.integers({end}), w.integers({e.axis()})})};
}

Names pad(const OpExport& e) {
  Sizes sizes;
  for (const char* side : {"before", "after"}) {
    const Sizes& added = e.op.node.attribute<Sizes>(side);
    sizes.push_back(0);
    sizes.insert(sizes.end(), added.begin(), added.end());
  }
  const Name value = e.writer.number(static_cast<float>(e.op.node.attribute<double>("value")));
  return {e.writer.node("Pad", {e.inputs[0], e.writer.integers(sizes), value})};
}

Name as_bool(Writer& w, const Name& x) {
  return w.node("Cast", {x}, {{"to", std::int64_t{format::TensorProto::BOOL}}});
}

Names slot_max(const OpExport& e) {
  Writer& w = e.writer;
  const Name valid = w.widen(as_bool(w, e.inputs[1]), 2, e.outputs[0].size());
  const Name open = w.node("Where", {valid, e.inputs[0], w.number(-std::numeric_limits<float>::infinity())});
  return {w.node("ReduceMax", {open}, {{"axes", Sizes{1}}, {"keepdims", false}})};
}

// The mean of those of the slots [streams, N, ...] that are valid.
Name mean_of_valid(const OpExport& e, const Name& slots) {
  Writer& w = e.writer;
  const Name valid = as_bool(w, e.inputs[1]);
  const Name counted = w.node("Where", {w.widen(valid, 2, e.outputs[0].size()), slots, w.number(0)});
  const Name sum = w.node("ReduceSum", {counted, w.integers({1})}, {{"keepdims", false}});
  const Name ones = w.node("Cast", {valid}, {{"to", std::int64_t{format::TensorProto::FLOAT}}});
  const Name count = w.node("ReduceSum", {ones, w.integers({1})}, {{"keepdims", false}});
  return w.node("Div", {sum, w.widen(count, 1, e.outputs[0].size())});
}

Names slot_mean(const OpExport& e) { return {mean_of_valid(e, e.inputs[0])}; }

// Of window k the slot N - 1 - k: the diagonal of [N, N, ...] that runs down to the left.
Names overlap_average(const OpExport& e) {
  const std::int64_t n = e.op.inputs[0][0];
  Shape flat(e.op.inputs[0].begin() + 1, e.op.inputs[0].end());
  flat[0] = n * n;
  Sizes places;
  for (std::int64_t k = 0; k < n; ++k) places.push_back(k * n + n - 1 - k);
  const Name answers =
      e.writer.node("Gather", {e.reshape(e.inputs[0], flat), e.writer.integers(places)}, {{"axis", std::int64_t{1}}});
  return {mean_of_valid(e, answers)};
}

}  // namespace

std::span<const ExportEntry> export_shapes() {
  static const std::array entries{
      ExportEntry{"concat", concat},
      ExportEntry{"flatten", reshape},
      ExportEntry{"linear", linear},
      ExportEntry{"matmul", matmul},
      ExportEntry{"overlap_average", overlap_average},
      ExportEntry{"pad", pad},
      ExportEntry{"pixel_shuffle", pixel_shuffle},
      ExportEntry{"pixel_unshuffle", pixel_shuffle},
      ExportEntry{"reshape", reshape},
      ExportEntry{"slice", slice},
      ExportEntry{"slot_max", slot_max},
      ExportEntry{"slot_mean", slot_mean},
      ExportEntry{"transpose", transpose},
  };
  return entries;
}

}  // namespace longtake::onnx
