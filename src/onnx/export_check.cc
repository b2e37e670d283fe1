#include "onnx/export_check.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/random.h"

namespace longtake::onnx {

namespace {

Tensor mask(const graph::Chunk& tick, std::uint8_t flag) {
  Tensor mask(DType::kUint8, {tick.streams});
  for (std::int64_t s = 0; s < tick.streams; ++s) mask.data<std::uint8_t>()[s] = (tick.flag(0, s) & flag) != 0 ? 1 : 0;
  return mask;
}

// The streams at which an input has a row, in order.
std::vector<std::int64_t> streams_of(const graph::Chunk& tick, const graph::ChunkInput& input, bool once) {
  std::vector<std::int64_t> streams;
  for (const graph::Row& row : input.rows) streams.push_back(row.stream);
  if (!streams.empty() || input.data.count() == 0) return streams;
  for (std::int64_t s = 0; s < tick.streams; ++s) {
    if ((tick.flag(0, s) & (once ? graph::kReset : graph::kActive)) != 0) streams.push_back(s);
  }
  return streams;
}

Shape for_streams(std::int64_t streams, const Shape& row) {
  Shape shape{streams};
  shape.insert(shape.end(), row.begin(), row.end());
  return shape;
}

class Comparison {
 public:
  void differ(const std::string& where) { take(where, std::numeric_limits<double>::infinity(), 0); }
  void numbers(const std::string& where, std::span<const float> ours, std::span<const float> other) {
    for (std::size_t i = 0; i < ours.size(); ++i) {
      if (ours[i] == other[i]) continue;  // infinity among them
      take(where, std::abs(static_cast<double>(ours[i]) - other[i]), std::abs(ours[i]));
    }
  }
  const Difference& result() const { return result_; }

 private:
  void take(const std::string& where, double difference, double size) {
    constexpr double kNever = std::numeric_limits<double>::infinity();
    const bool counts = difference < kNever;  // not NaN either
    result_.greatest = std::max(result_.greatest, counts ? difference : kNever);
    const double share = counts ? difference / (Difference::kAbsolute + Difference::kRelative * size) : kNever;
    if (share <= result_.share) return;
    result_.share = share;
    result_.where = where;
  }

  Difference result_;
};

// An output of ours has the rows of the streams where the engine's is present.
void compare_output(const graph::Plan& plan, const graph::ChunkOutput& ours, const NamedTensors& engine,
                    std::span<const std::uint8_t> active, Comparison& comparison) {
  const Tensor& other = engine.at(ours.name);
  const auto mask = engine.find(ours.name + ".present");
  const auto present = mask == engine.end() ? active : mask->second.data<std::uint8_t>();
  const std::int64_t size = element_count(plan.shape(plan.graph->output(ours.name).value));
  std::size_t row = 0;
  for (std::size_t s = 0; s < present.size(); ++s) {
    const bool here = row < ours.rows.size() && ours.rows[row].stream == static_cast<std::int32_t>(s);
    if (here != (present[s] != 0)) return comparison.differ(ours.name + ".present");
    if (!here) continue;
    comparison.numbers(ours.name, ours.data.data<float>().subspan(row++ * size, size),
                       other.data<float>().subspan(s * size, size));
  }
}

}  // namespace

NamedTensors feeds_of(const graph::Plan& plan, const graph::Chunk& tick, const ExportOptions& options, float absent) {
  const StepSignature signature = step_signature(plan);
  NamedTensors feeds;
  feeds["active"] = mask(tick, graph::kActive);
  feeds["reset"] = mask(tick, graph::kReset);
  if (signature.flush) feeds["flush"] = mask(tick, graph::kFlush);
  if (signature.end) feeds["end"] = mask(tick, graph::kEnd);
  for (std::size_t i = 0; i < plan.graph->inputs.size(); ++i) {
    const graph::ValueId value = plan.graph->inputs[i];
    const graph::Node& node = plan.graph->producer(value);
    Tensor rows(DType::kFloat32, for_streams(tick.streams, plan.shape(value)));
    Tensor present(DType::kUint8, {tick.streams});
    std::fill_n(rows.data<float>().data(), rows.count(), absent);
    const std::int64_t size = element_count(plan.shape(value));
    const float* from = tick.inputs[i].data.data<float>().data();
    for (std::int64_t s : streams_of(tick, tick.inputs[i], node.attribute<bool>("once"))) {
      std::copy_n(from, size, rows.data<float>().data() + s * size);
      present.data<std::uint8_t>()[s] = 1;
      from += size;
    }
    feeds[node.name] = std::move(rows);
    if (options.input_presence) feeds[node.name + ".present"] = std::move(present);
  }
  return feeds;
}

NamedTensors feeds_of(const graph::Plan& plan, const State& state) {
  NamedTensors feeds;
  for (const graph::StateSpec& spec : step_signature(plan).state) feeds[state_input(spec.name)] = state.at(spec.name);
  return feeds;
}

Difference compare(const graph::Plan& plan, const graph::Outputs& outputs, const State& state,
                   const NamedTensors& feeds, const NamedTensors& engine) {
  const auto active = feeds.at("active").data<std::uint8_t>();
  Comparison comparison;
  for (const graph::ChunkOutput& output : outputs) compare_output(plan, output, engine, active, comparison);
  for (const graph::StateSpec& spec : step_signature(plan).state) {
    const Tensor &ours = state.at(spec.name), &other = engine.at(state_output(spec.name));
    if (spec.dtype == DType::kFloat32) {
      comparison.numbers(spec.name, ours.data<float>(), other.data<float>());
    } else if (!(ours == other)) {
      comparison.differ(spec.name);
    }
  }
  return comparison.result();
}

std::vector<Difference> check_export(graph::Executor& executor, std::span<const std::byte> onnx, std::int64_t ticks) {
  constexpr std::int64_t kStreams = 3, kHeldEvery = 5;
  const graph::Plan& plan = executor.plan();
  Random random(1);
  State state = executor.initial_state(kStreams);
  std::vector<graph::Chunk> chunks;
  std::vector<NamedTensors> feeds;
  std::vector<graph::Outputs> outputs(ticks);
  std::vector<State> states;
  for (std::int64_t t = 0; t < ticks; ++t) {
    graph::Chunk& chunk = chunks.emplace_back();
    chunk.streams = kStreams;
    chunk.ticks = 1;
    chunk.flags.assign(kStreams, graph::kActive);
    if (t % kHeldEvery == kHeldEvery - 1) chunk.flags[1] = 0;
    if (t == 0) chunk.flags.assign(kStreams, graph::kActive | graph::kReset);
    if (t == ticks / 2) chunk.flags[2] |= graph::kReset;
    for (graph::ValueId value : plan.graph->inputs) {
      const bool once = plan.graph->producer(value).attribute<bool>("once");
      const std::int64_t rows = std::count_if(chunk.flags.begin(), chunk.flags.end(), [&](std::uint8_t flag) {
        return (flag & (once ? graph::kReset : graph::kActive)) != 0;
      });
      Tensor data(DType::kFloat32, for_streams(rows, plan.shape(value)));
      for (float& number : data.data<float>()) number = static_cast<float>(random.uniform(-1, 1));
      chunk.inputs.push_back({std::move(data), {}});
    }
    feeds.push_back(feeds_of(plan, chunk));
    if (t == 0) feeds.back().merge(feeds_of(plan, state));
    executor.run(chunk, state, outputs[t]);
    states.push_back(state);
  }
  const EngineRun run{{onnx.begin(), onnx.end()}, feeds};
  const std::vector<NamedTensors> engine = run_in_engine(std::span(&run, 1)).front();
  std::vector<Difference> differences;
  for (std::int64_t t = 0; t < ticks; ++t) {
    differences.push_back(compare(plan, outputs[t], states[t], feeds[t], engine[t]));
  }
  return differences;
}

}  // namespace longtake::onnx
