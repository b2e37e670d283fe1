// How fast the runtime's inner loops are against what the machine can do: the streaming LSTM step against reading its
// weights once, and the packed matrix product and convolutions against the peak of fused multiply-adds in the same run.
// Usage: runtime_bench [threads]
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "base/threads.h"
#include "graph/builder.h"
#include "kernels/level.h"
#include "layers/basic.h"
#include "layers/conv_lstm.h"
#include "layers/lstm.h"
#include "runtime/program.h"

namespace {

using longtake::Tensor;
using longtake::graph::Builder;
using longtake::graph::ValueId;
namespace graph = longtake::graph;
namespace layers = longtake::layers;

// The median time of a call in milliseconds, over about half a second: of this process on one thread, which the
// machine's other work disturbs least, of the clock on the wall on more.
double milliseconds(int threads, const std::function<void()>& call) {
  const clockid_t clock = threads == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC;
  const auto now = [&] {
    timespec time;
    clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
  };
  call();
  std::vector<double> times;
  const double begin = now();
  while (times.size() < 5 || now() - begin < 500) {
    const double start = now();
    call();
    times.push_back(now() - start);
  }
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

void fill(graph::Model& model) {
  for (const graph::Parameter& parameter : model.parameters) {
    Tensor tensor(longtake::DType::kFloat32, parameter.shape);
    std::uint32_t state = 1;
    for (float& value : tensor.data<float>()) {
      state = state * 1664525u + 1013904223u;
      value = static_cast<float>(state >> 8) / 16777216.0f * 0.1f - 0.05f;
    }
    model.weights[parameter.name] = tensor;
  }
}

// The time of one call of a graph over `rows` ticks of one stream.
double time_graph(const std::function<void(Builder&)>& build, std::int64_t rows, int threads,
                  longtake::WeightFormat weights = longtake::WeightFormat::kFloat32) {
  auto model = std::make_shared<graph::Model>();
  Builder b(*model, "main");
  build(b);
  b.finish();
  fill(*model);
  longtake::runtime::Program program(model, "main", {.threads = threads, .weight_format = weights});
  graph::Chunk chunk;
  chunk.ticks = rows;
  chunk.flags.assign(static_cast<std::size_t>(rows), graph::kActive);
  longtake::Shape shape = program.plan().shape(program.plan().graph->inputs[0]);
  shape.insert(shape.begin(), rows);
  Tensor data(longtake::DType::kFloat32, shape);
  std::uint32_t state = 7;
  for (float& value : data.data<float>()) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(state >> 8) / 16777216.0f - 0.5f;
  }
  chunk.inputs.push_back({data, {}});
  longtake::State carried = program.initial_state(1);
  graph::Outputs outputs;
  return milliseconds(threads, [&] { program.run(chunk, carried, outputs); });
}

void bench_lstm(std::int64_t input, std::int64_t hidden, int layers_count, int threads,
                longtake::WeightFormat weights) {
  const auto build = [&](Builder& b) {
    ValueId x = b.input("x", {input});
    for (int i = 0; i < layers_count; ++i) {
      x = layers::lstm(b, fmt::format("lstm{}", i), x, {.hidden_size = hidden}).hidden;
    }
    b.output("h", x);
  };
  const double size = weights == longtake::WeightFormat::kFloat32 ? 4
                      : weights == longtake::WeightFormat::kInt8  ? 1
                                                                  : 2;
  const double bytes =
      4 * size * static_cast<double>(hidden) * static_cast<double>((input + hidden) + (layers_count - 1) * 2 * hidden);
  const double ms = time_graph(build, 1, threads, weights);
  fmt::print("lstm step {}/{}/{} {}: {:.3f} ms, {:.1f} MB at {:.1f} GB/s\n", input, hidden, layers_count,
             name_of(weights), ms, bytes / 1e6, bytes / ms / 1e6);
}

void bench_linear(std::int64_t rows, std::int64_t in, std::int64_t out, int threads) {
  const double ms =
      time_graph([&](Builder& b) { b.output("y", layers::linear(b, "fc", b.input("x", {in}), out)); }, rows, threads);
  fmt::print("linear {} x {} -> {}: {:.3f} ms, {:.1f} GF/s\n", rows, in, out, ms,
             2.0 * static_cast<double>(rows * in * out) / ms / 1e6);
}

void bench_convolution(const std::string& name, longtake::Shape shape, const layers::Conv2dOptions& options,
                       int threads) {
  const std::int64_t side = graph::window_count(shape[1], options.kernel, options.stride, options.pad, 1, false);
  const double flops = 2.0 * static_cast<double>(side * side * options.channels * shape[0] / options.groups *
                                                 options.kernel * options.kernel);
  const double ms = time_graph(
      [&](Builder& b) {
        // The pooling keeps the map from being turned for the output, which is not what is measured.
        const ValueId map = layers::conv2d(b, "conv", b.input("x", shape), options);
        b.output("y", layers::global_max_pool(b, "pool", map));
      },
      1, threads);
  fmt::print("conv2d {}: {:.3f} ms, {:.1f} GF/s\n", name, ms, flops / ms / 1e6);
}

void bench_conv_lstm(std::int64_t hidden, std::int64_t kernel, std::int64_t grid, int threads) {
  const double ms = time_graph(
      [&](Builder& b) {
        const ValueId h = layers::conv_lstm(b, "cell", b.input("x", {hidden, grid, grid}),
                                            {.channels = hidden, .input_kernel = kernel, .hidden_kernel = kernel})
                              .hidden;
        b.output("y", layers::global_max_pool(b, "pool", h));
      },
      1, threads);
  const double flops = 2.0 * static_cast<double>(8 * hidden * hidden * kernel * kernel * grid * grid);
  fmt::print("conv_lstm step {}/{}/{}: {:.3f} ms, {:.1f} GF/s\n", hidden, kernel, grid, ms, flops / ms / 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  fmt::print("kernels {}, {} threads\n", name_of(longtake::kernels::kernels_from_environment().level), threads);
  for (std::int64_t kernel : {3, 5}) {
    for (std::int64_t grid : {16, 32, 64}) bench_conv_lstm(64, kernel, grid, threads);
  }
  bench_conv_lstm(128, 3, 64, threads);
  using longtake::WeightFormat;
  for (const WeightFormat weights : {WeightFormat::kFloat32, WeightFormat::kFloat16, WeightFormat::kInt8}) {
    bench_lstm(1024, 512, 1, threads, weights);
    bench_lstm(1024, 512, 5, threads, weights);
    bench_lstm(4096, 1024, 1, threads, weights);
    bench_lstm(4096, 1024, 5, threads, weights);
  }
  for (std::int64_t rows : {1, 2, 4, 8, 16, 64, 256, 2048}) bench_linear(rows, 1024, 2048, threads);
  bench_linear(2048, 2048, 2048, threads);
  bench_convolution("3x227x227 -> 96 7x7/2", {3, 227, 227}, {.channels = 96, .kernel = 7, .stride = 2}, threads);
  bench_convolution("96x55x55 -> 384 5x5/2 g2", {96, 55, 55}, {.channels = 384, .kernel = 5, .stride = 2, .groups = 2},
                    threads);
  bench_convolution("384x13x13 -> 512 3x3", {384, 13, 13}, {.channels = 512, .kernel = 3, .pad = 1}, threads);
  bench_convolution("512x13x13 -> 512 3x3 g2", {512, 13, 13}, {.channels = 512, .kernel = 3, .pad = 1, .groups = 2},
                    threads);
  bench_convolution("64x56x56 -> 64 3x3", {64, 56, 56}, {.channels = 64, .kernel = 3, .pad = 1}, threads);
  bench_convolution("128x28x28 -> 128 3x3", {128, 28, 28}, {.channels = 128, .kernel = 3, .pad = 1}, threads);
  bench_convolution("256x14x14 -> 1024 1x1", {256, 14, 14}, {.channels = 1024, .kernel = 1}, threads);
  bench_convolution("64x64x64 -> 256 3x3", {64, 64, 64}, {.channels = 256, .kernel = 3, .pad = 1}, threads);
  bench_convolution("16x32x24 -> 32 3x3", {16, 32, 32}, {.channels = 32, .kernel = 3, .pad = 1}, threads);
  return 0;
}
