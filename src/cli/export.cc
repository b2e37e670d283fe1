// longtake export: a model's step graph as an ONNX file, for engines that are not ours.
#include "onnx/export.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"
#include "cli/classifier.h"
#include "cli/cli.h"
#include "longtake/error.h"
#include "onnx/export_check.h"

namespace longtake::cli {

namespace {

struct ExportOptions {
  std::string model;
  std::string output;
  std::string graph = "main";
  bool check = false;
};

// Runs the file in the engine and our runtime beside it, and tells how far apart they are. A step must agree; what adds
// up over many steps is told.
void check(const std::shared_ptr<const graph::Model>& model, const ExportOptions& options,
           const std::vector<std::byte>& file) {
  constexpr std::int64_t kTicks = 50;
  runtime::Program program(model, options.graph);
  const onnx::ExportCheck check = onnx::check_export(program, file, kTicks);
  const onnx::Difference worst = *std::max_element(check.from_equal_state.begin(), check.from_equal_state.end(),
                                                   [](const auto& a, const auto& b) { return a.share < b.share; });
  const auto drift = [&](std::int64_t ticks) { return check.carried[ticks - 1].greatest; };
  put(
      fmt::format("greatest difference between onnxruntime-web and longtake on random numbers:\n"
                  "  {:.1e} in one step from equal state\n"
                  "  {:.1e} after 1 tick, {:.1e} after 2, {:.1e} after {}, each with its own state\n",
                  worst.greatest, drift(1), drift(2), drift(kTicks), kTicks));
  if (worst.agrees()) return;
  throw Error(fmt::format("{}: in one step '{}' differs by {:.1e}, more than {} + {} |x|", options.output, worst.where,
                          worst.greatest, onnx::Difference::kAbsolute, onnx::Difference::kRelative));
}

int export_model(const ExportOptions& options) {
  if (!options.output.ends_with(".onnx")) {
    throw ConfigError(fmt::format("--output: \"{}\" is not the name of an ONNX file (.onnx)", options.output));
  }
  const auto model = std::make_shared<const graph::Model>(load_model_of(options.model));
  as_usage("--graph: ", [&]() -> const graph::Graph& { return model->graph(options.graph); });
  const std::vector<std::byte> file = onnx::export_onnx(*model, options.graph);
  real_files().write_atomic(options.output, file);
  tell(fmt::format("{}: one step of graph '{}', {} bytes, opset {}; docs/onnx.md tells how to carry its state",
                   options.output, options.graph, file.size(), onnx::kExportOpset));
  if (options.check) check(model, options, file);
  return kDone;
}

}  // namespace

void add_export(CLI::App& app, Run& run) {
  CLI::App* verb = app.add_subcommand("export", "Write a model as ONNX: one step, its state as inputs and outputs");
  auto options = std::make_shared<ExportOptions>();
  verb->add_option("model", options->model, "A model file or the directory of a run")->required();
  verb->add_option("-o,--output", options->output, "The file to write (.onnx)")->required();
  verb->add_option("--graph", options->graph, "Which graph of the model")->capture_default_str();
  verb->add_flag("--check", options->check,
                 "Run the file in onnxruntime-web and compare it with longtake; needs Node, which finds the package in "
                 "./node_modules or through NODE_PATH");
  verb->footer("Example:\n  longtake export runs/motions -o motions.onnx --check");
  verb->callback([&run, options] { run = [options] { return export_model(*options); }; });
}

}  // namespace longtake::cli
