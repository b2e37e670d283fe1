#include "runtime/kernel_case.h"

#include "graph/plan.h"
#include "kernels/workspaces.h"
#include "runtime/script.h"

namespace longtake::test {

using kernels::KernelLevel;
using runtime::Layout;

KernelCase::KernelCase(const std::function<void(graph::Builder&)>& build, std::uint32_t seed) : seed_(seed) {
  graph::Builder b(model_, "main");
  build(b);
  b.finish();
  fill_weights(model_, seed);
  const graph::Plan plan = graph::make_plan(model_, model_.graphs[0]);
  for (graph::ValueId value : node().inputs) input_shapes_.push_back(plan.shape(value));
  for (graph::ValueId value : node().outputs) output_shapes_.push_back(plan.shape(value));
  for (const std::string& name : node().parameters) {
    parameter_shapes_.push_back(name.empty() ? Shape{} : model_.parameter(name).shape);
  }
}

std::vector<std::vector<float>> KernelCase::inputs(std::int64_t rows, float scale) const {
  std::mt19937 random(seed_ + 77);
  std::vector<std::vector<float>> result;
  for (const Shape& shape : input_shapes_) result.push_back(random_floats(rows * element_count(shape), random, scale));
  return result;
}

namespace {

Layout layout_at(KernelLevel level, const Shape& shape) {
  return level != KernelLevel::kReference && shape.size() == 3 ? Layout::kChannelsLast : Layout::kChannelsFirst;
}

}  // namespace

template <class F>
auto KernelCase::with_request(KernelLevel level, const kernels::Limits& limits, F use) const {
  std::vector<const Tensor*> weights;
  for (const std::string& name : node().parameters) {
    weights.push_back(name.empty() ? nullptr : &model_.weights.at(name));
  }
  weights.resize(graph::definition_of(node()).max_parameters);
  std::vector<Layout> in, out;
  for (const Shape& shape : input_shapes_) in.push_back(layout_at(level, shape));
  for (const Shape& shape : output_shapes_) out.push_back(layout_at(level, shape));
  const graph::OpContext op{model_.graphs[0], node(), input_shapes_, parameter_shapes_};
  return use(runtime::KernelRequest{op, output_shapes_, weights, in, out, limits, level});
}

std::unique_ptr<runtime::Kernel> KernelCase::kernel(KernelLevel level, const kernels::Limits& limits) const {
  return with_request(level, limits,
                      [](const runtime::KernelRequest& request) { return runtime::make_kernel(request); });
}

std::vector<std::vector<float>> KernelCase::run(KernelLevel level, const std::vector<std::vector<float>>& inputs,
                                                std::int64_t rows, ThreadPool* pool,
                                                const kernels::Limits& limits) const {
  std::vector<std::vector<float>> in = inputs, out;
  std::vector<const float*> in_rows;
  std::vector<float*> out_rows;
  for (std::size_t i = 0; i < in.size(); ++i) {
    const std::int64_t size = element_count(input_shapes_[i]);
    for (std::int64_t r = 0; r < rows && layout_at(level, input_shapes_[i]) == Layout::kChannelsLast; ++r) {
      runtime::to_channels_last(&inputs[i][r * size], &in[i][r * size], input_shapes_[i]);
    }
    in_rows.push_back(in[i].data());
  }
  for (const Shape& shape : output_shapes_) out.emplace_back(rows * element_count(shape));
  for (auto& values : out) out_rows.push_back(values.data());
  kernels::Workspaces workspaces(pool == nullptr ? 1 : pool->threads());
  kernel(level, limits)->run({rows, in_rows, out_rows, pool, &workspaces});
  std::vector<std::vector<float>> result = out;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::int64_t size = element_count(output_shapes_[i]);
    for (std::int64_t r = 0; r < rows && layout_at(level, output_shapes_[i]) == Layout::kChannelsLast; ++r) {
      runtime::to_channels_first(&out[i][r * size], &result[i][r * size], output_shapes_[i]);
    }
  }
  return result;
}

std::vector<KernelLevel> fast_levels() {
  std::vector<KernelLevel> levels{KernelLevel::kPortable};
  for (KernelLevel level : {KernelLevel::kAvx2, KernelLevel::kAvx512}) {
    if (level <= kernels::best_kernel_level()) levels.push_back(level);
  }
  return levels;
}

}  // namespace longtake::test
