// Summaries of the rows so far, and windows of the last ones: see Schedule::chain() and slide(), and runtime/moves.cc
// for the arithmetic.
#include <algorithm>

#include "graph/ops.h"
#include "onnx/export_step.h"

namespace longtake::onnx {

using graph::Node;

void Step::write_running(const Node& node) {
  Writer& w = writer_;
  const std::size_t rank = this->rank(node.outputs[0]);
  const Name present = present_of_all(node), x = value(node.inputs[0]).tensor;
  const std::string counter = node.name + ".count";
  const Name count = restored(counter, 0);  // rows before this one
  const Name first = w.node("Equal", {count, w.integer(0)});
  const Name through = sum(count, w.integer(1));
  keep(counter, sum(count, as_integer(present)));

  const auto as_float = [&](const Name& number, std::size_t to) {
    return spread(w.node("Cast", {number}, {{"to", std::int64_t{format::TensorProto::FLOAT}}}), to);
  };
  // What the sequence left behind, 0 before its first row.
  const auto before = [&](const std::string& state, std::size_t of) {
    return select(first, w.number(0), state_input(state), of);
  };
  const auto keep_row = [&](const std::string& state, const Name& row, std::size_t of) {
    keep(state, select(present, row, restored(state, of), of));
  };
  const auto with_part = [&](const char* part) { return node.name + part; };

  Name out;
  if (node.op == "ramp") {
    out = as_float(count, 1);
  } else if (node.op == "running_max") {
    out = select(first, x, w.node("Max", {state_input(node.name), x}), rank);
    keep_row(node.name, out, rank);
  } else if (node.op == "running_mean") {
    const Name mean = before(node.name, rank);
    out = sum(mean, w.node("Div", {w.node("Sub", {x, mean}), as_float(through, rank)}));
    keep_row(node.name, out, rank);
  } else {                                             // running_weighted_mean: before any weight came, the plain mean
    const Name weight = value(node.inputs[1]).tensor;  // [streams, 1]
    const Name total = sum(before(with_part(".weight"), 1), weight);
    const auto as_rows = [&](const Name& number) {
      std::vector<std::int64_t> sizes(rank + 1, 1);
      sizes[0] = 0;  // as it is
      return w.node("Reshape", {number, w.integers(sizes)});
    };
    const Name weighted = sum(before(with_part(".weighted_sum"), rank), w.node("Mul", {as_rows(weight), x}));
    const Name plain = sum(before(with_part(".sum"), rank), x);
    const Name none = w.node("Equal", {as_rows(total), w.number(0)});
    out = w.node("Where",
                 {none, w.node("Div", {plain, as_float(through, rank)}), w.node("Div", {weighted, as_rows(total)})});
    keep_row(with_part(".weight"), total, 1);
    keep_row(with_part(".weighted_sum"), weighted, rank);
    keep_row(with_part(".sum"), plain, rank);
  }
  value(node.outputs[0]) = {out, present};
}

void Step::write_window(const Node& node) {
  Writer& w = writer_;
  const std::size_t rank = this->rank(node.inputs[0]);
  const std::int64_t size = node.attribute<std::int64_t>("size"), stride = node.attribute<std::int64_t>("stride");
  const std::int64_t ahead = node.attribute<std::int64_t>("ahead");
  const bool valid_only = node.attribute<std::string>("edge") == "valid";
  const Value in = value(node.inputs[0]);
  const Name count = restored(node.name + ".count", 0), flushed = restored(node.name + ".flushed", 0);
  const auto at_least_one = [&](const Name& number) { return w.node("Greater", {number, w.integer(0)}); };

  // A position moves in: a row, or nothing while a lagging window is flushed.
  Name moved = in.present, count_after = sum(count, as_integer(in.present)), flushed_after = flushed;
  Name newest = in.tensor;
  if (ahead > 0) {
    const Name open = both(w.node("Less", {flushed, w.integer(ahead)}), w.node("Not", {in.present}));
    Name empties = both("flush", open);
    if (const std::int64_t lag = plan_.clocks[node.inputs[0]].lag; lag > 0) {
      const Name flushes = w.node("Sub", {restored("clock.ticks", 0), restored("clock.frames", 0)});
      empties = both(empties, w.node("Not", {w.node("Less", {flushes, w.integer(lag)})}));
    }
    moved = either(in.present, empties);
    flushed_after = sum(flushed, as_integer(empties));
    newest = select(in.present, in.tensor, w.number(0), rank);
  }

  // The positions before it, oldest first, zeros where there is no row; and those with it.
  const auto as_slot = [&](const Name& row) { return w.node("Unsqueeze", {row, w.integers({1})}); };
  const auto as_float = [&](const Name& mask) {
    return w.node("Cast", {mask}, {{"to", std::int64_t{format::TensorProto::FLOAT}}});
  };
  Name slots = as_slot(newest), valid = as_slot(as_float(in.present));
  Name history, history_valid;
  if (size > 1) {
    std::vector<std::int64_t> ages;  // 1 for the newest position
    for (std::int64_t age = size - 1; age > 0; --age) ages.push_back(age);
    const Name age = w.integers(ages);
    const Name held = w.node("Not", {w.node("Greater", {age, as_slot(sum(count, flushed))})});
    const Name real = both(held, w.node("Greater", {age, as_slot(flushed)}));
    history = w.node("Where", {w.widen(real, 2, rank), state_input(node.name), w.number(0)});
    history_valid = as_float(real);
    slots = w.node("Concat", {history, slots}, {{"axis", std::int64_t{1}}});
    valid = w.node("Concat", {history_valid, valid}, {{"axis", std::int64_t{1}}});
    const Name later = w.node("Slice", {slots, w.integers({1}), w.integers({size}), w.integers({1})});
    const Name kept = select(moved, later, history, rank + 1);
    keep(node.name, signature_.end ? select("end", w.number(0), kept, rank + 1) : kept);
  }

  // When the window comes out: at every stride-th position, and at the end if it never was full.
  Name shown = moved;
  if (valid_only || ahead > 0 || stride > 1) {
    const std::int64_t first = ahead + (valid_only ? size - 1 : 0);
    const Name since = w.node("Sub", {sum(count_after, flushed_after), w.integer(first + 1)});
    const Name due = w.node("Equal", {w.node("Mod", {since, w.integer(stride)}), w.integer(0)});
    const Name reached = w.node("Not", {w.node("Less", {since, w.integer(0)})});
    shown = both(both(moved, at_least_one(count_after)), both(due, reached));
  }
  if (valid_only && size > 1) {
    const Name partial = both(w.node("Less", {count_after, w.integer(size)}), at_least_one(count_after));
    // At the end without a row, the newest position is that of the last row.
    const auto still = [&](const Name& before, std::size_t dimensions) {
      std::vector<std::int64_t> pads(2 * dimensions, 0);
      pads[1] = 1;
      return w.node("Pad", {before, w.integers(pads)});
    };
    slots = select(moved, slots, still(history, rank + 2), rank + 1);
    valid = select(moved, valid, still(history_valid, 2), 1);
    shown = either(shown, both("end", partial));
  }
  keep_count(node.name + ".count", count_after);
  keep_count(node.name + ".flushed", flushed_after);
  value(node.outputs[0]) = {slots, shown};
  value(node.outputs[1]) = {valid, shown};
}

}  // namespace longtake::onnx
