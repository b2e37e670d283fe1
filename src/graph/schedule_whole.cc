// The part of a Schedule that looks at sequences as a whole: their first row, their last, and their rows turned round.
#include <fmt/format.h>

#include "graph/schedule.h"
#include "longtake/error.h"

namespace longtake::graph {

// The rows of the input at reset ticks.
void Schedule::begin(NodeId id) {
  const RowSet& in = sets_[set_of(plan_.graph->nodes[id].inputs[0])];
  NodeSchedule& out = nodes_[id];
  out.rows = new_set();
  out.source.clear();
  for (std::int32_t r = 0; r < in.size(); ++r) {
    const Row& row = in.rows[r];
    if ((flags_[row.tick * streams_ + row.stream] & kReset) == 0) continue;
    sets_[out.rows].rows.push_back(row);
    out.source.push_back(r);
  }
  finish_set(sets_[out.rows]);
}

// `reverse` is present where its input is: the first row shows the last, and so on. `final` is present at the reset
// tick of every sequence that has a row, and shows its last.
void Schedule::turn(NodeId id) {
  const Node& node = plan_.graph->nodes[id];
  NodeSchedule& out = nodes_[id];
  const RowSet& in = sets_[set_of(node.inputs[0])];
  struct Sequence {
    Row start;
    std::vector<std::int32_t> rows;
  };
  std::vector<Sequence> sequences;
  current_.assign(streams_, -1);  // per stream the open sequence, or -1
  const auto fail = [&](std::int32_t stream, const char* what) {
    throw InvalidArgument(fmt::format(
        "op {} '{}' needs whole sequences in one chunk, but that of stream {} {}; run the model over whole clips",
        node.op, node.name, stream, what));
  };
  std::int32_t next = 0;
  for (std::int32_t t = 0; t < ticks_; ++t) {
    for (std::int32_t s = 0; s < streams_; ++s) {
      const std::uint8_t flag = flags_[t * streams_ + s];
      if ((flag & kReset) != 0) {
        current_[s] = static_cast<std::int32_t>(sequences.size());
        sequences.push_back({{t, s}, {}});
      }
      if (next < in.size() && in.rows[next] == Row{t, s}) {
        if (current_[s] < 0) fail(s, "began before it");
        sequences[current_[s]].rows.push_back(next++);
      }
      if ((flag & kEnd) != 0) current_[s] = -1;
    }
  }
  for (std::int32_t s = 0; s < streams_; ++s) {
    if (current_[s] >= 0) fail(s, "does not end in it");
  }

  out.source.clear();
  if (node.op == "reverse") {
    out.rows = set_of(node.inputs[0]);
    out.source.resize(in.size());
    for (const Sequence& sequence : sequences) {
      const std::size_t count = sequence.rows.size();
      for (std::size_t i = 0; i < count; ++i) out.source[sequence.rows[i]] = sequence.rows[count - 1 - i];
    }
    return;
  }
  out.rows = new_set();
  for (const Sequence& sequence : sequences) {
    if (sequence.rows.empty()) continue;
    sets_[out.rows].rows.push_back(sequence.start);
    out.source.push_back(sequence.rows.back());
  }
  finish_set(sets_[out.rows]);
}

}  // namespace longtake::graph
