// longtake inspect: parameters, cost and state of a recipe's or a file's model, without running it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/files.h"
#include "base/text.h"
#include "cli/classifier.h"
#include "cli/cli.h"
#include "graph/inspect.h"
#include "longtake/error.h"
#include "runtime/memory.h"
#include "tasks/recipe.h"
#include "training/train_recipe.h"

namespace longtake::cli {

namespace {

struct InspectOptions {
  std::string source;
  std::vector<std::string> overrides;
  std::string graph;         // empty: the model's first; as text all
  std::int64_t streams = 0;  // whose memory is declared; 0: none
  int threads = 1;
  bool json = false;
  bool dot = false;
};

graph::Model model_of_recipe(const Options& recipe) {
  const training::TrainRecipe read = training::read_train_recipe(recipe);
  // Models that forecast or track have no classes, and data of their own.
  if (!read.list_data) return training::build_model(recipe, read.input, {});
  return training::build_model(recipe, read.input, tasks::dataset_labels(real_files(), recipe.table("data")));
}

graph::Model model_of(const InspectOptions& options) {
  if (!options.source.ends_with(".toml")) {
    if (!options.overrides.empty()) {
      throw ConfigError(fmt::format("overrides such as \"{}\" go with a recipe (.toml)", options.overrides[0]));
    }
    return load_model_of(options.source);
  }
  const Options recipe = load_recipe(options.source, options.overrides);
  return in_recipe(options.source, recipe, [&] { return model_of_recipe(recipe); });
}

// Of a recipe's model: as many bytes as any others.
void fill_with_zeros(graph::Model& model) {
  for (const graph::Parameter& parameter : model.parameters) {
    model.weights.try_emplace(parameter.name, DType::kFloat32, parameter.shape);
  }
}

int inspect(const InspectOptions& options) {
  const auto model = std::make_shared<graph::Model>(model_of(options));
  if (options.streams > 0) fill_with_zeros(*model);
  const auto report_of = [&](const graph::Plan& plan) {
    graph::InspectReport report = graph::inspect(plan);
    if (options.streams == 0) return report;
    runtime::Program program(model, plan.graph->name, {.threads = options.threads});
    report.memory = as_usage("--streams: ", [&] { return runtime::memory_of(program, options.streams); });
    return report;
  };
  if (!options.json && !options.dot && options.graph.empty()) {
    std::vector<std::string> texts;
    for (const graph::Graph& graph : model->graphs) {
      texts.push_back(graph::to_text(report_of(graph::make_plan(*model, graph))));
    }
    put(fmt::format("{}", fmt::join(texts, "\n")));
    return kDone;
  }
  const std::string name = options.graph.empty() ? model->graphs.at(0).name : options.graph;
  const graph::Graph& graph = as_usage("--graph: ", [&]() -> const graph::Graph& { return model->graph(name); });
  const graph::Plan plan = graph::make_plan(*model, graph);
  if (options.dot) {
    put(graph::to_dot(plan));
  } else {
    const graph::InspectReport report = report_of(plan);
    put(options.json ? graph::to_json(report) + "\n" : graph::to_text(report));
  }
  return kDone;
}

}  // namespace

void add_inspect(CLI::App& app, Run& run) {
  CLI::App* verb = app.add_subcommand("inspect", "Parameters, FLOPs, state and loops of a recipe's or file's model");
  auto options = std::make_shared<InspectOptions>();
  verb->add_option("source", options->source, "A recipe (.toml), a model file (.safetensors) or the directory of a run")
      ->required();
  verb->add_option("overrides", options->overrides, "section.key=value, for a recipe");
  verb->add_option("--graph", options->graph,
                   "Which graph of the model; without it all, as JSON and as a drawing the first");
  CLI::Option* streams = verb->add_option("--streams", options->streams,
                                          "Also the memory of so many streams that share their steps; runs one step")
                             ->check(whole_number(1, 65536));
  verb->add_option("--threads", options->threads, "That share a step, each with memory of its own; 0 takes all cores")
      ->check(CLI::Range(0, 1024))
      ->needs(streams)
      ->capture_default_str();
  add_weight_format(*verb);
  verb->get_option("--weight-format")->needs(streams);  // nothing else depends on it
  CLI::Option* json = verb->add_flag("--json", options->json, "As JSON");
  verb->add_flag("--dot", options->dot, "As a drawing in Graphviz's language")->excludes(json)->excludes(streams);
  verb->footer(
      "Examples:\n  longtake inspect recipes/lrcn_ucf101.toml --json\n"
      "  longtake inspect runs/motions --streams 64\n"
      "  longtake inspect runs/motions/model.safetensors --dot | dot -Tsvg > graph.svg");
  verb->callback([&run, options] { run = [options] { return inspect(*options); }; });
}

}  // namespace longtake::cli
