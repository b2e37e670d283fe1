// A channels-last map with zeros around it, copied once per row.
#pragma once

#include <algorithm>
#include <cstring>

#include "kernels/buffer.h"
#include "kernels/ranges.h"
#include "runtime/kernels/kernel.h"

namespace longtake::runtime {

struct PaddedFrame {
  explicit PaddedFrame(const WindowGeometry& geometry)
      : g(geometry), height(g.height + 2 * g.pad[0]), width(g.width + 2 * g.pad[1]) {
    if (g.pad[0] == 0 && g.pad[1] == 0) return;
    std::fill_n(buffer.reserve(height * width * g.channels), height * width * g.channels, 0.0f);
  }

  // The frame with padding; the border stays zero from frame to frame.
  const float* fill(const float* frame, ThreadPool* pool) {
    if (buffer.data() == nullptr) return frame;
    const std::int64_t line = g.width * g.channels;
    for_ranges(pool, g.height, line, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t y = begin; y < end; ++y) {
        float* to = buffer.data() + ((y + g.pad[0]) * width + g.pad[1]) * g.channels;
        std::memcpy(to, frame + y * line, static_cast<std::size_t>(line) * sizeof(float));
      }
    });
    return buffer.data();
  }

  WindowGeometry g;
  std::int64_t height, width;
  Buffer buffer;
};

}  // namespace longtake::runtime
