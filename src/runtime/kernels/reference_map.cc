// Reference kernels with weights or windows: convolution, linear, pooling and normalisation.
#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/kernels/reference.h"

namespace longtake::runtime {

namespace {

std::vector<float> copy_of(const Tensor* weight) {
  if (weight == nullptr) return {};
  const auto values = weight->data<float>();
  return {values.begin(), values.end()};
}

std::vector<float> weight_of(const KernelRequest& request, std::size_t index) {
  return index < request.weights.size() ? copy_of(request.weights[index]) : std::vector<float>();
}

// A window of a pooling along one dimension: the places of the map it covers, every `step`-th from `begin` on, and how
// many it covers with the padding.
struct Span {
  std::int64_t begin, end, step, padded;
};

Span window(const WindowGeometry& g, int d, std::int64_t out) {
  const std::int64_t size = d == 0 ? g.height : g.width, step = g.dilation[d];
  const std::int64_t begin = out * g.stride[d] - g.pad[d];
  const std::int64_t end = std::min(begin + step * (g.kernel[d] - 1) + 1, size + g.pad[d]);
  const std::int64_t skipped = begin < 0 ? (-begin + step - 1) / step : 0;
  return {begin + skipped * step, std::min(end, size), step, end - begin};
}

}  // namespace

RowFunction reference_conv2d(const KernelRequest& request) {
  const WindowGeometry g = window_geometry(request);
  const std::int64_t groups = request.op.node.attribute<std::int64_t>("groups");
  const std::int64_t out_channels = request.outputs[0][0];
  const std::int64_t in_per_group = g.channels / groups, out_per_group = out_channels / groups;
  const std::vector<float> weight = weight_of(request, 0), bias = weight_of(request, 1);
  return [=](const float* const* in, float* const* out) {
    const auto place = [&](std::int64_t oc, std::int64_t oy, std::int64_t ox) {
      float sum = bias.empty() ? 0 : bias[oc];
      for (std::int64_t ky = 0; ky < g.kernel[0]; ++ky) {
        for (std::int64_t kx = 0; kx < g.kernel[1]; ++kx) {
          const std::int64_t y = oy * g.stride[0] - g.pad[0] + ky * g.dilation[0];
          const std::int64_t x = ox * g.stride[1] - g.pad[1] + kx * g.dilation[1];
          if (y < 0 || y >= g.height || x < 0 || x >= g.width) continue;
          for (std::int64_t c = 0; c < in_per_group; ++c) {
            const std::int64_t ic = oc / out_per_group * in_per_group + c;
            const float w = weight[((oc * in_per_group + c) * g.kernel[0] + ky) * g.kernel[1] + kx];
            sum = std::fma(in[0][(ic * g.height + y) * g.width + x], w, sum);
          }
        }
      }
      return sum;
    };
    for (std::int64_t oc = 0; oc < out_channels; ++oc) {
      for (std::int64_t oy = 0; oy < g.out_height; ++oy) {
        for (std::int64_t ox = 0; ox < g.out_width; ++ox) {
          out[0][(oc * g.out_height + oy) * g.out_width + ox] = place(oc, oy, ox);
        }
      }
    }
  };
}

RowFunction reference_constant(const KernelRequest& request) {
  const std::vector<float> values = weight_of(request, 0);
  return [=](const float* const*, float* const* out) { std::copy(values.begin(), values.end(), out[0]); };
}

RowFunction reference_linear(const KernelRequest& request) {
  const std::int64_t features = request.op.inputs[0].back(), out_features = request.outputs[0].back();
  const std::int64_t vectors = element_count(request.outputs[0]) / out_features;
  const std::vector<float> weight = weight_of(request, 0), bias = weight_of(request, 1);
  return [=](const float* const* in, float* const* out) {
    for (std::int64_t v = 0; v < vectors; ++v) {
      for (std::int64_t o = 0; o < out_features; ++o) {
        float sum = bias.empty() ? 0 : bias[o];
        for (std::int64_t i = 0; i < features; ++i) {
          sum = std::fma(in[0][v * features + i], weight[o * features + i], sum);
        }
        out[0][v * out_features + o] = sum;
      }
    }
  };
}

// The maximum is of the map's own elements; the mean divides by them too, or with `count_padding` by the padding as
// well, but never by what lies beyond it (as Caffe and PyTorch do).
RowFunction reference_pool(const KernelRequest& request) {
  const WindowGeometry g = window_geometry(request);
  const bool maximum = request.op.node.op == "max_pool";
  const bool count_padding = attribute_or(request.op.node, "count_padding", false);
  return [=](const float* const* in, float* const* out) {
    float* to = out[0];
    for (std::int64_t c = 0; c < g.channels; ++c) {
      const float* map = in[0] + c * g.height * g.width;
      for (std::int64_t oy = 0; oy < g.out_height; ++oy) {
        const Span rows = window(g, 0, oy);
        for (std::int64_t ox = 0; ox < g.out_width; ++ox) {
          const Span columns = window(g, 1, ox);
          float value = maximum ? -std::numeric_limits<float>::infinity() : 0;
          for (std::int64_t y = rows.begin; y < rows.end; y += rows.step) {
            for (std::int64_t x = columns.begin; x < columns.end; x += columns.step) {
              const float element = map[y * g.width + x];
              value = maximum ? std::max(value, element) : value + element;
            }
          }
          const std::int64_t count =
              count_padding ? rows.padded * columns.padded : (rows.end - rows.begin) * (columns.end - columns.begin);
          *to++ = maximum ? value : value / static_cast<float>(count);
        }
      }
    }
  };
}

RowFunction reference_global_pool(const KernelRequest& request) {
  const Shape& in_shape = request.op.inputs[0];
  const std::int64_t channels = in_shape[0], places = in_shape[1] * in_shape[2];
  const bool maximum = request.op.node.op == "global_max_pool";
  return [=](const float* const* in, float* const* out) {
    for (std::int64_t c = 0; c < channels; ++c) {
      const float* map = in[0] + c * places;
      float value = map[0];
      for (std::int64_t p = 1; p < places; ++p) value = maximum ? std::max(value, map[p]) : value + map[p];
      out[0][c] = maximum ? value : value / static_cast<float>(places);
    }
  };
}

RowFunction reference_lrn(const KernelRequest& request) {
  const graph::Node& node = request.op.node;
  const Shape& shape = request.outputs[0];
  const std::int64_t channels = shape[0], places = shape[1] * shape[2];
  const std::int64_t size = node.attribute<std::int64_t>("size");
  const auto scale = static_cast<float>(node.attribute<double>("alpha") / static_cast<double>(size));
  const auto beta = static_cast<float>(node.attribute<double>("beta"));
  const auto k = static_cast<float>(attribute_or(node, "k", 1.0));
  return [=](const float* const* in, float* const* out) {
    for (std::int64_t c = 0; c < channels; ++c) {
      const std::int64_t first = std::max<std::int64_t>(0, c - size / 2);
      const std::int64_t last = std::min(channels - 1, c - size / 2 + size - 1);
      for (std::int64_t p = 0; p < places; ++p) {
        float squares = 0;
        for (std::int64_t n = first; n <= last; ++n) squares += in[0][n * places + p] * in[0][n * places + p];
        out[0][c * places + p] = in[0][c * places + p] / std::pow(k + scale * squares, beta);
      }
    }
  };
}

ChannelScale batch_norm_scale(const KernelRequest& request) {
  const double epsilon = attribute_or(request.op.node, "epsilon", 1e-5);
  const auto scale = weight_of(request, 0), shift = weight_of(request, 1);
  const auto mean = weight_of(request, 2), variance = weight_of(request, 3);
  ChannelScale result;
  for (std::size_t c = 0; c < variance.size(); ++c) {
    const double slope = (scale.empty() ? 1.0 : scale[c]) / std::sqrt(variance[c] + epsilon);
    result.slope.push_back(static_cast<float>(slope));
    result.offset.push_back(static_cast<float>((shift.empty() ? 0.0 : shift[c]) - mean[c] * slope));
  }
  return result;
}

RowFunction reference_batch_norm(const KernelRequest& request) {
  const std::int64_t channels = request.outputs[0][0], places = element_count(request.outputs[0]) / channels;
  const ChannelScale scale = batch_norm_scale(request);
  return [=](const float* const* in, float* const* out) {
    for (std::int64_t n = 0; n < channels * places; ++n)
      out[0][n] = in[0][n] * scale.slope[n / places] + scale.offset[n / places];
  };
}

}  // namespace longtake::runtime
