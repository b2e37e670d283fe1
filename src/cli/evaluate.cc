// longtake evaluate: models against a dataset whose labels are known, by the paper's protocol; several are fused.
#include "tasks/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "base/threads.h"
#include "cli/classifier.h"
#include "cli/cli.h"
#include "cli/dataset.h"
#include "cli/evaluate_forecast.h"
#include "cli/evaluate_labels.h"
#include "cli/evaluate_storms.h"
#include "longtake/error.h"
#include "reports/progress.h"
#include "tasks/label.h"
#include "tasks/track.h"

namespace longtake::cli {

namespace {

// What came of one model.
struct Evaluated {
  std::string model;
  tasks::Evaluation evaluation;
  Dataset dataset;
  BadFileReport bad_files;
};

struct EvaluateOptions {
  std::vector<std::string> models;
  std::string data;
  std::vector<std::string> overrides;
  std::string split;
  std::string weights;
  std::int64_t clip = -1, stride = -1, crops = -1;
  std::string ties;
  int threads = 0;
  std::string features;
  std::optional<std::uint64_t> shuffle;
  std::vector<double> thresholds;
  std::int64_t windows = 0;
  bool json = false;
  bool save = false;
  bool items = false;
  bool skip_bad_files = false;
};

using Json = nlohmann::ordered_json;

// "1/3,2/3" or "1,2": with the same sum 1 in the end.
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
  double sum = 0;
  for (const double weight : weights) sum += weight >= 0 ? weight : NAN;
  if (!(sum > 0 && std::isfinite(sum))) {
    throw ConfigError(fmt::format("--weights {} must be 0 or more each, and not all 0", text));
  }
  for (double& weight : weights) weight /= sum;
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

Dataset dataset_for(const OpenedModel& opened, const EvaluateOptions& options) {
  const std::string source = options.data.empty() ? recipe_of_run(opened.path) : options.data;
  video_options_of(opened, "stop");  // complains of a model that is no classifier of video
  return labelled_like(*opened.model, wanted_split(open_dataset(source, options.overrides), options.split), source);
}

std::string split_of(const EvaluateOptions& options) {
  return options.split.empty() ? std::string(kTestSplit) : options.split;
}

// What the figures are of, in words.
std::string data_of(const EvaluateOptions& options) {
  std::string text = options.data.empty() ? "the run's own data" : options.data;
  for (const std::string& override : options.overrides) text += fmt::format(", {}", override);
  if (options.shuffle) text += fmt::format(", frames shuffled with seed {}", *options.shuffle);
  return text;
}

int evaluate_labelling(const OpenedModel& opened, const EvaluateOptions& options, ThreadPool& pool) {
  if (options.models.size() > 1) throw ConfigError("models that label every frame are not fused; name one");
  if (options.clip > 0 || options.stride >= 1 || options.crops > 1 || options.items || options.shuffle) {
    throw ConfigError("--clip, --stride, --crops, --shuffle and --items are not for models that label every frame");
  }
  return evaluate_labels(opened, dataset_for(opened, options),
                         {.ties = options.ties == "index" ? Ties::kIndex : Ties::kExpected,
                          .skip_bad_files = options.skip_bad_files,
                          .json = options.json,
                          .save_as = options.save ? split_of(options) : "",
                          .data = data_of(options),
                          .features = options.features,
                          .threads = options.threads},
                         pool);
}

Evaluated evaluate_one(const OpenedModel& opened, const EvaluateOptions& options, ThreadPool& pool) {
  const Dataset dataset = dataset_for(opened, options);
  if (dataset.dense) {
    throw BadData(fmt::format("{}: the model gives a video one class, but the data has intervals", opened.path));
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
  const auto total = static_cast<std::int64_t>(dataset.items.size());
  reports::Progress progress = terminal_progress("evaluating", "videos", total);
  tasks::Evaluation evaluation = tasks::evaluate(
      classifier, cache, protocol_for(*opened.model, options),
      [&](std::int64_t done) {
        progress.update(done);
        return !interrupted();
      },
      options.shuffle);
  progress.finish();
  return {opened.path, std::move(evaluation), dataset, cache.bad_files()};
}

// Models may have data of their own, pictures here and cached flow there, but it must be of the same videos.
void check_same_videos(const Evaluated& one, const Evaluated& other) {
  const auto same = [](const DatasetItem& a, const DatasetItem& b) {
    return a.path.stem() == b.path.stem() && a.label == b.label && a.start_s == b.start_s && a.end_s == b.end_s;
  };
  const auto& [a, b] = std::tie(one.dataset.items, other.dataset.items);
  const auto [first, second] = std::mismatch(a.begin(), a.end(), b.begin(), b.end(), same);
  if (first == a.end() && second == b.end() && one.dataset.labels == other.dataset.labels) return;
  const auto name = [](auto item, const auto& items) { return item == items.end() ? "nothing" : item->path.string(); };
  throw BadData(
      fmt::format("{} and {} cannot be fused, their data differs: {} here and {} there; --data names one for all",
                  one.model, other.model, name(first, a), name(second, b)));
}

Json to_json(const ClassificationMetrics& metrics) {
  const auto number = [](const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); };
  return {{"cases", metrics.confusion().total()},
          {"top1", number(metrics.top1())},
          {"top5", number(metrics.top5())},
          {"mean_class_accuracy", number(metrics.confusion().mean_class_accuracy())}};
}

Json summary(const tasks::Evaluation& evaluation) {
  return {{"protocol", evaluation.protocol},
          {"videos", to_json(evaluation.metrics.videos())},
          {"clips", to_json(evaluation.metrics.clips())},
          {"loss", evaluation.loss},
          {"skipped", evaluation.skipped}};
}

// `evaluation` is of the only model, or of all fused.
std::string json_of(const tasks::Evaluation& evaluation, const std::vector<Evaluated>& models,
                    const std::vector<double>& weights, const EvaluateOptions& options) {
  const Dataset& dataset = models.front().dataset;
  Json json{{"models", options.models}, {"data", data_of(options)}};
  json.update(summary(evaluation));
  if (models.size() > 1) {
    json["each"] = Json::array();
    for (std::size_t m = 0; m < models.size(); ++m) {
      json["each"].push_back({{"model", models[m].model}, {"weight", weights[m]}});
      json["each"].back().update(summary(models[m].evaluation));
    }
  }
  json["labels"] = dataset.labels;
  json["confusion"] = Json::array();
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
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
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

void put_all_text(const tasks::Evaluation& evaluation, const std::vector<Evaluated>& models,
                  const std::vector<double>& weights) {
  if (models.size() == 1) return put_text(evaluation);
  for (std::size_t m = 0; m < models.size(); ++m) {
    put(fmt::format("model               {} (weight {:.4g})\n", models[m].model, weights[m]));
    put_text(models[m].evaluation);
    put("\n");
  }
  put("model               all, fused\n");
  put_text(evaluation);
}

tasks::Evaluation fuse_all(const std::vector<Evaluated>& models, const std::vector<double>& weights) {
  std::vector<tasks::Evaluation> evaluations;
  for (const Evaluated& model : models) evaluations.push_back(model.evaluation);
  return fuse(evaluations, weights, static_cast<std::int64_t>(models.front().dataset.labels.size()));
}

// Models that forecast or follow storms have windows in place of labelled videos, and options of their own.
int evaluate_windows(graph::Model model, const EvaluateOptions& options) {
  const bool others = options.models.size() > 1 || !options.weights.empty() || options.clip >= 0 ||
                      options.stride >= 1 || options.crops >= 1 || options.items || options.shuffle ||
                      !options.features.empty() || !options.ties.empty() || options.skip_bad_files;
  if (others) {
    throw ConfigError(
        "several models, --weights, --clip, --stride, --crops, --shuffle, --features, --ties, --items and "
        "--skip-bad-files are not for models that forecast or follow storms");
  }
  if (tasks::answers_storms(model)) {
    if (!options.thresholds.empty())
      throw ConfigError("--thresholds are not for models of storms, which have their own");
    return evaluate_storms(model_path(options.models.front()), std::move(model),
                           {.data = options.data,
                            .overrides = options.overrides,
                            .split = options.split,
                            .sequences = options.windows,
                            .threads = options.threads,
                            .json = options.json,
                            .save = options.save});
  }
  return evaluate_forecast(open_forecaster(model_path(options.models.front()), std::move(model), options.threads),
                           {.data = options.data,
                            .overrides = options.overrides,
                            .split = options.split,
                            .thresholds = options.thresholds,
                            .windows = options.windows,
                            .json = options.json,
                            .save = options.save});
}

int evaluate(const EvaluateOptions& options) {
  if (graph::Model first = load_model_of(options.models.front());
      first.task == tasks::kForecastTask || first.task == tasks::kTrackTask) {
    return evaluate_windows(std::move(first), options);
  }
  if (!options.thresholds.empty() || options.windows > 0) {
    throw ConfigError("--thresholds and --windows are for models that forecast or follow storms");
  }
  const std::vector<double> weights = parse_weights(options.weights, options.models.size());
  ThreadPool pool(options.threads == 0 ? core_count() : options.threads);
  std::vector<Evaluated> models;
  for (const std::string& model : options.models) {
    const OpenedModel opened = open_model(model, options.threads);
    if (opened.model->task == tasks::kLabelTask) return evaluate_labelling(opened, options, pool);
    if (models.size() == 1 && !options.features.empty()) throw ConfigError("--features are of one model");
    if (!options.ties.empty()) throw ConfigError("--ties is for models that label every frame");
    models.push_back(evaluate_one(opened, options, pool));
    check_same_videos(models.front(), models.back());
  }
  const tasks::Evaluation evaluation = models.size() == 1 ? models.front().evaluation : fuse_all(models, weights);
  if (options.save && !interrupted()) {
    if (models.size() > 1) throw ConfigError("--save is for one model");
    save_evaluation(models.front().model, split_of(options) + (options.shuffle ? "-shuffled" : ""),
                    json_of(evaluation, models, weights, options));
  }
  if (options.json) {
    put(json_of(evaluation, models, weights, options));
  } else {
    put_all_text(evaluation, models, weights);
  }
  bool problems = false;
  for (const Evaluated& model : models) {
    for (const BadFileReport::Problem& problem : model.bad_files.problems) tell("warning: " + problem.reason);
    problems = problems || !model.bad_files.problems.empty();
  }
  if (interrupted()) {
    tell("interrupted: the figures are of the videos that were done");
    return kPartial;
  }
  return problems ? kPartial : kDone;
}

}  // namespace

void add_evaluate(CLI::App& app, Run& run) {
  CLI::App* verb = app.add_subcommand(
      "evaluate", "Accuracy on videos whose labels are known, per-frame mAP on dense sets; several models are fused");
  auto options = std::make_shared<EvaluateOptions>();
  verb->add_option("models", options->models, "Model files or directories of runs")->required();
  verb->add_option("--data", options->data,
                   "A recipe, a manifest (.csv) or a folder per class; default: the run's recipe");
  verb->add_option("--set", options->overrides, "section.key=value, for the recipe of the data");
  verb->add_option("--split", options->split, "train, validation or test; default: test, or all where there is none")
      ->check(CLI::IsMember({std::string(kTrainSplit), std::string(kValidationSplit), std::string(kTestSplit)}));
  verb->add_option("--weights", options->weights,
                   "Of the models' scores, such as 1/3,2/3; divided by their sum; default: alike");
  verb->add_option("--clip", options->clip, "Frames per clip; 0 follows the whole video; default: the model's protocol")
      ->check(whole_number(0));
  verb->add_option("--stride", options->stride, "Frames from clip to clip")->check(whole_number(1));
  verb->add_option("--crops", options->crops, "1, 5 or 10")->check(CLI::IsMember({1, 5, 10}));
  add_precise(*verb);
  add_weight_format(*verb);
  verb->add_option("--threads", options->threads, "0 takes all cores")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  verb->add_option(
          "--ties", options->ties,
          "Labelling models, equal scores: expected (the mean over all orders, default) or index (as they come)")
      ->check(CLI::IsMember({"expected", "index"}));
  verb->add_option("--features", options->features, "Folder of `longtake extract`: taken instead of the videos");
  verb->add_option("--shuffle", options->shuffle,
                   "Seed of a random order in which the frames of every video are seen: what is left without motion");
  verb->add_option("--thresholds", options->thresholds,
                   "Models that forecast: of events, such as 0.5,2 in mm/h; default: 0.5,2,5,10,30 for rain")
      ->delimiter(',');
  verb->add_option("--windows", options->windows,
                   "Models that forecast: so many windows, of storms sequences, spread evenly; 0 takes all")
      ->check(whole_number(0));
  verb->add_flag("--save", options->save, "Also as JSON in the run's directory, for `longtake compare`");
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
