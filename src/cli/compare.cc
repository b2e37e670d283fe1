// longtake compare: runs side by side, with mean and spread over their seeds.
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/sha256.h"
#include "cli/classifier.h"
#include "cli/cli.h"
#include "graph/model_file.h"
#include "longtake/error.h"
#include "models/registry.h"
#include "reports/comparison.h"
#include "reports/run_report.h"

namespace longtake::cli {

namespace {

using Json = nlohmann::ordered_json;

struct CompareOptions {
  std::vector<std::string> runs;
  std::string output;
  bool json = false;
};

// The recipe as TOML without the line of the seed.
std::string recipe_without_seed(const std::filesystem::path& path) {
  std::string kept;
  const std::string text = real_files().read(path);
  std::string section;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    if (line.starts_with("[")) section = line;
    const bool is_seed = section == "[train]" && line.starts_with("seed = ");
    if (!is_seed) kept += line + "\n";
    begin = end + 1;
  }
  return kept;
}

// Reads the share that a saved evaluation is about: the accuracy on videos, or the per-frame mAP.
void read_figure(const std::filesystem::path& path, reports::ComparedRun& run) {
  try {
    const Json json = Json::parse(real_files().read(path));
    const bool labels = json.contains("per_frame_map");
    const std::string name = path.stem().string() + (labels ? " per-frame mAP" : " top-1");
    run.figures[name] = (labels ? json.at("per_frame_map") : json.at("videos").at("top1")).get<double>();
    run.conditions[name] =
        fmt::format("{}; {}", json.at("protocol").get<std::string>(), json.at("data").get<std::string>());
  } catch (const Json::exception&) {
    throw BadData(fmt::format("{}: is no evaluation that `longtake evaluate --save` wrote", path.string()));
  }
}

reports::ComparedRun read_run(const std::string& run) {
  const std::filesystem::path directory = std::filesystem::path(run).lexically_normal();
  if (!std::filesystem::is_directory(directory)) {
    throw ConfigError(fmt::format("{}: is not the directory of a run", run));
  }
  const graph::Model model = load_model_of(run);
  const models::Entry& entry = models::find(model.name);
  reports::ComparedRun read{.path = (directory.has_filename() ? directory : directory.parent_path()).string(),
                            .model = model.name,
                            .paper = fmt::format("{}, {}", entry.paper, entry.year),
                            .recipe = recipe_without_seed(directory / "recipe.toml"),
                            .parameters = model.parameter_count()};
  graph::Model told = model;  // what a run leaves may be resumed or tested later, its numbers stay
  told.provenance.clear();
  read.content = sha256(graph::model_to_bytes(told));
  if (const auto seed = model.provenance.find("seed"); seed != model.provenance.end()) read.seed = seed->second;
  const std::filesystem::path evaluations = directory / "evaluations";
  if (std::filesystem::is_directory(evaluations)) {
    for (const auto& entry_of_folder : std::filesystem::directory_iterator(evaluations)) {
      const std::filesystem::path& path = entry_of_folder.path();
      if (path.extension() == ".json") read_figure(path, read);
    }
  }
  if (read.figures.empty()) {
    throw ConfigError(
        fmt::format("{}: nothing was measured of this run; `longtake evaluate {} --save` does", run, run));
  }
  return read;
}

Json to_json(const reports::Comparison& comparison) {
  Json rows = Json::array();
  for (const reports::ComparisonRow& row : comparison.rows) {
    Json figures = Json::object(), runs = Json::array();
    for (const auto& [name, spread] : row.figures) {
      figures[name] = {{"mean", spread.mean},
                       {"deviation", spread.deviation ? Json(*spread.deviation) : Json(nullptr)},
                       {"runs", spread.runs}};
    }
    for (const reports::ComparedRun& run : row.runs) {
      runs.push_back({{"path", run.path}, {"seed", run.seed}, {"figures", run.figures}});
    }
    rows.push_back({{"name", row.name},
                    {"model", row.runs.front().model},
                    {"parameters", row.runs.front().parameters},
                    {"figures", figures},
                    {"runs", runs}});
  }
  return {{"figures", comparison.figures}, {"rows", rows}};
}

int compare(const CompareOptions& options) {
  std::vector<reports::ComparedRun> runs;
  for (const std::string& run : options.runs) runs.push_back(read_run(run));
  const reports::Comparison comparison = [&] {
    try {
      return reports::compare(runs);
    } catch (const InvalidArgument& error) {
      throw ConfigError(error.what());
    }
  }();
  if (!options.output.empty()) {
    std::vector<std::string> words{"longtake", "compare"};
    words.insert(words.end(), options.runs.begin(), options.runs.end());
    real_files().write_atomic(options.output, reports::comparison_html(comparison, reports::shell_command(words)));
    tell(fmt::format("page    {}", options.output));
  }
  put(options.json ? to_json(comparison).dump(2, ' ', false, Json::error_handler_t::replace) + "\n"
                   : reports::comparison_table(comparison));
  return kDone;
}

}  // namespace

void add_compare(CLI::App& app, Run& run) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* verb = app.add_subcommand("compare", "Runs side by side, with mean and spread over their seeds");
  verb->add_option("runs", options->runs, "Directories of runs that `evaluate --save` measured")->required();
  verb->add_option("-o,--output", options->output, "Also as an HTML page");
  verb->add_flag("--json", options->json, "As JSON");
  verb->footer(
      "Runs that differ by their seed alone make one row.\nExamples:\n"
      "  for run in runs/lips?; do longtake evaluate $run --save; done\n"
      "  longtake compare runs/lips? -o comparison.html");
  verb->callback([&run, options] { run = [options] { return compare(*options); }; });
}

}  // namespace longtake::cli
