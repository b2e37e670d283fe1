// Where the windows of a convolution or pooling lie, from the attributes of its node. Private to onnx/.
#pragma once

#include <array>

#include "onnx/converter.h"

namespace longtake::onnx {

// x as a map [channels, height, width]: one spatial dimension becomes the width of a map of height 1.
struct Map {
  ValueId value;
  Axes axes;            // of the node's input
  std::size_t spatial;  // its spatial dimensions, 1 or 2
};
Map map_of(Converter& c, const Node& node);
// The node's output, from a map, without the height that map_of added.
void set_map(Converter& c, const Node& node, const Map& x, ValueId map);

using Pair = std::array<std::int64_t, 2>;

struct Windows {
  Pair kernel, stride, dilation, before, after;  // paddings before and after
  bool ceil;

  bool pads() const { return before != Pair{0, 0} || after != Pair{0, 0}; }
  // Whether the padding is the same on both sides and at most `most`.
  bool is_even(const Pair& most) const;
};

// Reads kernel_shape (or takes `kernel`, of a weight), strides, dilations, pads, auto_pad and ceil_mode.
Windows read_windows(const Converter& c, Node& node, const Map& x, const Sizes& kernel);

// The windows along dimension d of a map of `size` that is padded already.
std::int64_t count_windows(const Windows& w, int d, std::int64_t size);

// x with the padding around it as numbers of its own.
ValueId padded(Converter& c, const Node& node, ValueId x, const Windows& w, double value);

Sizes as_sizes(const Pair& pair);

}  // namespace longtake::onnx
