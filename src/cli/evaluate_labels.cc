#include "cli/evaluate_labels.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/cli.h"
#include "longtake/error.h"
#include "tasks/label.h"

namespace longtake::cli {

namespace {

using Json = nlohmann::ordered_json;

Json number(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

std::string percent(const std::optional<double>& value) {
  return value ? fmt::format("{:.2f} %", 100 * *value) : std::string("-");
}

std::string json_of(const tasks::LabelEvaluation& evaluation, const OpenedModel& opened,
                    const LabelEvaluationOptions& options) {
  const ClassAveragePrecision& frames = evaluation.frames;
  Json json{{"models", {opened.path}},
            {"data", options.data},
            {"protocol", fmt::format("{}, ties {}", evaluation.protocol,
                                     options.ties == Ties::kExpected ? "expected" : "by index")},
            {"videos", evaluation.videos},
            {"frames", frames.cases()},
            {"per_frame_map", number(frames.mean())},
            {"ties", options.ties == Ties::kExpected ? "expected" : "index"},
            {"classes_without_positives", frames.classes_without_positives()},
            {"loss", evaluation.loss},
            {"skipped", evaluation.skipped},
            {"classes", Json::array()}};
  for (std::int64_t label = 0; label < frames.classes(); ++label) {
    json["classes"].push_back({{"label", opened.model->labels[label]},
                               {"average_precision", number(frames.of_class(label))},
                               {"positives", frames.positives(label)}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

void put_text(const tasks::LabelEvaluation& evaluation, const std::vector<std::string>& labels) {
  const ClassAveragePrecision& frames = evaluation.frames;
  std::string text = fmt::format(
      "videos              {}\nframes              {}\nper-frame mAP       {} (over {} classes; {} do not occur)\n"
      "protocol            {}\n",
      evaluation.videos, frames.cases(), percent(frames.mean()), frames.classes() - frames.classes_without_positives(),
      frames.classes_without_positives(), evaluation.protocol);
  for (std::int64_t label = 0; label < frames.classes(); ++label) {
    text += fmt::format("  {:>9}  {:>8} frames  {}\n", percent(frames.of_class(label)), frames.positives(label),
                        labels[label]);
  }
  put(text);
}

}  // namespace

int evaluate_labels(const OpenedModel& opened, const Dataset& dataset, const LabelEvaluationOptions& options,
                    ThreadPool& pool) {
  if (!dataset.dense) {
    throw BadData(
        fmt::format("{}: the model labels every frame, but the data has one class per video; name data with "
                    "intervals, such as [data] format = \"activitynet\"",
                    opened.path));
  }
  // Every video is seen once, so none is kept.
  ClipCacheOptions cache_options{0, options.skip_bad_files ? BadFiles::kSkip : BadFiles::kError, {}};
  std::optional<OpenedHead> from_features;
  if (!options.features.empty()) {
    from_features.emplace(open_head(opened, options.features, options.threads));
    cache_options.features = from_features->features;
  }
  const OpenedModel& used = from_features ? from_features->head : opened;
  tasks::Classifier classifier(*used.model, *used.program);
  ClipCache cache(dataset, classifier.spec(), cache_options, pool);
  reports::Progress progress =
      terminal_progress("evaluating", "videos", static_cast<std::int64_t>(dataset.items.size()));
  const tasks::LabelEvaluation evaluation =
      tasks::evaluate_labels(classifier, cache, options.ties, [&](std::int64_t done) {
        progress.update(done);
        return !interrupted();
      });
  progress.finish();
  if (!options.save_as.empty() && !interrupted()) {
    save_evaluation(opened.path, options.save_as, json_of(evaluation, opened, options));
  }
  options.json ? put(json_of(evaluation, opened, options)) : put_text(evaluation, dataset.labels);
  const BadFileReport bad_files = cache.bad_files();
  for (const BadFileReport::Problem& problem : bad_files.problems) tell("warning: " + problem.reason);
  if (interrupted()) tell("interrupted: the figures are of the videos that were done");
  return interrupted() || !bad_files.problems.empty() ? kPartial : kDone;
}

}  // namespace longtake::cli
