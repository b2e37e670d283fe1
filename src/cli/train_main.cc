// The program `longtake-train`: the one that has LibTorch. `longtake train` starts it.
#include <fmt/format.h>

#include <filesystem>
#include <span>

#include "cli/cli.h"
#include "cli/train_options.h"
#include "longtake/error.h"
#include "reports/progress.h"
#include "reports/run_report.h"
#include "training/report.h"
#include "training/trainer.h"

namespace longtake::cli {

namespace {

// The progress of the epoch, and a line when it is over, which the run's log keeps.
class TrainProgress final : public training::TrainObserver {
 public:
  TrainProgress(bool json, const Files& files, Files::Path log) : json_(json), files_(files), log_(std::move(log)) {}

  void on_step(std::int64_t, std::int64_t epoch, std::int64_t step_in_epoch, std::int64_t steps_per_epoch, double loss,
               double) override {
    if (!progress_) progress_.emplace(terminal_progress(fmt::format("epoch {}", epoch), "steps", steps_per_epoch));
    progress_->update(step_in_epoch, fmt::format("loss {:.4f}", loss));
  }

  void on_epoch(const training::EpochRecord& record, bool best) override {
    if (progress_) progress_->finish();
    progress_.reset();
    std::string line = fmt::format("epoch {:>3}  loss {:.4f}", record.epoch, record.train_loss);
    if (record.validation_accuracy) {
      line += fmt::format("  validation loss {:.4f}  {} {:.2f} %{}", *record.validation_loss, record.validation_metric,
                          100 * *record.validation_accuracy, best ? "  best" : "");
    } else if (record.validation_loss) {
      line += fmt::format("  validation loss {:.4f}{}", *record.validation_loss, best ? "  best" : "");
    }
    line += fmt::format("  {:.0f} s", record.seconds);
    tell(line);
    files_.append(log_)->write(line + "\n");
    if (json_) {
      put(fmt::format(
          "{{\"epoch\": {}, \"step\": {}, \"train_loss\": {}, \"validation_loss\": {}, "
          "\"validation_accuracy\": {}, \"validation_metric\": \"{}\", \"learning_rate\": {}, \"seconds\": {:.3f}}}\n",
          record.epoch, record.step, record.train_loss, optional(record.validation_loss),
          optional(record.validation_accuracy), record.validation_metric, record.learning_rate, record.seconds));
    }
  }

 private:
  static std::string optional(const std::optional<double>& value) { return value ? fmt::format("{}", *value) : "null"; }

  bool json_;
  const Files& files_;
  Files::Path log_;
  std::optional<reports::Progress> progress_;
};

// `typed` are the arguments as they were typed.
int train(const TrainOptions& given, std::span<char* const> typed) {
  const std::string name = std::filesystem::path(given.recipe).stem().string();
  training::TrainRequest request{.recipe = load_recipe(given.recipe, given.overrides)};
  request.paths = training::RunPaths(given.run_directory.empty() ? "runs/" + name : given.run_directory);
  request.resume = given.resume;
  request.device = given.device;
  request.threads = given.threads;
  // As a user would repeat it: through `longtake`.
  std::vector<std::string> words{"longtake", "train"};
  words.insert(words.end(), typed.begin(), typed.end());
  request.command = reports::shell_command(words);
  request.stop = &interrupted();
  const auto log = terminal_log(false);
  request.log = log.get();
  TrainProgress progress(given.json, *request.files, request.paths.directory / "train.log");
  training::TensorBoardObserver observer(*request.files, request.paths.directory, &progress);
  request.observer = &observer;

  const training::TrainOutcome outcome =
      in_recipe(given.recipe, request.recipe, [&] { return training::train(request); });
  if (outcome.interrupted) {
    // The run's own recipe has the overrides in it.
    const std::vector<std::string> resume{
        "longtake", "train", request.paths.recipe().string(), "--run", request.paths.directory.string(), "--resume"};
    tell(
        fmt::format("interrupted after step {}; go on with: {}", outcome.history.step, reports::shell_command(resume)));
    return kFailed;
  }
  if (outcome.stopped_early) {
    tell(fmt::format("stopped early after epoch {}: validation no longer got better", outcome.history.epochs.size()));
  }
  request.files->write_atomic(request.paths.report(), reports::to_html(make_report(request, outcome)));
  for (const BadFileReport::Problem& problem : outcome.bad_files.problems) tell("warning: " + problem.reason);
  tell(fmt::format("model   {}\nreport  {}", request.paths.model().string(), request.paths.report().string()));
  return outcome.bad_files.problems.empty() ? kDone : kPartial;
}

}  // namespace

}  // namespace longtake::cli

int main(int argc, char** argv) {
  namespace cli = longtake::cli;
  CLI::App app{cli::kTrainSummary};
  app.name("longtake train");
  cli::TrainOptions options;
  cli::add_train_options(app, options);
  const std::span<char* const> typed(argv + 1, argv + argc);
  return cli::run_program(
      app, [&] { return cli::train(options, typed); }, argc, argv);
}
