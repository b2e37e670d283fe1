#include "cli/evaluate_storms.h"

#include <fmt/format.h>

#include "cli/classifier.h"
#include "cli/cli.h"
#include "cli/storm_model.h"
#include "longtake/error.h"
#include "reports/storm_result.h"

namespace longtake::cli {

namespace {

tasks::StormData open_storms(const graph::Model& model, const std::string& source,
                             const std::vector<std::string>& overrides) {
  if (!source.ends_with(".toml")) {
    throw ConfigError(fmt::format("--data {}: a model of storms takes its sequences from a recipe (.toml)", source));
  }
  const Options recipe = load_recipe(source, overrides);
  return in_recipe(source, recipe, [&] {
    // The model says how its frames are made; the recipe where they come from.
    const auto open = tasks::read_storm_data(recipe.table("data"), tasks::storm_input_of(model));
    for (const char* rest : {"model", "input", "train", "augment", "track"}) recipe.ignore(rest);
    recipe.check_all_used();
    return open(real_files());
  });
}

tasks::StormSet& wanted_storms(const tasks::StormData& data, std::string& split) {
  if (split.empty()) split = data.test != nullptr ? kTestSplit : kValidationSplit;
  const auto& set = split == kTrainSplit ? data.train : split == kTestSplit ? data.test : data.validation;
  if (set == nullptr) throw ConfigError(fmt::format("the data has no {} split", split));
  return *set;
}

}  // namespace

int evaluate_storms(const std::string& path, graph::Model model, const StormEvaluationOptions& options) {
  const StormModel opened = open_storm_model(path, std::move(model), options.threads);
  const std::string source = options.data.empty() ? recipe_of_run(path) : options.data;
  const tasks::StormData data = open_storms(*opened.model, source, options.overrides);
  for (const std::string& fact : data.facts) tell(fact);
  std::string split = options.split;
  tasks::StormSet& set = wanted_storms(data, split);
  reports::Progress progress = terminal_progress("evaluating", "sequences", set.size());
  const auto cases = tasks::collect_storms(*opened.model, opened.executors, set, options.sequences,
                                           [&](std::int64_t done, std::int64_t) {
                                             progress.update(done);
                                             return !interrupted();
                                           });
  progress.finish();
  const tasks::StormEvaluation evaluation = tasks::evaluate_storms(cases, *opened.model);
  const std::string json = reports::storm_json(evaluation);
  if (options.save && !interrupted()) save_evaluation(path, split, json);
  put(options.json ? json : reports::storm_text(evaluation));
  if (!interrupted()) return kDone;
  tell("interrupted: the figures are of the sequences that were done");
  return kPartial;
}

}  // namespace longtake::cli
