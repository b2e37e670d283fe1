// The ops that remember, where they do not lie on a loop.
#include <ATen/ATen.h>

#include <functional>
#include <limits>

#include "training/bridge.h"
#include "training/execution.h"
#include "training/places.h"

namespace longtake::training {

using graph::Node;
using graph::NodeId;
using graph::NodeSchedule;
using graph::RowSet;
using torch::Tensor;

void run_show(Execution& e, NodeId id) {
  const Node& node = e.node(id);
  const NodeSchedule& schedule = e.schedule.node(id);
  const RowSet& rows = e.schedule.rows(schedule.rows);
  const Tensor& x = e.values[node.inputs[0]];
  const bool has_init = node.op == "delay" && node.inputs[1] != graph::kNoValue;
  const Tensor& carried = e.state.tensors.at(node.name);

  const std::int32_t begin[] = {0, static_cast<std::int32_t>(x.size(0))};
  const PlaceFinder finder{begin};
  const Tensor pieces[] = {x, carried, has_init ? e.values[node.inputs[1]] : Tensor(),
                           e.constant_row(e.plan.shape(node.outputs[0]), 0)};
  std::vector<Place> places;
  for (std::int64_t r = 0; r < rows.size(); ++r) {
    places.push_back(finder.find(schedule.source[r], rows.rows[r].stream, has_init ? schedule.initial_row[r] : -1));
  }
  e.values[node.outputs[0]] = places.empty() ? e.empty_rows(node.outputs[0]) : gather(pieces, places);
  keep_state(e, id, finder, pieces);
}

void keep_state(Execution& e, NodeId id, const PlaceFinder& finder, std::span<const Tensor> pieces) {
  const Node& node = e.node(id);
  const NodeSchedule& schedule = e.schedule.node(id);
  const bool has_init = node.op == "delay" && node.inputs[1] != graph::kNoValue;
  std::vector<Place> places;
  for (std::int32_t s = 0; s < e.schedule.streams(); ++s) {
    places.push_back(finder.find(schedule.final_source[s], s, has_init ? schedule.final_initial_row[s] : -1));
  }
  if (!places.empty()) e.state.tensors.at(node.name) = gather(pieces, places);
}

namespace {

using Combine = std::function<Tensor(const Tensor& before, const Tensor& x, std::size_t tick)>;

// The running result of `combine` over the rows of `x` for the node's state `name`; `neutral` is what a sequence starts
// with. Always one row after the other, so that no cut into chunks shows.
Tensor scan(Execution& e, NodeId id, const std::string& name, const Tensor& x, double neutral, const Combine& combine) {
  const NodeSchedule& schedule = e.schedule.node(id);
  const RowSet& rows = e.schedule.rows(schedule.rows);
  Tensor& carried = e.state.tensors.at(name);
  const PlaceFinder finder{rows.begin};
  const Shape shape(x.sizes().begin() + 1, x.sizes().end());
  std::vector<Tensor> pieces(finder.piece_count());
  pieces[finder.carried()] = carried;
  pieces[finder.neutral()] = e.constant_row(shape, neutral);

  const std::vector<Tensor> ticks = split_ticks(x, rows);
  std::vector<Tensor> results;
  std::vector<Place> places;
  for (std::size_t t = 0; t < ticks.size(); ++t) {
    if (ticks[t].size(0) == 0) continue;
    places.clear();
    for (std::int32_t r = rows.begin[t]; r < rows.begin[t + 1]; ++r) {
      places.push_back(finder.find(schedule.source[r], rows.rows[r].stream));
    }
    pieces[t] = combine(gather(pieces, places), ticks[t], t);
    results.push_back(pieces[t]);
  }
  places.clear();
  pieces[finder.neutral()] = e.constant_row(shape, 0);
  for (std::int32_t s = 0; s < e.schedule.streams(); ++s) places.push_back(finder.find(schedule.final_source[s], s));
  if (!places.empty()) carried = gather(pieces, places);
  return results.empty() ? x : torch::cat(results);
}

Tensor sum(const Tensor& before, const Tensor& x, std::size_t) { return before + x; }
Tensor greatest(const Tensor& before, const Tensor& x, std::size_t) { return at::maximum(before, x); }

// How many rows of its sequence there are up to and with each row, [rows, 1, ...].
Tensor counts(const Execution& e, NodeId id, const Tensor& like) {
  std::vector<std::int64_t> sizes(like.dim(), 1);
  sizes[0] = like.size(0);
  return (index_tensor(e.schedule.node(id).ordinal, e.device()) + 1).to(like.scalar_type()).view(sizes);
}

// By Welford's rule, whose state is the mean itself.
Tensor running_mean(Execution& e, NodeId id, const Tensor& x) {
  const std::vector<Tensor> count = split_ticks(counts(e, id, x), e.schedule.rows(e.schedule.node(id).rows));
  return scan(e, id, e.node(id).name, x, 0, [&](const Tensor& before, const Tensor& now, std::size_t tick) {
    return before + (now - before) / count[tick];
  });
}

// sum of w x / sum of w; the plain mean while the weights sum to zero.
Tensor weighted_mean(Execution& e, NodeId id, const Tensor& x, const Tensor& w) {
  const Node& node = e.node(id);
  std::vector<std::int64_t> sizes(x.dim(), 1);
  sizes[0] = x.size(0);
  const Tensor weighted = scan(e, id, node.name + ".weighted_sum", x * w.view(sizes), 0, sum);
  const Tensor weight = scan(e, id, node.name + ".weight", w, 0, sum).view(sizes);
  const Tensor plain = scan(e, id, node.name + ".sum", x, 0, sum);
  const Tensor none = weight == 0;
  // The division by 1 keeps infinities out of the gradient of the branch that is not taken.
  return at::where(none, plain / counts(e, id, x), weighted / weight.masked_fill(none, 1));
}

Tensor gathered(const Execution& e, NodeId id, std::size_t input) {
  const Tensor& x = e.values[e.node(id).inputs[input]];
  const std::vector<std::int32_t>& gather = e.schedule.node(id).gather[input];
  if (gather.empty() && e.schedule.rows(e.schedule.node(id).rows).size() == x.size(0)) return x;
  const std::vector<std::int64_t> index(gather.begin(), gather.end());
  return x.index_select(0, index_tensor(index, x.device()));
}

}  // namespace

void run_running(Execution& e, NodeId id) {
  const Node& node = e.node(id);
  const Tensor x = gathered(e, id, 0);
  Tensor& out = e.values[node.outputs[0]];
  if (node.op == "ramp") {
    out = (counts(e, id, torch::empty({x.size(0), 1}, x.options())) - 1);
  } else if (node.op == "running_max") {
    out = scan(e, id, node.name, x, -std::numeric_limits<double>::infinity(), greatest);
  } else if (node.op == "running_mean") {
    out = running_mean(e, id, x);
  } else if (node.op == "running_weighted_mean") {
    out = weighted_mean(e, id, x, gathered(e, id, 1));
  } else {
    throw Unsupported(
        fmt::format("op {} '{}' cannot be trained: LibTorch's executor does not have it", node.op, node.name));
  }
}

void run_window(Execution& e, NodeId id) {
  const Node& node = e.node(id);
  const NodeSchedule& schedule = e.schedule.node(id);
  const RowSet& rows = e.schedule.rows(schedule.rows);
  const Tensor& x = e.values[node.inputs[0]];
  const Shape& shape = e.plan.shape(node.inputs[0]);
  const std::int64_t size = node.attribute<std::int64_t>("size");
  const std::int64_t streams = e.schedule.streams();
  Tensor& carried = e.state.tensors.at(node.name);

  const Tensor pieces[] = {x, carried.reshape(with_rows(streams * (size - 1), shape)), e.constant_row(shape, 0)};
  const auto place = [&](std::int32_t source, std::int64_t stream) -> Place {
    if (source >= 0) return {0, source};
    if (source <= graph::kHistory) return {1, stream * (size - 1) + (graph::kHistory - source)};
    return {2, 0};
  };
  if (rows.size() == 0) {
    for (graph::ValueId value : node.outputs) e.values[value] = e.empty_rows(value);
  } else {
    std::vector<Place> places;
    Tensor valid = torch::empty({rows.size(), size}, torch::kFloat64);
    double* is_valid = valid.data_ptr<double>();
    for (std::int64_t i = 0; i < rows.size() * size; ++i) {
      const std::int32_t source = schedule.source[i];
      places.push_back(place(source, rows.rows[i / size].stream));
      is_valid[i] = source == graph::kNothing ? 0 : 1;
    }
    e.values[node.outputs[0]] = gather(pieces, places).reshape(with_rows(rows.size(), e.plan.shape(node.outputs[0])));
    e.values[node.outputs[1]] = valid.to(e.weights.options());
  }
  if (size == 1 || streams == 0) return;
  std::vector<Place> places;
  for (std::int64_t i = 0; i < streams * (size - 1); ++i) {
    places.push_back(place(schedule.final_source[i], i / (size - 1)));
  }
  carried = gather(pieces, places).reshape(carried.sizes());
}

void run_turn(Execution& e, NodeId id) {
  const Node& node = e.node(id);
  const std::vector<std::int32_t>& source = e.schedule.node(id).source;
  const Tensor& x = e.values[node.inputs[0]];
  const Tensor pieces[] = {x, e.constant_row(e.plan.shape(node.outputs[0]), 0)};
  std::vector<Place> places;
  for (std::int32_t row : source) places.push_back(row >= 0 ? Place{0, row} : Place{1, 0});
  e.values[node.outputs[0]] = places.empty() ? e.empty_rows(node.outputs[0]) : gather(pieces, places);
}

}  // namespace longtake::training
