#include "graph/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "longtake/error.h"

namespace longtake::graph {

Schedule::Schedule(const Plan& plan) : plan_(plan), nodes_(plan.graph->nodes.size()) {
  const std::vector<ValueId>& inputs = plan.graph->inputs;
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    const Node& node = plan.graph->nodes[n];
    nodes_[n].gather.resize(node.inputs.size());
    NodeFacts facts{definition_of(node).temporal, node.name + ".count", node.name + ".flushed"};
    if (facts.temporal == Temporal::kInput) {
      // Inputs are declared in node order, except where close_feedback took one away.
      facts.input = std::find(inputs.begin(), inputs.end(), node.outputs[0]) - inputs.begin();
      facts.once = node.attribute<bool>("once");
    } else if (facts.temporal == Temporal::kDelay) {
      facts.repeats_first = node.attributes.count("repeat_first") != 0;
      facts.goes_on = plan.goes_on[node.inputs[0]];
    } else if (facts.temporal == Temporal::kWindow) {
      facts.size = node.attribute<std::int64_t>("size");
      facts.stride = node.attribute<std::int64_t>("stride");
      facts.ahead = node.attribute<std::int64_t>("ahead");
      facts.lag = plan.clocks[node.inputs[0]].lag;
      facts.valid_only = node.attribute<std::string>("edge") == "valid";
    }
    facts_.push_back(std::move(facts));
  }
}

std::int64_t Schedule::about(const Row& row, std::int64_t lag) const {
  const std::size_t at = row.tick * streams_ + row.stream;
  const std::int64_t frames = sequence_frame_[at] + ((flags_[at] & kActive) != 0 ? 1 : 0);
  return std::min(sequence_tick_[at] - lag, frames - 1);
}

void Schedule::build(const Chunk& chunk, State& state) {
  with_data_ = true;
  build_rows(chunk, state);
}

void Schedule::build_without_data(const Chunk& chunk, State& state) {
  with_data_ = false;
  build_rows(chunk, state);
}

void Schedule::build_rows(const Chunk& chunk, State& state) {
  const Graph& graph = *plan_.graph;
  if (chunk.streams < 0 || chunk.ticks < 0 ||
      chunk.flags.size() != static_cast<std::size_t>(chunk.streams * chunk.ticks)) {
    throw InvalidArgument(
        fmt::format("chunk of {} ticks x {} streams has {} flags", chunk.ticks, chunk.streams, chunk.flags.size()));
  }
  if (state.streams() != chunk.streams) {
    throw InvalidArgument(fmt::format("chunk has {} streams but the state {}", chunk.streams, state.streams()));
  }
  if (chunk.inputs.size() != graph.inputs.size()) {
    throw InvalidArgument(
        fmt::format("chunk has {} inputs but graph '{}' {}", chunk.inputs.size(), graph.name, graph.inputs.size()));
  }
  streams_ = chunk.streams;
  ticks_ = chunk.ticks;
  set_count_ = 0;
  build_clock(chunk, state);

  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    const auto id = static_cast<NodeId>(n);
    switch (facts_[n].temporal) {
      case Temporal::kInput:
        nodes_[n].rows = input_rows(id, chunk.inputs[facts_[n].input]);
        break;
      case Temporal::kParameter:
        nodes_[n].rows = kResetSet;
        break;
      case Temporal::kCombinational:
        combine(id);
        break;
      case Temporal::kRunning:
        combine(id);
        break;
      case Temporal::kDelay:
        nodes_[n].rows = facts_[n].goes_on ? kMovingSet : kActiveSet;
        break;
      case Temporal::kWindow:
        slide(id, state);
        break;
      case Temporal::kLatest:
      case Temporal::kLast:
        show(id, state);
        break;
      case Temporal::kFirst:
        begin(id);
        break;
      case Temporal::kWhole:
        turn(id);
        break;
    }
    if (facts_[n].temporal == Temporal::kRunning) chain(id, state);
  }
  // Delays read values that come after them, so their sources are known last.
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    if (facts_[n].temporal == Temporal::kDelay) show(static_cast<NodeId>(n), state);
  }
}

// The sets of active, starting, ending and moving rows, and the counters of the clock.
void Schedule::build_clock(const Chunk& chunk, State& state) {
  const auto ticks_seen = state.at("clock.ticks").data<std::int64_t>();
  const auto frames_seen = state.at("clock.frames").data<std::int64_t>();
  flags_.assign(chunk.flags.begin(), chunk.flags.end());
  sequence_tick_.resize(flags_.size());
  sequence_frame_.resize(flags_.size());
  constexpr std::array kClockSets{kActiveSet, kResetSet, kEndSet, kMovingSet};
  for (std::int32_t set : kClockSets) {
    new_set();
    sets_[set].begin.assign(1, 0);
  }
  for (std::int32_t t = 0; t < ticks_; ++t) {
    for (std::int32_t s = 0; s < streams_; ++s) {
      const std::size_t at = t * streams_ + s;
      std::uint8_t& flag = flags_[at];
      if ((flag & kActive) != 0 && (flag & kFlush) != 0) {
        throw InvalidArgument(fmt::format("tick {} of stream {} is both active and a flush", t, s));
      }
      if ((flag & kActive) != 0 && ticks_seen[s] == 0) flag |= kReset;
      if ((flag & kReset) != 0) ticks_seen[s] = frames_seen[s] = 0;
      sequence_tick_[at] = ticks_seen[s];
      sequence_frame_[at] = frames_seen[s];
      const Row row{t, s};
      if ((flag & kActive) != 0) sets_[kActiveSet].rows.push_back(row);
      if ((flag & kReset) != 0) sets_[kResetSet].rows.push_back(row);
      if ((flag & kEnd) != 0) sets_[kEndSet].rows.push_back(row);
      if ((flag & (kActive | kFlush)) != 0) sets_[kMovingSet].rows.push_back(row);
      if ((flag & kActive) != 0) ++frames_seen[s];
      if ((flag & (kActive | kFlush)) != 0) ++ticks_seen[s];
      if ((flag & kEnd) != 0) ticks_seen[s] = frames_seen[s] = 0;
    }
    for (std::int32_t set : kClockSets) {
      sets_[set].begin.push_back(static_cast<std::int32_t>(sets_[set].rows.size()));
    }
  }
}

std::int32_t Schedule::new_set() {
  if (set_count_ == static_cast<std::int32_t>(sets_.size())) sets_.emplace_back();
  sets_[set_count_].rows.clear();
  return set_count_++;
}

void Schedule::finish_set(RowSet& set) {
  set.begin.assign(ticks_ + 1, 0);
  for (const Row& row : set.rows) ++set.begin[row.tick + 1];
  for (std::int64_t t = 0; t < ticks_; ++t) set.begin[t + 1] += set.begin[t];
}

std::int32_t Schedule::input_rows(NodeId id, const ChunkInput& input) {
  const Node& node = plan_.graph->nodes[id];
  const bool once = facts_[id].once;
  std::int32_t set = once ? kResetSet : kActiveSet;
  if (!with_data_) return set;
  const bool nothing = input.rows.empty() && input.data.count() == 0;
  if (nothing && sets_[set].size() > 0) {
    set = new_set();
    finish_set(sets_[set]);
  } else if (!input.rows.empty()) {
    set = new_set();
    sets_[set].rows.assign(input.rows.begin(), input.rows.end());
    const Row* previous = nullptr;
    for (const Row& row : sets_[set].rows) {
      const bool inside = row.tick >= 0 && row.tick < ticks_ && row.stream >= 0 && row.stream < streams_;
      const std::uint8_t needed = once ? kReset : kActive;
      if (!inside || (flags_[row.tick * streams_ + row.stream] & needed) == 0) {
        throw InvalidArgument(fmt::format("input '{}' has a row at tick {}, stream {}, where {}", node.name, row.tick,
                                          row.stream, once ? "no sequence starts" : "the clock does not tick"));
      }
      if (previous != nullptr && std::pair(row.tick, row.stream) <= std::pair(previous->tick, previous->stream)) {
        throw InvalidArgument(fmt::format("the rows of input '{}' are not sorted by tick and stream", node.name));
      }
      previous = &row;
    }
    finish_set(sets_[set]);
    if (sets_[set].size() == sets_[once ? kResetSet : kActiveSet].size()) set = once ? kResetSet : kActiveSet;
  }
  const Shape& shape = plan_.shapes[node.outputs[0]];
  const Shape& given = input.data.shape();
  // An input without rows is absent; its data does not matter.
  const bool absent = sets_[set].rows.empty();
  if (!absent && (given.size() != shape.size() + 1 || given[0] != sets_[set].size() ||
                  !std::equal(shape.begin(), shape.end(), given.begin() + 1))) {
    throw InvalidArgument(fmt::format("input '{}' is {} but must be {} rows of {}", node.name, to_string(given),
                                      sets_[set].size(), to_string(shape)));
  }
  return set;
}

std::int32_t Schedule::intersect(std::int32_t a, std::int32_t b) {
  if (a == b) return a;
  const std::int32_t out = new_set();
  const auto less = [](const Row& x, const Row& y) { return x.tick != y.tick ? x.tick < y.tick : x.stream < y.stream; };
  std::vector<Row>& rows = sets_[out].rows;
  std::size_t i = 0, j = 0;
  const std::vector<Row>& left = sets_[a].rows;
  const std::vector<Row>& right = sets_[b].rows;
  while (i < left.size() && j < right.size()) {
    if (less(left[i], right[j])) {
      ++i;
    } else if (less(right[j], left[i])) {
      ++j;
    } else {
      rows.push_back(left[i]);
      ++i;
      ++j;
    }
  }
  for (std::int32_t same : {a, b}) {
    if (rows.size() == sets_[same].rows.size()) {
      --set_count_;
      return same;
    }
  }
  finish_set(sets_[out]);
  return out;
}

void Schedule::fill_gather(std::vector<std::int32_t>& gather, std::int32_t from, std::int32_t to) {
  gather.clear();
  if (from == to) return;
  std::int32_t i = 0;
  for (const Row& row : sets_[to].rows) {
    while (!(sets_[from].rows[i] == row)) ++i;
    gather.push_back(i);
  }
}

void Schedule::combine(NodeId id) {
  const Node& node = plan_.graph->nodes[id];
  NodeSchedule& out = nodes_[id];
  out.rows = set_of(node.inputs[0]);
  for (std::size_t i = 1; i < node.inputs.size(); ++i) out.rows = intersect(out.rows, set_of(node.inputs[i]));
  for (std::size_t i = 0; i < node.inputs.size(); ++i) fill_gather(out.gather[i], set_of(node.inputs[i]), out.rows);
}

// delay: the newest input row before the tick; where that lags behind the frames, it goes on in the ticks that bring
// out the rest. latest, last: the newest up to and with the tick.
void Schedule::show(NodeId id, State& state) {
  const Node& node = plan_.graph->nodes[id];
  NodeSchedule& out = nodes_[id];
  const bool delay = facts_[id].temporal == Temporal::kDelay;
  const bool last = facts_[id].temporal == Temporal::kLast;
  const bool has_init = delay && node.inputs[1] != kNoValue;
  const RowSet& in = sets_[set_of(node.inputs[0])];
  const std::vector<Row>* init_rows = has_init ? &sets_[set_of(node.inputs[1])].rows : nullptr;
  const bool repeats_first = facts_[id].repeats_first;
  const std::uint8_t moves = facts_[id].goes_on ? kActive | kFlush : kActive;
  const bool counts = !delay || repeats_first;
  const std::span<std::int64_t> count =
      counts ? state.at(facts_[id].count_name).data<std::int64_t>() : std::span<std::int64_t>();
  if (!delay) out.rows = new_set();

  current_.assign(streams_, kCarried);
  current_initial_.assign(streams_, -1);
  out.source.clear();
  out.initial_row.clear();
  std::int32_t next_in = 0, next_init = 0;
  const auto emit = [&](std::int32_t s) {
    out.source.push_back(current_[s]);
    if (has_init) out.initial_row.push_back(current_[s] == kInitial ? current_initial_[s] : -1);
  };
  for (std::int32_t t = 0; t < ticks_; ++t) {
    for (std::int32_t s = 0; s < streams_; ++s) {
      const std::uint8_t flag = flags_[t * streams_ + s];
      if ((flag & kReset) != 0) {
        current_[s] = kInitial;
        if (counts) count[s] = 0;
        if (has_init) {
          if (next_init == static_cast<std::int32_t>(init_rows->size()) || !((*init_rows)[next_init] == Row{t, s})) {
            throw InvalidArgument(
                fmt::format("a sequence of stream {} starts at tick {} but '{}', the initial value of "
                            "'{}', was not given",
                            s, t, plan_.graph->values[node.inputs[1]].name, node.name));
          }
          current_initial_[s] = next_init++;
        }
      }
      const bool has_row = next_in < in.size() && in.rows[next_in] == Row{t, s};
      // By the count, because the sequence may have begun without a row in an earlier chunk.
      if (repeats_first && has_row && count[s] == 0) current_[s] = next_in;
      if (delay && (flag & moves) != 0) emit(s);
      if (has_row) {
        current_[s] = next_in++;
        if (counts) ++count[s];
      }
      // The newest row may come after the last frame: of a lagging value, or of a window at the end.
      const bool shows = !delay && count[s] > 0 && (last ? (flag & kEnd) != 0 : has_row || (flag & kActive) != 0);
      if (shows) {
        sets_[out.rows].rows.push_back({t, s});
        emit(s);
      }
      if (counts && (flag & kEnd) != 0) count[s] = 0;
    }
  }
  if (!delay) finish_set(sets_[out.rows]);
  out.final_source.assign(current_.begin(), current_.end());
  if (has_init) out.final_initial_row.assign(current_initial_.begin(), current_initial_.end());
}

void Schedule::chain(NodeId id, State& state) {
  NodeSchedule& out = nodes_[id];
  const RowSet& set = sets_[out.rows];
  const auto count = state.at(facts_[id].count_name).data<std::int64_t>();
  current_.assign(streams_, kCarried);
  out.source.clear();
  out.ordinal.clear();
  std::int32_t next = 0;
  for (std::int32_t t = 0; t < ticks_; ++t) {
    for (std::int32_t s = 0; s < streams_; ++s) {
      if ((flags_[t * streams_ + s] & kReset) != 0) {
        current_[s] = kInitial;
        count[s] = 0;
      }
      if (next < set.size() && set.rows[next] == Row{t, s}) {
        out.source.push_back(count[s] == 0 ? static_cast<std::int32_t>(kInitial) : current_[s]);
        out.ordinal.push_back(count[s]++);
        current_[s] = next++;
      }
    }
  }
  out.final_source.assign(current_.begin(), current_.end());
}

// A stream's positions are its rows so far, then (looking ahead) one empty position per flush tick, once an input that
// lags has none left. With edge "same" a window comes out for every position that has `ahead` positions after it; with
// "valid" only where all slots are filled, and at the end of the sequence if none ever was.
void Schedule::slide(NodeId id, State& state) {
  const Node& node = plan_.graph->nodes[id];
  NodeSchedule& out = nodes_[id];
  const RowSet& in = sets_[set_of(node.inputs[0])];
  const std::int64_t size = facts_[id].size, stride = facts_[id].stride, ahead = facts_[id].ahead;
  const bool valid_only = facts_[id].valid_only;
  const auto count = state.at(facts_[id].count_name).data<std::int64_t>();
  const auto flushed = state.at(facts_[id].flushed_name).data<std::int64_t>();

  // slots_ holds, per stream, the sources of the last `size` positions, oldest first.
  slots_.resize(streams_ * size);
  for (std::int32_t s = 0; s < streams_; ++s) {
    std::int32_t* slot = &slots_[s * size];
    const std::int64_t filled = std::min(size - 1, count[s] + flushed[s]);
    for (std::int64_t i = 0; i < size; ++i) {
      const std::int64_t age = size - i;  // 1 for the newest
      const bool real = age <= filled && age > flushed[s];
      slot[i] = real ? static_cast<std::int32_t>(kHistory - (i - 1)) : static_cast<std::int32_t>(kNothing);
    }
  }
  current_.assign(streams_, 0);  // whether the stream began in this chunk
  out.rows = new_set();
  out.source.clear();
  const auto push = [&](std::int32_t s, std::int32_t source) {
    std::int32_t* slot = &slots_[s * size];
    std::copy(slot + 1, slot + size, slot);
    slot[size - 1] = source;
  };
  const auto emit = [&](std::int32_t t, std::int32_t s) {
    sets_[out.rows].rows.push_back({t, s});
    out.source.insert(out.source.end(), &slots_[s * size], &slots_[s * size] + size);
  };
  std::int32_t next = 0;
  for (std::int32_t t = 0; t < ticks_; ++t) {
    for (std::int32_t s = 0; s < streams_; ++s) {
      const std::uint8_t flag = flags_[t * streams_ + s];
      if ((flag & kReset) != 0) {
        std::fill_n(&slots_[s * size], size, static_cast<std::int32_t>(kNothing));
        count[s] = flushed[s] = 0;
      }
      const std::size_t at = t * streams_ + s;
      const bool all_in = sequence_tick_[at] - sequence_frame_[at] >= facts_[id].lag;
      bool moved = false;
      if (next < in.size() && in.rows[next] == Row{t, s}) {
        push(s, next++);
        ++count[s];
        moved = true;
      } else if (ahead > 0 && (flag & kFlush) != 0 && all_in && flushed[s] < ahead) {
        push(s, kNothing);
        ++flushed[s];
        moved = true;
      }
      // The position the window speaks about, and the one at which it would be full.
      const std::int64_t position = count[s] + flushed[s] - 1 - ahead;
      const std::int64_t first = valid_only ? size - 1 : 0;
      if (moved && position >= first && (position - first) % stride == 0 && count[s] > 0) {
        emit(t, s);
      } else if (valid_only && (flag & kEnd) != 0 && count[s] > 0 && count[s] < size) {
        emit(t, s);
      }
      if ((flag & kEnd) != 0) {
        std::fill_n(&slots_[s * size], size, static_cast<std::int32_t>(kNothing));
        count[s] = flushed[s] = 0;
      }
    }
  }
  finish_set(sets_[out.rows]);
  out.final_source.clear();
  for (std::int32_t s = 0; s < streams_; ++s) {
    out.final_source.insert(out.final_source.end(), &slots_[s * size] + 1, &slots_[s * size] + size);
  }
}

std::vector<bool> answered_frames(const Plan& plan, const std::string& output, std::int64_t frames) {
  Chunk chunk{1, frames + plan.lag, {}, {}};
  chunk.flags.assign(frames, kActive);
  chunk.flags.resize(chunk.ticks, kFlush);
  chunk.flags.front() |= kReset;
  chunk.flags.back() |= kEnd;
  chunk.inputs.resize(plan.graph->inputs.size());
  State state = initial_state(plan, 1);
  Schedule schedule(plan);
  schedule.build_without_data(chunk, state);
  std::vector<bool> answered(frames, false);
  const ValueId value = plan.graph->output(output).value;
  for (const Row& row : schedule.rows_of(value).rows) {
    const std::int64_t about = schedule.about(row, plan.clocks[value].lag);
    if (about >= 0 && about < frames) answered[about] = true;
  }
  return answered;
}

void check_state(const Plan& plan, const State& state, std::int64_t streams) {
  if (streams >= 0 && state.streams() != streams) {
    throw InvalidArgument(fmt::format("the state holds {} streams, not {}", state.streams(), streams));
  }
  for (const StateSpec& spec : plan.state) {
    Shape shape{state.streams()};
    shape.insert(shape.end(), spec.shape.begin(), spec.shape.end());
    if (!state.contains(spec.name) || state.at(spec.name).shape() != shape) {
      throw InvalidArgument(fmt::format("the state is not one of graph '{}': it needs '{}' {}", plan.graph->name,
                                        spec.name, to_string(shape)));
    }
    // Executors choose how precise numbers are (initial_state), but counters stay counters.
    const auto is_float = [](DType type) { return type == DType::kFloat32 || type == DType::kFloat64; };
    const DType given = state.at(spec.name).dtype();
    if (given != spec.dtype && !(is_float(given) && is_float(spec.dtype))) {
      throw InvalidArgument(fmt::format("the state's '{}' is {}, not {}", spec.name, longtake::name_of(given),
                                        longtake::name_of(spec.dtype)));
    }
  }
}

State initial_state(const Plan& plan, std::int64_t streams, DType dtype) {
  State state(streams);
  for (const StateSpec& spec : plan.state) {
    Shape shape{streams};
    shape.insert(shape.end(), spec.shape.begin(), spec.shape.end());
    state.set(spec.name, Tensor(spec.dtype == DType::kFloat32 ? dtype : spec.dtype, shape));
  }
  return state;
}

}  // namespace longtake::graph
