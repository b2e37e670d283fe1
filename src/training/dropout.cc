#include "base/random.h"
#include "training/bridge.h"
#include "training/execution.h"

namespace longtake::training {

namespace {

// FNV-1a, so that a mask depends on the node's name and not on where in the graph it stands.
std::uint64_t hash(std::string_view text) {
  std::uint64_t value = 14695981039346656037u;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return value;
}

}  // namespace

torch::Tensor drop(const OpCall& call, double probability) {
  const Execution& e = call.execution;
  const torch::Tensor& x = call.inputs[0];
  const std::int64_t rows = x.size(0);
  const std::int64_t elements = x.numel() / rows;
  const std::uint64_t node = hash(call.node.name);
  torch::Tensor uniform = torch::empty(x.sizes(), torch::kFloat32);
  float* out = uniform.data_ptr<float>();
  for (std::int64_t r = 0; r < rows; ++r) {
    const graph::Row& row = call.rows[r];
    const std::uint64_t sample = e.options.samples.empty() ? row.stream : e.options.samples[row.stream];
    const auto tick = static_cast<std::uint64_t>(e.schedule.sequence_tick(row));
    const std::uint64_t key = random_key(e.options.seed, {e.options.step, sample, node, tick});
    fill_uniform(key, 0, std::span(out + r * elements, static_cast<std::size_t>(elements)));
  }
  const torch::Tensor mask = (uniform >= probability).to(e.device(), x.scalar_type()).mul_(1 / (1 - probability));
  return x * mask;
}

}  // namespace longtake::training
