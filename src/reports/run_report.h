// The report of a training run: one HTML file that needs nothing else, to be read in any browser, sent by mail, printed
// or listened to.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "metrics/classification.h"
#include "reports/chart.h"
#include "reports/label_time_line.h"
#include "reports/sample_clips.h"

namespace longtake::reports {

// A number to see first: "96.2 %", "of the test videos right".
struct Highlight {
  std::string value;
  std::string meaning;
};

// How well one model did on one split. What was not measured is missing.
struct SplitResult {
  std::string name;  // "test videos", "test videos, single-frame baseline"
  std::int64_t cases = 0;
  std::optional<double> top1;
  std::optional<double> top5;
  std::optional<double> mean_class_accuracy;
  std::optional<double> loss;
};

struct Confusion {
  std::string title;  // "Test videos"
  std::vector<std::string> labels;
  ConfusionMatrix matrix;
};

struct SkippedFile {
  std::string path;
  std::string reason;
};

// A film that plays in the page.
struct ReportFilm {
  std::string title;
  std::vector<std::byte> mp4;
};

struct RunReport {
  std::string title;
  std::string command;  // the exact command line; see shell_command
  std::string recipe;   // resolved, as TOML
  std::vector<Highlight> highlights;
  std::vector<Chart> charts;
  std::vector<SplitResult> results;
  std::vector<Confusion> confusions;
  std::vector<Chart> forecast_charts;                      // skill against lead time, of models that forecast
  std::string forecast_tables;                             // the same in numbers, as at a terminal
  std::vector<ReportFilm> films;                           // of forecasts
  std::vector<LabelTimeLine> time_lines;                   // of models that label every frame
  std::vector<Chart> window_charts;                        // how far back those look
  std::vector<SampleClip> worst_clips;                     // the worst first
  std::vector<SampleClip> right_clips;                     // some that were recognised
  std::string clips_explained;                             // what lies over the pictures; empty where nothing does
  std::vector<std::pair<std::string, std::string>> facts;  // seed, parameters, duration, versions, data, ...
  std::vector<SkippedFile> skipped;                        // files left out or read in part
  std::vector<std::string> notes;
};

// The whole page. Nothing in it comes from the time or place of the call: the same report gives the same bytes. All
// texts are escaped. Throws InvalidArgument when a confusion matrix has not one label per class.
std::string to_html(const RunReport& report);

// `arguments` as a POSIX shell would have to be given them.
std::string shell_command(std::span<const std::string> arguments);

}  // namespace longtake::reports
