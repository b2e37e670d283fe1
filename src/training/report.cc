#include "training/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "reports/chart.h"
#include "reports/forecast_film.h"
#include "reports/forecast_result.h"
#include "reports/storm_result.h"
#include "training/sample_pictures.h"

namespace longtake::training {

namespace {

constexpr const char* kAttentionExplained =
    "Over the pictures lies where the model looked: the lighter, the more. The scale is each clip's own.";

double unix_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string percent(const std::optional<double>& share) { return share ? fmt::format("{:.1f} %", 100 * *share) : "-"; }

std::vector<reports::Chart> charts_of(const History& history, const std::string& task) {
  reports::Curve train{"training", {}}, validation{"validation", {}}, accuracy{"validation", {}}, rate{"rate", {}};
  for (const EpochRecord& record : history.epochs) {
    const auto step = static_cast<double>(record.step);
    train.points.push_back({step, record.train_loss});
    rate.points.push_back({step, record.learning_rate});
    if (record.validation_loss) validation.points.push_back({step, *record.validation_loss});
    if (record.validation_accuracy) accuracy.points.push_back({step, *record.validation_accuracy});
  }
  std::vector<reports::Chart> charts{{"Loss", "step", false, {train}}};
  if (!validation.points.empty()) charts[0].curves.push_back(validation);
  if (!accuracy.points.empty()) {
    charts.push_back({task == tasks::kLabelTask ? "Per-frame mAP" : "Accuracy", "step", true, {accuracy}});
  }
  charts.push_back({"Learning rate", "step", false, {rate}});
  return charts;
}

std::vector<std::pair<std::string, std::string>> facts_of(const TrainOutcome& outcome) {
  std::vector<std::pair<std::string, std::string>> facts{
      {"Model", outcome.model.name},
      {"Parameters", std::to_string(outcome.model.parameter_count())},
      {"Seed", std::to_string(outcome.options.seed)},
      {"Steps", std::to_string(outcome.history.step)},
      {"Epochs", fmt::format("{}, the best was {}", outcome.history.epochs.size(), outcome.history.best_epoch)},
      {"Duration", fmt::format("{:.0f} s", outcome.history.seconds)},
      {"Trained with", outcome.model.provenance.at("trained_with")}};
  for (const std::string& fact : outcome.data_facts) facts.emplace_back("Data", fact);
  if (outcome.dataset == nullptr) return facts;
  for (const auto& [split, summary] : summarise(*outcome.dataset)) {
    facts.emplace_back("Items for " + (split.empty() ? std::string("nothing") : split), std::to_string(summary.items));
  }
  return facts;
}

// What a model that labels every frame did on the split.
void add_labelling(const TrainOutcome& outcome, reports::RunReport& report) {
  const tasks::LabelEvaluation& labelling = *outcome.labelling;
  const std::string split = outcome.evaluated_split + " videos";
  report.highlights.push_back({percent(labelling.frames.mean()), "per-frame mAP of the " + split});
  report.facts.emplace_back("Frames of the " + split, std::to_string(labelling.frames.cases()));
  for (std::int64_t label = 0; label < labelling.frames.classes(); ++label) {
    report.facts.emplace_back("AP of " + outcome.model.labels[label], percent(labelling.frames.of_class(label)));
  }
  report.notes.push_back(
      fmt::format("The mean is over the {} classes that occur in the {}; all their frames are in "
                  "one ranking per class.",
                  labelling.frames.classes() - labelling.frames.classes_without_positives(), split));
  report.notes.push_back("Scores by: " + labelling.protocol + ".");
  report.time_lines = label_time_lines(outcome);
  report.window_charts = window_charts(outcome);
}

// What a model that forecasts did on the split, beside what needs no model.
void add_forecasts(const TrainOutcome& outcome, reports::RunReport& report) {
  const tasks::ForecastEvaluation& forecast = *outcome.forecast;
  const std::string split = outcome.evaluated_split + " windows";
  for (const tasks::MethodScores& method : forecast.methods) {
    if (const auto entropy = method.cross_entropy.sum_over_leads()) {
      report.highlights.push_back({fmt::format("{:.0f}", *entropy), "cross-entropy of a sequence: " + method.name});
    } else if (const auto csi = method.events.mean_over_leads(0, &ContingencyTable::critical_success_index)) {
      report.highlights.push_back(
          {fmt::format("{:.3f}", *csi),
           fmt::format("mean CSI at {:g} {}: {}", method.events.thresholds().front(), forecast.unit, method.name)});
    }
    if (const std::string note = smoothness_note(method); !note.empty()) report.notes.push_back(note);
  }
  report.facts.emplace_back("Measured " + split, std::to_string(forecast.windows));
  report.notes.push_back("Scores by: " + forecast.protocol + ", all methods on the same cells.");
  report.forecast_charts = reports::forecast_charts(forecast);
  report.forecast_tables = reports::forecast_text(forecast);
  for (const tasks::ForecastSample& sample : outcome.forecast_samples) {
    report.films.push_back({sample.id, reports::forecast_film(sample, outcome.model.name)});
  }
}

// What a model that follows or forecasts storms found of them.
void add_storms(const TrainOutcome& outcome, reports::RunReport& report) {
  const tasks::StormEvaluation& storms = *outcome.storms;
  const std::int64_t last = storms.density_error.leads() - 1;
  for (const tasks::StormMethod& method : storms.methods) {
    report.highlights.push_back(
        {percent(method.scores.probability_of_detection(last)), "of storms found: " + method.name});
    report.highlights.push_back({percent(method.scores.false_alarm_ratio(last)), "of those are none: " + method.name});
    const auto error = method.scores.kilometres().mean(last);
    report.highlights.push_back({error ? fmt::format("{:.0f} km", *error) : "-", "error of centres: " + method.name});
  }
  report.facts.emplace_back("Measured " + outcome.evaluated_split + (storms.forecast ? " windows" : " frames"),
                            std::to_string(storms.cases));
  report.notes.push_back("Scores by: " + storms.protocol + (storms.forecast ? "; the last lead is shown first." : "."));
  report.forecast_tables = reports::storm_text(storms);
}

}  // namespace

reports::RunReport make_report(const TrainRequest& request, const TrainOutcome& outcome) {
  reports::RunReport report;
  report.title = request.paths.directory.filename().string();
  report.command = request.command;
  report.recipe = request.recipe.to_toml();
  report.charts = charts_of(outcome.history, outcome.model.task);
  report.facts = facts_of(outcome);
  for (const BadFileReport::Problem& problem : outcome.bad_files.problems) {
    report.skipped.push_back({problem.id, problem.reason});
  }
  if (outcome.stopped_early) report.notes.push_back("Stopped early: validation no longer got better.");
  if (outcome.forecast != nullptr) add_forecasts(outcome, report);
  if (outcome.storms != nullptr) add_storms(outcome, report);
  if (outcome.labelling != nullptr) add_labelling(outcome, report);
  if (outcome.evaluation == nullptr) return report;
  const ClassificationMetrics& videos = outcome.evaluation->metrics.videos();
  const std::string split = outcome.evaluated_split + " videos";
  if (outcome.history.best_accuracy) {
    report.notes.push_back(fmt::format("The best epoch by validation was {}, with {} right.",
                                       outcome.history.best_epoch, percent(outcome.history.best_accuracy)));
  }
  report.highlights.push_back({percent(videos.top1()), "of the " + split + " right"});
  report.results.push_back({split, videos.confusion().total(), videos.top1(), videos.top5(),
                            videos.confusion().mean_class_accuracy(), outcome.evaluation->loss});
  report.confusions.push_back({"Confusion of the " + split, outcome.model.labels, videos.confusion()});
  const SampleItems samples = choose_samples(*outcome.evaluation);
  report.worst_clips = sample_clips(outcome, samples.worst);
  report.right_clips = sample_clips(outcome, samples.right);
  if (!outcome.watched.empty()) report.clips_explained = kAttentionExplained;
  report.notes.push_back("Scores by: " + outcome.evaluation->protocol + ".");
  if (outcome.evaluated_split == kTrainSplit) {
    report.notes.push_back("There is no other split, so the figures are of the training videos themselves.");
  }
  return report;
}

TensorBoardObserver::TensorBoardObserver(const Files& files, const Files::Path& directory, TrainObserver* next)
    : files_(files), directory_(directory), next_(next) {}

void TensorBoardObserver::open(std::int64_t step) {
  if (!events_) events_.emplace(files_, directory_, unix_time(), step > 1 ? std::optional(step) : std::nullopt);
}

void TensorBoardObserver::on_step(std::int64_t step, std::int64_t epoch, std::int64_t step_in_epoch,
                                  std::int64_t steps_per_epoch, double loss, double learning_rate) {
  open(step);
  events_->scalar("loss/step", step, loss, unix_time());
  events_->scalar("learning_rate", step, learning_rate, unix_time());
  if (next_ != nullptr) next_->on_step(step, epoch, step_in_epoch, steps_per_epoch, loss, learning_rate);
}

void TensorBoardObserver::on_epoch(const EpochRecord& record, bool best) {
  open(record.step + 1);
  events_->scalar("loss/train", record.step, record.train_loss, unix_time());
  if (record.validation_loss) events_->scalar("loss/validation", record.step, *record.validation_loss, unix_time());
  if (record.validation_accuracy) {
    events_->scalar(record.validation_metric + "/validation", record.step, *record.validation_accuracy, unix_time());
  }
  events_->sync();
  if (next_ != nullptr) next_->on_epoch(record, best);
}

}  // namespace longtake::training
