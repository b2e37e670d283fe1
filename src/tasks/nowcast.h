// A feed of fields and its forecasts: what arrives is brought to the model's grid and steps, seen, and forecast from.
// Its memory and its cost a frame do not grow.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fields/field.h"
#include "tasks/field_clock.h"
#include "tasks/forecast_evaluation.h"
#include "tasks/forecast_finish.h"

namespace longtake::tasks {

struct Nowcast {
  std::int64_t time = 0;     // of the newest frame that was seen
  std::int64_t seen = 0;     // frames since the feed began or broke off
  std::int64_t missing = 0;  // of them, steps for which nothing was measured
  // The newest frames, as measured; at most as many as the model's protocol sees.
  std::vector<fields::Field> recent;
  // The frames that come, in the unit of measured_unit(); missing where the newest frame is.
  std::vector<fields::Field> forecast;
  std::vector<fields::Field> extrapolation;
};

struct NowcastOptions {
  std::int64_t horizon = 6;           // frames of a forecast
  std::optional<std::int64_t> first;  // steps are counted from it; none counts from the first field
  std::int64_t usual_distance_s = 0;  // from field to field; 0 learns it from those that come
  // A forecast with every field, though the feed is finer than the model's steps: the stream is then followed as often
  // as there are fields to a step, each time from another one on.
  bool every_field = false;
};

class Nowcaster {
 public:
  // For fields of a source. The forecasters must outlive it. Throws InvalidArgument for a model of other inputs.
  Nowcaster(ForecasterSet& forecasters, const graph::Model& model, const FieldSource& source,
            const NowcastOptions& options);

  // The next field of the feed, and the nowcasts of the steps that it settles: none where it lies between two steps or
  // too few frames were seen yet. A field in which nothing was measured is as one that did not come. Throws
  // InvalidArgument for a field whose time or size does not follow the others.
  std::vector<Nowcast> push(const fields::Field& field);

  // All that it remembers. A nowcaster of the same model that loads it before its first field goes on as this one
  // would. load() throws InvalidArgument after it, and for a state that is not of such a nowcaster.
  State save() const;
  void load(const State& state);

  // The time of the newest field with a measurement; none before the first. A state that was loaded has its own.
  std::optional<std::int64_t> newest() const { return newest_; }

  // Bytes of what is remembered.
  std::int64_t state_bytes() const;

 private:
  // The feed as one of its steps: from one field on, every step later.
  struct Phase {
    FieldClock clock;
    State state;
    std::int64_t seen = 0, missing = 0;
    std::vector<ClockFrame> recent;   // the newest, oldest first
    std::vector<ClockFrame> settled;  // by the newest field, not seen yet
  };

  void open(const fields::Field& prepared);
  Phase new_phase(std::optional<std::int64_t> first) const;
  Phase load_phase(const State& saved, const std::string& prefix) const;
  bool is_step(std::int64_t time) const;
  void drop_doubles();
  FieldFrame frame_of(const fields::Field& field);
  void see(Phase& phase, const ClockFrame& frame);
  Nowcast forecast(const Phase& phase, std::int64_t time);
  fields::Field measured(const float* numbers, const std::uint8_t* valid, std::int64_t time) const;

  ForecasterSet& forecasters_;
  const graph::Model& model_;
  InputSpec spec_;
  FieldPreparer prepare_;
  NowcastOptions options_;
  std::int64_t needed_;
  ForecastFinish finish_;
  Extrapolator extrapolator_;
  fields::Field like_;  // of the prepared grid, cut to what the model takes
  std::int64_t top_ = 0, left_ = 0;
  std::optional<fields::Field> first_;  // as it came, to tell one that differs
  Forecaster* forecaster_ = nullptr;    // none before the first field, or a state
  std::vector<Phase> phases_;
  std::optional<std::int64_t> newest_;
};

}  // namespace longtake::tasks
