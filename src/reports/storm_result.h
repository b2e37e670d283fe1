// What was measured of storms that were followed or forecast, for people at a terminal and for programs.
#pragma once

#include <string>

#include "tasks/storm_evaluation.h"

namespace longtake::reports {

// Detections and errors of every method, by lead where storms are forecast. What has no cases is "-".
std::string storm_text(const tasks::StormEvaluation& evaluation);

// The same as a JSON object, null where there are no cases.
std::string storm_json(const tasks::StormEvaluation& evaluation);

}  // namespace longtake::reports
