// The reference of products of values, and of what joins, cuts and turns them.
#include <algorithm>
#include <cmath>

#include "runtime/kernels/reference.h"

namespace longtake::runtime {

Around around(const Shape& shape, std::int64_t axis) {
  if (axis < 0) axis += static_cast<std::int64_t>(shape.size());
  Around result;
  for (std::int64_t d = 0; d < static_cast<std::int64_t>(shape.size()); ++d) {
    (d < axis ? result.outer : d == axis ? result.size : result.inner) *= shape[d];
  }
  return result;
}

RowFunction reference_concat(const KernelRequest& request) {
  const std::int64_t axis = request.op.node.attribute<std::int64_t>("axis");
  const Around whole = around(request.outputs[0], axis);
  std::vector<std::int64_t> runs;  // elements of each input per outer index
  for (const Shape& shape : request.op.inputs) runs.push_back(shape[axis] * whole.inner);
  return [=](const float* const* in, float* const* out) {
    float* to = out[0];
    for (std::int64_t o = 0; o < whole.outer; ++o) {
      for (std::size_t k = 0; k < runs.size(); ++k) to = std::copy_n(in[k] + o * runs[k], runs[k], to);
    }
  };
}

RowFunction reference_slice(const KernelRequest& request) {
  const std::int64_t axis = request.op.node.attribute<std::int64_t>("axis");
  const Around from = around(request.op.inputs[0], axis), to = around(request.outputs[0], axis);
  const std::int64_t begin = request.op.node.attribute<std::int64_t>("begin");
  return [=](const float* const* in, float* const* out) {
    for (std::int64_t o = 0; o < to.outer; ++o) {
      std::copy_n(in[0] + (o * from.size + begin) * from.inner, to.size * to.inner, out[0] + o * to.size * to.inner);
    }
  };
}

namespace {

// for_positions in the dimensions from `d` on, with `element` the number of the next.
template <class Use>
void for_positions_from(std::size_t d, const Shape& shape, const std::vector<std::int64_t>& steps,
                        std::int64_t position, std::int64_t& element, const Use& use) {
  if (d == shape.size()) {
    use(element++, position);
    return;
  }
  for (std::int64_t i = 0; i < shape[d]; ++i, position += steps[d]) {
    for_positions_from(d + 1, shape, steps, position, element, use);
  }
}

// Steps through all indices of `shape`, calling use(element number, position), where a step in dimension d moves the
// position by steps[d].
template <class Use>
void for_positions(const Shape& shape, const std::vector<std::int64_t>& steps, std::int64_t start, const Use& use) {
  std::int64_t element = 0;
  for_positions_from(0, shape, steps, start, element, use);
}

// How far the elements of a dense array of `shape` lie apart in each dimension.
std::vector<std::int64_t> dense_steps(const Shape& shape) {
  std::vector<std::int64_t> steps(shape.size(), 1);
  for (std::size_t d = shape.size(); d-- > 1;) steps[d - 1] = steps[d] * shape[d];
  return steps;
}

}  // namespace

RowFunction reference_pad(const KernelRequest& request) {
  const graph::Node& node = request.op.node;
  const Shape shape = request.op.inputs[0];
  const std::vector<std::int64_t> steps = dense_steps(request.outputs[0]);
  const auto& before = node.attribute<std::vector<std::int64_t>>("before");
  std::int64_t start = 0;
  for (std::size_t d = 0; d < steps.size(); ++d) start += before[d] * steps[d];
  const auto value = static_cast<float>(node.attribute<double>("value"));
  const std::int64_t count = element_count(request.outputs[0]);
  return [=](const float* const* in, float* const* out) {
    std::fill_n(out[0], count, value);
    for_positions(shape, steps, start, [&](std::int64_t i, std::int64_t position) { out[0][position] = in[0][i]; });
  };
}

RowFunction reference_transpose(const KernelRequest& request) {
  const Shape shape = request.outputs[0];
  const std::vector<std::int64_t> from = dense_steps(request.op.inputs[0]);
  std::vector<std::int64_t> steps;
  for (std::int64_t d : request.op.node.attribute<std::vector<std::int64_t>>("permutation")) steps.push_back(from[d]);
  return [=](const float* const* in, float* const* out) {
    for_positions(shape, steps, 0, [&](std::int64_t i, std::int64_t position) { out[0][i] = in[0][position]; });
  };
}

// pixel_unshuffle, pixel_shuffle: both are the map seen as [C, H, y, W, x] and turned.
RowFunction reference_pixel_shuffle(const KernelRequest& request) {
  const bool back = request.op.node.op == "pixel_shuffle";
  const Shape& whole = back ? request.outputs[0] : request.op.inputs[0];
  const std::int64_t patch = request.op.node.attribute<std::int64_t>("patch");
  const std::int64_t rows = whole[1] / patch, columns = whole[2] / patch;
  const Shape parts{whole[0], rows, patch, columns, patch};
  // How far apart the same elements lie in the map of patches [C, y, x, H, W].
  const std::int64_t area = rows * columns;
  const std::vector<std::int64_t> steps{patch * patch * area, columns, patch * area, 1, area};
  return [=](const float* const* in, float* const* out) {
    for_positions(parts, steps, 0, [&](std::int64_t i, std::int64_t position) {
      if (back) {
        out[0][i] = in[0][position];
      } else {
        out[0][position] = in[0][i];
      }
    });
  };
}

// [..., M, K] and [..., K, N] to [..., M, N].
RowFunction reference_matmul(const KernelRequest& request) {
  const Shape &a = request.op.inputs[0], &b = request.op.inputs[1];
  const std::int64_t rows = a[a.size() - 2], inner = a.back(), columns = b.back();
  const std::int64_t matrices = element_count(a) / (rows * inner);
  return [=](const float* const* in, float* const* out) {
    for (std::int64_t m = 0; m < matrices * rows; ++m) {
      const float* x = in[0] + m * inner;
      const float* w = in[1] + m / rows * inner * columns;
      float* y = out[0] + m * columns;
      std::fill_n(y, columns, 0.0f);
      for (std::int64_t k = 0; k < inner; ++k) {
        for (std::int64_t n = 0; n < columns; ++n) y[n] = std::fma(x[k], w[k * columns + n], y[n]);
      }
    }
  };
}

// slot_max, slot_mean: over the slots of a window [N, ...] that are valid. A window has at least one.
RowFunction reference_slots(const KernelRequest& request) {
  const std::int64_t slots = request.op.inputs[0][0], size = element_count(request.outputs[0]);
  const bool greatest = request.op.node.op == "slot_max";
  return [=](const float* const* in, float* const* out) {
    float count = 0;
    for (std::int64_t k = 0; k < slots; ++k) {
      if (in[1][k] == 0) continue;
      const float* slot = in[0] + k * size;
      const bool first = count++ == 0;
      for (std::int64_t i = 0; i < size; ++i) {
        out[0][i] = first ? slot[i] : greatest ? std::max(out[0][i], slot[i]) : out[0][i] + slot[i];
      }
    }
    for (std::int64_t i = 0; i < size && !greatest; ++i) out[0][i] /= count;
  };
}

// Windows [N, N, ...] and their validity [N]: slot N - 1 - k of the k-th window is its answer for the frame that the
// first window has as its newest; the mean over the valid ones.
RowFunction reference_overlap_average(const KernelRequest& request) {
  const std::int64_t windows = request.op.inputs[0][0], size = element_count(request.outputs[0]);
  return [=](const float* const* in, float* const* out) {
    std::fill_n(out[0], size, 0.0f);
    float count = 0;
    for (std::int64_t k = 0; k < windows; ++k) {
      if (in[1][k] == 0) continue;
      const float* answer = in[0] + (k * windows + windows - 1 - k) * size;
      for (std::int64_t i = 0; i < size; ++i) out[0][i] += answer[i];
      ++count;
    }
    for (std::int64_t i = 0; i < size; ++i) out[0][i] /= count;
  };
}

}  // namespace longtake::runtime
