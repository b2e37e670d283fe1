#include "runtime/memory.h"

#include <fmt/format.h>

#include "longtake/error.h"

namespace longtake::runtime {

graph::MemoryReport memory_of(Program& program, std::int64_t streams) {
  const graph::Plan& plan = program.plan();
  if (streams < 1) throw InvalidArgument(fmt::format("memory of {} streams", streams));
  if (plan.whole_sequences) {
    throw InvalidArgument(
        fmt::format("graph '{}' needs whole clips, so its memory depends on their length", plan.graph->name));
  }
  graph::MemoryReport report{.streams = streams};
  graph::Chunk chunk{streams, 1, {}, {}};
  chunk.flags.assign(static_cast<std::size_t>(streams), graph::kActive | graph::kReset);
  for (const graph::ValueId value : plan.graph->inputs) {
    Shape shape = plan.shape(value);
    shape.insert(shape.begin(), streams);
    chunk.inputs.push_back({Tensor(DType::kFloat32, std::move(shape)), {}});
    report.frames += static_cast<std::int64_t>(chunk.inputs.back().data.bytes());
  }
  State state = program.initial_state(streams);
  graph::Outputs outputs;
  program.run(chunk, state, outputs);
  // Answers that come only later are counted, too, and the buffers of what they are made of.
  for (const graph::Output& output : plan.graph->outputs) {
    report.answers += streams * element_count(plan.shape(output.value)) * static_cast<std::int64_t>(sizeof(float));
  }
  for (const auto& [name, weight] : program.model().weights) {
    report.weights += static_cast<std::int64_t>(weight.bytes());
  }
  report.kernels = program.kernel_bytes();
  report.buffers = program.buffer_bytes(streams);
  report.state = streams * state.bytes_per_stream();
  return report;
}

}  // namespace longtake::runtime
