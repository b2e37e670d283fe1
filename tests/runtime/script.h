// Streams for tests: what happens to each stream at each tick and what it is given, independent of how that is cut into
// chunks. Running a script in different cuts must give the same results, bit for bit.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "graph/executor.h"

namespace longtake::test {

struct Script {
  std::int64_t ticks = 0, streams = 0;
  std::vector<std::uint8_t> flags;                                        // [ticks, streams]
  std::vector<std::map<std::pair<int, int>, std::vector<float>>> inputs;  // per input: row by (tick, stream)
};

struct ScriptOptions {
  std::int64_t ticks = 24, streams = 3;
  bool holds = true;
  bool gaps = false;  // inputs absent at some active ticks
  std::uint32_t seed = 1;
};

// Sequences of random lengths, one after the other on each stream, with holds between frames, `lag` flush ticks after
// the last frame and an end; some sequences are cut short by a reset instead. For a graph that needs whole sequences,
// the last tick ends those that are still open.
Script make_script(const graph::Plan& plan, const ScriptOptions& options);

// By (output, tick of the script, stream): what it speaks about and its numbers.
using Results = std::map<std::tuple<std::string, int, int>, std::pair<std::int64_t, std::vector<float>>>;

struct Run {
  Results results;
  State state;
};

// The part of the script in ticks [begin, end) of the given streams.
graph::Chunk cut(const graph::Plan& plan, const Script& script, std::int64_t begin, std::int64_t end,
                 const std::vector<std::int64_t>& streams);
void collect(const graph::Outputs& outputs, std::int64_t first_tick, const std::vector<std::int64_t>& streams,
             Results& results);

// All streams together, in chunks of the given lengths (the last repeats).
Run run_in_chunks(graph::Executor& executor, const Script& script, const std::vector<std::int64_t>& lengths);
// Each stream on its own, all ticks at once.
Run run_alone(graph::Executor& executor, const Script& script);

// Random numbers in every weight that is missing.
void fill_weights(graph::Model& model, std::uint32_t seed);
std::vector<float> random_floats(std::int64_t count, std::mt19937& random, float scale = 1);

}  // namespace longtake::test
