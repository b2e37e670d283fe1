#include "onnx/windows.h"

#include <fmt/format.h>

#include <algorithm>

#include "graph/ops.h"

namespace longtake::onnx {

namespace {

constexpr std::int64_t kMost = std::int64_t{1} << 16;

// `key` of a node with `spatial` dimensions, as two.
Pair read_pair(Node& node, const char* key, const Sizes& numbers, std::size_t spatial, std::int64_t otherwise,
               std::int64_t least) {
  if (numbers.empty()) return {otherwise, otherwise};
  if (numbers.size() != spatial) node.bad(fmt::format("'{}' needs {} numbers", key, spatial));
  for (std::int64_t number : numbers) {
    if (number < least || number > kMost) node.bad(fmt::format("'{}' holds {}", key, number));
  }
  // The height of 1 that map_of added has a window of 1.
  return spatial == 2 ? Pair{numbers[0], numbers[1]} : Pair{least, numbers[0]};
}

void pad_to_same(Windows& w, const Shape& map, std::size_t spatial, bool upper) {
  for (std::size_t d = 2 - spatial; d < 2; ++d) {
    const std::int64_t size = map[d + 1], count = (size + w.stride[d] - 1) / w.stride[d];
    const std::int64_t covered = (count - 1) * w.stride[d] + (w.kernel[d] - 1) * w.dilation[d] + 1;
    const std::int64_t total = std::max<std::int64_t>(covered - size, 0);
    w.before[d] = upper ? total / 2 : total - total / 2;
    w.after[d] = total - w.before[d];
  }
}

}  // namespace

Map map_of(Converter& c, const Node& node) {
  const Bound& x = c.bound(node, 0);
  const std::size_t rank = c.shape(x).size();
  const Bound& frames =
      c.frames(node, 0, rank == 2 ? 2 : 3, "frames [n, channels, height, width] or [n, channels, width]");
  Shape shape = c.shape(frames);
  if (rank == 2) shape.insert(shape.begin() + 1, 1);
  return {c.reshape(node, "map", frames.value, shape), frames.axes, rank - 1};
}

void set_map(Converter& c, const Node& node, const Map& x, ValueId map) {
  if (x.spatial == 1) {
    const Shape& shape = c.builder().shape(map);
    map = c.reshape(node, "line", map, {shape[0], shape[2]});
  }
  c.set(node, 0, Bound{map, x.axes});
}

bool Windows::is_even(const Pair& most) const {
  return before == after && before[0] <= most[0] && before[1] <= most[1];
}

Windows read_windows(const Converter& c, Node& node, const Map& x, const Sizes& kernel) {
  const Shape& map = c.builder().shape(x.value);
  const Sizes given = node.sizes("kernel_shape", kernel);
  if (given.empty()) node.bad("'kernel_shape' is missing");
  if (!kernel.empty() && given != kernel) node.bad("'kernel_shape' is not that of the weight");
  Windows w{};
  w.kernel = read_pair(node, "kernel_shape", given, x.spatial, 1, 1);
  w.stride = read_pair(node, "strides", node.sizes("strides", {}), x.spatial, 1, 1);
  w.dilation = read_pair(node, "dilations", node.sizes("dilations", {}), x.spatial, 1, 1);
  w.ceil = node.integer("ceil_mode", 0) != 0;
  const Sizes pads = node.sizes("pads", {});
  if (!pads.empty()) {
    if (pads.size() != 2 * x.spatial) node.bad(fmt::format("'pads' needs {} numbers", 2 * x.spatial));
    const auto half = pads.begin() + static_cast<std::ptrdiff_t>(x.spatial);
    w.before = read_pair(node, "pads", {pads.begin(), half}, x.spatial, 0, 0);
    w.after = read_pair(node, "pads", {half, pads.end()}, x.spatial, 0, 0);
  }
  const std::string automatic = node.text("auto_pad", "NOTSET");
  if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
    pad_to_same(w, map, x.spatial, automatic == "SAME_UPPER");
  } else if (automatic == "VALID") {
    w.before = w.after = {0, 0};
  } else if (automatic != "NOTSET") {
    node.bad(fmt::format("'auto_pad' is '{}'", automatic));
  }
  return w;
}

std::int64_t count_windows(const Windows& w, int d, std::int64_t size) {
  return graph::window_count(size, w.kernel[d], w.stride[d], 0, w.dilation[d], w.ceil);
}

ValueId padded(Converter& c, const Node& node, ValueId x, const Windows& w, double value) {
  return c.emit(
      node, "padded", "pad", {x},
      {{"before", Sizes{0, w.before[0], w.before[1]}}, {"after", Sizes{0, w.after[0], w.after[1]}}, {"value", value}});
}

Sizes as_sizes(const Pair& pair) { return {pair[0], pair[1]}; }

}  // namespace longtake::onnx
