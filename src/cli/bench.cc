// longtake bench: how fast a model answers on this machine.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "cli/classifier.h"
#include "cli/cli.h"
#include "longtake/error.h"

namespace longtake::cli {

namespace {

struct BenchOptions {
  std::string model;
  std::int64_t frames = 200;
  std::int64_t streams = 1;
  int threads = 1;
  bool json = false;
};

// Frames of varied numbers: an all-zero frame would flatter.
Tensor frames_for(const graph::Plan& plan, std::int64_t rows) {
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

// Milliseconds of each call.
std::vector<double> time_calls(runtime::Program& program, const graph::Chunk& chunk, std::int64_t calls) {
  using Clock = std::chrono::steady_clock;
  State state = program.initial_state(chunk.streams);
  graph::Outputs outputs;
  for (int warm = 0; warm < 5; ++warm) program.run(chunk, state, outputs);
  std::vector<double> times;
  for (std::int64_t i = 0; i < calls && !interrupted(); ++i) {
    const auto start = Clock::now();
    program.run(chunk, state, outputs);
    times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  std::sort(times.begin(), times.end());
  return times;
}

graph::Chunk chunk_of(const graph::Plan& plan, std::int64_t ticks, std::int64_t streams) {
  graph::Chunk chunk;
  chunk.ticks = ticks;
  chunk.streams = streams;
  chunk.flags.assign(ticks * streams, graph::kActive);
  chunk.inputs.push_back({frames_for(plan, ticks * streams), {}});
  return chunk;
}

int bench(const BenchOptions& options) {
  const OpenedModel opened = open_model(options.model, options.threads);
  runtime::Program& program = *opened.program;
  if (program.plan().graph->inputs.size() != 1) throw Unsupported("bench runs models with one input");
  constexpr std::int64_t kChunk = 16;
  const auto steps = time_calls(program, chunk_of(program.plan(), 1, options.streams), options.frames);
  const auto chunks = time_calls(program, chunk_of(program.plan(), kChunk, options.streams),
                                 std::max<std::int64_t>(1, options.frames / kChunk));
  if (steps.empty() || chunks.empty()) return kPartial;
  const auto at = [](const std::vector<double>& times, double share) {
    return times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
  };
  const double frames_per_second = 1000.0 * kChunk * static_cast<double>(options.streams) / at(chunks, 0.5);
  const nlohmann::ordered_json json{{"model", opened.path},
                                    {"threads", options.threads},
                                    {"streams", options.streams},
                                    {"step_median_ms", at(steps, 0.5)},
                                    {"step_p99_ms", at(steps, 0.99)},
                                    {"frames_per_second_in_chunks_of_16", frames_per_second},
                                    {"weight_bytes", program.kernel_bytes()},
                                    {"buffer_bytes", program.buffer_bytes()},
                                    {"state_bytes_per_stream", program.plan().state_bytes_per_stream()}};
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

void add_bench(CLI::App& app, Run& run) {
  CLI::App* verb = app.add_subcommand("bench", "How fast a model answers on this machine, step by step and in chunks");
  auto options = std::make_shared<BenchOptions>();
  verb->add_option("model", options->model, "A model file or the directory of a run")->required();
  verb->add_option("--frames", options->frames, "Steps to time")->check(whole_number(1))->capture_default_str();
  verb->add_option("--streams", options->streams, "Streams that share each step")
      ->check(whole_number(1, 65536))
      ->capture_default_str();
  add_precise(*verb);
  add_weight_format(*verb);
  verb->add_option("--threads", options->threads, "0 takes all cores")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  verb->add_flag("--json", options->json, "As JSON");
  verb->footer("Decoding is not part of it.\nExample:\n  longtake bench runs/motions --streams 8 --threads 2");
  verb->callback([&run, options] { run = [options] { return bench(*options); }; });
}

}  // namespace longtake::cli
