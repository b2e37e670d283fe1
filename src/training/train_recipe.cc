#include "training/train_recipe.h"

#include <fmt/format.h>

#include <array>

#include "base/safetensors.h"
#include "graph/named_weights.h"
#include "longtake/error.h"
#include "models/registry.h"
#include "onnx/encoder.h"
#include "tasks/classify.h"
#include "tasks/events.h"
#include "tasks/forecast.h"
#include "tasks/forecast_data.h"
#include "tasks/forecast_finish.h"
#include "tasks/protocol.h"
#include "tasks/storm_data.h"
#include "tasks/track.h"

namespace longtake::training {

namespace {

void check_protocol(const graph::Model& model, const InputSpec& input) {
  try {
    tasks::crops_of(tasks::protocol_of(model), input);
  } catch (const Error& error) {
    throw ConfigError(fmt::format("[evaluate]: {}", error.what()));
  }
}

}  // namespace

std::string task_of(const Options& recipe) {
  return models::find(recipe.table("model").require<std::string>("name")).task;
}

namespace {

InputSpec read_any_input(const Options& recipe) {
  static const std::array<std::string, 2> kinds{"video", "fields"};
  const Options input = recipe.table("input");
  if (input.get_choice("kind", "video", kinds) == "video") return tasks::read_input(input);
  return tasks::is_storm_data(recipe.table("data")) ? tasks::read_storm_input(input) : tasks::read_field_input(input);
}

// What the answers are like: frames of the input, or densities whatever the fields that are seen.
InputSpec answers_of(const Options& recipe, const InputSpec& input) {
  if (!tasks::is_storm_data(recipe.table("data"))) return input;
  InputSpec answers = input;
  answers.fields = {{tasks::kDensityVariable, "1", 0, 1}};
  return answers;
}

// Models of storms learn from tracks, all others that forecast from anything else.
void check_storms(const Options& recipe, const graph::Model& model) {
  const Options data = recipe.table("data");
  if (tasks::answers_storms(model) == tasks::is_storm_data(data)) return;
  throw data.error("format", tasks::is_storm_data(data)
                                 ? "\"storms\" is for models that follow storms, or whose first variable is \"density\""
                                 : "must be \"storms\" for a model that follows or forecasts storms");
}

}  // namespace

TrainRecipe read_train_recipe(const Options& recipe) {
  TrainRecipe read{.input = read_any_input(recipe),
                   .options = read_train_options(recipe.table("train"), recipe.table("augment"))};
  const std::string task = task_of(recipe);
  const bool windows = task == tasks::kForecastTask || task == tasks::kTrackTask;
  if (windows) {
    read.open_windows = tasks::read_forecast_data(recipe.table("data"), read.input);
    read.options.forecast_loss =
        tasks::read_forecast_loss(recipe.table("train").table("loss"), answers_of(recipe, read.input));
  } else {
    read.list_data = tasks::read_data(recipe.table("data"));
    tasks::event_options(recipe.table("events"));
  }
  // Reads its options, whatever the classes will be.
  const graph::Model model = build_model(recipe, read.input, {"one class", "another"});
  if (windows) check_storms(recipe, model);
  recipe.check_all_used();
  return read;
}

graph::Model build_model(const Options& recipe, const InputSpec& input, const std::vector<std::string>& labels) {
  onnx::EncoderWeights read;
  const auto encoder_file = [&](graph::Builder& b, const std::string& encoder, const Options& options,
                                graph::ValueId frame, layers::Taps taps) {
    return onnx::add_encoder(b, tasks::expand_variables(encoder), options, frame, taps, read);
  };
  graph::Model model = models::build(recipe.table("model"), {input, labels, encoder_file});
  model.weights.merge(read.weights);
  for (const std::string& file : read.files) model.provenance["encoder"] = file;
  if (tasks::answers_storms(model)) {
    tasks::read_track_protocol(recipe.table("track"), model);
    tasks::set_storm_options(tasks::read_storm_options(recipe.table("data")), model);
  } else if (model.task == tasks::kForecastTask) {
    tasks::read_extrapolation(recipe.table("extrapolation"), model);
    tasks::read_forecast_finish(recipe.table("forecast"), model);
  } else {
    tasks::read_protocol(recipe.table("evaluate"), model);
    check_protocol(model, input);
  }
  apply_layer_rates(recipe.table("train").table("layer_rates"), model);
  return model;
}

namespace {

// "a, b, c and 4 more".
std::string shortened(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 6;
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < kMost; ++i) text += (i > 0 ? ", " : "") + names[i];
  return names.size() > kMost ? fmt::format("{} and {} more", text, names.size() - kMost) : text;
}

}  // namespace

graph::Model make_model(const Options& recipe, const TrainRecipe& read, const std::vector<std::string>& labels,
                        const Files& files, const LogSink& log) {
  graph::Model model = build_model(recipe, read.input, labels);
  const std::string weights = tasks::expand_variables(recipe.table("model").get("encoder_weights", ""));
  if (!weights.empty()) {
    const SafetensorsFile published = read_safetensors(files, weights, NarrowNumbers::kWidenHalves);
    const auto unused = graph::take_weights(model, "encoder.", published.tensors, weights);
    if (!unused.empty()) {
      log.write(LogLevel::kWarning,
                fmt::format("{}: {} of its tensors have no place in the encoder and are left out: {}", weights,
                            unused.size(), shortened(unused)));
    }
    model.provenance["encoder_weights"] = weights;
  }
  graph::initialise(model, read.options.seed);
  return model;
}

}  // namespace longtake::training
