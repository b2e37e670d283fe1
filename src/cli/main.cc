// The program `longtake`: everything but training, so it starts in milliseconds and needs no LibTorch. `longtake train`
// starts `longtake-train`, which lies beside it.
#include "cli/cli.h"

int main(int argc, char** argv) {
  using namespace longtake::cli;
  CLI::App app{"Recurrent understanding of video: train, evaluate, stream."};
  app.name("longtake");
  app.set_version_flag("--version", LONGTAKE_VERSION);
  app.require_subcommand(1);
  app.footer("longtake VERB --help tells more, with examples.");
  Run run;
  add_models(app, run);
  add_inspect(app, run);
  add_data(app, run);
  add_train(app, run);
  add_evaluate(app, run);
  add_predict(app, run);
  add_stream(app, run);
  add_bench(app, run);
  add_completion(app, run);
  return run_program(app, run, argc, argv);
}
