// warp of channels-last maps: at each place, four vectors of channels.
#include "runtime/kernels/warp.h"

#include <algorithm>

#include "kernels/level.h"
#include "kernels/ranges.h"
#include "runtime/kernels/fast.h"

namespace longtake::runtime {

namespace {

class WarpKernel final : public Kernel {
 public:
  explicit WarpKernel(const KernelRequest& request)
      : channels_(request.op.inputs[0][0]),
        links_(request.op.inputs[1][0] / 2),
        grid_{request.op.inputs[0][1], request.op.inputs[0][2]},
        add_scaled_(kernels_of(request.level).vector.add_scaled) {}

  const char* name() const override { return "vector"; }

  void run(const KernelCall& call) override {
    const std::int64_t places = grid_.height * grid_.width;
    for_ranges(call.pool, call.rows * places, 4 * links_ * channels_, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t n = begin; n < end; ++n) {
        run_place(call.inputs[0] + n / places * places * channels_, call.inputs[1] + n * 2 * links_, n % places,
                  call.outputs[0] + n * links_ * channels_);
      }
    });
  }

 private:
  // `flow` holds the motions of the place, `out` gets its channels under each of them.
  void run_place(const float* map, const float* flow, std::int64_t place, float* out) const {
    for (std::int64_t link = 0; link < links_; ++link, flow += 2, out += channels_) {
      const WarpTaps taps = warp_taps(grid_, place / grid_.width, place % grid_.width, flow[0], flow[1]);
      std::fill_n(out, channels_, taps.start);
      for (int tap = 0; tap < taps.count; ++tap) {
        add_scaled_(taps.weight[tap], map + taps.place[tap] * channels_, out, channels_);
      }
    }
  }

  std::int64_t channels_, links_;
  MapGrid grid_;
  void (*add_scaled_)(float a, const float* x, float* y, std::int64_t count);
};

}  // namespace

WarpTaps warp_taps(const MapGrid& grid, std::int64_t y, std::int64_t x, float right, float down) {
  WarpTaps taps;
  const float from_x = static_cast<float>(x) - right, from_y = static_cast<float>(y) - down;
  const bool within =
      from_x > -1 && from_x < static_cast<float>(grid.width) && from_y > -1 && from_y < static_cast<float>(grid.height);
  if (!within) {
    taps.start = 0 * (from_x + from_y);  // a motion that is no number gives none
    return taps;
  }
  const float left = std::floor(from_x), top = std::floor(from_y);
  for (const std::int64_t dy : {0, 1}) {
    for (const std::int64_t dx : {0, 1}) {
      const std::int64_t ty = static_cast<std::int64_t>(top) + dy, tx = static_cast<std::int64_t>(left) + dx;
      if (ty < 0 || ty >= grid.height || tx < 0 || tx >= grid.width) continue;
      const float share_y = dy == 0 ? 1 - (from_y - top) : from_y - top;
      const float share_x = dx == 0 ? 1 - (from_x - left) : from_x - left;
      taps.place[taps.count] = ty * grid.width + tx;
      taps.weight[taps.count++] = share_y * share_x;
    }
  }
  return taps;
}

std::unique_ptr<Kernel> make_warp_kernel(const KernelRequest& request) {
  if (!all_channels_last(request)) return nullptr;
  return std::make_unique<WarpKernel>(request);
}

}  // namespace longtake::runtime
