// longtake bench streams: how many live streams one model follows on this machine, and how late its answers are.
//
// Frames come at times that are fixed beforehand, whether or not those before them are answered, and an answer's
// latency counts from the time at which its frame was to come. So a model that falls behind shows it; one that is asked
// only when it has answered would not.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cli/bench.h"
#include "longtake/error.h"
#include "reports/table.h"
#include "runtime/stream_batcher.h"

namespace longtake::cli {

namespace {

using runtime::BatchCounts, runtime::BatchingOptions, runtime::StreamAnswer, runtime::StreamBatcher;
using Clock = StreamBatcher::Clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

struct BenchStreamsOptions {
  std::string model;
  std::string graph;  // empty: the model's first
  std::vector<std::int64_t> streams{1, 2, 4, 8, 16, 32};
  double fps = 25;
  double latency_ms = 40;
  std::optional<double> wait_ms;  // none: a quarter of the latency
  std::int64_t batch = 0;         // 0: as many as there are streams
  std::int64_t queue = 4;
  double seconds = 3;
  int threads = 1;
  bool json = false;

  BatchingOptions batching(std::int64_t count) const {
    const Milliseconds wait(wait_ms.value_or(latency_ms / 4));
    return {.streams = count,
            .batch = batch == 0 ? count : batch,
            .wait = std::chrono::duration_cast<std::chrono::microseconds>(wait),
            .queue = queue,
            .when_full = WhenFull::kDropOldest};
  }
};

// What the cameras send: a few frames, from another one on for each stream.
class Footage {
 public:
  explicit Footage(const graph::Plan& plan)
      : shape_(plan.shape(plan.graph->inputs.at(0))), frames_(noise_frames(plan, kFrames)) {}

  void show(std::int64_t stream, std::int64_t index, Tensor& frame) const {
    if (frame.shape() != shape_) frame.resize(DType::kFloat32, shape_);
    const std::size_t bytes = frame.bytes();
    std::copy_n(frames_.raw() + static_cast<std::size_t>((stream + index) % kFrames) * bytes, bytes, frame.raw());
  }

 private:
  static constexpr std::int64_t kFrames = 16;
  Shape shape_;
  Tensor frames_;
};

// One number of streams, measured.
struct StreamsResult {
  std::int64_t streams = 0;
  double offered = 0, answered = 0;  // frames per second
  double p50_ms = 0, p99_ms = 0;     // from when a frame came to its answer
  double batch = 0;                  // streams that shared a step, on average
  double busy = 0;                   // share of the time in which the model worked
  std::int64_t late = 0;             // answered after the bound
  std::int64_t dropped = 0;          // never answered
  bool held = false;                 // the bound, by 99 of 100 frames
  double most = 0;                   // frames per second when there is always a frame of every stream
};

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// Ends what is being measured. As an answer's receiver may throw it, too, it comes out of drain().
struct Interrupted {};

void throw_if_interrupted() {
  if (interrupted()) throw Interrupted();
}

// The bytes of all outputs of a step of one stream, one after the other.
void append_bytes(const StreamAnswer& answer, std::vector<std::byte>& all) {
  for (std::size_t o = 0; o < answer.rows.size(); ++o) {
    const auto bytes = std::as_bytes(answer.numbers(o));
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
}

// All answers to `frames` frames of each of the streams `looked_at`, the first of which is `first` in the footage.
std::map<std::int64_t, std::vector<std::byte>> answers_of(runtime::Program& program, const Footage& footage,
                                                          const BatchingOptions& batching, std::int64_t first,
                                                          const std::set<std::int64_t>& looked_at,
                                                          std::int64_t frames) {
  std::map<std::int64_t, std::vector<std::byte>> answers;
  StreamBatcher batcher(program, batching, [&](const StreamAnswer& answer) {
    throw_if_interrupted();
    if (looked_at.contains(answer.stream)) append_bytes(answer, answers[answer.stream]);
  });
  for (std::int64_t s = 0; s < batching.streams; ++s) batcher.open();
  Tensor frame;
  for (std::int64_t i = 0; i < frames * batching.streams; ++i) {
    const std::int64_t stream = i % batching.streams;
    footage.show(first + stream, i / batching.streams, frame);
    if (!batcher.push(stream, frame)) batcher.stop();  // throws what stopped it
  }
  for (std::int64_t s = 0; s < batching.streams; ++s) batcher.close(s);
  batcher.drain();
  return answers;
}

// Throws unless some streams of a batch of `streams` get the answers that they get alone, bit for bit. That may be none
// while they are followed, and some when they end.
void check_answers(runtime::Program& program, const Footage& footage, const BatchingOptions& batching) {
  constexpr std::int64_t kAtOnce = 4, kMost = 64;  // frames
  const std::int64_t frames = std::min(kAtOnce + program.plan().lag, kMost);
  const std::set<std::int64_t> looked_at{0, batching.streams / 3, batching.streams / 2, batching.streams - 1};
  BatchingOptions waiting = batching;
  waiting.when_full = WhenFull::kBlock;
  auto together = answers_of(program, footage, waiting, 0, looked_at, frames);
  for (const std::int64_t stream : looked_at) {
    auto alone = answers_of(program, footage, {.streams = 1}, stream, {0}, frames);
    if (together[stream] != alone[0]) {
      throw Error(fmt::format("stream {} of {} gets other answers in a batch than alone", stream, batching.streams));
    }
  }
}

// Frames per second where every stream has its next frame ready as soon as there is room.
double most_frames_per_second(runtime::Program& program, const Footage& footage, const BatchingOptions& batching,
                              double seconds) {
  BatchingOptions full = batching;
  full.when_full = WhenFull::kBlock;
  full.wait = std::chrono::seconds(1);  // until there is a frame of each
  full.queue = 2;
  StreamBatcher batcher(program, full, [](const StreamAnswer&) { throw_if_interrupted(); });
  for (std::int64_t s = 0; s < full.streams; ++s) batcher.open();
  Tensor frame;
  const Clock::time_point begin = Clock::now();
  for (std::int64_t i = 0; seconds_since(begin) < seconds; ++i) {
    throw_if_interrupted();
    footage.show(i % full.streams, i / full.streams, frame);
    if (!batcher.push(i % full.streams, frame)) batcher.stop();  // throws what stopped it
  }
  batcher.drain();
  return static_cast<double>(batcher.counts().frames) / seconds_since(begin);
}

// Throws Interrupted soon after that is so.
void sleep_until(Clock::time_point until) {
  constexpr std::chrono::milliseconds kSlice(100);
  for (Clock::time_point now = Clock::now(); now < until; now = Clock::now()) {
    throw_if_interrupted();
    std::this_thread::sleep_until(std::min<Clock::time_point>(until, now + kSlice));
  }
}

// Cameras that run freely: the phases of their frames differ, spread by the golden ratio. Sorted by phase.
std::vector<std::pair<double, std::int64_t>> camera_phases(std::int64_t streams) {
  std::vector<std::pair<double, std::int64_t>> phases;
  for (std::int64_t s = 0; s < streams; ++s)
    phases.emplace_back(std::fmod(static_cast<double>(s) * 0.6180339887, 1), s);
  std::sort(phases.begin(), phases.end());
  return phases;
}

StreamsResult follow_streams(runtime::Program& program, const Footage& footage, const BenchStreamsOptions& options,
                             std::int64_t streams) {
  const auto phases = camera_phases(streams);
  const std::int64_t frames = std::llround(options.seconds * options.fps);
  std::vector<double> latencies;  // in ms; until drain() the batcher's thread writes them
  constexpr std::int64_t kReserved = 1 << 20;
  latencies.reserve(static_cast<std::size_t>(std::min(frames * streams, kReserved)));
  StreamBatcher batcher(program, options.batching(streams), [&](const StreamAnswer& answer) {
    throw_if_interrupted();
    latencies.push_back(Milliseconds(Clock::now() - answer.arrived).count());
  });
  for (std::int64_t s = 0; s < streams; ++s) batcher.open();

  Tensor frame;
  const Clock::time_point begin = Clock::now() + std::chrono::milliseconds(10);
  for (std::int64_t i = 0; i < frames; ++i) {
    for (const auto& [phase, stream] : phases) {
      footage.show(stream, i, frame);
      const std::chrono::duration<double> at((static_cast<double>(i) + phase) / options.fps);
      const Clock::time_point arrival = begin + std::chrono::duration_cast<Clock::duration>(at);
      throw_if_interrupted();
      sleep_until(arrival);
      if (!batcher.push(stream, frame, arrival)) batcher.stop();  // throws what stopped it
    }
  }
  batcher.drain();
  const double seconds = std::max(seconds_since(begin), static_cast<double>(frames) / options.fps);

  const BatchCounts counts = batcher.counts();
  std::sort(latencies.begin(), latencies.end());
  const auto at = [&](double share) {
    return latencies.empty() ? 0
                             : latencies[static_cast<std::size_t>(share * static_cast<double>(latencies.size() - 1))];
  };
  StreamsResult result{.streams = streams, .p50_ms = at(0.5), .p99_ms = at(0.99), .dropped = counts.dropped};
  result.offered = options.fps * static_cast<double>(streams);
  result.answered = static_cast<double>(counts.frames) / seconds;
  result.batch = static_cast<double>(counts.frames) / static_cast<double>(std::max<std::int64_t>(1, counts.steps));
  result.busy = std::chrono::duration<double>(counts.busy).count() / seconds;
  result.late = latencies.end() - std::upper_bound(latencies.begin(), latencies.end(), options.latency_ms);
  result.held = (result.late + result.dropped) * 100 <= counts.frames + counts.dropped;
  return result;
}

std::string streams_json(const std::string& model, const BenchStreamsOptions& options,
                         const std::vector<StreamsResult>& results) {
  nlohmann::ordered_json json{{"model", model},
                              {"threads", options.threads},
                              {"fps", options.fps},
                              {"latency_ms", options.latency_ms},
                              {"wait_ms", options.wait_ms.value_or(options.latency_ms / 4)},
                              {"batch", options.batch},
                              {"queue", options.queue},
                              {"seconds", options.seconds},
                              {"answers_as_alone", true},  // or it would have ended with an error
                              {"results", nlohmann::ordered_json::array()}};
  for (const StreamsResult& result : results) {
    json["results"].push_back({{"streams", result.streams},
                               {"offered_frames_per_second", result.offered},
                               {"answered_frames_per_second", result.answered},
                               {"latency_p50_ms", result.p50_ms},
                               {"latency_p99_ms", result.p99_ms},
                               {"mean_batch", result.batch},
                               {"busy_share", result.busy},
                               {"late_frames", result.late},
                               {"dropped_frames", result.dropped},
                               {"bound_held", result.held},
                               {"most_frames_per_second", result.most}});
  }
  return json.dump(2) + "\n";
}

std::string streams_text(const BenchStreamsOptions& options, const std::vector<StreamsResult>& results) {
  std::vector<reports::TableColumn> columns;
  for (const char* title : {"streams", "offered/s", "answered/s", "p50 ms", "p99 ms", "batch", "busy", "late",
                            "dropped", "in time", "most/s"}) {
    columns.push_back({title, reports::Align::kRight});
  }
  std::vector<std::vector<std::string>> rows;
  for (const StreamsResult& result : results) {
    rows.push_back({fmt::format("{}", result.streams), fmt::format("{:.0f}", result.offered),
                    fmt::format("{:.0f}", result.answered), fmt::format("{:.2f}", result.p50_ms),
                    fmt::format("{:.2f}", result.p99_ms), fmt::format("{:.1f}", result.batch),
                    fmt::format("{:.0f} %", 100 * result.busy), fmt::format("{}", result.late),
                    fmt::format("{}", result.dropped), result.held ? "yes" : "no", fmt::format("{:.0f}", result.most)});
  }
  return reports::aligned_table(columns, rows) +
         fmt::format(
             "\nStreams of {} fps for {} s each on {} thread{}; a frame waits up to {} ms for those of other streams.\n"
             "In time: 99 of 100 frames are answered within {} ms. Most: frames a second when none has to be waited "
             "for."
             "\nThe answers are those of each stream alone, bit for bit.\n",
             options.fps, options.seconds, options.threads, options.threads == 1 ? "" : "s",
             options.wait_ms.value_or(options.latency_ms / 4), options.latency_ms);
}

int bench_streams(const BenchStreamsOptions& options) {
  if (options.seconds * options.fps < 1) {
    throw ConfigError(fmt::format("--seconds {} is less than one frame of a stream at --fps {}; give at least {}",
                                  options.seconds, options.fps, 1 / options.fps));
  }
  const OpenedModel opened = open_measured(options.model, options.threads, options.graph);
  runtime::Program& program = *opened.program;
  const std::vector<std::int64_t>& numbers = options.streams;
  std::vector<StreamsResult> results;
  try {
    const Footage footage(program.plan());
    reports::Progress progress = terminal_progress("measuring", "numbers of streams", std::ssize(numbers));
    check_answers(program, footage, options.batching(*std::max_element(numbers.begin(), numbers.end())));
    for (const std::int64_t streams : numbers) {
      const double most = most_frames_per_second(program, footage, options.batching(streams), options.seconds);
      StreamsResult result = follow_streams(program, footage, options, streams);
      result.most = most;
      results.push_back(result);
      progress.update(std::ssize(results));
    }
  } catch (const Interrupted&) {
    // What was measured before is told.
  } catch (const InvalidArgument& error) {  // such as a graph that cannot be followed
    throw BadData(fmt::format("{}: {}", opened.path, error.what()));
  }
  if (results.empty()) return kPartial;  // perhaps not even checked
  put(options.json ? streams_json(opened.path, options, results) : streams_text(options, results));
  return results.size() == numbers.size() ? kDone : kPartial;
}

}  // namespace

void add_bench_streams(CLI::App& bench, Run& run) {
  CLI::App* verb =
      bench.add_subcommand("streams", "How many live streams share one model, how many frames it answers and how late");
  auto options = std::make_shared<BenchStreamsOptions>();
  verb->add_option("model", options->model, "A model file or the directory of a run")->required();
  verb->add_option("--streams", options->streams, "Numbers of streams to measure, such as 1,8,64")
      ->delimiter(',')
      ->check(whole_number(1, 65536))
      ->capture_default_str();
  verb->add_option("--fps", options->fps, "Frames per second of each stream")
      ->check(number(0.001, 10000))
      ->capture_default_str();
  verb->add_option("--latency", options->latency_ms, "Milliseconds within which frames are to be answered")
      ->check(number(0.001, 3.6e6))
      ->capture_default_str();
  verb->add_option("--wait", options->wait_ms,
                   "Milliseconds that a frame may wait for those of other streams; without it a quarter of --latency")
      ->check(number(0, 3.6e6));
  verb->add_option("--batch", options->batch, "Streams that share a step, at most; 0 takes all")
      ->check(whole_number(0, 65536))
      ->capture_default_str();
  verb->add_option("--queue", options->queue, "Frames of a stream that wait; then the oldest is dropped")
      ->check(whole_number(1, 65536))
      ->capture_default_str();
  verb->add_option("--seconds", options->seconds, "For how long each number of streams is measured, twice")
      ->check(number(0.001, 86400))
      ->capture_default_str();
  add_run_options(*verb, *options);
  verb->footer(
      "Frames come at fixed times, whether or not those before them are answered, and latency counts from these "
      "times;\n"
      "decoding is not part of it.\nExample:\n"
      "  longtake bench streams runs/motions --streams 1,16,64 --latency 40 --threads 2");
  verb->callback([&run, options] { run = [options] { return bench_streams(*options); }; });
}

}  // namespace longtake::cli
