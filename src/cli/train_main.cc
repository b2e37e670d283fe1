// The program `longtake-train`: the one that has LibTorch. `longtake train` starts it.
#include <fmt/format.h>

#include <filesystem>

#include "cli/cli.h"
#include "longtake/error.h"
#include "reports/progress.h"
#include "reports/run_report.h"
#include "training/report.h"
#include "training/trainer.h"

namespace longtake::cli {

namespace {

struct Arguments {
  std::string recipe;
  std::vector<std::string> overrides;
  std::string run_directory;
  std::string device = "cpu";
  int threads = 0;
  bool resume = false;
  bool json = false;
  std::vector<std::string> words;  // all of them, as they were typed
};

// The progress of the epoch, and a line when it is over.
class TrainProgress final : public training::TrainObserver {
 public:
  explicit TrainProgress(bool json) : json_(json) {}

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
    }
    tell(line + fmt::format("  {:.0f} s", record.seconds));
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
  std::optional<reports::Progress> progress_;
};

int train(const Arguments& given) {
  const std::string name = std::filesystem::path(given.recipe).stem().string();
  training::TrainRequest request{.recipe = load_recipe(given.recipe, given.overrides)};
  request.paths = training::RunPaths(given.run_directory.empty() ? "runs/" + name : given.run_directory);
  request.resume = given.resume;
  request.device = given.device;
  request.threads = given.threads;
  // As a user would repeat it: through `longtake`.
  std::vector<std::string> words{"longtake", "train"};
  words.insert(words.end(), given.words.begin(), given.words.end());
  request.command = reports::shell_command(words);
  request.stop = &interrupted();
  const auto log = terminal_log(false);
  request.log = log.get();
  TrainProgress progress(given.json);
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
  request.files->write_atomic(request.paths.report(), reports::to_html(make_report(request, outcome)));
  for (const BadFileReport::Problem& problem : outcome.bad_files.problems) tell("warning: " + problem.reason);
  tell(fmt::format("model   {}\nreport  {}", request.paths.model().string(), request.paths.report().string()));
  return outcome.bad_files.problems.empty() ? kDone : kPartial;
}

void add_options(CLI::App& app, Arguments& given) {
  app.name("longtake train");
  app.add_option("recipe", given.recipe, "What to train, on what, and how (.toml)")->required();
  app.add_option("overrides", given.overrides, "section.key=value, instead of what the recipe says");
  app.add_option("--run", given.run_directory, "The run's directory; default: runs/<name of the recipe>");
  app.add_flag("--resume", given.resume, "Go on where the run in that directory stopped, however it stopped");
  app.add_option("--device", given.device, "cpu, cuda or cuda:<number>")->capture_default_str();
  app.add_option("--threads", given.threads, "0 takes all cores; the same number gives the same bytes")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  app.add_flag("--json", given.json, "Every epoch as a JSON line on standard output");
  app.footer(
      "Ctrl-C finishes the step, saves, and says how to go on.\nExamples:\n"
      "  longtake train recipes/motions.toml\n"
      "  longtake train recipes/lrcn_lips.toml train.seed=2 --run runs/lips2");
}

}  // namespace

}  // namespace longtake::cli

int main(int argc, char** argv) {
  namespace cli = longtake::cli;
  CLI::App app{"Train a recurrent video model from a recipe."};
  cli::Arguments given;
  given.words.assign(argv + 1, argv + argc);
  cli::add_options(app, given);
  return cli::run_program(
      app, [&] { return cli::train(given); }, argc, argv);
}
