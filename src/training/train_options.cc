#include "training/train_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "longtake/error.h"

namespace longtake::training {

namespace {

// Numbers of epochs, steps, frames and clips; the product of two of them does not overflow.
constexpr std::int64_t kMost = std::int64_t{1} << 31;
constexpr std::int64_t kMostStreams = 65536;
constexpr std::int64_t kMostBytes = std::numeric_limits<std::int64_t>::max();

std::int64_t between(const Options& options, const char* key, std::int64_t fallback, std::int64_t least,
                     std::int64_t most = kMost) {
  const std::int64_t value = options.get(key, fallback);
  if (value < least) throw options.error(key, fmt::format("must be at least {}", least));
  if (value > most) throw options.error(key, fmt::format("must be at most {}", most));
  return value;
}

double at_least(const Options& options, const char* key, double fallback, double least) {
  const double value = options.get(key, fallback);
  if (!(value >= least)) throw options.error(key, fmt::format("must be at least {}", least));
  return value;
}

double rate(const Options& options, const char* key, double fallback) {
  const double value = at_least(options, key, fallback, 0.0);
  if (value > kHighestLearningRate) {
    throw options.error(key, fmt::format("must be at most {}, where float32 ends", kHighestLearningRate));
  }
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

LearningRateOptions read_learning_rate(const Options& train) {
  static const std::array<std::string, 3> policies{"constant", "step", "cosine"};
  LearningRateOptions out;
  out.policy = parse_learning_rate_policy(train.get_choice("schedule", "constant", policies));
  out.base = rate(train, "learning_rate", out.base);
  out.factor = rate(train, "step_factor", out.factor);
  out.every = between(train, "step_every", out.every, 1);
  out.final = rate(train, "final_learning_rate", out.final);
  out.warmup = between(train, "warmup_steps", out.warmup, 0);
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
    const double multiplier = rate(layer_rates, layer.c_str(), 1.0);
    bool found = false;
    for (graph::Parameter& parameter : model.parameters) {
      if (parameter.name != layer && !parameter.name.starts_with(layer + ".")) continue;
      parameter.learning_rate *= multiplier;
      found = true;
    }
    if (!found) throw layer_rates.error(layer, "is the name of no layer; `longtake inspect` lists them");
  }
}

TrainOptions read_train_options(const Options& train, const Options& augment) {
  static const std::array<std::string, 2> weights{"none", "balanced"};
  static const std::array<std::string, 3> gains{"uniform", "last", "linear"};
  TrainOptions out;
  out.seed = train.get("seed", out.seed);
  out.epochs = between(train, "epochs", out.epochs, 1);
  out.batch_size = between(train, "batch_size", out.batch_size, 1, kMostStreams);
  out.clip_frames = between(train, "clip_frames", out.clip_frames, 0);
  out.optimizer = read_optimizer(train);
  out.clip_norm = at_least(train, "clip_norm", out.clip_norm, 0.0);
  out.average_decay = share(train, "average_decay", out.average_decay);
  out.gain = tasks::parse_frame_gain(train.get_choice("frame_gain", "uniform", gains));
  out.label_smoothing = share(train, "label_smoothing", out.label_smoothing);
  out.class_weights = train.get_choice("class_weights", "none", weights) == "balanced";
  out.order = read_order(train);
  out.bptt_window = between(train, "bptt_window", out.bptt_window, 0);
  out.carry_state = train.get("carry_state", out.carry_state);
  out.memory_budget = between(train, "memory_budget", out.memory_budget, 1, kMostBytes);
  out.cache_budget = between(train, "cache_budget", out.cache_budget, 0, kMostBytes);
  out.skip_bad_files = train.get("skip_bad_files", out.skip_bad_files);
  out.features = train.get("features", out.features.c_str());
  out.attention_penalty = at_least(train, "attention_penalty", out.attention_penalty, 0.0);
  static const std::array<std::string, 2> targets{"one", "even"};
  out.attention_even = train.get_choice("attention_target", "one", targets) == "even";
  out.patience = between(train, "patience", out.patience, 0);
  out.checkpoint_steps = between(train, "checkpoint_steps", out.checkpoint_steps, 0);
  out.checkpoint_seconds = at_least(train, "checkpoint_seconds", out.checkpoint_seconds, 0.0);
  static const std::array<std::string, 5> splits{"auto", "train", "validation", "test", "none"};
  out.report_split = train.get_choice("report_split", out.report_split, splits);
  out.augmentation = read_augmentation(augment);
  if (out.carry_state && out.bptt_window == 0) {
    throw train.error("carry_state", "needs bptt_window, the frames of one step");
  }
  if (out.carry_state && out.clip_frames != 0) throw train.error("clip_frames", "must be 0 with carry_state");
  out.learning_rate = read_learning_rate(train);
  return out;
}

void set_total_steps(TrainOptions& options, std::int64_t items) {
  const std::int64_t steps_per_epoch = (items + options.batch_size - 1) / options.batch_size;
  options.learning_rate.total = std::max(options.epochs * steps_per_epoch, options.learning_rate.warmup + 1);
  learning_rate(options.learning_rate, options.learning_rate.total - 1);
}

}  // namespace longtake::training
