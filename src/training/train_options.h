// What a recipe's [train] and [augment] say. Free of LibTorch.
#pragma once

#include <cstdint>
#include <string>

#include "base/options.h"
#include "data/augment.h"
#include "data/sampler.h"
#include "graph/model.h"
#include "tasks/forecast_loss.h"
#include "tasks/loss.h"
#include "training/learning_rate.h"
#include "training/optimizer_options.h"

namespace longtake::training {

struct TrainOptions {
  std::uint64_t seed = 1;
  std::int64_t epochs = 30;
  std::int64_t batch_size = 16;  // clips, or streams with carry_state
  std::int64_t clip_frames = 0;  // frames cut from a random start; 0 takes whole clips
  OptimizerOptions optimizer;
  LearningRateOptions learning_rate;  // in steps
  double clip_norm = 0;               // of all gradients together; 0 does not clip
  double average_decay = 0;           // of the weights' moving average, which is then evaluated and saved; 0 is none
  tasks::FrameGain gain = tasks::FrameGain::kUniform;
  double label_smoothing = 0;
  bool class_weights = false;  // the loss of rare classes weighs more
  SampleOrder order = SampleOrder::kShuffled;
  std::int64_t bptt_window = 0;  // ticks through which gradients flow; 0 through the whole clip
  bool carry_state = false;  // streams of consecutive windows of whole videos, the state carried from batch to batch
  std::int64_t memory_budget = std::int64_t{2} << 30;  // bytes of activations at once; what exceeds it is recomputed
  std::int64_t cache_budget = std::int64_t{4} << 30;   // bytes of decoded frames kept
  bool skip_bad_files = false;
  std::string features;          // folder of `longtake extract`: train from these instead of from frames
  double attention_penalty = 0;  // factor of the doubly stochastic term (training/loss.h), for models with attention
  bool attention_even = false;   // its target: every place's fair share of the frames, else 1
  std::int64_t patience = 0;     // epochs without a better validation before stopping; 0 never stops early
  std::int64_t checkpoint_steps = 0;  // steps between checkpoints; 0 only after each epoch
  double checkpoint_seconds = 60;     // and at least this often
  // The split on which the finished model is measured once, for the report: "train", "validation", "test", "none", or
  // "auto" for the last of these that there is.
  std::string report_split = "auto";
  AugmentationOptions augmentation;
  tasks::ForecastLossOptions forecast_loss;  // [train.loss], of models that forecast
};

// Multiplies the learning rates of parameters by [train.layer_rates]: "encoder" = 0.1 slows everything whose name is
// "encoder" or begins with "encoder."; 0 freezes it. Throws ConfigError for a name that no parameter has.
void apply_layer_rates(const Options& layer_rates, graph::Model& model);

// Reads both tables. Throws ConfigError.
TrainOptions read_train_options(const Options& train, const Options& augment);

// Turns the epochs of the schedule into steps, now that it is known how many items an epoch has. Throws ConfigError
// where the last step's learning rate is none.
void set_total_steps(TrainOptions& options, std::int64_t items);

}  // namespace longtake::training
