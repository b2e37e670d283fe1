#include "reports/forecast_result.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "reports/table.h"

namespace longtake::reports {

namespace {

using Json = nlohmann::ordered_json;
using tasks::ForecastEvaluation;
using tasks::MethodScores;
using Value = std::function<std::optional<double>(const MethodScores&, std::int64_t lead)>;

std::string cell(const std::optional<double>& value, int digits) {
  return value ? fmt::format("{:.{}f}", *value, digits) : "-";
}

Json number(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

bool is_rain(const ForecastEvaluation& evaluation) { return !evaluation.unit.empty(); }

std::string threshold_name(const ForecastEvaluation& evaluation, std::size_t threshold) {
  return evaluation.unit.empty() ? fmt::format("{:g}", evaluation.options.thresholds[threshold])
                                 : fmt::format("{:g} {}", evaluation.options.thresholds[threshold], evaluation.unit);
}

// A row a method, a column a lead, and their mean.
std::string lead_table(const ForecastEvaluation& evaluation, const std::string& title, int digits, const Value& value) {
  std::vector<TableColumn> columns{{title}};
  for (std::int64_t lead = 0; lead < evaluation.leads; ++lead) {
    columns.push_back({lead_name(evaluation, lead), Align::kRight});
  }
  columns.push_back({"mean", Align::kRight});
  std::vector<std::vector<std::string>> rows;
  for (const MethodScores& method : evaluation.methods) {
    rows.push_back({"  " + method.name});
    std::vector<std::optional<double>> all;
    for (std::int64_t lead = 0; lead < evaluation.leads; ++lead) {
      all.push_back(value(method, lead));
      rows.back().push_back(cell(all.back(), digits));
    }
    rows.back().push_back(cell(mean_of_present(all), digits));
  }
  return aligned_table(columns, rows) + "\n";
}

Value csi(std::size_t threshold) {
  return [threshold](const MethodScores& method, std::int64_t lead) {
    return method.events.table(lead, static_cast<std::int64_t>(threshold)).critical_success_index();
  };
}

Value fss(std::size_t threshold, std::size_t window) {
  return [threshold, window](const MethodScores& method, std::int64_t lead) {
    return method.fractions.value(lead, static_cast<std::int64_t>(threshold), static_cast<std::int64_t>(window));
  };
}

std::string neighbourhood_name(const ForecastEvaluation& evaluation, std::size_t window) {
  const std::int64_t cells = evaluation.options.fss_windows[window];
  if (evaluation.spacing < 100) return fmt::format("{} cells", cells);
  return fmt::format("{:g} km", static_cast<double>(cells) * evaluation.spacing / 1000);
}

std::string rain_tables(const ForecastEvaluation& evaluation) {
  std::string text;
  for (std::size_t t = 0; t < evaluation.options.thresholds.size(); ++t) {
    text += lead_table(evaluation, "CSI, " + threshold_name(evaluation, t), 3, csi(t));
  }
  const std::size_t shown = std::min<std::size_t>(2, evaluation.options.thresholds.size());
  for (std::size_t t = 0; t < shown; ++t) {
    for (std::size_t w = 1; w < evaluation.options.fss_windows.size(); w += 2) {
      text += lead_table(evaluation,
                         fmt::format("FSS, {}, {}", threshold_name(evaluation, t), neighbourhood_name(evaluation, w)),
                         3, fss(t, w));
    }
  }
  text += lead_table(evaluation, fmt::format("MSE, ({})^2", evaluation.unit), 3,
                     [](const MethodScores& m, std::int64_t lead) { return m.errors.squared().per_cell.mean(lead); });
  text += lead_table(evaluation, "correlation", 3,
                     [](const MethodScores& m, std::int64_t lead) { return m.errors.correlation().mean(lead); });
  return text;
}

std::string picture_tables(const ForecastEvaluation& evaluation) {
  std::string text = lead_table(evaluation, "cross-entropy", 1,
                                [](const MethodScores& m, std::int64_t lead) { return m.cross_entropy.mean(lead); });
  text += lead_table(evaluation, "MSE, sum of a frame", 2,
                     [](const MethodScores& m, std::int64_t lead) { return m.errors.squared().per_frame.mean(lead); });
  text += lead_table(evaluation, "MAE, sum of a frame", 2,
                     [](const MethodScores& m, std::int64_t lead) { return m.errors.absolute().per_frame.mean(lead); });
  text += lead_table(evaluation, "SSIM", 3,
                     [](const MethodScores& m, std::int64_t lead) { return m.quality.similarity().mean(lead); });
  text += lead_table(evaluation, "PSNR, dB", 2, [](const MethodScores& m, std::int64_t lead) {
    return m.quality.peak_signal_to_noise().mean(lead);
  });
  for (const MethodScores& method : evaluation.methods) {
    text += fmt::format("cross-entropy of a sequence, {:<14} {}\n", method.name,
                        cell(method.cross_entropy.sum_over_leads(), 2));
  }
  return text + "\n";
}

Json json_of_events(const ContingencyScores& events) {
  Json all = Json::array();
  for (std::size_t t = 0; t < events.thresholds().size(); ++t) {
    Json by_lead = Json::array();
    for (std::int64_t lead = 0; lead < events.leads(); ++lead) {
      const ContingencyTable& table = events.table(lead, static_cast<std::int64_t>(t));
      by_lead.push_back({{"hits", table.hits},
                         {"misses", table.misses},
                         {"false_alarms", table.false_alarms},
                         {"correct_negatives", table.correct_negatives},
                         {"csi", number(table.critical_success_index())},
                         {"pod", number(table.probability_of_detection())},
                         {"far", number(table.false_alarm_ratio())},
                         {"hss", number(table.heidke_skill_score())},
                         {"gss", number(table.gilbert_skill_score())}});
    }
    all.push_back({{"threshold", events.thresholds()[t]}, {"leads", by_lead}});
  }
  return all;
}

Json json_of_fractions(const FractionsSkillScore& fractions) {
  Json all = Json::array();
  for (std::size_t t = 0; t < fractions.thresholds().size(); ++t) {
    for (std::size_t w = 0; w < fractions.windows().size(); ++w) {
      Json by_lead = Json::array();
      for (std::int64_t lead = 0; lead < fractions.leads(); ++lead) {
        by_lead.push_back(number(fractions.value(lead, static_cast<std::int64_t>(t), static_cast<std::int64_t>(w))));
      }
      all.push_back({{"threshold", fractions.thresholds()[t]}, {"cells", fractions.windows()[w]}, {"fss", by_lead}});
    }
  }
  return all;
}

Json by_lead(std::int64_t leads, const std::function<std::optional<double>(std::int64_t)>& value) {
  Json all = Json::array();
  for (std::int64_t lead = 0; lead < leads; ++lead) all.push_back(number(value(lead)));
  return all;
}

Json json_of(const MethodScores& method, std::int64_t leads) {
  const auto means = [&](const LeadMeans& of) {
    return by_lead(leads, [&](std::int64_t lead) { return of.mean(lead); });
  };
  return {{"name", method.name},
          {"mse_per_cell", means(method.errors.squared().per_cell)},
          {"mae_per_cell", means(method.errors.absolute().per_cell)},
          {"mse_per_frame", means(method.errors.squared().per_frame)},
          {"mae_per_frame", means(method.errors.absolute().per_frame)},
          {"balanced_mse_per_frame", means(method.errors.balanced_squared().per_frame)},
          {"balanced_mae_per_frame", means(method.errors.balanced_absolute().per_frame)},
          {"correlation", means(method.errors.correlation())},
          {"cross_entropy", means(method.cross_entropy)},
          {"cross_entropy_of_a_sequence", number(method.cross_entropy.sum_over_leads())},
          {"ssim", means(method.quality.similarity())},
          {"psnr", means(method.quality.peak_signal_to_noise())},
          {"power_below_8_cells", by_lead(leads, [&](std::int64_t lead) { return method.spectra.ratio(lead, 2, 8); })},
          {"events", json_of_events(method.events)},
          {"fractions", json_of_fractions(method.fractions)}};
}

Chart lead_chart(const ForecastEvaluation& evaluation, const std::string& title, const Value& value) {
  Chart chart{.title = title, .step_name = evaluation.step_s > 0 ? "minutes" : "frame"};
  for (const MethodScores& method : evaluation.methods) {
    Curve curve{method.name, {}};
    for (std::int64_t lead = 0; lead < evaluation.leads; ++lead) {
      const double at = static_cast<double>(lead + 1) * (evaluation.step_s > 0 ? evaluation.step_s / 60 : 1);
      curve.points.push_back({at, value(method, lead).value_or(std::numeric_limits<double>::quiet_NaN())});
    }
    chart.curves.push_back(std::move(curve));
  }
  chart.from_nothing = true;
  return chart;
}

// Power in decibels against the number of waves across the grid.
Chart spectrum_chart(const ForecastEvaluation& evaluation) {
  Chart chart{.title = fmt::format("Power at {}, dB", lead_name(evaluation, evaluation.leads - 1)),
              .step_name = "waves across the grid"};
  const auto curve_of = [](const std::string& name, const std::vector<double>& power) {
    Curve curve{name, {}};
    for (std::size_t ring = 0; ring < power.size(); ++ring) {
      curve.points.push_back({static_cast<double>(ring + 1), 10 * std::log10(std::max(power[ring], 1e-12))});
    }
    return curve;
  };
  const std::int64_t last = evaluation.leads - 1;
  chart.curves.push_back(curve_of("truth", evaluation.methods.front().spectra.truth_power(last)));
  for (const MethodScores& method : evaluation.methods) {
    chart.curves.push_back(curve_of(method.name, method.spectra.forecast_power(last)));
  }
  return chart;
}

}  // namespace

std::string lead_name(const ForecastEvaluation& evaluation, std::int64_t lead) {
  if (evaluation.step_s < 60) return fmt::format("frame {}", lead + 1);
  const double minutes = static_cast<double>(lead + 1) * evaluation.step_s / 60;
  return minutes < 180 ? fmt::format("{:g} min", minutes) : fmt::format("{:g} h", minutes / 60);
}

std::string forecast_text(const ForecastEvaluation& evaluation) {
  std::string text =
      fmt::format("windows             {}\nprotocol            {}\n\n", evaluation.windows, evaluation.protocol);
  text += is_rain(evaluation) ? rain_tables(evaluation) : picture_tables(evaluation);
  for (const MethodScores& method : evaluation.methods) {
    if (const std::string note = smoothness_note(method); !note.empty()) text += note + "\n";
  }
  return text;
}

std::string forecast_json(const ForecastEvaluation& evaluation) {
  Json json{
      {"protocol", evaluation.protocol},
      {"windows", evaluation.windows},
      {"unit", evaluation.unit},
      {"step_s", evaluation.step_s},
      {"spacing", evaluation.spacing},
      {"ssim_window",
       evaluation.options.similarity.window == SimilarityWindow::kGaussian ? "11x11, Gaussian of 1.5" : "7x7, uniform"},
      {"methods", Json::array()}};
  for (const MethodScores& method : evaluation.methods) json["methods"].push_back(json_of(method, evaluation.leads));
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::vector<Chart> forecast_charts(const ForecastEvaluation& evaluation) {
  std::vector<Chart> charts;
  if (is_rain(evaluation)) {
    for (std::size_t t = 0; t < evaluation.options.thresholds.size(); ++t) {
      charts.push_back(lead_chart(evaluation, "CSI, " + threshold_name(evaluation, t), csi(t)));
    }
  } else {
    charts.push_back(lead_chart(evaluation, "MSE, sum of a frame", [](const MethodScores& m, std::int64_t lead) {
      return m.errors.squared().per_frame.mean(lead);
    }));
    charts.push_back(lead_chart(evaluation, "SSIM", [](const MethodScores& m, std::int64_t lead) {
      return m.quality.similarity().mean(lead);
    }));
  }
  charts.push_back(spectrum_chart(evaluation));
  return charts;
}

}  // namespace longtake::reports
