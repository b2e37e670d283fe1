#include "layers/encoder.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "layers/basic.h"
#include "longtake/error.h"

namespace longtake::layers {

namespace {

// The frame beside what changed in it, as more channels.
ValueId with_changes(Builder& b, const Options& options, ValueId x) {
  std::vector<ValueId> channels{x};
  if (options.get("difference", false)) {
    channels.push_back(subtract(b, "difference", x, b.previous("previous", x)));
  }
  if (options.get("deviation", false)) {
    channels.push_back(subtract(b, "deviation", x, b.node("running_mean", "mean", {x}).front()));
  }
  return channels.size() == 1 ? x : concat(b, "frame_and_changes", channels);
}

std::vector<ValueId> small_cnn(Builder& b, const Options& options, ValueId x, Taps taps) {
  const auto channels = options.get<std::vector<std::int64_t>>("channels", {16, 32, 48});
  const auto kernels = options.get<std::vector<std::int64_t>>("kernels", {5, 3, 3});
  const std::int64_t features = options.get<std::int64_t>("features", 64);
  const bool normalise = options.get("batch_norm", false);
  const bool global_pool = options.get("global_pool", false);
  const double drop = options.get("dropout", 0.0);
  if (!(drop >= 0 && drop < 1)) throw options.error("dropout", "must be at least 0 and below 1");
  if (channels.empty()) throw options.error("channels", "needs at least one block");
  const auto all_positive = [](const std::vector<std::int64_t>& sizes) {
    return std::all_of(sizes.begin(), sizes.end(), [](std::int64_t size) { return size >= 1; });
  };
  if (!all_positive(channels)) throw options.error("channels", "must be at least 1, each");
  if (!all_positive(kernels)) throw options.error("kernels", "must be at least 1, each");
  if (features < 1) throw options.error("features", "must be at least 1");
  if (channels.size() != kernels.size()) throw options.error("kernels", "needs one size per entry of channels");
  x = with_changes(b, options, x);
  std::vector<ValueId> levels;
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const std::string number = std::to_string(i + 1);
    x = conv2d(b, "conv" + number, x, {.channels = channels[i], .kernel = kernels[i], .pad = kernels[i] / 2});
    if (normalise) x = batch_norm(b, "norm" + number, x);
    x = relu(b, "relu" + number, x);
    const bool last = i + 1 == channels.size();
    if (last && global_pool && taps == Taps::kFeatures) {
      x = global_max_pool(b, "pool" + number, x);
    } else {
      x = max_pool(b, "pool" + number, x);
      levels.push_back(x);
      if (last && global_pool) x = global_max_pool(b, "global_pool", x);
    }
  }
  if (taps == Taps::kMap) return {levels.back()};
  if (!global_pool) x = flatten(b, "flat", x);
  if (drop > 0) x = dropout(b, "drop", x, drop);
  levels.push_back(relu(b, "relu", linear(b, "features", x, features)));
  return taps == Taps::kLevels ? levels : std::vector{levels.back()};
}

std::vector<ValueId> pixels(Builder& b, ValueId x, Taps taps) {
  if (taps == Taps::kMap) return {x};
  const ValueId flat = flatten(b, "flat", x);
  return taps == Taps::kLevels ? std::vector{x, flat} : std::vector{flat};
}

}  // namespace

void check_encoder(const std::string& encoder) {
  const std::array<std::string, 6> known{"pixels", "small_cnn", "caffenet_hybrid", "caffenet", "vgg16", "googlenet"};
  if (std::find(known.begin(), known.end(), encoder) != known.end()) return;
  throw ConfigError(unknown_name_message("encoder", encoder, "", known));
}

std::vector<ValueId> encode(Builder& b, const std::string& encoder, const Options& options, ValueId x, Taps taps) {
  check_encoder(encoder);
  const auto region = b.region(encoder, "encoder");
  if (encoder == "pixels") return pixels(b, x, taps);
  if (encoder == "small_cnn") return small_cnn(b, options, x, taps);
  if (encoder == "caffenet_hybrid") return caffenet_hybrid(b, x, taps);
  if (encoder == "caffenet") return caffenet(b, x, taps);
  if (encoder == "vgg16") return vgg16(b, x, taps);
  return googlenet(b, x, taps);
}

}  // namespace longtake::layers
