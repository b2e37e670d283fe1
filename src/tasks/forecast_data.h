// What a recipe says about the data of models that forecast: [data] and the fields of [input].
#pragma once

#include <memory>
#include <string>

#include "base/options.h"
#include "longtake/input_spec.h"
#include "tasks/field_sequence.h"
#include "tasks/windows.h"

namespace longtake::tasks {

// Reads [input] where its kind is "fields": variables, units, low, high (a number each, in this order), validity,
// height, width, spacing, step_minutes, z_a and z_b. Throws ConfigError.
InputSpec read_field_input(const Options& input);

// Reads and checks [data] without a look at what it names, and gives what opens it. `format` is one of
//   "npy"    arrays of videos: train, validation, test; frames_first, sequences
//   "radar"  [data.series.NAME] path, spacing, z_a, z_b, interval_minutes, variable, quantity; train, validation, test
//            (lists of names); validation_share, gaps, most_missing, tolerance_seconds, repeats, turn, rain_share
//   "storms" storm_data.h
//   the formats of read_data(), whose videos are taken without their labels
// Throws ConfigError.
ForecastDataOpener read_forecast_data(const Options& data, const InputSpec& input);

// [data.series.NAME] as it stands, for verbs that read files without a recipe's splits.
FieldSource read_field_source(const Options& series, const std::string& name);

}  // namespace longtake::tasks
