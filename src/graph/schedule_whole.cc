// The part of a Schedule that looks at sequences as a whole: their first row, their last, and their rows turned round.
#include <fmt/format.h>

#include <utility>

#include "graph/schedule.h"
#include "longtake/error.h"

namespace longtake::graph {

// The rows of the input at reset ticks; zeros where it has none.
void Schedule::begin(NodeId id) {
  const RowSet& in = sets_[set_of(plan_.graph->nodes[id].inputs[0])];
  NodeSchedule& out = nodes_[id];
  out.rows = kResetSet;
  out.source.clear();
  std::int32_t next = 0;
  for (const Row& reset : sets_[kResetSet].rows) {
    while (next < in.size() &&
           std::pair(in.rows[next].tick, in.rows[next].stream) < std::pair(reset.tick, reset.stream)) {
      ++next;
    }
    out.source.push_back(next < in.size() && in.rows[next] == reset ? next : static_cast<std::int32_t>(kInitial));
  }
}

// `reverse` is present where its input is: the first row shows the last, and so on. `final` is present at the reset
// tick of every sequence and shows its last row, or zeros if it has none.
void Schedule::turn(NodeId id) {
  const Node& node = plan_.graph->nodes[id];
  NodeSchedule& out = nodes_[id];
  const RowSet& in = sets_[set_of(node.inputs[0])];
  std::vector<std::vector<std::int32_t>> sequences;  // their rows, in the order of the reset ticks
  current_.assign(streams_, -1);                     // per stream the open sequence, or -1
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
        sequences.emplace_back();
      }
      if (next < in.size() && in.rows[next] == Row{t, s}) {
        if (current_[s] < 0) fail(s, "began before it");
        sequences[current_[s]].push_back(next++);
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
    for (const std::vector<std::int32_t>& rows : sequences) {
      for (std::size_t i = 0; i < rows.size(); ++i) out.source[rows[i]] = rows[rows.size() - 1 - i];
    }
    return;
  }
  out.rows = kResetSet;
  for (const std::vector<std::int32_t>& rows : sequences) {
    out.source.push_back(rows.empty() ? static_cast<std::int32_t>(kInitial) : rows.back());
  }
}

}  // namespace longtake::graph
