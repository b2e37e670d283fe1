// What cuts tensors and joins them.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "longtake/error.h"
#include "onnx/converter.h"

namespace longtake::onnx {

namespace {

ValueId slice(Converter& c, const Node& node, const std::string& part, ValueId x, std::int64_t axis, std::int64_t begin,
              std::int64_t size) {
  if (begin == 0 && size == c.builder().shape(x)[axis]) return x;
  return c.emit(node, part, "slice", {x}, {{"axis", axis}, {"begin", begin}, {"size", size}});
}

// --- Slice -----------------------------------------------------------------------------------------------------------

struct Cut {
  std::int64_t axis, begin, end, step;
};

// Begin and end of a cut of `size` elements, as ONNX counts: from the end where negative, at most to the ends.
Cut clamped(Cut cut, std::int64_t size) {
  const auto from_end = [&](std::int64_t at) { return at < 0 ? at + size : at; };
  const bool forward = cut.step > 0;
  if (size == 0) return {cut.axis, 0, 0, cut.step};
  cut.begin = std::clamp<std::int64_t>(from_end(cut.begin), 0, forward ? size : size - 1);
  cut.end = std::clamp<std::int64_t>(from_end(cut.end), forward ? 0 : -1, size);
  return cut;
}

std::vector<Cut> cuts_of(const Node& node, const Sizes& begins, const Sizes& ends, Sizes axes, Sizes steps,
                         std::size_t rank) {
  if (axes.empty()) {
    for (std::size_t d = 0; d < begins.size(); ++d) axes.push_back(static_cast<std::int64_t>(d));
  }
  if (steps.empty()) steps.assign(begins.size(), 1);
  if (ends.size() != begins.size() || axes.size() != begins.size() || steps.size() != begins.size()) {
    node.bad("starts, ends, axes and steps must be lists of the same length");
  }
  std::vector<Cut> cuts;
  for (std::size_t i = 0; i < begins.size(); ++i) {
    if (is_mark(begins[i]) || is_mark(ends[i])) node.unsupported("cuts by the number of frames");
    if (steps[i] == 0) node.bad("a step is 0");
    cuts.push_back({Converter::axis_from_zero(node, axes[i], rank), begins[i], ends[i], steps[i]});
  }
  return cuts;
}

void convert_slice(Converter& c, Node& node) {
  const Bound x = c.bound(node, 0);
  const bool old = node.opset() < 10;
  const auto list = [&](const char* key, std::size_t index) {
    return old ? node.sizes(key, {}) : node.has_input(index) ? c.sizes(node, key, index) : Sizes();
  };
  ValueId out = x.value;
  const std::vector<Cut> cuts = cuts_of(node, list("starts", 1), list("ends", 2), list("axes", 3),
                                        old ? Sizes() : list("steps", 4), x.axes.size());
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    const bool everything = cuts[i].begin == 0 && cuts[i].end >= std::numeric_limits<std::int32_t>::max();
    if (everything && cuts[i].step == 1) continue;
    const std::int64_t axis = c.row_axis(node, x, cuts[i].axis);
    const Cut cut = clamped(cuts[i], c.builder().shape(out)[axis]);
    if (cut.step != 1) node.unsupported("only steps of 1 are supported");
    if (cut.end <= cut.begin) node.unsupported("leaves nothing");
    out =
        slice(c, node, i + 1 == cuts.size() ? "" : fmt::format("cut{}", i), out, axis, cut.begin, cut.end - cut.begin);
  }
  c.set(node, 0, Bound{out, x.axes});
}

std::vector<Tensor> fold_slice(Node& node, std::span<const Tensor* const> inputs) {
  const bool old = node.opset() < 10;
  const auto list = [&](const char* key, std::size_t index) {
    if (old) return node.sizes(key, {});
    if (index >= inputs.size() || inputs[index] == nullptr) return Sizes();
    if (inputs[index]->dtype() != DType::kInt64) node.bad("its limits must be integers");
    return integers(*inputs[index]);
  };
  Shape shape = inputs[0]->shape();
  Sizes steps = dense_steps(shape);
  std::int64_t start = 0;
  for (const Cut& given : cuts_of(node, list("starts", 1), list("ends", 2), list("axes", 3),
                                  old ? Sizes() : list("steps", 4), shape.size())) {
    const Cut cut = clamped(given, shape[given.axis]);
    const std::int64_t room = cut.step > 0 ? cut.end - cut.begin : cut.begin - cut.end;
    // Without room for overflow: a step beyond the room takes one element.
    const std::int64_t step = cut.step > 0 ? cut.step : -std::max(cut.step, -std::numeric_limits<std::int64_t>::max());
    const std::int64_t stride = std::clamp<std::int64_t>(step, 1, std::max<std::int64_t>(room, 1));
    start += cut.begin * steps[cut.axis];
    shape[cut.axis] = std::max<std::int64_t>(0, (room + stride - 1) / stride);
    steps[cut.axis] *= cut.step > 0 ? stride : -stride;
  }
  return {strided(*inputs[0], shape, steps, start)};
}

// --- Split, Concat, Gather -------------------------------------------------------------------------------------------

void convert_split(Converter& c, Node& node) {
  const Bound x = c.bound(node, 0);
  const std::int64_t axis = c.row_axis(node, x, node.integer("axis", 0));
  Sizes sizes = c.sizes(node, "split", 1);
  node.ignore("num_outputs");  // as many as it names
  const std::int64_t whole = c.shape(x)[axis];
  const auto count = static_cast<std::int64_t>(node.outputs());
  if (sizes.empty()) {  // equal parts, the last one smaller
    const std::int64_t part = (whole + count - 1) / std::max<std::int64_t>(count, 1);
    sizes.assign(count, part);
    if (count > 0) sizes.back() = whole - (count - 1) * part;
  }
  if (static_cast<std::int64_t>(sizes.size()) != count) node.bad("has another number of outputs than parts");
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] < 1 || sizes[i] > whole - begin) node.bad("the parts do not fit the dimension");
    c.set(node, i, Bound{slice(c, node, fmt::format("part{}", i), x.value, axis, begin, sizes[i]), x.axes});
    begin += sizes[i];
  }
  if (begin != whole) node.bad("the parts do not fill the dimension");
}

void convert_concat(Converter& c, Node& node) {
  const Bound* like = nullptr;
  for (std::size_t i = 0; i < node.inputs() && like == nullptr; ++i) {
    if (!c.is_constant(node, i)) like = &c.bound(node, i);
  }
  const Bound first = *like;
  const std::int64_t axis = c.row_axis(node, first, node.integer("axis", 1));
  std::vector<ValueId> values;
  for (std::size_t i = 0; i < node.inputs(); ++i) {
    if (!c.is_constant(node, i)) {
      if (c.bound(node, i).axes != first.axes)
        node.unsupported("joins tensors whose frames are in different dimensions");
      values.push_back(c.bound(node, i).value);
      continue;
    }
    const Tensor& numbers = c.weight(node, i);
    if (numbers.shape().size() != c.shape(first).size()) node.unsupported("joins a constant that has its own frames");
    values.push_back(c.spread(node, fmt::format("constant{}", i), numbers, first.value));
  }
  const ValueId out = values.size() == 1 ? values[0] : c.emit(node, "", "concat", values, {{"axis", axis}});
  c.set(node, 0, Bound{out, first.axes});
}

std::vector<Tensor> fold_concat(Node& node, std::span<const Tensor* const> inputs) {
  const std::size_t rank = inputs[0]->shape().size();
  const std::int64_t axis = Converter::axis_from_zero(node, node.integer("axis", 1), rank);
  for (const Tensor* input : inputs) {
    bool fits = input != nullptr && input->shape().size() == rank && input->dtype() == inputs[0]->dtype();
    for (std::size_t d = 0; fits && d < rank; ++d) {
      fits = static_cast<std::int64_t>(d) == axis || input->shape()[d] == inputs[0]->shape()[d];
    }
    if (!fits) node.bad("joins constants of different types or sizes");
  }
  return {joined({inputs.begin(), inputs.end()}, axis)};
}

// Indices from 0, of a dimension of `size`.
Sizes indices_of(const Node& node, const Tensor& tensor, std::int64_t size) {
  if (tensor.dtype() != DType::kInt64) node.bad("the indices must be integers");
  Sizes indices = integers(tensor);
  for (std::int64_t& index : indices) {
    if (index < -size || index >= size) node.bad(fmt::format("index {} is not within {} elements", index, size));
    if (index < 0) index += size;
  }
  return indices;
}

// One index takes a dimension away; a list of them orders it anew.
void convert_gather(Converter& c, Node& node) {
  const Bound x = c.bound(node, 0);
  const Tensor& list = c.constant(node, 1);
  const std::int64_t axis = Converter::axis_from_zero(node, node.integer("axis", 0), x.axes.size());
  const std::int64_t row = c.row_axis(node, x, axis);
  const Sizes indices = indices_of(node, list, c.shape(x)[row]);
  constexpr std::size_t kMost = 64;
  if (list.shape().size() > 1 || indices.empty() || indices.size() > kMost) {
    node.unsupported("only one index, or a list of up to 64, is supported");
  }
  std::vector<ValueId> parts;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    parts.push_back(slice(c, node, fmt::format("index{}", i), x.value, row, indices[i], 1));
  }
  if (!list.shape().empty()) {
    const ValueId all = parts.size() == 1 ? parts[0] : c.emit(node, "", "concat", parts, {{"axis", row}});
    c.set(node, 0, Bound{all, x.axes});
    return;
  }
  Shape shape = c.shape(x);
  Axes axes = x.axes;
  shape.erase(shape.begin() + row);
  axes.erase(axes.begin() + axis);
  c.set(node, 0, Bound{c.reshape(node, "", parts[0], shape), axes});
}

std::vector<Tensor> fold_gather(Node& node, std::span<const Tensor* const> inputs) {
  if (inputs.size() != 2) node.bad("needs two inputs");
  const Tensor& data = *inputs[0];
  const std::int64_t axis = Converter::axis_from_zero(node, node.integer("axis", 0), data.shape().size());
  const Sizes indices = indices_of(node, *inputs[1], data.shape()[axis]);
  if (indices.empty()) node.unsupported("an empty list of indices is not supported");
  constexpr std::size_t kMost = 4096;
  if (indices.size() > kMost) node.unsupported("more than 4096 indices into a constant are not supported");
  std::vector<Tensor> parts;
  std::vector<const Tensor*> list;
  for (std::int64_t index : indices) parts.push_back(sliced(data, axis, index, 1));
  for (const Tensor& part : parts) list.push_back(&part);
  Shape shape(data.shape().begin(), data.shape().begin() + axis);
  shape.insert(shape.end(), inputs[1]->shape().begin(), inputs[1]->shape().end());
  shape.insert(shape.end(), data.shape().begin() + axis + 1, data.shape().end());
  return {joined(list, axis).reshaped(shape)};
}

// --- Pad -------------------------------------------------------------------------------------------------------------

void convert_pad(Converter& c, Node& node) {
  const Bound x = c.bound(node, 0);
  if (node.text("mode", "constant") != "constant") node.unsupported("only 'mode' = constant is supported");
  const bool old = node.opset() < 11;
  const Sizes pads = old ? node.sizes("pads", {}) : c.sizes(node, "pads", 1);
  double value = old ? node.real("value", 0) : 0;
  if (!old && node.has_input(2)) {
    const Tensor& number = c.weight(node, 2);
    if (number.count() != 1) node.bad("the padding must be one number");
    value = number_at(number, 0);
  }
  constexpr double kLargest = std::numeric_limits<float>::max();
  if (!(value >= -kLargest && value <= kLargest)) node.unsupported("pads with what is not a finite number");
  Sizes axes = !old && node.has_input(3) ? c.sizes(node, "axes", 3) : Sizes();
  if (axes.empty()) {
    for (std::size_t d = 0; d < x.axes.size(); ++d) axes.push_back(static_cast<std::int64_t>(d));
  }
  if (pads.size() != 2 * axes.size()) node.bad("'pads' needs two numbers a dimension");
  const std::size_t rank = c.shape(x).size();
  Sizes before(rank, 0), after(rank, 0);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::int64_t first = pads[i], last = pads[axes.size() + i];
    if (first == 0 && last == 0) continue;
    constexpr std::int64_t kMost = std::int64_t{1} << 16;
    if (first < 0 || last < 0 || first > kMost || last > kMost) node.unsupported("only 0 to 65536 more are supported");
    const std::int64_t row = c.row_axis(node, x, axes[i]);
    before[row] = first;
    after[row] = last;
  }
  c.set(node, 0,
        Bound{c.emit(node, "", "pad", {x.value}, {{"before", before}, {"after", after}, {"value", value}}), x.axes});
}

}  // namespace

std::span<const OpEntry> cut_entries() {
  static constexpr OpEntry kEntries[] = {
      {"Slice", convert_slice, fold_slice},    {"Split", convert_split, nullptr},
      {"Concat", convert_concat, fold_concat}, {"Gather", convert_gather, fold_gather},
      {"Pad", convert_pad, nullptr},
  };
  return kEntries;
}

}  // namespace longtake::onnx
