#include "training/train_recipe.h"

#include <fmt/format.h>

#include "base/safetensors.h"
#include "graph/named_weights.h"
#include "longtake/error.h"
#include "models/registry.h"
#include "onnx/encoder.h"
#include "tasks/classify.h"
#include "tasks/events.h"

namespace longtake::training {

namespace {

void check_protocol(const graph::Model& model) {
  try {
    tasks::protocol_of(model);
  } catch (const BadData& error) {
    throw ConfigError(fmt::format("[evaluate]: {}", error.what()));
  }
}

}  // namespace

TrainRecipe read_train_recipe(const Options& recipe) {
  TrainRecipe read{.input = tasks::read_input(recipe.table("input")),
                   .options = read_train_options(recipe.table("train"), recipe.table("augment")),
                   .list_data = tasks::read_data(recipe.table("data"))};
  tasks::event_options(recipe.table("events"));
  build_model(recipe, read.input, {"one class", "another"});  // reads its options, whatever the classes will be
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
  tasks::read_protocol(recipe.table("evaluate"), model);
  check_protocol(model);
  apply_layer_rates(recipe.table("train").table("layer_rates"), model);
  return model;
}

graph::Model make_model(const Options& recipe, const TrainRecipe& read, const std::vector<std::string>& labels,
                        const Files& files) {
  graph::Model model = build_model(recipe, read.input, labels);
  const std::string weights = tasks::expand_variables(recipe.table("model").get("encoder_weights", ""));
  if (!weights.empty()) {
    graph::take_weights(model, "encoder.", read_safetensors(files, weights).tensors, weights);
    model.provenance["encoder_weights"] = weights;
  }
  graph::initialise(model, read.options.seed);
  return model;
}

}  // namespace longtake::training
