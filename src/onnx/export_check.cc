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

namespace {

// One tick of three streams with random numbers.
graph::Chunk random_tick(const graph::Plan& plan, std::int64_t tick, std::int64_t ticks, Random& random) {
  constexpr std::int64_t kHeldEvery = 5;
  graph::Chunk chunk;
  chunk.streams = 3;
  chunk.ticks = 1;
  chunk.flags.assign(chunk.streams, graph::kActive);
  if (tick % kHeldEvery == kHeldEvery - 1) chunk.flags[1] = 0;
  if (tick == 0) chunk.flags.assign(chunk.streams, graph::kActive | graph::kReset);
  if (tick == ticks / 2) chunk.flags[2] |= graph::kReset;
  for (graph::ValueId value : plan.graph->inputs) {
    const std::uint8_t needed = plan.graph->producer(value).attribute<bool>("once") ? graph::kReset : graph::kActive;
    const std::int64_t rows =
        std::count_if(chunk.flags.begin(), chunk.flags.end(), [&](std::uint8_t flag) { return (flag & needed) != 0; });
    Tensor data(DType::kFloat32, for_streams(rows, plan.shape(value)));
    for (float& number : data.data<float>()) number = static_cast<float>(random.uniform(-1, 1));
    chunk.inputs.push_back({std::move(data), {}});
  }
  return chunk;
}

}  // namespace

ExportCheck check_export(graph::Executor& executor, std::span<const std::byte> onnx, std::int64_t ticks) {
  const graph::Plan& plan = executor.plan();
  Random random(1);
  State state = executor.initial_state(3);
  std::vector<EngineRun> runs(2, EngineRun{{onnx.begin(), onnx.end()}, {}});
  std::vector<graph::Outputs> outputs(ticks);
  std::vector<State> states;
  for (std::int64_t t = 0; t < ticks; ++t) {
    const graph::Chunk chunk = random_tick(plan, t, ticks, random);
    const NamedTensors feeds = feeds_of(plan, chunk);
    NamedTensors with_state = feeds;
    with_state.merge(feeds_of(plan, state));
    runs[0].ticks.push_back(with_state);
    runs[1].ticks.push_back(t == 0 ? with_state : feeds);
    executor.run(chunk, state, outputs[t]);
    states.push_back(state);
  }
  const auto engine = run_in_engine(runs);
  ExportCheck check;
  for (std::int64_t t = 0; t < ticks; ++t) {
    const NamedTensors& feeds = runs[0].ticks[t];
    check.from_equal_state.push_back(compare(plan, outputs[t], states[t], feeds, engine[0][t]));
    check.carried.push_back(compare(plan, outputs[t], states[t], feeds, engine[1][t]));
  }
  return check;
}

}  // namespace longtake::onnx
