// What the ways to measure a model have in common.
#pragma once

#include <cstdint>
#include <string>

#include "cli/classifier.h"
#include "cli/cli.h"
#include "graph/plan.h"

namespace longtake::cli {

// A model whose `graph` is to be measured, as open_model() opens it. Throws Unsupported when the graph has not exactly
// one input, to be given noise.
OpenedModel open_measured(const std::string& model, int threads, const std::string& graph);

// Frames [rows, ...] of a graph's only input, of varied numbers: all-zero frames would flatter.
Tensor noise_frames(const graph::Plan& plan, std::int64_t rows);

// longtake bench streams
void add_bench_streams(CLI::App& bench, Run& run);

// How the model is run, and how the figures are printed: of every kind of bench.
template <class Options>
void add_run_options(CLI::App& verb, Options& options) {
  verb.add_option("--graph", options.graph, "Which graph of the model; without it the first");
  add_precise(verb);
  add_weight_format(verb);
  verb.add_option("--threads", options.threads, "0 takes all cores")->check(CLI::Range(0, 1024))->capture_default_str();
  verb.add_flag("--json", options.json, "As JSON");
}

}  // namespace longtake::cli
