// What a task makes of training: where batches come from, what their loss is, and how good the model has become. The
// loop around it (trainer.cc) knows steps, epochs, weights and checkpoints only. Private to training/.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "training/checkpoint.h"
#include "training/trainer.h"
#include "training/weights.h"

namespace longtake::training {

class Lesson {
 public:
  virtual ~Lesson() = default;

  virtual const TrainOptions& options() const = 0;
  // What learns, and what goes into the model file: the same but where features stand for the encoder.
  virtual const graph::Model& model() const = 0;
  virtual const graph::Model& saved() const { return model(); }

  // Whose gradients learn() adds to; called once, before it.
  virtual void begin(const std::shared_ptr<Weights>& weights) = 0;
  virtual std::int64_t steps_per_epoch() const = 0;
  // Runs the next batch, adds the gradient of its loss to that of the weights and returns the loss. `step` counts from
  // 0.
  virtual double learn(std::int64_t step) = 0;
  // Which items the batch of the last learn() was of, for messages.
  virtual std::string last_items() const = 0;
  // Does the model with these weights answer that batch with numbers?
  virtual bool answers_last_batch(const std::shared_ptr<const Weights>& weights) const = 0;

  // The part of a checkpoint that says where batches go on, and back. load() throws BadData that names `source`.
  virtual void save(Checkpoint& checkpoint) const = 0;
  virtual void load(const Checkpoint& checkpoint, const std::string& source) = 0;

  // What validation_accuracy of an EpochRecord means. Higher is better.
  virtual void validate(const std::shared_ptr<const Weights>& weights, EpochRecord& record) const = 0;
  // What is chosen on the validation split when training is over, such as a threshold: changes `trained`, the best
  // model, and says whether it did.
  virtual bool choose(graph::Model&) { return false; }
  // The finished model on the split that the report is about: fills what TrainOutcome has of it.
  virtual void measure(TrainOutcome& outcome) = 0;
};

// Reads and checks everything that the recipe decides, before the first frame is decoded.
std::unique_ptr<Lesson> make_classify_lesson(const TrainRequest& request);
std::unique_ptr<Lesson> make_forecast_lesson(const TrainRequest& request);
std::unique_ptr<Lesson> make_track_lesson(const TrainRequest& request);

// The text of a checkpoint under `key`. Throws BadData that names `source` where there is none.
const std::string& text_of(const Checkpoint& checkpoint, const std::string& key, const std::string& source);

}  // namespace longtake::training
