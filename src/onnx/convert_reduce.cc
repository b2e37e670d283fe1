// Means, sums and maxima over dimensions.
#include <algorithm>
#include <numeric>

#include "onnx/converter.h"

namespace longtake::onnx {

namespace {

enum class Reduction { kMean, kSum, kMax };

// What is reduced becomes the places of a map of one row, whose global pooling is the reduction.
template <Reduction kKind>
void convert_reduce(Converter& c, Node& node) {
  const Bound x = c.bound(node, 0);
  const bool as_input = node.opset() >= (kKind == Reduction::kSum ? 13 : 18);
  const bool keep = node.integer("keepdims", 1) != 0;
  Sizes axes = as_input ? c.sizes(node, "axes", 1) : node.sizes("axes", {});
  if (node.integer("noop_with_empty_axes", 0) != 0 && axes.empty()) {
    c.set(node, 0, x);
    return;
  }
  if (axes.empty()) {  // all
    axes.resize(x.axes.size());
    std::iota(axes.begin(), axes.end(), 0);
  }
  for (std::int64_t& axis : axes) axis = Converter::axis_from_zero(node, axis, x.axes.size());
  const Shape shape = c.shape(x);
  Sizes order, reduced;
  for (std::int64_t axis : axes) reduced.push_back(c.row_axis(node, x, axis));
  const auto goes = [](const Sizes& list, std::int64_t d) {
    return std::find(list.begin(), list.end(), d) != list.end();
  };
  Shape result;
  Axes result_axes;
  std::int64_t kept = 1, places = 1;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    const bool gone = goes(reduced, static_cast<std::int64_t>(d));
    (gone ? places : kept) *= shape[d];
    if (!gone) order.push_back(static_cast<std::int64_t>(d));
    if (!gone || keep) result.push_back(gone ? 1 : shape[d]);
  }
  for (std::size_t a = 0; a < x.axes.size(); ++a) {
    if (keep || !goes(axes, static_cast<std::int64_t>(a))) result_axes.push_back(x.axes[a]);
  }
  order.insert(order.end(), reduced.begin(), reduced.end());
  ValueId value = x.value;
  if (!std::is_sorted(order.begin(), order.end())) {
    value = c.emit(node, "turned", "transpose", {value}, {{"permutation", order}});
  }
  value = c.reshape(node, "map", value, {kept, places, 1});
  value = c.emit(node, "pooled", kKind == Reduction::kMax ? "global_max_pool" : "global_average_pool", {value});
  if (kKind == Reduction::kSum) {
    value = c.emit(node, "sum", "affine", {value}, {{"scale", static_cast<double>(places)}, {"shift", 0.0}});
  }
  c.set(node, 0, Bound{c.reshape(node, "", value, result), result_axes});
}

}  // namespace

std::span<const OpEntry> reduce_entries() {
  static constexpr OpEntry kEntries[] = {
      {"ReduceMean", convert_reduce<Reduction::kMean>, nullptr},
      {"ReduceSum", convert_reduce<Reduction::kSum>, nullptr},
      {"ReduceMax", convert_reduce<Reduction::kMax>, nullptr},
  };
  return kEntries;
}

}  // namespace longtake::onnx
