#include "reports/run_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "longtake/error.h"
#include "reports/html.h"
#include "reports/report_style.h"

namespace longtake::reports {
namespace {

// A matrix with more classes than that is unreadable; then its largest entries are listed.
constexpr std::int64_t kMatrixClasses = 32;
constexpr std::size_t kConfusionsListed = 30;

// A table in a box that scrolls by itself, so that the page never does sideways.
std::string open_table(std::string_view kind, std::string_view caption) {
  const std::string text = escape_html(caption);
  return fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table class=\"{1}\">"
      "<caption><span>{0}</span></caption>",
      text, kind);
}
constexpr std::string_view kCloseTable = "</tbody></table></div>\n";

std::string highlights_html(const RunReport& report) {
  if (report.highlights.empty()) return {};
  std::string out = "<ul class=\"highlights\">";
  for (const Highlight& highlight : report.highlights) {
    out += fmt::format("<li><strong>{}</strong><span>{}</span></li>", escape_html(highlight.value),
                       escape_html(highlight.meaning));
  }
  return out + "</ul>\n";
}

std::string notes_html(const RunReport& report) {
  if (report.notes.empty()) return {};
  std::string out = open_section("notes", "Notes");
  for (const std::string& note : report.notes) out += "<p>" + escape_html(note) + "</p>";
  return out + "</section>\n";
}

std::string charts_html(const RunReport& report) {
  if (report.charts.empty()) return {};
  std::string out = open_section("curves", "Training") + "<div class=\"charts\">";
  for (const Chart& chart : report.charts) out += chart_html(chart);
  return out + "</div></section>\n";
}

std::string results_html(const RunReport& report) {
  if (report.results.empty()) return {};
  const auto any = [&](auto member) {
    return std::any_of(report.results.begin(), report.results.end(),
                       [&](const SplitResult& result) { return (result.*member).has_value(); });
  };
  const bool top5 = any(&SplitResult::top5);
  const bool mean = any(&SplitResult::mean_class_accuracy);
  const bool loss = any(&SplitResult::loss);
  std::string out = open_section("results", "Results") + open_table("wide", "Share of right answers by split");
  out +=
      "<thead><tr><th scope=\"col\"><span class=\"hidden\">split</span></th><th scope=\"col\">cases</th>"
      "<th scope=\"col\">top-1</th>";
  if (top5) out += "<th scope=\"col\">top-5</th>";
  if (mean) out += "<th scope=\"col\">mean of classes</th>";
  if (loss) out += "<th scope=\"col\">loss</th>";
  out += "</tr></thead><tbody>";
  for (const SplitResult& result : report.results) {
    out += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td>", escape_html(result.name), result.cases,
                       percent_for_people(result.top1));
    if (top5) out += "<td>" + percent_for_people(result.top5) + "</td>";
    if (mean) out += "<td>" + percent_for_people(result.mean_class_accuracy) + "</td>";
    if (loss) out += "<td>" + (result.loss ? number_for_people(*result.loss) : "-") + "</td>";
    out += "</tr>";
  }
  return out.append(kCloseTable) + "</section>\n";
}

std::string heat_cell(const Confusion& confusion, std::int64_t truth, std::int64_t predicted) {
  const std::int64_t count = confusion.matrix.count(truth, predicted);
  const std::int64_t total = confusion.matrix.truth_total(truth);
  const double share = total == 0 ? 0 : static_cast<double>(count) / static_cast<double>(total);
  std::string kind = "cell";
  if (count == 0) kind += " none";
  if (truth == predicted && count > 0) kind += " diagonal";
  if (share > 0.5) kind += " strong";
  // Even a single case among many is to be seen.
  return fmt::format("<td class=\"{}\" style=\"--share:{:.2f}\">{}</td>", kind, count == 0 ? 0 : 0.15 + 0.85 * share,
                     count);
}

std::string matrix_html(const Confusion& confusion) {
  const std::int64_t classes = confusion.matrix.classes();
  std::string out = open_table("heat", confusion.title + ": how often the class of the row was taken for the column's");
  out += "<thead><tr><th scope=\"col\">truth</th>";
  for (const std::string& label : confusion.labels) {
    out += "<th scope=\"col\" class=\"turn\">" + escape_html(label) + "</th>";
  }
  out += "<th scope=\"col\">recall</th></tr></thead><tbody>";
  for (std::int64_t truth = 0; truth < classes; ++truth) {
    out += "<tr><th scope=\"row\">" + escape_html(confusion.labels[truth]) + "</th>";
    for (std::int64_t predicted = 0; predicted < classes; ++predicted) out += heat_cell(confusion, truth, predicted);
    out += "<td>" + percent_for_people(confusion.matrix.recall(truth)) + "</td></tr>";
  }
  out += "<tr><th scope=\"row\">precision</th>";
  for (std::int64_t predicted = 0; predicted < classes; ++predicted) {
    const std::optional<double> precision = confusion.matrix.precision(predicted);
    out += fmt::format("<td>{}</td>", precision ? fmt::format("{:.0f} %", 100 * *precision) : "-");
  }
  return out.append("<td></td></tr>").append(kCloseTable);
}

std::string per_class_html(const Confusion& confusion) {
  std::string out = open_table("wide", confusion.title + ": recall and precision of each class");
  out +=
      "<thead><tr><th scope=\"col\">class</th><th scope=\"col\">cases</th><th scope=\"col\">recall</th>"
      "<th scope=\"col\">precision</th></tr></thead><tbody>";
  for (std::int64_t label = 0; label < confusion.matrix.classes(); ++label) {
    out += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>",
                       escape_html(confusion.labels[label]), confusion.matrix.truth_total(label),
                       percent_for_people(confusion.matrix.recall(label)),
                       percent_for_people(confusion.matrix.precision(label)));
  }
  return out.append(kCloseTable);
}

std::string frequent_confusions_html(const Confusion& confusion) {
  struct Entry {
    std::int64_t truth, predicted, count;
  };
  std::vector<Entry> entries;
  for (std::int64_t truth = 0; truth < confusion.matrix.classes(); ++truth) {
    for (std::int64_t predicted = 0; predicted < confusion.matrix.classes(); ++predicted) {
      const std::int64_t count = confusion.matrix.count(truth, predicted);
      if (truth != predicted && count > 0) entries.push_back({truth, predicted, count});
    }
  }
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.count > b.count; });
  if (entries.size() > kConfusionsListed) entries.resize(kConfusionsListed);
  std::string out = open_table("wide", confusion.title + ": the most frequent confusions");
  out +=
      "<thead><tr><th scope=\"col\">truth</th><th scope=\"col\">taken for</th><th scope=\"col\">times</th></tr>"
      "</thead><tbody>";
  for (const Entry& entry : entries) {
    out += fmt::format("<tr><th scope=\"row\">{}</th><td class=\"text\">{}</td><td>{}</td></tr>",
                       escape_html(confusion.labels[entry.truth]), escape_html(confusion.labels[entry.predicted]),
                       entry.count);
  }
  return out.append(kCloseTable);
}

std::string confusions_html(const RunReport& report) {
  if (report.confusions.empty()) return {};
  std::string out = open_section("confusion", "What is taken for what");
  for (const Confusion& confusion : report.confusions) {
    if (static_cast<std::int64_t>(confusion.labels.size()) != confusion.matrix.classes()) {
      throw InvalidArgument(fmt::format("the confusion matrix \"{}\" has {} classes but {} labels", confusion.title,
                                        confusion.matrix.classes(), confusion.labels.size()));
    }
    if (confusion.matrix.classes() <= kMatrixClasses) {
      out += matrix_html(confusion);
    } else {
      out += frequent_confusions_html(confusion);
      out += "<details><summary>All classes</summary>" + per_class_html(confusion) + "</details>";
    }
  }
  return out + "</section>\n";
}

std::string clips_html(const RunReport& report) {
  return sample_clips_html("worst", "Worst clips", report.clips_explained, report.worst_clips) +
         sample_clips_html("right", "Clips that were recognised", report.clips_explained, report.right_clips);
}

std::string time_lines_html(const RunReport& report) {
  if (report.time_lines.empty()) return {};
  std::string out = open_section("time-lines", "Truth and prediction over time");
  for (const LabelTimeLine& line : report.time_lines) out += label_time_line_html(line);
  if (!report.window_charts.empty()) out += "<div class=\"charts\">";
  for (const Chart& chart : report.window_charts) out += chart_html(chart);
  if (!report.window_charts.empty()) out += "</div>";
  return out + "</section>\n";
}

std::string forecasts_html(const RunReport& report) {
  if (report.forecast_charts.empty()) return {};
  std::string out = open_section("forecasts", "Forecasts by lead") + "<div class=\"charts\">";
  for (const Chart& chart : report.forecast_charts) out += chart_html(chart);
  out += "</div>";
  if (!report.forecast_tables.empty()) {
    out += "<details><summary>In numbers</summary><pre tabindex=\"0\">" + escape_html(report.forecast_tables) +
           "</pre></details>";
  }
  for (const ReportFilm& film : report.films) {
    out += fmt::format(
        "<figure><figcaption>{}</figcaption><video controls loop muted playsinline "
        "src=\"data:video/mp4;base64,{}\"></video></figure>",
        escape_html(film.title), base64(film.mp4));
  }
  return out + "</section>\n";
}

std::string skipped_html(const RunReport& report) {
  if (report.skipped.empty()) return {};
  std::string out = open_section("skipped", "Files left out or read in part");
  out += open_table("wide", fmt::format("{} of the files", report.skipped.size()));
  out +=
      "<thead><tr><th scope=\"col\" style=\"text-align:left\">file</th>"
      "<th scope=\"col\" style=\"text-align:left\">reason</th></tr></thead><tbody>";
  for (const SkippedFile& file : report.skipped) {
    out += fmt::format("<tr><td class=\"path\">{}</td><td class=\"text\">{}</td></tr>", escape_html(file.path),
                       escape_html(file.reason));
  }
  return out.append(kCloseTable) + "</section>\n";
}

std::string facts_html(const RunReport& report) {
  if (report.facts.empty()) return {};
  std::string out = open_section("facts", "The run") + "<dl>";
  for (const auto& [name, value] : report.facts) {
    out += fmt::format("<dt>{}</dt><dd>{}</dd>", escape_html(name), escape_html(value));
  }
  return out + "</dl></section>\n";
}

std::string recipe_html(const RunReport& report) {
  if (report.recipe.empty()) return {};
  return open_section("recipe", "Recipe") + "<details><summary>As it was resolved</summary><pre tabindex=\"0\"><code>" +
         escape_html(report.recipe) + "</code></pre></details></section>\n";
}

bool is_safe_in_shell(char c) {
  constexpr std::string_view kSafe = "%+,-./:=@_";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kSafe.find(c) != std::string_view::npos;
}

}  // namespace

std::string to_html(const RunReport& report) {
  std::string out = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  // Nothing may be loaded from anywhere, whatever a hostile label tries.
  out +=
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
      "img-src data:; media-src data:\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  out += fmt::format("<title>{} - longtake</title>\n<style>{}</style>\n</head>\n<body>\n", escape_html(report.title),
                     report_style());
  out += fmt::format("<header><h1>{}</h1><p class=\"kind\">Report of a training run</p>\n", escape_html(report.title));
  if (!report.command.empty()) out += "<pre class=\"command\"><code>" + escape_html(report.command) + "</code></pre>\n";
  out += highlights_html(report) + "</header>\n<main>\n";
  out += notes_html(report) + results_html(report) + forecasts_html(report) + charts_html(report) +
         confusions_html(report);
  out += time_lines_html(report) + clips_html(report) + skipped_html(report) + facts_html(report) + recipe_html(report);
  return out + "</main>\n<footer>Written by longtake.</footer>\n</body>\n</html>\n";
}

std::string shell_command(std::span<const std::string> arguments) {
  std::string out;
  for (const std::string& argument : arguments) {
    if (!out.empty()) out += ' ';
    if (!argument.empty() && std::all_of(argument.begin(), argument.end(), is_safe_in_shell)) {
      out += argument;
      continue;
    }
    out += '\'';
    for (const char c : argument) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    out += '\'';
  }
  return out;
}

}  // namespace longtake::reports
