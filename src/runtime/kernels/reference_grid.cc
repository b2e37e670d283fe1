// Reference kernels that know where on the map a place lies: transposed convolution, warping and coordinates.
#include <cmath>

#include "runtime/kernels/reference.h"
#include "runtime/kernels/warp.h"

namespace longtake::runtime {

// Place (oy, ox) of the output hears every input place whose kernel, laid at stride (iy, ix) - pad, covers it.
RowFunction reference_conv_transpose2d(const KernelRequest& request) {
  using Sizes = std::vector<std::int64_t>;
  const Shape in_shape = request.op.inputs[0], out_shape = request.outputs[0], kernel = request.op.parameters[0];
  const Sizes stride = request.op.node.attribute<Sizes>("stride"), pad = request.op.node.attribute<Sizes>("pad");
  const auto numbers = request.weights[0]->data<float>();
  const std::vector<float> weight(numbers.begin(), numbers.end());
  std::vector<float> bias(out_shape[0], 0.0f);
  if (request.weights[1] != nullptr) {
    std::copy_n(request.weights[1]->data<float>().begin(), bias.size(), bias.begin());
  }
  return [=](const float* const* in, float* const* out) {
    const auto place = [&](std::int64_t oc, std::int64_t oy, std::int64_t ox) {
      float sum = bias[oc];
      for (std::int64_t iy = 0; iy < in_shape[1]; ++iy) {
        const std::int64_t ky = oy + pad[0] - iy * stride[0];
        if (ky < 0 || ky >= kernel[2]) continue;
        for (std::int64_t ix = 0; ix < in_shape[2]; ++ix) {
          const std::int64_t kx = ox + pad[1] - ix * stride[1];
          if (kx < 0 || kx >= kernel[3]) continue;
          for (std::int64_t ic = 0; ic < in_shape[0]; ++ic) {
            const float w = weight[((ic * kernel[1] + oc) * kernel[2] + ky) * kernel[3] + kx];
            sum = std::fma(in[0][(ic * in_shape[1] + iy) * in_shape[2] + ix], w, sum);
          }
        }
      }
      return sum;
    };
    float* to = out[0];
    for (std::int64_t oc = 0; oc < out_shape[0]; ++oc) {
      for (std::int64_t oy = 0; oy < out_shape[1]; ++oy) {
        for (std::int64_t ox = 0; ox < out_shape[2]; ++ox) *to++ = place(oc, oy, ox);
      }
    }
  };
}

RowFunction reference_warp(const KernelRequest& request) {
  const std::int64_t channels = request.op.inputs[0][0], links = request.op.inputs[1][0] / 2;
  const MapGrid grid{request.op.inputs[0][1], request.op.inputs[0][2]};
  const std::int64_t places = grid.height * grid.width;
  return [=](const float* const* in, float* const* out) {
    for (std::int64_t link = 0; link < links; ++link) {
      const float *right = in[1] + 2 * link * places, *down = right + places;
      for (std::int64_t p = 0; p < places; ++p) {
        const WarpTaps taps = warp_taps(grid, p / grid.width, p % grid.width, right[p], down[p]);
        for (std::int64_t c = 0; c < channels; ++c) {
          float sum = taps.start;
          for (int tap = 0; tap < taps.count; ++tap) {
            sum = std::fma(taps.weight[tap], in[0][c * places + taps.place[tap]], sum);
          }
          out[0][(link * channels + c) * places + p] = sum;
        }
      }
    }
  };
}

RowFunction reference_coordinates(const KernelRequest& request) {
  const std::vector<double> values = graph::coordinate_values(request.outputs[0][1], request.outputs[0][2]);
  return [values](const float* const*, float* const* out) { std::copy(values.begin(), values.end(), out[0]); };
}

}  // namespace longtake::runtime
