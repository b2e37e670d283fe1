// What was measured of forecasts, for people at a terminal, for programs, and as charts of a report.
#pragma once

#include <string>
#include <vector>

#include "reports/chart.h"
#include "tasks/forecast_evaluation.h"

namespace longtake::reports {

// "10 min" or "frame 3": the lead in words.
std::string lead_name(const tasks::ForecastEvaluation& evaluation, std::int64_t lead);

// Tables of every method by lead: for fields CSI by threshold, FSS by threshold and neighbourhood, errors and the
// correlation; for pictures cross-entropy, errors, SSIM and PSNR. What has no cases is "-".
std::string forecast_text(const tasks::ForecastEvaluation& evaluation);

// The same and more as a JSON object: every score of every method by lead, null where there are no cases.
std::string forecast_json(const tasks::ForecastEvaluation& evaluation);

// Skill against lead time, all methods in one chart for each threshold, and the spectra of the last lead.
std::vector<Chart> forecast_charts(const tasks::ForecastEvaluation& evaluation);

}  // namespace longtake::reports
