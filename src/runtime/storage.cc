#include "runtime/storage.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace longtake::runtime {

using graph::kNoValue;
using graph::Node;
using graph::ValueId;

namespace {

bool is_one_of(std::string_view op, std::initializer_list<std::string_view> ops) {
  return std::find(ops.begin(), ops.end(), op) != ops.end();
}

// Ops whose kernels want maps channels-last.
bool wants_channels_last(const Node& node) {
  return is_one_of(node.op, {"conv2d", "conv_lstm_step", "conv_transpose2d", "warp", "max_pool", "average_pool",
                             "global_max_pool", "global_average_pool", "lrn"});
}

// Ops that work on any layout, the same for all their maps.
bool keeps_layout(const Node& node) {
  if (node.op == "concat" || node.op == "slice") return node.attribute<std::int64_t>("axis") == 0;
  return is_one_of(node.op, {"relu", "leaky_relu", "clip", "sigmoid", "tanh", "affine", "dropout", "batch_norm", "add",
                             "mul", "blend", "lstm_gates", "delay", "latest", "last", "first", "final", "reverse"});
}

}  // namespace

std::vector<Layout> assign_layouts(const graph::Plan& plan, bool channels_last) {
  std::vector<Layout> layouts(plan.shapes.size(), Layout::kChannelsFirst);
  if (!channels_last) return layouts;
  const auto is_map = [&](ValueId value) { return value != kNoValue && plan.shapes[value].size() == 3; };
  bool changed = true;
  const auto mark = [&](const std::vector<ValueId>& values) {
    for (ValueId value : values) {
      if (!is_map(value) || layouts[value] == Layout::kChannelsLast) continue;
      layouts[value] = Layout::kChannelsLast;
      changed = true;
    }
  };
  const auto any = [&](const std::vector<ValueId>& values) {
    return std::any_of(values.begin(), values.end(),
                       [&](ValueId value) { return is_map(value) && layouts[value] == Layout::kChannelsLast; });
  };
  while (changed) {
    changed = false;
    for (const Node& node : plan.graph->nodes) {
      if (wants_channels_last(node) || (keeps_layout(node) && (any(node.inputs) || any(node.outputs)))) {
        mark(node.inputs);
        mark(node.outputs);
      }
    }
  }
  return layouts;
}

namespace {

// The positions, in the order of execution, between which a value's memory is in use. All nodes of a loop run at one.
struct Life {
  std::int32_t first = -1, last = -1;
};

std::vector<Life> find_lives(const graph::Plan& plan, const std::vector<ValueId>& root) {
  std::vector<Life> lives(plan.shapes.size());
  std::int32_t position = 0;
  const auto touch = [&](ValueId value) {
    if (value == kNoValue) return;
    Life& life = lives[root[value]];
    if (life.first < 0) life.first = position;
    life.last = position;
  };
  for (const graph::Step& step : plan.steps) {
    for (graph::NodeId id : step.nodes) {
      for (ValueId value : plan.graph->nodes[id].inputs) touch(value);
      for (ValueId value : plan.graph->nodes[id].outputs) touch(value);
      if (!step.loop) ++position;
    }
    if (step.loop) ++position;
  }
  return lives;
}

}  // namespace

Storage assign_storage(const graph::Plan& plan, const std::vector<ValueId>& alias_of,
                       const std::vector<bool>& external) {
  Storage storage;
  const auto values = static_cast<ValueId>(plan.shapes.size());
  storage.root.resize(values);
  for (ValueId v = 0; v < values; ++v) storage.root[v] = alias_of[v] == kNoValue ? v : storage.root[alias_of[v]];
  storage.slot.assign(values, Storage::kNoSlot);

  const std::vector<Life> lives = find_lives(plan, storage.root);
  std::vector<ValueId> order;
  for (ValueId v = 0; v < values; ++v) {
    if (storage.root[v] == v && !external[v]) order.push_back(v);
  }
  std::stable_sort(order.begin(), order.end(), [&](ValueId a, ValueId b) { return lives[a].first < lives[b].first; });
  struct Slot {
    std::int64_t size;  // floats per row so far
    std::int32_t busy_until;
  };
  std::vector<Slot> slots;
  for (ValueId v : order) {
    const std::int64_t size = element_count(plan.shapes[v]);
    // Of the slots that are free, the one whose size fits best.
    std::int32_t best = Storage::kNoSlot;
    for (std::int32_t s = 0; s < static_cast<std::int32_t>(slots.size()); ++s) {
      if (slots[s].busy_until >= lives[v].first) continue;
      if (best < 0 || std::abs(slots[s].size - size) < std::abs(slots[best].size - size)) best = s;
    }
    if (best < 0) {
      best = static_cast<std::int32_t>(slots.size());
      slots.push_back({0, 0});
    }
    slots[best] = {std::max(slots[best].size, size), lives[v].last};
    storage.slot[v] = best;
  }
  for (ValueId v = 0; v < values; ++v) storage.slot[v] = storage.slot[storage.root[v]];
  storage.slots = static_cast<std::int32_t>(slots.size());
  return storage;
}

}  // namespace longtake::runtime
