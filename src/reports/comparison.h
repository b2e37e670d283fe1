// Runs side by side: one row for all runs of a recipe that differ by their seed alone, with mean and spread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace longtake::reports {

// One run, and what `longtake evaluate --save` measured of it.
struct ComparedRun {
  std::string path;    // of its directory
  std::string model;   // in the registry
  std::string paper;   // "Beyond Short Snippets (1503.08909), 2015"
  std::string recipe;  // resolved, without the seed: what runs of one row share
  std::string seed;
  std::string content;  // a checksum of the trained model: copies of one run share it
  std::int64_t parameters = 0;
  std::map<std::string, double> figures;          // "test top-1", "test-shuffled top-1": shares, 0 to 1
  std::map<std::string, std::string> conditions;  // of each figure: protocol, data and the like, in words
};

struct Spread {
  double mean = 0;
  std::optional<double> deviation;  // of a sample, so there is none of a single run
  std::int64_t runs = 0;
};

Spread spread_of(const std::vector<double>& values);

struct ComparisonRow {
  std::string name;  // the model's; where several rows share it, with the directory of the first run
  std::vector<ComparedRun> runs;
  std::map<std::string, Spread> figures;
};

struct Comparison {
  std::vector<std::string> figures;  // all names, sorted
  std::vector<ComparisonRow> rows;   // in the order of the runs
};

// Throws InvalidArgument for a run that comes twice, also as a copy, and where runs of one row were measured under
// different conditions.
Comparison compare(const std::vector<ComparedRun>& runs);

// "82.7 ± 1.3 %", "82.7 %" for a single run, "-" for none.
std::string text_of(const std::optional<Spread>& spread);

// For people at a terminal, and as one HTML page that needs nothing else.
std::string comparison_table(const Comparison& comparison);
std::string comparison_html(const Comparison& comparison, const std::string& command);

}  // namespace longtake::reports
