// A finished run as the page that people read, and its numbers for TensorBoard. Free of LibTorch.
#pragma once

#include <optional>
#include <string>

#include "reports/run_report.h"
#include "reports/tensorboard.h"
#include "training/trainer.h"

namespace longtake::training {

// Curves, figures and confusion of the split that was evaluated, the clips that went worst with pictures, and how the
// run came about.
reports::RunReport make_report(const TrainRequest& request, const TrainOutcome& outcome);

// Writes every step and epoch to TensorBoard's event files in the run directory, and passes them on to `next` (may be
// null).
class TensorBoardObserver final : public TrainObserver {
 public:
  TensorBoardObserver(const Files& files, const Files::Path& directory, TrainObserver* next);

  void on_step(std::int64_t step, std::int64_t epoch, std::int64_t step_in_epoch, std::int64_t steps_per_epoch,
               double loss, double learning_rate) override;
  void on_epoch(const EpochRecord& record, bool best) override;

 private:
  // With `step` as the first that is not written yet.
  void open(std::int64_t step);

  const Files& files_;
  Files::Path directory_;
  // Opened at the first call, when it is known where a resumed run goes on. That may be the end of an epoch all of
  // whose steps were done.
  std::optional<reports::EventWriter> events_;
  TrainObserver* next_;
};

}  // namespace longtake::training
