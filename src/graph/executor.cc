#include "graph/executor.h"

#include <fmt/format.h>

#include <cstring>

#include "longtake/error.h"

namespace longtake::graph {

void apply_bindings(const Model& model, const Graph& from_graph, const Outputs& outputs, const Graph& to_graph,
                    Chunk& chunk) {
  for (const Binding& binding : model.bindings) {
    if (binding.from_graph != from_graph.name || binding.to_graph != to_graph.name) continue;
    const ChunkOutput* from = nullptr;
    for (const ChunkOutput& output : outputs) {
      if (output.name == binding.from_output) from = &output;
    }
    if (from == nullptr) throw InvalidArgument(fmt::format("there is no output '{}' to bind", binding.from_output));

    std::vector<std::int64_t> newest(chunk.streams, -1);
    for (std::size_t r = 0; r < from->rows.size(); ++r) newest[from->rows[r].stream] = static_cast<std::int64_t>(r);
    Shape shape = from->data.shape();
    shape[0] = chunk.streams;
    Tensor bound(from->data.dtype(), shape);
    const std::size_t row_bytes = chunk.streams == 0 ? 0 : bound.bytes() / chunk.streams;
    for (std::int64_t s = 0; s < chunk.streams; ++s) {
      if (newest[s] < 0) {
        throw InvalidArgument(fmt::format("graph '{}' gave stream {} no '{}' for '{}.{}'", from_graph.name, s,
                                          binding.from_output, binding.to_graph, binding.to_input));
      }
      std::memcpy(bound.raw() + s * row_bytes, from->data.raw() + newest[s] * row_bytes, row_bytes);
    }
    ChunkInput& input = chunk.inputs.at(to_graph.input_index(binding.to_input));
    input.data = std::move(bound);
    input.rows.clear();
  }
}

}  // namespace longtake::graph
