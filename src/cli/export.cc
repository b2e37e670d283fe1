// longtake export: a model's step graph as an ONNX file, for engines that are not ours, or the model in fewer bits.
#include "onnx/export.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/files.h"
#include "cli/classifier.h"
#include "cli/cli.h"
#include "graph/model_file.h"
#include "graph/weight_format.h"
#include "longtake/error.h"
#include "onnx/export_check.h"

namespace longtake::cli {

namespace {

struct ExportOptions {
  std::string model;
  std::string output;
  std::string graph;                         // empty: the first
  std::optional<std::string> weight_format;  // of a model file
  bool check = false;
};

// Runs the file in the engine and our runtime beside it, and tells how far apart they are. A step must agree; what adds
// up over many steps is told.
void check(const std::shared_ptr<const graph::Model>& model, const ExportOptions& options,
           const std::vector<std::byte>& file) {
  constexpr std::int64_t kTicks = 50;
  // The file's products are of float32, whatever the model's weights were rounded to.
  runtime::Program program(model, options.graph, {.weight_format = WeightFormat::kFloat32});
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

int export_narrow(const ExportOptions& options) {
  if (options.check || !options.graph.empty()) {
    throw ConfigError("--check and --graph are for ONNX files; a model file holds all graphs");
  }
  graph::Model model = load_model_of(options.model);
  std::error_code none;
  if (std::filesystem::equivalent(options.output, model_path(options.model), none)) {
    throw ConfigError(fmt::format("--output: {} is the model itself, whose weights would be lost", options.output));
  }
  const WeightFormat format = weight_format(options.weight_format.value_or("float16"));
  as_usage("--weight-format: ", [&] { graph::set_weight_format(model, format); });
  graph::save_model(model, options.output);
  std::int64_t numbers = 0;
  for (const std::string& name : graph::matrices_of(model)) numbers += model.weights.at(name).count();
  tell(fmt::format("{}: {} of {} weights as {}, {} bytes", options.output, numbers, model.parameter_count(),
                   name_of(format), std::filesystem::file_size(options.output)));
  return kDone;
}

int export_model(ExportOptions options) {
  if (options.output.ends_with(".safetensors")) return export_narrow(options);
  if (!options.output.ends_with(".onnx")) {
    throw ConfigError(
        fmt::format("--output: \"{}\" is neither the name of an ONNX file (.onnx) nor of a model file "
                    "(.safetensors)",
                    options.output));
  }
  if (options.weight_format)
    throw ConfigError("--weight-format is for a model file (.safetensors); an ONNX file is float32");
  const auto model = std::make_shared<const graph::Model>(load_model_of(options.model));
  if (options.graph.empty()) options.graph = model->graphs.at(0).name;
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
  CLI::App* verb = app.add_subcommand(
      "export", "Write a model as ONNX (one step, its state as inputs and outputs) or with smaller weights");
  auto options = std::make_shared<ExportOptions>();
  verb->add_option("model", options->model, "A model file or the directory of a run")->required();
  verb->add_option("-o,--output", options->output, "The file to write: ONNX (.onnx) or a model file (.safetensors)")
      ->required();
  verb->add_option("--graph", options->graph, "Which graph of the model; without it the first");
  verb->add_option("--weight-format", options->weight_format,
                   "How the model file keeps the weights of LSTMs, GRUs and fully connected layers: float16 (without "
                   "this option) or int8")
      ->check(CLI::IsMember({"float16", "int8"}));
  verb->add_flag("--check", options->check,
                 "Run the file in onnxruntime-web and compare it with longtake; needs Node, which finds the package in "
                 "./node_modules or through NODE_PATH");
  verb->footer(
      "Examples:\n  longtake export runs/motions -o motions.onnx --check\n"
      "  longtake export runs/motions -o small.safetensors --weight-format int8");
  verb->callback([&run, options] { run = [options] { return export_model(*options); }; });
}

}  // namespace longtake::cli
