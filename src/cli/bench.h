// What the ways to measure a model have in common.
#pragma once

#include <cstdint>

#include "cli/cli.h"
#include "graph/plan.h"

namespace longtake::cli {

// Frames [rows, ...] of a graph's only input, of varied numbers: all-zero frames would flatter.
Tensor noise_frames(const graph::Plan& plan, std::int64_t rows);

// longtake bench streams
void add_bench_streams(CLI::App& bench, Run& run);

}  // namespace longtake::cli
