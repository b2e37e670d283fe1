#include "tasks/loss.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "longtake/error.h"

namespace longtake::tasks {

FrameGain parse_frame_gain(const std::string& word) {
  if (word == "uniform") return FrameGain::kUniform;
  if (word == "last") return FrameGain::kLast;
  if (word == "linear") return FrameGain::kLinear;
  throw ConfigError(fmt::format("unknown frame gain \"{}\"; it is one of uniform, last, linear", word));
}

std::vector<double> frame_gains(FrameGain gain, std::int64_t frames) {
  if (frames < 1) throw InvalidArgument("a clip without frames has no loss");
  std::vector<double> gains(frames, gain == FrameGain::kUniform ? 1.0 : 0.0);
  if (gain == FrameGain::kLinear) std::iota(gains.begin(), gains.end(), 0.0);
  if (gain == FrameGain::kLast || frames == 1) gains.back() = 1;
  const double sum = std::accumulate(gains.begin(), gains.end(), 0.0);
  for (double& value : gains) value /= sum;
  return gains;
}

std::vector<double> frame_gains(FrameGain gain, const std::vector<bool>& answered) {
  std::vector<double> gains = frame_gains(gain, static_cast<std::int64_t>(answered.size()));
  double sum = 0;
  for (std::size_t i = 0; i < gains.size(); ++i) {
    if (!answered[i]) gains[i] = 0;
    sum += gains[i];
  }
  // The gain may be all on frames without an answer; the last answer then stands for the clip.
  if (sum == 0) {
    const auto last = std::find(answered.rbegin(), answered.rend(), true);
    if (last == answered.rend()) return gains;
    sum = gains[static_cast<std::size_t>(answered.rend() - last) - 1] = 1;
  }
  for (double& value : gains) value /= sum;
  return gains;
}

std::vector<double> balanced_class_weights(const std::vector<std::int64_t>& items_per_class) {
  const auto items = std::accumulate(items_per_class.begin(), items_per_class.end(), std::int64_t{0});
  const auto used = std::count_if(items_per_class.begin(), items_per_class.end(), [](auto n) { return n > 0; });
  std::vector<double> weights;
  for (std::int64_t n : items_per_class) {
    weights.push_back(n == 0 ? 0 : static_cast<double>(items) / (static_cast<double>(used) * static_cast<double>(n)));
  }
  return weights;
}

}  // namespace longtake::tasks
