// Which rows every value of a plan has in a chunk, and where the rows of stateful ops come from. This is the one place
// that knows what presence, hold, reset, flush and end mean; executors only move numbers as it says.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "graph/plan.h"
#include "longtake/chunk.h"
#include "longtake/state.h"

namespace longtake::graph {

// Where a row of a stateful op comes from, if not from a row of its input (>= 0).
enum RowSource : std::int32_t {
  kCarried = -1,  // from the state that came into the chunk
  kInitial = -2,  // from the initial value: zero, or the delay's init row
  kNothing = -3,  // a window's slot that no frame fills
  // A window's slot from the history that came into the chunk: kHistory - i is its i-th oldest entry.
  kHistory = -4,
};

// The rows at which values are present. Many values share one set; gathers between equal sets are empty.
struct RowSet {
  std::vector<Row> rows;            // sorted by tick, then stream
  std::vector<std::int32_t> begin;  // first row of each tick; ticks + 1 entries

  std::int64_t size() const { return static_cast<std::int64_t>(rows.size()); }
};

struct NodeSchedule {
  std::int32_t rows = 0;  // index of the outputs' RowSet
  // Per input: for each output row, the row of the input; empty where the row sets are equal. Only combinational and
  // running ops have it: the rows of other stateful ops come from `source`.
  std::vector<std::vector<std::int32_t>> gather;

  // delay, latest, last, first, final, reverse: per output row, the input row it shows or a RowSource.
  // running: per output row, the previous output row of that stream or a RowSource.
  // window: per output row and slot, the input row or a RowSource.
  std::vector<std::int32_t> source;
  // delay with init: for each output row whose source is kInitial, the row of init; else -1.
  std::vector<std::int32_t> initial_row;
  // running: how many rows the stream had before this one since its sequence began.
  std::vector<std::int64_t> ordinal;
  // What the state of each stream becomes: an input row (running: an output row), kCarried (unchanged) or kInitial.
  // window: per stream and history entry, oldest first.
  std::vector<std::int32_t> final_source;
  std::vector<std::int32_t> final_initial_row;  // delay with init, per stream where final_source is kInitial
};

class Schedule {
 public:
  // The plan must outlive the schedule.
  explicit Schedule(const Plan& plan);

  // Computes everything for `chunk` and moves the counters in `state` ("clock.*", "*.count", "*.flushed") past it.
  // Throws InvalidArgument when the chunk, its inputs or the state do not fit the plan. Reuses its memory.
  void build(const Chunk& chunk, State& state);
  // The same for inputs that are there at every active tick, whose numbers are not looked at.
  void build_without_data(const Chunk& chunk, State& state);

  std::int64_t streams() const { return streams_; }
  std::int64_t ticks() const { return ticks_; }
  const NodeSchedule& node(NodeId id) const { return nodes_[id]; }
  const RowSet& rows(std::int32_t set) const { return sets_[set]; }
  const RowSet& rows_of(ValueId value) const { return sets_[nodes_[plan_.graph->values[value].node].rows]; }
  // Every tick and stream that is active, and every one before which a sequence starts.
  const RowSet& active() const { return sets_[kActiveSet]; }
  const RowSet& resets() const { return sets_[kResetSet]; }
  // Per row of a set: ticks since the sequence began, which keys random masks; and what OutputRow::about wants.
  std::int64_t sequence_tick(const Row& row) const { return sequence_tick_[row.tick * streams_ + row.stream]; }
  std::int64_t about(const Row& row, std::int64_t lag) const;

 private:
  static constexpr std::int32_t kActiveSet = 0;
  static constexpr std::int32_t kResetSet = 1;
  static constexpr std::int32_t kEndSet = 2;
  static constexpr std::int32_t kMovingSet = 3;  // active or a flush

  void build_rows(const Chunk& chunk, State& state);
  void build_clock(const Chunk& chunk, State& state);
  std::int32_t input_rows(NodeId id, const ChunkInput& input);
  std::int32_t intersect(std::int32_t a, std::int32_t b);
  std::int32_t new_set();
  void finish_set(RowSet& set);
  void fill_gather(std::vector<std::int32_t>& gather, std::int32_t from, std::int32_t to);
  std::int32_t set_of(ValueId value) const { return nodes_[plan_.graph->values[value].node].rows; }

  void combine(NodeId id);
  void show(NodeId id, State& state);   // delay, latest, last
  void chain(NodeId id, State& state);  // running
  void slide(NodeId id, State& state);  // window
  void begin(NodeId id);                // first
  void turn(NodeId id);                 // final, reverse

  const Plan& plan_;
  // Per node, what every build needs to know of it, so that none compares or joins names.
  struct NodeFacts {
    Temporal temporal;
    std::string count_name, flushed_name;
    std::size_t input = 0;                         // inputs: which of the chunk's
    bool once = false;                             // inputs
    bool repeats_first = false, goes_on = false;   // delay
    std::int64_t size = 0, stride = 0, ahead = 0;  // window
    std::int64_t lag = 0;                          // window: of its input
    bool valid_only = false;                       // window
  };
  std::vector<NodeFacts> facts_;
  std::vector<NodeSchedule> nodes_;
  std::deque<RowSet> sets_;  // a deque: making a new set leaves references to the others valid
  std::int32_t set_count_ = 0;
  std::int64_t streams_ = 0;
  std::int64_t ticks_ = 0;
  bool with_data_ = true;
  std::vector<std::uint8_t> flags_;                           // as given, with the implied resets
  std::vector<std::int64_t> sequence_tick_, sequence_frame_;  // [ticks, streams], before the tick
  std::vector<std::int32_t> current_, current_initial_;       // scratch, per stream
  std::vector<std::int32_t> slots_;                           // scratch of slide
};

// Which frames of a sequence of `frames` frames the output speaks about, one entry a frame: models that gather frames
// have no answer for the first ones. Throws InvalidArgument for an output that the graph does not have.
std::vector<bool> answered_frames(const Plan& plan, const std::string& output, std::int64_t frames);

// Checks that `state` has exactly the tensors of the plan, for `streams` streams (-1: any number).
void check_state(const Plan& plan, const State& state, std::int64_t streams = -1);
// The state of streams that have seen nothing. Floating-point state gets `dtype`.
State initial_state(const Plan& plan, std::int64_t streams, DType dtype = DType::kFloat32);

}  // namespace longtake::graph
