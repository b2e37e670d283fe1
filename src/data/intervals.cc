#include "data/intervals.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "longtake/error.h"

namespace longtake {

bool starts_before(const Interval& a, const Interval& b) {
  return std::tie(a.start_s, a.label, a.end_s) < std::tie(b.start_s, b.label, b.end_s);
}

std::vector<double> frame_centres(std::span<const double> times_s, double fps) {
  std::vector<double> centres(times_s.begin(), times_s.end());
  for (std::size_t i = 0; i < centres.size(); ++i) {
    if (fps > 0) {
      centres[i] += 0.5 / fps;
    } else if (times_s.size() > 1) {
      const std::size_t next = std::min(i + 1, times_s.size() - 1);
      centres[i] += (times_s[next] - times_s[next - 1]) / 2;
    }
  }
  return centres;
}

Tensor rasterise(std::span<const Interval> intervals, std::span<const double> centres_s, std::int64_t classes) {
  Tensor targets(DType::kUint8, {static_cast<std::int64_t>(centres_s.size()), classes});
  const auto target = targets.data<std::uint8_t>();
  for (const Interval& interval : intervals) {
    if (interval.label < 0 || interval.label >= classes) {
      throw InvalidArgument(fmt::format("an interval of class {}, but there are {} classes", interval.label, classes));
    }
    for (std::size_t frame = 0; frame < centres_s.size(); ++frame) {
      if (centres_s[frame] < interval.start_s || centres_s[frame] > interval.end_s) continue;
      target[frame * static_cast<std::size_t>(classes) + static_cast<std::size_t>(interval.label)] = 1;
    }
  }
  return targets;
}

}  // namespace longtake
