#include "cli/train_options.h"

namespace longtake::cli {

void add_train_options(CLI::App& app, TrainOptions& options) {
  app.add_option("recipe", options.recipe, "What to train, on what, and how (.toml)")->required();
  app.add_option("overrides", options.overrides, "section.key=value, instead of what the recipe says");
  app.add_option("--run", options.run_directory, "The run's directory; default: runs/<name of the recipe>");
  app.add_flag("--resume", options.resume, "Go on where the run in that directory stopped, however it stopped");
  app.add_option("--device", options.device, "cpu, cuda or cuda:<number>")->capture_default_str();
  add_precise(app);
  app.add_option("--threads", options.threads, "0 takes all cores; the same number gives the same bytes")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  app.add_flag("--json", options.json, "Every epoch as a JSON line on standard output");
  app.footer(
      "Ctrl-C finishes the step, saves, and says how to go on.\nExamples:\n"
      "  longtake train recipes/motions.toml\n"
      "  longtake train recipes/lrcn_lips.toml train.seed=2 --run runs/lips2");
}

}  // namespace longtake::cli
