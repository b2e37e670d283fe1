#include "reports/storm_result.h"

#include <fmt/format.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "reports/table.h"

namespace longtake::reports {

namespace {

using tasks::StormEvaluation;
using tasks::StormMethod;
using StormJson = nlohmann::ordered_json;

// A score of a method at a lead.
struct StormMeasure {
  const char* title;
  const char* key;
  int digits;
  std::function<std::optional<double>(const StormMethod&, std::int64_t)> value;
  bool of_forecasts = false;  // alone
};

const std::vector<StormMeasure>& storm_measures() {
  static const std::vector<StormMeasure> measures{
      {"POD", "pod", 3,
       [](const StormMethod& m, std::int64_t lead) { return m.scores.probability_of_detection(lead); }},
      {"FAR", "far", 3, [](const StormMethod& m, std::int64_t lead) { return m.scores.false_alarm_ratio(lead); }},
      {"CSI", "csi", 3, [](const StormMethod& m, std::int64_t lead) { return m.scores.critical_success_index(lead); }},
      {"error of centres, km", "error_km", 1,
       [](const StormMethod& m, std::int64_t lead) { return m.scores.kilometres().mean(lead); }},
      {"error of centres, cells", "error_cells", 2,
       [](const StormMethod& m, std::int64_t lead) { return m.scores.cells().mean(lead); }},
      {"error of storms that all have found, km", "common_error_km", 1,
       [](const StormMethod& m, std::int64_t lead) { return m.common_km.mean(lead); }, true}};
  return measures;
}

std::string cell_of(const std::optional<double>& value, int digits) {
  return value ? fmt::format("{:.{}f}", *value, digits) : "-";
}

std::int64_t leads_of(const StormEvaluation& evaluation) { return evaluation.density_error.leads(); }

// "6 h" after the newest frame.
std::string hours_ahead(const StormEvaluation& evaluation, std::int64_t lead) {
  return fmt::format("{:g} h", static_cast<double>(lead + 1) * evaluation.step_s / 3600);
}

std::string table_by_lead(const StormEvaluation& evaluation, const StormMeasure& measure) {
  std::vector<TableColumn> columns{{measure.title}};
  for (std::int64_t lead = 0; lead < leads_of(evaluation); ++lead) {
    columns.push_back({hours_ahead(evaluation, lead), Align::kRight});
  }
  std::vector<std::vector<std::string>> rows;
  for (const StormMethod& method : evaluation.methods) {
    rows.push_back({"  " + method.name});
    for (std::int64_t lead = 0; lead < leads_of(evaluation); ++lead) {
      rows.back().push_back(cell_of(measure.value(method, lead), measure.digits));
    }
  }
  return aligned_table(columns, rows) + "\n";
}

std::int64_t true_storms(const StormMethod& method, std::int64_t lead) {
  return method.scores.hits(lead) + method.scores.misses(lead);
}

std::string text_of_tracking(const StormEvaluation& evaluation) {
  const StormMethod& model = evaluation.methods.front();
  std::string text =
      fmt::format("frames               {}\nstorms in them       {}\n", evaluation.cases, true_storms(model, 0));
  for (const StormMeasure& measure : storm_measures()) {
    if (!measure.of_forecasts) {
      text += fmt::format("{:<24} {}\n", measure.title, cell_of(measure.value(model, 0), measure.digits));
    }
  }
  return text + fmt::format("{:<24} {}\n", "error of density, MSE", cell_of(evaluation.density_error.mean(0), 5));
}

StormJson number_or_null(const std::optional<double>& value) { return value ? StormJson(*value) : StormJson(nullptr); }

}  // namespace

std::string storm_text(const StormEvaluation& evaluation) {
  std::string text;
  if (evaluation.forecast) {
    text = fmt::format("windows              {}\n", evaluation.cases);
    for (const StormMeasure& measure : storm_measures()) text += table_by_lead(evaluation, measure);
    std::vector<std::string> row{"  model"};
    std::vector<TableColumn> columns{{"error of density, MSE"}};
    for (std::int64_t lead = 0; lead < leads_of(evaluation); ++lead) {
      columns.push_back({hours_ahead(evaluation, lead), Align::kRight});
      row.push_back(cell_of(evaluation.density_error.mean(lead), 5));
    }
    text += aligned_table(columns, {row});
  } else {
    text = text_of_tracking(evaluation);
  }
  return text + fmt::format("protocol             {}\n", evaluation.protocol);
}

std::string storm_json(const StormEvaluation& evaluation) {
  StormJson json{{"protocol", evaluation.protocol}, {evaluation.forecast ? "windows" : "frames", evaluation.cases},
                 {"step_s", evaluation.step_s},     {"thresholds", evaluation.thresholds},
                 {"methods", StormJson::array()},   {"density_mse", StormJson::array()}};
  for (const StormMethod& method : evaluation.methods) {
    StormJson leads = StormJson::array();
    for (std::int64_t lead = 0; lead < leads_of(evaluation); ++lead) {
      StormJson one{{"hits", method.scores.hits(lead)},
                    {"misses", method.scores.misses(lead)},
                    {"false_alarms", method.scores.false_alarms(lead)}};
      if (evaluation.forecast) one["lead_s"] = static_cast<double>(lead + 1) * evaluation.step_s;
      for (const StormMeasure& measure : storm_measures()) {
        if (measure.of_forecasts && !evaluation.forecast) continue;
        one[measure.key] = number_or_null(measure.value(method, lead));
      }
      leads.push_back(std::move(one));
    }
    json["methods"].push_back({{"name", method.name}, {"leads", leads}});
  }
  for (std::int64_t lead = 0; lead < leads_of(evaluation); ++lead) {
    json["density_mse"].push_back(number_or_null(evaluation.density_error.mean(lead)));
  }
  return json.dump(2, ' ', false, StormJson::error_handler_t::replace) + "\n";
}

}  // namespace longtake::reports
