// The options of `longtake train`, declared once for both programs: longtake-train, which obeys them, and longtake,
// which has the help and the completion and hands them on.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace longtake::cli {

struct TrainOptions {
  std::string recipe;
  std::vector<std::string> overrides;
  std::string run_directory;
  std::string device = "cpu";
  int threads = 0;
  bool resume = false;
  bool json = false;
};

inline constexpr const char* kTrainSummary = "Train a recurrent video model from a recipe";

// `options` must outlive the parsing.
void add_train_options(CLI::App& app, TrainOptions& options);

}  // namespace longtake::cli
