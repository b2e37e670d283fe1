#include "runtime/script.h"

#include <algorithm>
#include <numeric>

namespace longtake::test {

using graph::Chunk;
using graph::kActive;
using graph::kEnd;
using graph::kFlush;
using graph::kReset;

std::vector<float> random_floats(std::int64_t count, std::mt19937& random, float scale) {
  std::uniform_real_distribution<float> uniform(-scale, scale);
  std::vector<float> values(count);
  for (float& value : values) value = uniform(random);
  return values;
}

void fill_weights(graph::Model& model, std::uint32_t seed) {
  std::mt19937 random(seed);
  for (const graph::Parameter& parameter : model.parameters) {
    if (model.weights.count(parameter.name) != 0) continue;
    const std::int64_t count = element_count(parameter.shape);
    std::vector<float> values = random_floats(count, random, 0.5f);
    const bool variance = parameter.name.ends_with(".variance");
    for (float& value : values) value = variance ? value + 1 : value;
    model.weights[parameter.name] = Tensor::from<float>(parameter.shape, std::span<const float>(values));
  }
}

namespace {

// The flags of one stream from tick to tick.
class Sequences {
 public:
  Sequences(std::int64_t lag, bool holds, std::mt19937& random) : lag_(lag), holds_(holds), random_(random) {}

  std::uint8_t next() {
    if (holds_ && chance(0.2)) return 0;
    if (frames_left_ == 0 && flushes_left_ == 0) {
      frames_left_ = 1 + static_cast<std::int64_t>(random_() % 9);
      flushes_left_ = chance(0.8) ? lag_ : 0;
      ends_ = chance(0.8);
      starts_ = true;
    }
    std::uint8_t flag = 0;
    if (frames_left_ > 0) {
      flag = kActive;
      --frames_left_;
    } else {
      flag = kFlush;
      --flushes_left_;
    }
    if (starts_) flag |= kReset;
    starts_ = false;
    if (frames_left_ == 0 && flushes_left_ == 0 && ends_) flag |= kEnd;
    return flag;
  }

 private:
  bool chance(double probability) { return std::uniform_real_distribution<>(0, 1)(random_) < probability; }

  std::int64_t lag_;
  bool holds_;
  std::mt19937& random_;
  std::int64_t frames_left_ = 0, flushes_left_ = 0;
  bool ends_ = false, starts_ = false;
};

}  // namespace

Script make_script(const graph::Plan& plan, const ScriptOptions& options) {
  std::mt19937 random(options.seed);
  Script script;
  script.ticks = options.ticks;
  script.streams = options.streams;
  script.flags.resize(options.ticks * options.streams);
  for (std::int64_t s = 0; s < options.streams; ++s) {
    Sequences sequences(plan.lag, options.holds, random);
    for (std::int64_t t = 0; t < options.ticks; ++t) script.flags[t * options.streams + s] = sequences.next();
    if (plan.whole_sequences) script.flags[(options.ticks - 1) * options.streams + s] |= kEnd;
  }
  for (graph::ValueId value : plan.graph->inputs) {
    const bool once = plan.graph->producer(value).attribute<bool>("once");
    auto& rows = script.inputs.emplace_back();
    for (int t = 0; t < options.ticks; ++t) {
      for (int s = 0; s < options.streams; ++s) {
        if ((script.flags[t * options.streams + s] & (once ? kReset : kActive)) == 0) continue;
        if (!once && options.gaps && random() % 4 == 0) continue;
        rows[{t, s}] = random_floats(element_count(plan.shape(value)), random);
      }
    }
  }
  return script;
}

Chunk cut(const graph::Plan& plan, const Script& script, std::int64_t begin, std::int64_t end,
          const std::vector<std::int64_t>& streams) {
  Chunk chunk;
  chunk.streams = static_cast<std::int64_t>(streams.size());
  chunk.ticks = end - begin;
  for (std::int64_t t = begin; t < end; ++t) {
    for (std::int64_t s : streams) chunk.flags.push_back(script.flags[t * script.streams + s]);
  }
  for (std::size_t i = 0; i < script.inputs.size(); ++i) {
    graph::ChunkInput input;
    std::vector<float> values;
    for (std::int64_t t = begin; t < end; ++t) {
      for (std::size_t k = 0; k < streams.size(); ++k) {
        const auto row = script.inputs[i].find({static_cast<int>(t), static_cast<int>(streams[k])});
        if (row == script.inputs[i].end()) continue;
        input.rows.push_back({static_cast<std::int32_t>(t - begin), static_cast<std::int32_t>(k)});
        values.insert(values.end(), row->second.begin(), row->second.end());
      }
    }
    Shape shape{static_cast<std::int64_t>(input.rows.size())};
    const Shape& row_shape = plan.shape(plan.graph->inputs[i]);
    shape.insert(shape.end(), row_shape.begin(), row_shape.end());
    input.data = Tensor::from<float>(shape, std::span<const float>(values));
    chunk.inputs.push_back(std::move(input));
  }
  return chunk;
}

void collect(const graph::Outputs& outputs, std::int64_t first_tick, const std::vector<std::int64_t>& streams,
             Results& results) {
  for (const graph::ChunkOutput& output : outputs) {
    const auto data = output.data.data<float>();
    const std::size_t size = output.rows.empty() ? 0 : data.size() / output.rows.size();
    for (std::size_t r = 0; r < output.rows.size(); ++r) {
      const graph::OutputRow& row = output.rows[r];
      const auto numbers = data.subspan(r * size, size);
      results[{output.name, static_cast<int>(first_tick) + row.tick, static_cast<int>(streams[row.stream])}] = {
          row.about, std::vector<float>(numbers.begin(), numbers.end())};
    }
  }
}

Run run_in_chunks(graph::Executor& executor, const Script& script, const std::vector<std::int64_t>& lengths) {
  std::vector<std::int64_t> streams(script.streams);
  std::iota(streams.begin(), streams.end(), 0);
  Run run;
  run.state = executor.initial_state(script.streams);
  graph::Outputs outputs;
  std::size_t next = 0;
  for (std::int64_t begin = 0; begin < script.ticks;) {
    const std::int64_t end = std::min(script.ticks, begin + lengths[std::min(next++, lengths.size() - 1)]);
    executor.run(cut(executor.plan(), script, begin, end, streams), run.state, outputs);
    collect(outputs, begin, streams, run.results);
    begin = end;
  }
  return run;
}

Run run_alone(graph::Executor& executor, const Script& script) {
  Run run;
  std::vector<State> states;
  graph::Outputs outputs;
  for (std::int64_t s = 0; s < script.streams; ++s) {
    State state = executor.initial_state(1);
    executor.run(cut(executor.plan(), script, 0, script.ticks, {s}), state, outputs);
    collect(outputs, 0, {s}, run.results);
    states.push_back(std::move(state));
  }
  run.state = State::concatenate(states);
  return run;
}

}  // namespace longtake::test
