#include "training/train_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "longtake/error.h"

namespace longtake::training {

namespace {

std::int64_t at_least(const Options& options, const char* key, std::int64_t fallback, std::int64_t least) {
  const std::int64_t value = options.get(key, fallback);
  if (value < least) throw options.error(key, "must be at least " + std::to_string(least));
  return value;
}

double at_least(const Options& options, const char* key, double fallback, double least) {
  const double value = options.get(key, fallback);
  if (!(value >= least)) throw options.error(key, fmt::format("must be at least {}", least));
  return value;
}

double share(const Options& options, const char* key, double fallback) {
  const double value = options.get(key, fallback);
  if (!(value >= 0 && value < 1)) throw options.error(key, "must be at least 0 and below 1");
  return value;
}

OptimizerOptions read_optimizer(const Options& train) {
  static const std::array<std::string, 4> kinds{"sgd", "rmsprop", "adam", "adamw"};
  OptimizerOptions out;
  out.kind = parse_optimizer(train.get_choice("optimizer", "sgd", kinds));
  out.momentum = share(train, "momentum", out.momentum);
  out.decay = at_least(train, "weight_decay", 0.0, 0.0);
  out.smoothing = share(train, "smoothing", out.smoothing);
  out.beta1 = share(train, "beta1", out.beta1);
  out.beta2 = share(train, "beta2", out.beta2);
  out.epsilon = at_least(train, "epsilon", out.epsilon, 0.0);
  return out;
}

LearningRateOptions read_learning_rate(const Options& train, std::int64_t total) {
  static const std::array<std::string, 3> policies{"constant", "step", "cosine"};
  LearningRateOptions out;
  out.policy = parse_learning_rate_policy(train.get_choice("schedule", "constant", policies));
  out.base = at_least(train, "learning_rate", out.base, 0.0);
  out.factor = at_least(train, "step_factor", out.factor, 0.0);
  out.every = at_least(train, "step_every", out.every, std::int64_t{1});
  out.final = at_least(train, "final_learning_rate", out.final, 0.0);
  out.warmup = at_least(train, "warmup_steps", out.warmup, std::int64_t{0});
  out.total = std::max(total, out.warmup + 1);
  return out;
}

SampleOrder read_order(const Options& train) {
  static const std::array<std::string, 3> orders{"shuffled", "balanced", "plain"};
  const std::string order = train.get_choice("order", "shuffled", orders);
  return order == "balanced" ? SampleOrder::kBalanced : order == "plain" ? SampleOrder::kPlain : SampleOrder::kShuffled;
}

AugmentationOptions read_augmentation(const Options& augment) {
  AugmentationOptions out;
  out.crop = augment.get("crop", out.crop);
  out.mirror = augment.get("mirror", out.mirror);
  out.zoom = at_least(augment, "zoom", out.zoom, 0.0);
  out.speed = at_least(augment, "speed", out.speed, 0.0);
  out.brightness = at_least(augment, "brightness", out.brightness, 0.0);
  out.contrast = at_least(augment, "contrast", out.contrast, 0.0);
  out.rotation_degrees = at_least(augment, "rotation_degrees", out.rotation_degrees, 0.0);
  out.frame_phase = augment.get("frame_phase", out.frame_phase);
  return out;
}

}  // namespace

void apply_layer_rates(const Options& layer_rates, graph::Model& model) {
  for (const std::string& layer : layer_rates.keys()) {
    const double rate = at_least(layer_rates, layer.c_str(), 1.0, 0.0);
    bool found = false;
    for (graph::Parameter& parameter : model.parameters) {
      if (parameter.name != layer && !parameter.name.starts_with(layer + ".")) continue;
      parameter.learning_rate *= rate;
      found = true;
    }
    if (!found) throw layer_rates.error(layer, "is the name of no layer; `longtake inspect` lists them");
  }
}

TrainOptions read_train_options(const Options& train, const Options& augment, std::int64_t items) {
  static const std::array<std::string, 2> weights{"none", "balanced"};
  static const std::array<std::string, 3> gains{"uniform", "last", "linear"};
  TrainOptions out;
  out.seed = train.get("seed", out.seed);
  out.epochs = at_least(train, "epochs", out.epochs, std::int64_t{1});
  out.batch_size = at_least(train, "batch_size", out.batch_size, std::int64_t{1});
  out.clip_frames = at_least(train, "clip_frames", out.clip_frames, std::int64_t{0});
  out.optimizer = read_optimizer(train);
  out.clip_norm = at_least(train, "clip_norm", out.clip_norm, 0.0);
  out.average_decay = share(train, "average_decay", out.average_decay);
  out.gain = tasks::parse_frame_gain(train.get_choice("frame_gain", "uniform", gains));
  out.label_smoothing = share(train, "label_smoothing", out.label_smoothing);
  out.class_weights = train.get_choice("class_weights", "none", weights) == "balanced";
  out.order = read_order(train);
  out.bptt_window = at_least(train, "bptt_window", out.bptt_window, std::int64_t{0});
  out.carry_state = train.get("carry_state", out.carry_state);
  out.memory_budget = at_least(train, "memory_budget", out.memory_budget, std::int64_t{1});
  out.cache_budget = at_least(train, "cache_budget", out.cache_budget, std::int64_t{0});
  out.skip_bad_files = train.get("skip_bad_files", out.skip_bad_files);
  out.patience = at_least(train, "patience", out.patience, std::int64_t{0});
  out.checkpoint_steps = at_least(train, "checkpoint_steps", out.checkpoint_steps, std::int64_t{0});
  out.checkpoint_seconds = at_least(train, "checkpoint_seconds", out.checkpoint_seconds, 0.0);
  static const std::array<std::string, 5> splits{"auto", "train", "validation", "test", "none"};
  out.report_split = train.get_choice("report_split", out.report_split, splits);
  out.augmentation = read_augmentation(augment);
  if (out.carry_state && out.bptt_window == 0) {
    throw train.error("carry_state", "needs bptt_window, the frames of one step");
  }
  if (out.carry_state && out.clip_frames != 0) throw train.error("clip_frames", "must be 0 with carry_state");
  const std::int64_t steps_per_epoch = (items + out.batch_size - 1) / out.batch_size;
  out.learning_rate = read_learning_rate(train, out.epochs * steps_per_epoch);
  return out;
}

}  // namespace longtake::training
