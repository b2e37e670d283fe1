// longtake evaluate: models against a dataset whose labels are known, by the paper's protocol; several are fused.
#include "tasks/evaluate.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/threads.h"
#include "cli/classifier.h"
#include "cli/cli.h"
#include "cli/dataset.h"
#include "longtake/error.h"
#include "reports/progress.h"

namespace longtake::cli {

namespace {

struct EvaluateOptions {
  std::vector<std::string> models;
  std::string data;
  std::vector<std::string> overrides;
  std::string split;
  std::string weights;
  std::int64_t clip = -1, stride = -1, crops = -1;
  int threads = 0;
  bool json = false;
  bool items = false;
  bool skip_bad_files = false;
};

using Json = nlohmann::ordered_json;

// "1/3,2/3" or "1,2"
std::vector<double> parse_weights(const std::string& text, std::size_t models) {
  if (text.empty()) return std::vector<double>(models, 1.0);
  std::vector<double> weights;
  try {
    for (std::string_view part : split(text, ',')) {
      const std::size_t slash = part.find('/');
      const double above = parse_double(part.substr(0, slash), "--weights");
      weights.push_back(slash == std::string_view::npos ? above
                                                        : above / parse_double(part.substr(slash + 1), "--weights"));
    }
  } catch (const BadData& error) {
    throw ConfigError(error.what());
  }
  if (weights.size() != models)
    throw ConfigError(fmt::format("--weights has {} numbers for {} models", weights.size(), models));
  return weights;
}

Dataset wanted_split(const Dataset& dataset, const std::string& split) {
  if (!split.empty()) return as_usage("--split: ", [&] { return select_split(dataset, split); });
  return summarise(dataset).count(std::string(kTestSplit)) != 0 ? select_split(dataset, kTestSplit) : dataset;
}

Dataset labelled_like(const graph::Model& model, const Dataset& dataset, const std::string& source) {
  try {
    return align_labels(dataset, model.labels);
  } catch (const BadData& error) {
    throw BadData(fmt::format("{}: {}", source, error.what()));
  }
}

tasks::Protocol protocol_for(const graph::Model& model, const EvaluateOptions& options) {
  tasks::Protocol protocol = tasks::protocol_of(model);
  if (options.clip >= 0) protocol.clip = options.clip;
  if (options.stride >= 1) protocol.stride = options.stride;
  if (options.crops >= 1) protocol.crops = options.crops;
  return protocol;
}

tasks::Evaluation evaluate_one(const std::string& path, const EvaluateOptions& options, ThreadPool& pool,
                               Dataset& dataset, BadFileReport& bad_files) {
  const OpenedModel opened = open_model(path, options.threads);
  const std::string source = options.data.empty() ? recipe_of_run(opened.path) : options.data;
  video_options_of(opened, "stop");  // complains of a model that is no classifier of video
  dataset = labelled_like(*opened.model, wanted_split(open_dataset(source, options.overrides), options.split), source);
  // Every video is seen once, so none is kept.
  const ClipCacheOptions cache_options{0, options.skip_bad_files ? BadFiles::kSkip : BadFiles::kError};
  tasks::Classifier classifier(*opened.model, *opened.program);
  ClipCache cache(dataset, classifier.spec(), cache_options, pool);
  const auto total = static_cast<std::int64_t>(dataset.items.size());
  reports::Progress progress = terminal_progress("evaluating", "videos", total);
  tasks::Evaluation evaluation =
      tasks::evaluate(classifier, cache, protocol_for(*opened.model, options), [&](std::int64_t done) {
        progress.update(done);
        return !interrupted();
      });
  progress.finish();
  bad_files = cache.bad_files();
  return evaluation;
}

Json to_json(const ClassificationMetrics& metrics) {
  const auto number = [](const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); };
  return {{"cases", metrics.confusion().total()},
          {"top1", number(metrics.top1())},
          {"top5", number(metrics.top5())},
          {"mean_class_accuracy", number(metrics.confusion().mean_class_accuracy())}};
}

void put_json(const tasks::Evaluation& evaluation, const Dataset& dataset, const EvaluateOptions& options) {
  Json json{{"models", options.models},
            {"protocol", evaluation.protocol},
            {"videos", to_json(evaluation.metrics.videos())},
            {"clips", to_json(evaluation.metrics.clips())},
            {"loss", evaluation.loss},
            {"skipped", evaluation.skipped},
            {"labels", dataset.labels},
            {"confusion", Json::array()}};
  const ConfusionMatrix& confusion = evaluation.metrics.videos().confusion();
  for (std::int64_t truth = 0; truth < confusion.classes(); ++truth) {
    Json row = Json::array();
    for (std::int64_t predicted = 0; predicted < confusion.classes(); ++predicted)
      row.push_back(confusion.count(truth, predicted));
    json["confusion"].push_back(row);
  }
  if (options.items) {
    json["items"] = Json::array();
    for (const tasks::ItemEvaluation& item : evaluation.items) {
      json["items"].push_back({{"id", dataset.items[item.item].id},
                               {"truth", dataset.labels[item.truth]},
                               {"predicted", dataset.labels[item.predicted]},
                               {"truth_score", item.truth_score}});
    }
  }
  put(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

void put_text(const tasks::Evaluation& evaluation) {
  const auto percent = [](const std::optional<double>& value) {
    return value ? fmt::format("{:.2f} %", 100 * *value) : std::string("-");
  };
  const ClassificationMetrics& videos = evaluation.metrics.videos();
  put(
      fmt::format("videos              {}\ntop-1               {}\ntop-5               {}\nmean of classes     {}\n"
                  "top-1 of clips      {} ({} clips)\nprotocol            {}\n",
                  videos.confusion().total(), percent(videos.top1()), percent(videos.top5()),
                  percent(videos.confusion().mean_class_accuracy()), percent(evaluation.metrics.clips().top1()),
                  evaluation.metrics.clips().confusion().total(), evaluation.protocol));
}

int evaluate(const EvaluateOptions& options) {
  const std::vector<double> weights = parse_weights(options.weights, options.models.size());
  ThreadPool pool(options.threads == 0 ? core_count() : options.threads);
  std::vector<tasks::Evaluation> evaluations;
  Dataset dataset;
  BadFileReport bad_files;
  for (const std::string& model : options.models) {
    evaluations.push_back(evaluate_one(model, options, pool, dataset, bad_files));
  }
  const auto classes = static_cast<std::int64_t>(dataset.labels.size());
  const tasks::Evaluation& evaluation =
      evaluations.size() == 1 ? evaluations[0]
                              : (evaluations.push_back(fuse(evaluations, weights, classes)), evaluations.back());
  options.json ? put_json(evaluation, dataset, options) : put_text(evaluation);
  for (const BadFileReport::Problem& problem : bad_files.problems) tell("warning: " + problem.reason);
  if (interrupted()) {
    tell("interrupted: the figures are of the videos that were done");
    return kPartial;
  }
  return bad_files.problems.empty() ? kDone : kPartial;
}

}  // namespace

void add_evaluate(CLI::App& app, Run& run) {
  CLI::App* verb =
      app.add_subcommand("evaluate", "Accuracy on videos whose labels are known; several models are fused");
  auto options = std::make_shared<EvaluateOptions>();
  verb->add_option("models", options->models, "Model files or directories of runs")->required();
  verb->add_option("--data", options->data,
                   "A recipe, a manifest (.csv) or a folder per class; default: the run's recipe");
  verb->add_option("--set", options->overrides, "section.key=value, for the recipe of the data");
  verb->add_option("--split", options->split, "train, validation or test; default: test, or all where there is none")
      ->check(CLI::IsMember({std::string(kTrainSplit), std::string(kValidationSplit), std::string(kTestSplit)}));
  verb->add_option("--weights", options->weights, "Of the models' scores, such as 1/3,2/3; default: alike");
  verb->add_option("--clip", options->clip, "Frames per clip; 0 follows the whole video; default: the model's protocol")
      ->check(whole_number(0));
  verb->add_option("--stride", options->stride, "Frames from clip to clip")->check(whole_number(1));
  verb->add_option("--crops", options->crops, "1, 5 or 10")->check(CLI::IsMember({1, 5, 10}));
  verb->add_option("--threads", options->threads, "0 takes all cores")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  verb->add_flag("--skip-bad-files", options->skip_bad_files,
                 "Leave out what cannot be read, counted, and exit with 3");
  verb->add_flag("--items", options->items, "With --json: every video");
  verb->add_flag("--json", options->json, "As JSON");
  verb->footer(
      "This resets the state at every clip where the protocol says so; `longtake stream` never does.\nExamples:\n"
      "  longtake evaluate runs/motions\n  longtake evaluate rgb.safetensors flow.safetensors --weights 1/3,2/3 --data "
      "ucf101.toml");
  verb->callback([&run, options] { run = [options] { return evaluate(*options); }; });
}

}  // namespace longtake::cli
