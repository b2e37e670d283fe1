// The program `longtake`: everything but training, so it starts in milliseconds and needs no LibTorch. `longtake train`
// starts `longtake-train`, which lies beside it.
#include "cli/cli.h"

int main(int argc, char** argv) {
  namespace cli = longtake::cli;
  CLI::App app{"Recurrent understanding of video: train, evaluate, stream."};
  app.name("longtake");
  app.set_version_flag("--version", LONGTAKE_VERSION);
  app.require_subcommand(1);
  app.footer("longtake VERB --help tells more, with examples.");
  cli::Run run;
  cli::add_models(app, run);
  cli::add_inspect(app, run);
  cli::add_data(app, run);
  cli::add_flow(app, run);
  cli::add_train(app, run, {argv + 1, argv + argc});
  cli::add_evaluate(app, run);
  cli::add_predict(app, run);
  cli::add_stream(app, run);
  cli::add_compare(app, run);
  cli::add_extract(app, run);
  cli::add_export(app, run);
  cli::add_bench(app, run);
  cli::add_completion(app, run);
  return cli::run_program(app, run, argc, argv);
}
