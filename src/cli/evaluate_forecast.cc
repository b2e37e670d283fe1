#include "cli/evaluate_forecast.h"

#include <fmt/format.h>

#include "cli/classifier.h"
#include "cli/cli.h"
#include "longtake/error.h"
#include "reports/forecast_result.h"
#include "tasks/forecast_data.h"

namespace longtake::cli {

namespace {

tasks::ForecastData open_windows(const OpenedForecaster& opened, const std::string& source,
                                 const std::vector<std::string>& overrides, const tasks::WindowShape& shape) {
  if (!source.ends_with(".toml")) {
    throw ConfigError(fmt::format("--data {}: a model that forecasts takes its windows from a recipe (.toml)", source));
  }
  const Options recipe = load_recipe(source, overrides);
  return in_recipe(source, recipe, [&] {
    // The model says how its frames are made; the recipe where they come from.
    const auto open = tasks::read_forecast_data(recipe.table("data"), tasks::forecast_input_of(*opened.model));
    for (const char* rest : {"model", "input", "train", "augment", "extrapolation", "forecast"}) recipe.ignore(rest);
    recipe.check_all_used();
    return open(real_files(), shape);
  });
}

tasks::WindowSource& wanted(const tasks::ForecastData& data, std::string& split) {
  const auto of = [&](const std::string& name) {
    return name == kTrainSplit ? data.train.get() : name == kTestSplit ? data.test.get() : data.validation.get();
  };
  if (split.empty()) split = data.test != nullptr ? kTestSplit : kValidationSplit;
  if (split == kTrainSplit) throw ConfigError("--split train: windows of training are cut at random and not measured");
  if (of(split) == nullptr) throw ConfigError(fmt::format("the data has no {} split", split));
  return *of(split);
}

}  // namespace

int evaluate_forecast(const OpenedForecaster& opened, const ForecastEvaluationOptions& options) {
  const InputSpec& spec = tasks::forecast_input_of(*opened.model);
  const tasks::ForecastProtocol protocol = tasks::forecast_protocol_of(*opened.model);
  const tasks::WindowShape shape{protocol.seen, protocol.forecast, true, tasks::extrapolation_of(*opened.model)};
  const std::string source = options.data.empty() ? recipe_of_run(opened.path) : options.data;
  const tasks::ForecastData data = open_windows(opened, source, options.overrides, shape);
  for (const std::string& fact : data.facts) tell(fact);
  std::string split = options.split;
  tasks::WindowSource& windows = wanted(data, split);
  tasks::MeasureOptions measures = tasks::MeasureOptions::usual(spec);
  if (!options.thresholds.empty()) {
    measures.thresholds.assign(options.thresholds.begin(), options.thresholds.end());
  }
  measures.most_windows = options.windows;
  reports::Progress progress = terminal_progress("evaluating", "windows", windows.size());
  const tasks::ForecastEvaluation evaluation = tasks::evaluate_forecasts(
      *opened.forecasters, *opened.model, windows, shape, measures, [&](std::int64_t done, std::int64_t) {
        progress.update(done);
        return !interrupted();
      });
  progress.finish();
  const std::string json = reports::forecast_json(evaluation);
  if (options.save && !interrupted()) save_evaluation(opened.path, split, json);
  put(options.json ? json : reports::forecast_text(evaluation));
  if (!interrupted()) return kDone;
  tell("interrupted: the figures are of the windows that were done");
  return kPartial;
}

}  // namespace longtake::cli
