#include "training/slices.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "longtake/error.h"

namespace longtake::training {

using graph::Chunk;
using graph::ChunkInput;
using graph::Row;

namespace {

// The rows an input without listed rows has: those of the flag.
std::vector<Row> flagged_rows(const Chunk& chunk, std::uint8_t flag) {
  std::vector<Row> rows;
  for (std::int32_t t = 0; t < chunk.ticks; ++t) {
    for (std::int32_t s = 0; s < chunk.streams; ++s) {
      if ((chunk.flag(t, s) & flag) != 0) rows.push_back({t, s});
    }
  }
  return rows;
}

ChunkInput slice_input(const ChunkInput& input, const std::vector<Row>& rows, const std::string& name,
                       std::int64_t first, std::int64_t count) {
  const auto before = [](const Row& row, std::int64_t tick) { return row.tick < tick; };
  const auto begin = std::lower_bound(rows.begin(), rows.end(), first, before);
  const auto end = std::lower_bound(rows.begin(), rows.end(), first + count, before);
  ChunkInput out;
  for (auto row = begin; row != end; ++row)
    out.rows.push_back({row->tick - static_cast<std::int32_t>(first), row->stream});
  if (rows.empty()) return out;
  if (input.data.shape().empty() || input.data.size(0) != static_cast<std::int64_t>(rows.size())) {
    throw InvalidArgument(
        fmt::format("input '{}' is {} but has {} rows", name, to_string(input.data.shape()), rows.size()));
  }
  Shape shape = input.data.shape();
  shape[0] = end - begin;
  out.data = Tensor(input.data.dtype(), shape);
  const std::size_t row_bytes = input.data.bytes() / rows.size();
  std::memcpy(out.data.raw(), input.data.raw() + (begin - rows.begin()) * row_bytes, out.data.bytes());
  return out;
}

}  // namespace

Chunk slice(const graph::Plan& plan, const Chunk& chunk, std::int64_t first, std::int64_t count) {
  if (first < 0 || count < 0 || first + count > chunk.ticks) {
    throw InvalidArgument(fmt::format("ticks {} to {} of a chunk of {}", first, first + count, chunk.ticks));
  }
  if (chunk.inputs.size() != plan.graph->inputs.size()) {
    throw InvalidArgument(fmt::format("chunk has {} inputs but graph '{}' {}", chunk.inputs.size(), plan.graph->name,
                                      plan.graph->inputs.size()));
  }
  Chunk out{chunk.streams, count, {}, {}};
  out.flags.assign(chunk.flags.begin() + first * chunk.streams, chunk.flags.begin() + (first + count) * chunk.streams);
  for (std::size_t i = 0; i < chunk.inputs.size(); ++i) {
    const graph::Node& node = plan.graph->producer(plan.graph->inputs[i]);
    const ChunkInput& input = chunk.inputs[i];
    const bool listed = !input.rows.empty();
    const bool absent = !listed && input.data.count() == 0;
    const std::vector<Row> implied =
        listed || absent ? std::vector<Row>()
                         : flagged_rows(chunk, node.attribute<bool>("once") ? graph::kReset : graph::kActive);
    out.inputs.push_back(slice_input(input, listed ? input.rows : implied, node.name, first, count));
  }
  return out;
}

std::int64_t bytes_per_tick(const graph::Plan& plan, DType dtype) {
  std::int64_t elements = 0;
  for (const Shape& shape : plan.shapes) elements += element_count(shape);
  return elements * static_cast<std::int64_t>(size_of(dtype));
}

std::int64_t ticks_in_budget(const graph::Plan& plan, DType dtype, std::int64_t streams, std::int64_t budget) {
  const std::int64_t bytes = bytes_per_tick(plan, dtype) * std::max<std::int64_t>(1, streams);
  return std::max<std::int64_t>(1, budget / std::max<std::int64_t>(1, bytes));
}

}  // namespace longtake::training
