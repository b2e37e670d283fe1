// The part of a Program that moves rows through time as the schedule says: inputs, parameters, delays, running
// summaries and windows.
#include <algorithm>
#include <cstring>

#include "runtime/compiled.h"

namespace longtake::runtime {

using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::NodeSchedule;
using graph::ValueId;

namespace {

void copy_floats(const float* from, float* to, std::int64_t count) {
  std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(float));
}

// Row `stream` of a state tensor.
float* state_row(State& state, const std::string& name, std::int64_t stream, std::int64_t size) {
  return state.at(name).data<float>().data() + stream * size;
}

}  // namespace

void Program::copy_row(ValueId value, const float* from, float* to) const { copy_floats(from, to, row_size(value)); }

void Program::import_row(ValueId value, const float* from, float* to) const {
  if (layouts_[value] == Layout::kChannelsLast) {
    to_channels_last(from, to, plan_.shapes[value]);
  } else {
    copy_row(value, from, to);
  }
}

void Program::export_row(ValueId value, const float* from, float* to) const {
  if (layouts_[value] == Layout::kChannelsLast) {
    to_channels_first(from, to, plan_.shapes[value]);
  } else {
    copy_row(value, from, to);
  }
}

const float* Program::plain_row(ValueId value, const float* from) {
  if (layouts_[value] != Layout::kChannelsLast) return from;
  to_channels_first(from, row_scratch_.data(), plan_.shapes[value]);
  return row_scratch_.data();
}

void Program::run_input(NodeId id, std::int64_t begin, std::int64_t end) {
  const ValueId value = plan_.graph->nodes[id].outputs[0];
  const float* from = chunk_->inputs[nodes_[id].input].data.data<float>().data();
  for (std::int64_t r = begin; r < end; ++r) import_row(value, from + r * row_size(value), row(value, r));
}

void Program::run_parameter(NodeId id, std::int64_t begin, std::int64_t end) {
  const ValueId value = plan_.graph->nodes[id].outputs[0];
  const float* from = nodes_[id].parameter->data<float>().data();
  for (std::int64_t r = begin; r < end; ++r) import_row(value, from, row(value, r));
}

// delay, latest, last, first, final, reverse: each row is one the input had, or the state, or the initial value.
void Program::run_show(NodeId id, std::int64_t begin, std::int64_t end) {
  const Node& node = plan_.graph->nodes[id];
  const NodeSchedule& schedule = schedule_.node(id);
  const ValueId value = node.outputs[0];
  const std::int64_t size = row_size(value);
  const std::vector<graph::Row>& rows = schedule_.rows(schedule.rows).rows;
  for (std::int64_t r = begin; r < end; ++r) {
    const std::int32_t source = schedule.source[r];
    float* to = row(value, r);
    if (source >= 0) {
      copy_row(value, read_row(node.inputs[0], source), to);
    } else if (source == graph::kCarried) {
      import_row(value, state_row(*state_, nodes_[id].state[0], rows[r].stream, size), to);
    } else if (!schedule.initial_row.empty()) {
      copy_row(value, read_row(node.inputs[1], schedule.initial_row[r]), to);
    } else {
      std::fill_n(to, size, 0.0f);
    }
  }
}

void Program::finish_show(NodeId id) {
  const Node& node = plan_.graph->nodes[id];
  const NodeSchedule& schedule = schedule_.node(id);
  const std::int64_t size = row_size(node.outputs[0]);
  for (std::int64_t s = 0; s < schedule_.streams(); ++s) {
    const std::int32_t source = schedule.final_source[s];
    if (source == graph::kCarried) continue;
    float* to = state_row(*state_, nodes_[id].state[0], s, size);
    if (source >= 0) {
      export_row(node.inputs[0], read_row(node.inputs[0], source), to);
    } else if (node.op == "delay" && node.inputs[1] != kNoValue) {
      export_row(node.inputs[1], read_row(node.inputs[1], schedule.final_initial_row[s]), to);
    } else {
      std::fill_n(to, size, 0.0f);
    }
  }
}

namespace {

// One row further: `first` where no row of the sequence came before.
void running_max(const float* x, bool first, float* state, float* out, std::int64_t size) {
  for (std::int64_t i = 0; i < size; ++i) out[i] = state[i] = first ? x[i] : std::max(state[i], x[i]);
}

void running_mean(const float* x, std::int64_t ordinal, float* state, float* out, std::int64_t size) {
  const auto count = static_cast<float>(ordinal + 1);
  for (std::int64_t i = 0; i < size; ++i) {
    const float before = ordinal == 0 ? 0 : state[i];
    out[i] = state[i] = before + (x[i] - before) / count;
  }
}

struct WeightedMeanState {
  float *weighted_sum, *weight, *sum;
};

// Before any weight came, the plain mean.
void running_weighted_mean(const float* x, float weight, std::int64_t ordinal, WeightedMeanState state, float* out,
                           std::int64_t size) {
  if (ordinal == 0) {
    std::fill_n(state.weighted_sum, size, 0.0f);
    std::fill_n(state.sum, size, 0.0f);
    *state.weight = 0;
  }
  *state.weight += weight;
  for (std::int64_t i = 0; i < size; ++i) {
    state.weighted_sum[i] += weight * x[i];
    state.sum[i] += x[i];
    out[i] =
        *state.weight != 0 ? state.weighted_sum[i] / *state.weight : state.sum[i] / static_cast<float>(ordinal + 1);
  }
}

}  // namespace

void Program::run_running(NodeId id, std::int64_t begin, std::int64_t end) {
  const Node& node = plan_.graph->nodes[id];
  const Compiled& compiled = nodes_[id];
  const NodeSchedule& schedule = schedule_.node(id);
  const ValueId value = node.outputs[0];
  const std::int64_t size = row_size(value);
  const std::vector<graph::Row>& rows = schedule_.rows(schedule.rows).rows;
  const auto input = [&](std::size_t i, std::int64_t r) {
    const std::vector<std::int32_t>& gather = schedule.gather[i];
    return plain_row(node.inputs[i], read_row(node.inputs[i], gather.empty() ? r : gather[r]));
  };
  const auto state = [&](std::size_t i, std::int64_t r, std::int64_t floats) {
    return state_row(*state_, compiled.state[i], rows[r].stream, floats);
  };
  for (std::int64_t r = begin; r < end; ++r) {
    const std::int64_t ordinal = schedule.ordinal[r];
    // Each number of the input is read before that of the output is written, so both may be in the scratch row.
    const bool plain = layouts_[value] == Layout::kChannelsFirst;
    float* out = plain ? row(value, r) : row_scratch_.data();
    switch (compiled.running) {
      case RunningKind::kMax:
        running_max(input(0, r), ordinal == 0, state(0, r, size), out, size);
        break;
      case RunningKind::kMean:
        running_mean(input(0, r), ordinal, state(0, r, size), out, size);
        break;
      case RunningKind::kWeightedMean:
        running_weighted_mean(input(0, r), *input(1, r), ordinal,
                              {state(0, r, size), state(1, r, 1), state(2, r, size)}, out, size);
        break;
      case RunningKind::kRamp:
        *out = static_cast<float>(ordinal);
        break;
    }
    if (!plain) import_row(value, out, row(value, r));
  }
}

// The state went along with the rows; only a reset that no row followed is left.
void Program::finish_running(NodeId id) {
  const NodeSchedule& schedule = schedule_.node(id);
  for (std::int64_t s = 0; s < schedule_.streams(); ++s) {
    if (schedule.final_source[s] != graph::kInitial) continue;
    for (const std::string& name : nodes_[id].state) {
      Tensor& tensor = state_->at(name);
      const std::int64_t size = tensor.count() / schedule_.streams();
      std::fill_n(state_row(*state_, name, s, size), size, 0.0f);
    }
  }
}

void Program::run_window(NodeId id, std::int64_t begin, std::int64_t end) {
  const Node& node = plan_.graph->nodes[id];
  const NodeSchedule& schedule = schedule_.node(id);
  const std::int64_t slots = nodes_[id].window, size = row_size(node.inputs[0]);
  const std::vector<graph::Row>& rows = schedule_.rows(schedule.rows).rows;
  // A window of matrices is a map, which its readers may want channels last.
  const bool plain = layouts_[node.outputs[0]] == Layout::kChannelsFirst;
  for (std::int64_t r = begin; r < end; ++r) {
    float* out = plain ? row(node.outputs[0], r) : row_scratch_.data();
    float* valid = row(node.outputs[1], r);
    for (std::int64_t slot = 0; slot < slots; ++slot, out += size) {
      const std::int32_t source = schedule.source[r * slots + slot];
      valid[slot] = source == graph::kNothing ? 0.0f : 1.0f;
      if (source >= 0) {
        export_row(node.inputs[0], read_row(node.inputs[0], source), out);
      } else if (source == graph::kNothing) {
        std::fill_n(out, size, 0.0f);
      } else {
        const float* history = state_row(*state_, nodes_[id].state[0], rows[r].stream, (slots - 1) * size);
        copy_floats(history + (graph::kHistory - source) * size, out, size);
      }
    }
    if (!plain) import_row(node.outputs[0], row_scratch_.data(), row(node.outputs[0], r));
  }
}

// History entries only ever move towards the oldest, so in that order each is read before it is overwritten.
void Program::finish_window(NodeId id) {
  const Node& node = plan_.graph->nodes[id];
  const NodeSchedule& schedule = schedule_.node(id);
  const std::int64_t kept = nodes_[id].window - 1, size = row_size(node.inputs[0]);
  for (std::int64_t s = 0; s < schedule_.streams(); ++s) {
    float* history = kept == 0 ? nullptr : state_row(*state_, nodes_[id].state[0], s, kept * size);
    for (std::int64_t i = 0; i < kept; ++i) {
      const std::int32_t source = schedule.final_source[s * kept + i];
      float* to = history + i * size;
      if (source >= 0) {
        export_row(node.inputs[0], read_row(node.inputs[0], source), to);
      } else if (source == graph::kNothing) {
        std::fill_n(to, size, 0.0f);
      } else if (graph::kHistory - source != i) {
        copy_floats(history + (graph::kHistory - source) * size, to, size);
      }
    }
  }
}

}  // namespace longtake::runtime
