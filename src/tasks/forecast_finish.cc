#include "tasks/forecast_finish.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/text.h"
#include "longtake/error.h"
#include "tasks/probability_matching.h"

namespace longtake::tasks {

namespace {

constexpr const char* kShareKey = "forecast_extrapolation";
constexpr const char* kMatchKey = "match";

const std::array<std::string, 3> kMatches{"none", "newest", "extrapolation"};  // as Match

// A forecast and the extrapolation it is finished with, map by map.
class Maps {
 public:
  Maps(Tensor& forecast, const Tensor& moved)
      : forecast_(forecast.data<float>()),
        moved_(moved.count() > 0 ? moved.data<float>() : std::span<const float>()),
        leads_(forecast.size(0)),
        channels_(forecast.size(1)),
        area_(forecast.size(2) * forecast.size(3)) {}

  std::int64_t leads() const { return leads_; }
  std::int64_t channels() const { return channels_; }
  std::int64_t area() const { return area_; }
  std::span<float> forecast(std::int64_t lead, std::int64_t channel) const {
    return forecast_.subspan((lead * channels_ + channel) * area_, area_);
  }
  std::span<const float> moved(std::int64_t lead, std::int64_t channel) const {
    return moved_.subspan((lead * (channels_ + 1) + channel) * area_, area_);
  }
  std::span<const float> within(std::int64_t lead) const { return moved(lead, channels_); }

 private:
  std::span<float> forecast_;
  std::span<const float> moved_;
  std::int64_t leads_, channels_, area_;
};

void for_maps(const Maps& maps, const std::function<void(std::int64_t lead, std::int64_t channel)>& use) {
  for (std::int64_t lead = 0; lead < maps.leads(); ++lead) {
    for (std::int64_t channel = 0; channel < maps.channels(); ++channel) use(lead, channel);
  }
}

void blend(const Maps& maps, double share) {
  const auto part = static_cast<float>(share);
  for_maps(maps, [&](std::int64_t lead, std::int64_t channel) {
    const auto from = maps.moved(lead, channel), within = maps.within(lead);
    const auto to = maps.forecast(lead, channel);
    for (std::size_t i = 0; i < to.size(); ++i) {
      if (within[i] > 0) to[i] += part * (from[i] - to[i]);
    }
  });
}

void match_newest(const Maps& maps, const Tensor& newest, const Tensor& valid) {
  const auto counts = valid.count() > 0 ? valid.data<std::uint8_t>() : std::span<const std::uint8_t>();
  for_maps(maps, [&](std::int64_t lead, std::int64_t channel) {
    match_probabilities(maps.forecast(lead, channel), newest.data<float>().subspan(channel * maps.area(), maps.area()),
                        counts);
  });
}

void match_extrapolation(const Maps& maps) {
  std::vector<std::uint8_t> counts(static_cast<std::size_t>(maps.area()));
  for_maps(maps, [&](std::int64_t lead, std::int64_t channel) {
    const auto within = maps.within(lead);
    std::transform(within.begin(), within.end(), counts.begin(), [](float inside) { return inside > 0 ? 1 : 0; });
    match_probabilities(maps.forecast(lead, channel), maps.moved(lead, channel), counts);
  });
}

}  // namespace

ForecastFinish forecast_finish_of(const graph::Model& model) {
  ForecastFinish finish;
  const auto share = model.protocol.find(kShareKey);
  if (share != model.protocol.end()) {
    finish.extrapolation = parse_double(share->second, fmt::format("the model's protocol: {}", kShareKey));
    if (!(finish.extrapolation >= 0 && finish.extrapolation <= 1)) {
      throw BadData(fmt::format("the model's protocol: {} = {} is not from 0 to 1", kShareKey, share->second));
    }
  }
  const auto match = model.protocol.find(kMatchKey);
  if (match != model.protocol.end()) {
    const auto known = std::find(kMatches.begin(), kMatches.end(), match->second);
    if (known == kMatches.end()) {
      throw BadData(fmt::format("the model's protocol: {} = {} is none of {}", kMatchKey, match->second,
                                fmt::join(kMatches, ", ")));
    }
    finish.match = static_cast<Match>(known - kMatches.begin());
  }
  return finish;
}

void read_forecast_finish(const Options& forecast, graph::Model& model) {
  const ForecastFinish own = forecast_finish_of(model);
  const double share = forecast.get("extrapolation", own.extrapolation);
  if (!(share >= 0 && share <= 1)) throw forecast.error("extrapolation", "is a share, from 0 to 1");
  model.protocol[kShareKey] = fmt::format("{}", share);
  model.protocol[kMatchKey] = forecast.get_choice("match", kMatches.at(static_cast<std::size_t>(own.match)), kMatches);
}

void finish_forecast(const ForecastFinish& finish, Tensor& forecast, const Tensor& moved, const Tensor& newest,
                     const Tensor& valid) {
  Shape wanted = forecast.shape();
  ++wanted.at(1);
  if (finish.needs_extrapolation() && moved.shape() != wanted) {
    throw InvalidArgument(fmt::format("an extrapolation {} does not fit a forecast {}", to_string(moved.shape()),
                                      to_string(forecast.shape())));
  }
  const Maps maps(forecast, moved);
  if (finish.extrapolation > 0) blend(maps, finish.extrapolation);
  if (finish.match == Match::kNewest) match_newest(maps, newest, valid);
  if (finish.match == Match::kExtrapolation) match_extrapolation(maps);
}

}  // namespace longtake::tasks
