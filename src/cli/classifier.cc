#include "cli/classifier.h"

#include <fmt/format.h>

#include <filesystem>

#include "cli/cli.h"
#include "data/flow_input.h"
#include "data/folders.h"
#include "graph/model_file.h"
#include "longtake/error.h"
#include "tasks/classify.h"
#include "tasks/extract.h"

namespace longtake::cli {

std::string model_path(const std::string& path) {
  return std::filesystem::is_directory(path) ? (std::filesystem::path(path) / "model.safetensors").string() : path;
}

graph::Model load_model_of(const std::string& path) {
  const std::string file = model_path(path);
  if (file.ends_with(".toml")) {
    throw BadData(fmt::format("{}: is a recipe, not a model file; `longtake train {}` makes a run with a model of it",
                              file, file));
  }
  if (has_video_extension(file)) {
    throw BadData(fmt::format(
        "{}: is a video, not a model file; the model comes first, as in `longtake predict MODEL {}`", file, file));
  }
  return graph::load_model(file);
}

OpenedModel open_model(const std::string& path, int threads, const std::string& graph) {
  OpenedModel opened;
  opened.path = model_path(path);
  opened.model = std::make_shared<const graph::Model>(load_model_of(path));
  try {
    const std::string& name = graph.empty() ? opened.model->graphs.at(0).name : graph;
    opened.program =
        std::make_unique<runtime::Program>(opened.model, name, runtime::ProgramOptions{.threads = threads});
  } catch (const InvalidArgument& error) {
    throw BadData(fmt::format("{}: {}", opened.path, error.what()));
  }
  return opened;
}

VideoOptions video_options_of(const OpenedModel& opened, const std::string& bad_frames) {
  VideoOptions video;
  try {
    const InputSpec& spec = tasks::video_input_of(*opened.model, *opened.program);
    tasks::output_index(*opened.program->plan().graph, "scores");
    tasks::video_output_of(*opened.model, *opened.program->plan().graph);
    tasks::attention_output_of(*opened.model, opened.program->plan());
    check_input(spec);
    video = video_options(spec);
    tasks::protocol_of(*opened.model);
  } catch (const Error& error) {
    throw BadData(fmt::format("{}: {}", opened.path, error.what()));
  }
  video.bad_frames = parse_bad_frames(bad_frames);
  return video;
}

std::string recipe_of_run(const std::string& model_path) {
  const auto recipe = std::filesystem::path(model_path).parent_path() / "recipe.toml";
  if (!std::filesystem::exists(recipe)) {
    throw ConfigError(
        fmt::format("{} lies in no run's directory, so say where the data is: --data RECIPE|CSV|FOLDER", model_path));
  }
  return recipe.string();
}

BadFramePolicy parse_bad_frames(const std::string& word) {
  if (word == "skip") return BadFramePolicy::kSkip;
  if (word == "repeat") return BadFramePolicy::kRepeat;
  if (word == "stop") return BadFramePolicy::kStop;
  throw ConfigError(fmt::format("--bad-frames \"{}\" is none of skip, repeat, stop", word));
}

tasks::EventOptions events_of(const std::string& recipe) {
  if (recipe.empty()) return {};
  const Options whole = load_recipe(recipe, {});
  return in_recipe(recipe, whole, [&] {
    const Options options = whole.table("events");
    const tasks::EventOptions events = tasks::event_options(options);
    options.check_all_used();
    return events;
  });
}

OpenedHead open_head(const OpenedModel& opened, const std::string& folder, int threads) {
  tasks::CutModel cut = tasks::cut_at_encoder(*opened.model);
  OpenedHead result{{opened.path, nullptr, nullptr}, {folder, tasks::feature_fingerprint(cut.encoder)}};
  result.head.model = std::make_shared<const graph::Model>(std::move(cut.head));
  result.head.program =
      std::make_unique<runtime::Program>(result.head.model, "main", runtime::ProgramOptions{.threads = threads});
  return result;
}

void save_evaluation(const std::string& model_path, const std::string& what, const std::string& json) {
  const std::filesystem::path folder = std::filesystem::path(model_path).parent_path() / "evaluations";
  real_files().create_directories(folder);
  real_files().write_atomic(folder / (what + ".json"), json);
}

}  // namespace longtake::cli
