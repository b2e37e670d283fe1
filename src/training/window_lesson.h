// What lessons on windows of frames have in common: models that forecast, and models that track. Private to training/.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/sampler.h"
#include "graph/plan.h"
#include "longtake/chunk.h"
#include "tasks/windows.h"
#include "training/graph_runner.h"
#include "training/lesson.h"
#include "training/train_recipe.h"

namespace longtake::training {

// What a step learns from.
struct WindowBatch {
  std::vector<std::string> ids;
  std::vector<std::uint64_t> samples;
  Tensor frames;    // [seen, streams, channels, height, width]
  Tensor targets;   // [answers, streams, channels, height, width]: of the frames that the model's answers are about
  Tensor valid;     // [answers, streams, 1, height, width] as float32; empty where all counts
  Tensor advected;  // [forecast, streams, channels + 1, height, width]; empty where it is not taken

  std::int64_t streams() const { return static_cast<std::int64_t>(ids.size()); }
};

// All streams active at every tick, begun anew.
graph::Chunk new_chunk(std::int64_t ticks, std::int64_t streams, std::size_t inputs);

// [ticks, streams, ...] as [rows, ...].
Tensor as_rows(const Tensor& tensor);

// A loss, and the chunks whose numbers its gradients read: they live until the backward pass is done.
struct WindowLoss {
  torch::Tensor value;
  std::vector<graph::Chunk> chunks;
};

class WindowLesson : public Lesson {
 public:
  const TrainOptions& options() const override { return options_; }
  const graph::Model& model() const override { return model_; }

  std::int64_t steps_per_epoch() const override;
  double learn(std::int64_t step) override;
  std::string last_items() const override;
  bool answers_last_batch(const std::shared_ptr<const Weights>& weights) const override;

  void save(Checkpoint& checkpoint) const override;
  void load(const Checkpoint& checkpoint, const std::string& source) override;

  void validate(const std::shared_ptr<const Weights>& weights, EpochRecord& record) const override;
  // The thresholds of storms, where the data is of storms.
  bool choose(graph::Model& trained) override;
  // The same of what was chosen.
  void measure(TrainOutcome& outcome) override;

 protected:
  explicit WindowLesson(const TrainRequest& request);

  // Opens the windows, of which the model takes `shape`; `opened` may ask for more, for what is measured.
  void open(const TrainRequest& request, const tasks::WindowShape& shape, const tasks::WindowShape& opened);

  // With gradients of the weights that begin() gave; and without, of any.
  virtual WindowLoss loss_of(const WindowBatch& batch, const RunOptions& run) = 0;
  virtual WindowLoss loss_of(const WindowBatch& batch, const std::shared_ptr<const Weights>& weights) const = 0;
  // How large the frames of the model are: [channels, height, width].
  virtual const Shape& frame_shape() const = 0;
  // The finished model on the windows of a split, where the data is not of storms.
  virtual void measure_windows(TrainOutcome& outcome, tasks::WindowSource& windows) = 0;

  // The loss of these answers, [rows, channels, height, width]; `logits` as in forecast_loss().
  torch::Tensor loss_of_answers(const torch::Tensor& answers, const torch::Tensor& logits,
                                const WindowBatch& batch) const;
  // Executors of LibTorch.
  tasks::ExecutorMaker executors(const graph::Model& model) const;

  std::string device_;
  TrainRecipe read_;
  TrainOptions options_;
  graph::Model model_;
  tasks::WindowShape shape_;
  tasks::ForecastData data_;
  tasks::ForecastLossOptions loss_;

 private:
  WindowBatch next_batch();
  double loss_without_gradient(const WindowBatch& batch, const std::shared_ptr<const Weights>& weights) const;
  tasks::Window of_own_size(const tasks::Window& window) const;
  void check_options() const;
  // The split that the report is about; empty where there is none.
  std::string report_split() const;

  std::optional<Sampler> sampler_;
  WindowBatch batch_;  // of the last step
};

}  // namespace longtake::training
