#include "tasks/forecast_finish.h"

#include <fmt/format.h>

#include <array>
#include <string>

#include "base/text.h"
#include "longtake/error.h"
#include "tasks/probability_matching.h"

namespace longtake::tasks {

namespace {

constexpr const char* kShareKey = "forecast_extrapolation";
constexpr const char* kMatchKey = "match";

void blend(Tensor& forecast, const Tensor& moved, double share) {
  const std::int64_t leads = forecast.size(0), channels = forecast.size(1), area = forecast.size(2) * forecast.size(3);
  const auto part = static_cast<float>(share);
  for (std::int64_t lead = 0; lead < leads; ++lead) {
    const float* from = moved.data<float>().data() + lead * (channels + 1) * area;
    const float* within = from + channels * area;
    float* to = forecast.data<float>().data() + lead * channels * area;
    for (std::int64_t i = 0; i < channels * area; ++i) {
      if (within[i % area] > 0) to[i] += part * (from[i] - to[i]);
    }
  }
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
  finish.match_newest = match != model.protocol.end() && match->second == "newest";
  return finish;
}

void read_forecast_finish(const Options& forecast, graph::Model& model) {
  static const std::array<std::string, 2> choices{"none", "newest"};
  const ForecastFinish own = forecast_finish_of(model);
  const double share = forecast.get("extrapolation", own.extrapolation);
  if (!(share >= 0 && share <= 1)) throw forecast.error("extrapolation", "is a share, from 0 to 1");
  model.protocol[kShareKey] = fmt::format("{}", share);
  model.protocol[kMatchKey] = forecast.get_choice("match", own.match_newest ? "newest" : "none", choices);
}

void finish_forecast(const ForecastFinish& finish, Tensor& forecast, const Tensor& moved, const Tensor& newest,
                     const Tensor& valid) {
  if (finish.extrapolation > 0) {
    Shape wanted = forecast.shape();
    ++wanted.at(1);
    if (moved.shape() != wanted) {
      throw InvalidArgument(fmt::format("an extrapolation {} does not fit a forecast {}", to_string(moved.shape()),
                                        to_string(forecast.shape())));
    }
    blend(forecast, moved, finish.extrapolation);
  }
  if (finish.match_newest) match_forecast(forecast, newest, valid);
}

}  // namespace longtake::tasks
