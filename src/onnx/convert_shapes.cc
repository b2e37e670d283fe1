// What turns a tensor into another shape.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "longtake/error.h"
#include "onnx/converter.h"

namespace longtake::onnx {

namespace {

// --- Reshape, Flatten ------------------------------------------------------------------------------------------------

Sizes reshape_target(const Converter& c, Node& node) {
  Sizes target = c.sizes(node, "shape", 1);
  if (node.integer("allowzero", 0) != 0 && std::count(target.begin(), target.end(), 0) > 0) {
    node.unsupported("a size of 0 is not supported");
  }
  return target;
}

// Of sizes from a file, which may be of any size.
std::int64_t count_of(const Node& node, const Shape& shape) {
  std::int64_t count = 1;
  for (std::int64_t size : shape) {
    if (__builtin_mul_overflow(count, size, &count)) node.bad("has far too large sizes");
  }
  return count;
}

// What goes over frames must stay in front as it is: its sizes may be given as 0 (the same), as what Shape gave, as the
// declared size, or as -1 where the rest has as many numbers as a frame.
void convert_reshape(Converter& c, Node& node) {
  const Bound x = c.bound(node, 0);
  const Sizes target = reshape_target(c, node);
  const auto first_data = std::find(x.axes.begin(), x.axes.end(), Axis::kData) - x.axes.begin();
  if (std::any_of(x.axes.begin() + first_data, x.axes.end(), [](Axis a) { return a != Axis::kData; }) ||
      static_cast<std::ptrdiff_t>(target.size()) < first_data) {
    node.unsupported("mixes frames; only reshapes within a frame can be read");
  }
  bool open = false;
  for (std::ptrdiff_t d = 0; d < first_data; ++d) {
    const std::int64_t size = target[d];
    open = open || size == -1;
    if (size != 0 && size != -1 && size != mark_of(x.axes[d]) && (size < 1 || size != c.declared(x.axes[d]))) {
      node.unsupported(
          fmt::format("sets the size of dimension {}, which goes over frames, to {}; only reshapes within a frame can "
                      "be read, so export the model with a free batch size",
                      d, is_mark(size) ? "another" : std::to_string(size)));
    }
  }
  const Shape from = c.shape(x);
  Shape shape;
  for (std::size_t d = first_data; d < target.size(); ++d) {
    const std::size_t same = d - first_data;
    if (target[d] == 0 && same >= from.size()) node.bad("a size of 0 repeats a size that is not there");
    if (is_mark(target[d])) node.unsupported("moves frames to another dimension");
    shape.push_back(target[d] == 0 ? from[same] : target[d]);
  }
  if (open) {  // then every frame must keep its numbers
    const bool given = std::none_of(shape.begin(), shape.end(), [](std::int64_t size) { return size < 1; });
    if (!given) node.bad("more than one size is open");
    if (count_of(node, shape) != element_count(from))
      node.unsupported("mixes frames; only reshapes within a frame can be read");
  }
  Axes axes(x.axes.begin(), x.axes.begin() + first_data);
  axes.resize(target.size(), Axis::kData);
  c.set(node, 0, Bound{c.emit(node, "", "reshape", {x.value}, {{"shape", shape}}), axes});
}

std::vector<Tensor> fold_reshape(Node& node, std::span<const Tensor* const> inputs) {
  Sizes target;
  if (inputs.size() > 1) {
    if (inputs[1]->dtype() != DType::kInt64) node.bad("the shape must be a list of integers");
    target = integers(*inputs[1]);
  } else {
    target = node.sizes("shape", {});
  }
  const bool zero_is_zero = node.integer("allowzero", 0) != 0;
  std::int64_t known = 1;
  std::int64_t* open = nullptr;
  for (std::size_t d = 0; d < target.size(); ++d) {
    std::int64_t& size = target[d];
    if (size == 0 && !zero_is_zero && d < inputs[0]->shape().size()) size = inputs[0]->shape()[d];
    if (is_mark(size)) node.unsupported("gives a constant a size that goes over frames");
    if (size == -1 && open == nullptr) {
      open = &size;
    } else if (size < 0 || __builtin_mul_overflow(known, size, &known)) {
      node.bad(fmt::format("cannot take the shape {}", to_string(target)));
    }
  }
  if (open != nullptr) *open = known == 0 ? 0 : inputs[0]->count() / known;
  if (element_count(target) != inputs[0]->count()) node.bad(fmt::format("cannot take the shape {}", to_string(target)));
  return {inputs[0]->reshaped(target)};
}

void convert_flatten(Converter& c, Node& node) {
  const Bound x = c.bound(node, 0);
  std::int64_t axis = node.integer("axis", 1);
  const auto rank = static_cast<std::int64_t>(x.axes.size());
  if (axis < 0) axis += rank;
  if (axis < 0 || axis > rank) node.bad("'axis' is not one of the dimensions");
  const bool frames = !x.axes.empty() && x.axes[0] != Axis::kData;
  const bool rest =
      std::all_of(x.axes.begin() + (frames ? 1 : 0), x.axes.end(), [](Axis a) { return a == Axis::kData; });
  if (!rest || (frames && axis != 1)) node.unsupported("mixes frames; only 'axis' = 1 of [n, ...] can be read");
  if (frames) {
    c.set(node, 0, Bound{c.emit(node, "", "flatten", {x.value}), {x.axes[0], Axis::kData}});
    return;
  }
  const Shape& shape = c.shape(x);
  const std::int64_t before = element_count(Shape(shape.begin(), shape.begin() + axis));
  c.set(node, 0,
        Bound{c.reshape(node, "", x.value, {before, element_count(shape) / before}), {Axis::kData, Axis::kData}});
}

// --- Transpose -------------------------------------------------------------------------------------------------------

Sizes read_permutation(Node& node, std::size_t rank) {
  Sizes reversed(rank);
  std::iota(reversed.rbegin(), reversed.rend(), 0);
  Sizes permutation = node.sizes("perm", reversed);
  Sizes sorted = permutation;
  std::sort(sorted.begin(), sorted.end());
  std::reverse(sorted.begin(), sorted.end());
  if (sorted != reversed) node.bad("'perm' must name every dimension once");
  return permutation;
}

void convert_transpose(Converter& c, Node& node) {
  const Bound x = c.bound(node, 0);
  const Sizes permutation = read_permutation(node, x.axes.size());
  Axes axes;
  Sizes rows;
  for (std::int64_t d : permutation) {
    axes.push_back(x.axes[d]);
    if (axes.back() == Axis::kData) rows.push_back(c.row_axis(node, x, d));
  }
  ValueId out = x.value;
  if (!std::is_sorted(rows.begin(), rows.end())) {
    out = c.emit(node, "", "transpose", {x.value}, {{"permutation", rows}});
  }
  c.set(node, 0, Bound{out, axes});
}

std::vector<Tensor> fold_transpose(Node& node, std::span<const Tensor* const> inputs) {
  return {transposed(*inputs[0], read_permutation(node, inputs[0]->shape().size()))};
}

// --- Squeeze, Unsqueeze ----------------------------------------------------------------------------------------------

// The axes, from 0 and sorted.
Sizes sorted_axes(const Node& node, Sizes axes, std::size_t rank) {
  for (std::int64_t& axis : axes) axis = Converter::axis_from_zero(node, axis, rank);
  std::sort(axes.begin(), axes.end());
  if (std::adjacent_find(axes.begin(), axes.end()) != axes.end()) node.bad("an axis is named twice");
  return axes;
}

void convert_squeeze(Converter& c, Node& node) {
  const Bound x = c.bound(node, 0);
  const Sizes given = c.sizes(node, "axes", 1);
  if (given.empty()) node.unsupported("needs 'axes'");
  Axes axes = x.axes;
  Shape shape = c.shape(x);
  const Sizes sorted = sorted_axes(node, given, axes.size());
  for (std::size_t i = sorted.size(); i-- > 0;) {
    const std::int64_t row = c.row_axis(node, Bound{x.value, axes}, sorted[i]);
    if (shape[row] != 1) node.bad(fmt::format("dimension {} has size {}, not 1", sorted[i], shape[row]));
    shape.erase(shape.begin() + row);
    axes.erase(axes.begin() + sorted[i]);
  }
  c.set(node, 0, Bound{c.reshape(node, "", x.value, shape), axes});
}

void convert_unsqueeze(Converter& c, Node& node) {
  const Bound x = c.bound(node, 0);
  const Sizes given = c.sizes(node, "axes", 1);
  if (given.size() > 16) node.bad("adds more than 16 dimensions");
  Axes axes = x.axes;
  Shape shape = c.shape(x);
  for (std::int64_t axis : sorted_axes(node, given, axes.size() + given.size())) {
    shape.insert(shape.begin() + std::count(axes.begin(), axes.begin() + axis, Axis::kData), 1);
    axes.insert(axes.begin() + axis, Axis::kData);
  }
  c.set(node, 0, Bound{c.reshape(node, "", x.value, shape), axes});
}

Sizes folded_axes(Node& node, std::span<const Tensor* const> inputs) {
  if (inputs.size() < 2) return node.sizes("axes", {});
  if (inputs[1]->dtype() != DType::kInt64) node.bad("'axes' must be a list of integers");
  return integers(*inputs[1]);
}

std::vector<Tensor> fold_squeeze(Node& node, std::span<const Tensor* const> inputs) {
  Shape shape = inputs[0]->shape();
  const Sizes given = folded_axes(node, inputs);
  if (given.empty()) std::erase(shape, 1);
  const Sizes sorted = sorted_axes(node, given, inputs[0]->shape().size());
  for (std::size_t i = sorted.size(); i-- > 0;) {
    if (shape[sorted[i]] != 1) node.bad("squeezes a dimension that is not 1");
    shape.erase(shape.begin() + sorted[i]);
  }
  return {inputs[0]->reshaped(shape)};
}

std::vector<Tensor> fold_unsqueeze(Node& node, std::span<const Tensor* const> inputs) {
  Shape shape = inputs[0]->shape();
  const Sizes given = folded_axes(node, inputs);
  if (given.size() > 16) node.bad("adds more than 16 dimensions");
  for (std::int64_t axis : sorted_axes(node, given, shape.size() + given.size())) shape.insert(shape.begin() + axis, 1);
  return {inputs[0]->reshaped(shape)};
}

}  // namespace

std::span<const OpEntry> shape_entries() {
  static constexpr OpEntry kEntries[] = {
      {"Reshape", convert_reshape, fold_reshape},       {"Flatten", convert_flatten, nullptr},
      {"Transpose", convert_transpose, fold_transpose}, {"Squeeze", convert_squeeze, fold_squeeze},
      {"Unsqueeze", convert_unsqueeze, fold_unsqueeze},
  };
  return kEntries;
}

}  // namespace longtake::onnx
