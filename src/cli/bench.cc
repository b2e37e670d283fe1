// longtake bench: how fast a model answers on this machine.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/bench.h"
#include "longtake/error.h"

namespace longtake::cli {

namespace {

struct BenchOptions {
  std::string model;
  std::string graph;  // empty: the model's first
  std::int64_t frames = 200;
  std::int64_t streams = 1;
  std::int64_t late = 0;  // a frame to time beside an early one; 0: none
  int threads = 1;
  bool json = false;
};

template <class Call>
double milliseconds_of(const Call& call) {
  const auto start = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

// Milliseconds of each call, the shortest first.
std::vector<double> time_calls(runtime::Program& program, const graph::Chunk& chunk, std::int64_t calls) {
  State state = program.initial_state(chunk.streams);
  graph::Outputs outputs;
  const auto call = [&] { program.run(chunk, state, outputs); };
  for (int warm = 0; warm < 5; ++warm) call();
  std::vector<double> times;
  for (std::int64_t i = 0; i < calls && !interrupted(); ++i) times.push_back(milliseconds_of(call));
  std::sort(times.begin(), times.end());
  return times;
}

graph::Chunk chunk_of(const graph::Plan& plan, std::int64_t ticks, std::int64_t streams) {
  graph::Chunk chunk;
  chunk.ticks = ticks;
  chunk.streams = streams;
  chunk.flags.assign(ticks * streams, graph::kActive);
  chunk.inputs.push_back({noise_frames(plan, ticks * streams), {}});
  return chunk;
}

constexpr std::int64_t kEarly = 10;  // the frame whose cost a later one is held against
constexpr std::int64_t kAround = 5;  // frames before and after it that are timed, too

// Streams that go in step, of a few frames over and over.
class LongStreams {
 public:
  LongStreams(runtime::Program& program, std::int64_t streams)
      : program_(program), streams_(streams), chunks_(kChunks, chunk_of(program.plan(), 1, streams)) {
    const Tensor frames = noise_frames(program.plan(), kChunks * streams);
    for (std::int64_t i = 0; i < kChunks; ++i) {
      Tensor& data = chunks_[i].inputs[0].data;
      std::copy_n(frames.raw() + static_cast<std::size_t>(i) * data.bytes(), data.bytes(), data.raw());
    }
  }

  State initial_state() const { return program_.initial_state(streams_); }
  void step(std::int64_t frame, State& state) { program_.run(chunks_[frame % kChunks], state, outputs_); }

 private:
  static constexpr std::int64_t kChunks = 16;
  runtime::Program& program_;
  std::int64_t streams_;
  std::vector<graph::Chunk> chunks_;
  graph::Outputs outputs_;
};

// The states before two frames, the earlier first; fewer when interrupted.
std::vector<State> states_before(LongStreams& streams, const std::array<std::int64_t, 2>& frames) {
  std::vector<State> states;
  State state = streams.initial_state();
  for (std::int64_t frame = 1; states.size() < frames.size() && !interrupted(); ++frame) {
    if (frame == frames[states.size()]) states.push_back(state);
    streams.step(frame, state);
  }
  return states;
}

// Median milliseconds of frame kEarly of a stream and of frame `late`. States of both are kept, and the frames from
// there on are timed in turn, so that a machine that changes its pace changes both. Nothing when interrupted.
std::optional<std::pair<double, double>> time_early_and_late(runtime::Program& program, std::int64_t streams,
                                                             std::int64_t late) {
  constexpr std::int64_t kRounds = 50;
  LongStreams all(program, streams);
  const std::array<std::int64_t, 2> first{kEarly - kAround, late - kAround};
  const std::vector<State> states = states_before(all, first);
  std::array<std::vector<double>, 2> times;
  for (std::int64_t round = 0; round < kRounds && !interrupted(); ++round) {
    for (const std::size_t which : {round % 2, 1 - round % 2}) {
      State state = states[which];
      for (std::int64_t i = 0; i <= 2 * kAround; ++i) {
        times[which].push_back(milliseconds_of([&] { all.step(first[which] + i, state); }));
      }
    }
  }
  if (interrupted()) return std::nullopt;
  for (std::vector<double>& each : times) {
    std::nth_element(each.begin(), each.begin() + std::ssize(each) / 2, each.end());
  }
  return std::pair(times[0][times[0].size() / 2], times[1][times[1].size() / 2]);
}

int bench(const BenchOptions& options) {
  const OpenedModel opened = open_measured(options.model, options.threads, options.graph);
  runtime::Program& program = *opened.program;
  constexpr std::int64_t kChunk = 16;
  const auto steps = time_calls(program, chunk_of(program.plan(), 1, options.streams), options.frames);
  const auto chunks = time_calls(program, chunk_of(program.plan(), kChunk, options.streams),
                                 std::max<std::int64_t>(1, options.frames / kChunk));
  if (steps.empty() || chunks.empty()) return kPartial;
  const auto at = [](const std::vector<double>& times, double share) {
    return times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
  };
  const double frames_per_second = 1000.0 * kChunk * static_cast<double>(options.streams) / at(chunks, 0.5);
  nlohmann::ordered_json json{{"model", opened.path},
                              {"threads", options.threads},
                              {"streams", options.streams},
                              {"step_median_ms", at(steps, 0.5)},
                              {"step_p99_ms", at(steps, 0.99)},
                              {"frames_per_second_in_chunks_of_16", frames_per_second},
                              {"weight_bytes", program.kernel_bytes()},
                              {"buffer_bytes", program.buffer_bytes()},
                              {"state_bytes_per_stream", program.plan().state_bytes_per_stream()}};
  if (options.late > 0) {
    const auto times = time_early_and_late(program, options.streams, options.late);
    if (!times) return kPartial;
    json["early_frame"] = kEarly;
    json["early_frame_ms"] = times->first;
    json["late_frame"] = options.late;
    json["late_frame_ms"] = times->second;
    json["late_to_early"] = times->second / times->first;
  }
  if (options.json) {
    put(json.dump(2) + "\n");
  } else {
    for (const auto& [key, value] : json.items()) {
      put(fmt::format("{:<36} {}\n", key, value.is_string() ? value.get<std::string>() : value.dump()));
    }
  }
  return kDone;
}

}  // namespace

OpenedModel open_measured(const std::string& model, int threads, const std::string& graph) {
  OpenedModel opened = open_model(model, threads, graph);
  const graph::Graph& measured = *opened.program->plan().graph;
  if (measured.inputs.size() != 1) {
    throw Unsupported(fmt::format("{}: graph '{}' has {} inputs; bench runs graphs with one", opened.path,
                                  measured.name, measured.inputs.size()));
  }
  return opened;
}

Tensor noise_frames(const graph::Plan& plan, std::int64_t rows) {
  Shape shape = plan.shape(plan.graph->inputs.at(0));
  shape.insert(shape.begin(), rows);
  Tensor frames(DType::kFloat32, shape);
  std::uint32_t random = 1;
  for (float& value : frames.data<float>()) {
    random = random * 1664525u + 1013904223u;
    value = static_cast<float>(random >> 8) / 8388608.0f - 1;
  }
  return frames;
}

void add_bench(CLI::App& app, Run& run) {
  CLI::App* verb = app.add_subcommand("bench", "How fast a model answers on this machine, step by step and in chunks");
  auto options = std::make_shared<BenchOptions>();
  verb->add_option("model", options->model, "A model file or the directory of a run");
  verb->add_option("--frames", options->frames, "Steps to time")->check(whole_number(1))->capture_default_str();
  verb->add_option("--streams", options->streams, "Streams that share each step")
      ->check(whole_number(1, 65536))
      ->capture_default_str();
  verb->add_option("--late", options->late,
                   fmt::format("Also time this frame of a stream, such as the 10000th, beside the {}th", kEarly))
      ->check(whole_number(kEarly + 1));
  add_run_options(*verb, *options);
  verb->footer(
      "Decoding is not part of it.\nExamples:\n  longtake bench runs/motions --streams 8 --threads 2\n"
      "  longtake bench streams runs/motions   # live streams that share the model");
  add_bench_streams(*verb, run);
  verb->callback([&run, verb, options] {
    if (!verb->get_subcommands().empty()) return;
    if (options->model.empty()) throw CLI::RequiredError("model");
    run = [options] { return bench(*options); };
  });
}

}  // namespace longtake::cli
