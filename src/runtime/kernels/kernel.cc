#include "runtime/kernels/kernel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "kernels/level.h"
#include "longtake/error.h"

namespace longtake::runtime {

double attribute_or(const graph::Node& node, const std::string& key, double otherwise) {
  return node.attributes.count(key) != 0 ? node.attribute<double>(key) : otherwise;
}

bool attribute_or(const graph::Node& node, const std::string& key, bool otherwise) {
  return node.attributes.count(key) != 0 ? node.attribute<bool>(key) : otherwise;
}

namespace {

std::array<std::int64_t, 2> pair(const graph::Node& node, const std::string& key) {
  const auto& sizes = node.attribute<std::vector<std::int64_t>>(key);
  return {sizes[0], sizes[1]};
}

}  // namespace

WindowGeometry window_geometry(const KernelRequest& request) {
  const graph::Node& node = request.op.node;
  const Shape& in = request.op.inputs[0];
  const Shape& out = request.outputs[0];
  const bool convolution = node.op == "conv2d";
  WindowGeometry g{in[0], in[1], in[2], out[1], out[2], {}, pair(node, "stride"), pair(node, "pad"), {1, 1}};
  if (convolution) {
    const Shape& weight = request.op.parameters[0];
    g.kernel = {weight[2], weight[3]};
    g.dilation = pair(node, "dilation");
  } else {
    g.kernel = pair(node, "kernel");
    if (node.attributes.count("dilation") != 0) g.dilation = pair(node, "dilation");
  }
  return g;
}

namespace {

// [rows, columns] to [columns, rows], in squares that both sides of which are a few lines of the cache.
void transpose(const float* __restrict from, float* __restrict to, std::int64_t rows, std::int64_t columns) {
  constexpr std::int64_t kSide = 8;
  for (std::int64_t c = 0; c < columns; c += kSide) {
    for (std::int64_t r = 0; r < rows; r += kSide) {
      if (r + kSide <= rows && c + kSide <= columns) {
        for (std::int64_t j = 0; j < kSide; ++j) {
          for (std::int64_t i = 0; i < kSide; ++i) to[(c + j) * rows + r + i] = from[(r + i) * columns + c + j];
        }
        continue;
      }
      for (std::int64_t j = c; j < std::min(columns, c + kSide); ++j) {
        for (std::int64_t i = r; i < std::min(rows, r + kSide); ++i) to[j * rows + i] = from[i * columns + j];
      }
    }
  }
}

}  // namespace

void to_channels_last(const float* from, float* to, const Shape& shape) {
  const std::int64_t channels = shape[0], places = shape[1] * shape[2];
  transpose(from, to, channels, places);
}

void to_channels_first(const float* from, float* to, const Shape& shape) {
  const std::int64_t channels = shape[0], places = shape[1] * shape[2];
  transpose(from, to, places, channels);
}

}  // namespace longtake::runtime
