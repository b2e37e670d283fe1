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

namespace longtake::tasks {

struct Nowcast {
  std::int64_t time = 0;     // of the newest frame that was seen
  std::int64_t seen = 0;     // frames since the feed began or broke off
  std::int64_t missing = 0;  // of them, steps for which nothing was measured
  std::vector<fields::Field>
      recent;  // the newest frames, as measured; at most as many as the model's protocol sees  // The frames that come,
               // in the unit of measured_unit(); missing where the newest frame is.
  std::vector<fields::Field> forecast;
  std::vector<fields::Field> extrapolation;
};

class Nowcaster {
 public:
  // For fields of a source; steps are counted from `first`, or from the first field. The forecasters must outlive it.
  // Throws InvalidArgument for a model of other inputs.
  Nowcaster(ForecasterSet& forecasters, const graph::Model& model, const FieldSource& source, std::int64_t horizon,
            std::optional<std::int64_t> first = std::nullopt);

  // The next field of the feed, and the nowcasts of the steps that it settles: none where it lies between two steps or
  // too few frames were seen yet. Throws InvalidArgument for a field whose time or size does not follow the others.
  std::vector<Nowcast> push(const fields::Field& field);

  // Bytes of what is remembered.
  std::int64_t state_bytes() const;

 private:
  void open(const fields::Field& prepared);
  void see(const ClockFrame& frame);
  Nowcast forecast(std::int64_t time);
  fields::Field measured(const float* numbers, const std::uint8_t* valid, std::int64_t time) const;

  ForecasterSet& forecasters_;
  const graph::Model& model_;
  InputSpec spec_;
  FieldPreparer prepare_;
  std::int64_t horizon_, needed_;
  FieldClock clock_;
  Extrapolator extrapolator_;
  fields::Field like_;  // of the prepared grid, cut to what the model takes
  std::int64_t top_ = 0, left_ = 0;
  std::optional<fields::Field> first_;  // as it came, to tell one that differs
  Forecaster* forecaster_ = nullptr;
  State state_;
  std::int64_t seen_ = 0, missing_ = 0;
  std::vector<ClockFrame> recent_;  // the newest, oldest first
};

}  // namespace longtake::tasks
