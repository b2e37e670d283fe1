#include "reports/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "longtake/error.h"
#include "reports/html.h"
#include "reports/report_style.h"
#include "reports/table.h"

namespace longtake::reports {

Spread spread_of(const std::vector<double>& values) {
  Spread spread{.runs = static_cast<std::int64_t>(values.size())};
  if (values.empty()) return spread;
  const auto count = static_cast<double>(values.size());
  spread.mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  if (values.size() == 1) return spread;
  double squares = 0;
  for (const double value : values) squares += (value - spread.mean) * (value - spread.mean);
  spread.deviation = std::sqrt(squares / (count - 1));
  return spread;
}

namespace {

// A mean over figures that were got in different ways would mean nothing.
void check_conditions(const ComparisonRow& row) {
  std::map<std::string, std::pair<std::string, std::string>> first;  // by figure: the condition, and whose it is
  for (const ComparedRun& run : row.runs) {
    for (const auto& [name, condition] : run.conditions) {
      const auto [found, is_new] = first.try_emplace(name, condition, run.path);
      if (is_new || found->second.first == condition) continue;
      throw InvalidArgument(fmt::format(
          "the figure \"{}\" of {} is of another evaluation ({}) than that of {} ({}), so they have no mean; evaluate "
          "both alike",
          name, run.path, condition, found->second.second, found->second.first));
    }
  }
}

}  // namespace

Comparison compare(const std::vector<ComparedRun>& runs) {
  std::set<std::string> paths;
  std::map<std::string, std::string> path_of_content;
  for (const ComparedRun& run : runs) {
    if (!paths.insert(run.path).second) throw InvalidArgument(run.path + " is named twice");
    if (run.content.empty()) continue;
    const auto [same, is_new] = path_of_content.try_emplace(run.content, run.path);
    if (!is_new) {
      throw InvalidArgument(run.path + " holds the same trained model as " + same->second +
                            ", so it would count twice; name one of them");
    }
  }
  Comparison comparison;
  std::map<std::string, std::size_t> row_of_recipe;
  std::set<std::string> figures;
  std::map<std::string, int> rows_of_model;
  for (const ComparedRun& run : runs) {
    const auto [row, is_new] = row_of_recipe.try_emplace(run.recipe, comparison.rows.size());
    if (is_new) {
      comparison.rows.push_back({run.model, {}, {}});
      ++rows_of_model[run.model];
    }
    comparison.rows[row->second].runs.push_back(run);
    for (const auto& [name, value] : run.figures) figures.insert(name);
  }
  comparison.figures.assign(figures.begin(), figures.end());
  for (ComparisonRow& row : comparison.rows) {
    check_conditions(row);
    if (rows_of_model[row.name] > 1) row.name += fmt::format(" ({})", row.runs.front().path);
    for (const std::string& name : comparison.figures) {
      std::vector<double> values;
      for (const ComparedRun& run : row.runs) {
        if (const auto found = run.figures.find(name); found != run.figures.end()) values.push_back(found->second);
      }
      if (!values.empty()) row.figures[name] = spread_of(values);
    }
  }
  return comparison;
}

std::string text_of(const std::optional<Spread>& spread) {
  if (!spread) return "-";
  if (!spread->deviation) return fmt::format("{:.1f} %", 100 * spread->mean);
  return fmt::format("{:.1f} ± {:.1f} %", 100 * spread->mean, 100 * *spread->deviation);
}

namespace {

std::optional<Spread> figure_of(const ComparisonRow& row, const std::string& name) {
  const auto found = row.figures.find(name);
  return found == row.figures.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

std::string comparison_table(const Comparison& comparison) {
  std::vector<TableColumn> columns{{"model"}, {"parameters", Align::kRight}, {"runs", Align::kRight}};
  for (const std::string& name : comparison.figures) columns.push_back({name, Align::kRight});
  std::vector<std::vector<std::string>> rows;
  for (const ComparisonRow& row : comparison.rows) {
    std::vector<std::string> cells{row.name, std::to_string(row.runs.front().parameters),
                                   std::to_string(row.runs.size())};
    for (const std::string& name : comparison.figures) cells.push_back(text_of(figure_of(row, name)));
    rows.push_back(std::move(cells));
  }
  return aligned_table(columns, rows);
}

namespace {

std::string cell(const std::string& tag, const std::string& text) {
  return fmt::format("<{}>{}</{}>", tag, escape_html(text), tag);
}

std::string rows_html(const Comparison& comparison) {
  std::string out = "<table><thead><tr><th>Model</th><th>Paper</th><th>Parameters</th><th>Runs</th>";
  for (const std::string& name : comparison.figures) out += cell("th", name);
  out += "</tr></thead>\n<tbody>\n";
  for (const ComparisonRow& row : comparison.rows) {
    const ComparedRun& first = row.runs.front();
    out += "<tr>" + cell("th", row.name) + cell("td", first.paper) + cell("td", std::to_string(first.parameters)) +
           cell("td", std::to_string(row.runs.size()));
    for (const std::string& name : comparison.figures) out += cell("td", text_of(figure_of(row, name)));
    out += "</tr>\n";
  }
  return out + "</tbody></table>\n";
}

std::string runs_html(const Comparison& comparison) {
  std::string out = "<table><thead><tr><th>Run</th><th>Model</th><th>Seed</th>";
  for (const std::string& name : comparison.figures) out += cell("th", name);
  out += "</tr></thead>\n<tbody>\n";
  for (const ComparisonRow& row : comparison.rows) {
    for (const ComparedRun& run : row.runs) {
      out += "<tr>" + cell("th", run.path) + cell("td", run.model) + cell("td", run.seed);
      for (const std::string& name : comparison.figures) {
        const auto found = run.figures.find(name);
        out += cell("td", found == run.figures.end() ? "-" : fmt::format("{:.2f} %", 100 * found->second));
      }
      out += "</tr>\n";
    }
  }
  return out + "</tbody></table>\n";
}

std::string recipes_html(const Comparison& comparison) {
  std::string out;
  for (const ComparisonRow& row : comparison.rows) {
    out += fmt::format("<details><summary>{}</summary><pre><code>{}</code></pre></details>\n", escape_html(row.name),
                       escape_html(row.runs.front().recipe));
  }
  return out;
}

}  // namespace

std::string comparison_html(const Comparison& comparison, const std::string& command) {
  std::string out = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  out +=
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  out += fmt::format("<title>Comparison - longtake</title>\n<style>{}</style>\n</head>\n<body>\n", report_style());
  out +=
      "<header><h1>Comparison</h1><p class=\"kind\">Mean and standard deviation over the runs of a row, which differ "
      "by their seed alone</p>\n";
  out += "<pre class=\"command\"><code>" + escape_html(command) + "</code></pre>\n</header>\n<main>\n";
  out += "<section><h2>Models</h2>\n" + rows_html(comparison) + "</section>\n";
  out += "<section><h2>Runs</h2>\n" + runs_html(comparison) + "</section>\n";
  out += "<section><h2>Recipes</h2>\n" + recipes_html(comparison) + "</section>\n";
  return out + "</main>\n<footer>Written by longtake.</footer>\n</body>\n</html>\n";
}

}  // namespace longtake::reports
