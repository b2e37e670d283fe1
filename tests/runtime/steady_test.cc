// A program that has seen its chunk size allocates nothing more, however long the stream runs. The tests count all
// that this process takes from the heap; tests/invariants/steady_test.cc does it for every model.
#include <gtest/gtest.h>

#include "base/counted_allocations.h"
#include "layers/aggregate.h"
#include "layers/basic.h"
#include "layers/lstm.h"
#include "longtake/session.h"
#include "runtime/program.h"
#include "runtime/script.h"
#include "runtime/stream_batcher.h"

namespace longtake::runtime {
namespace {

using graph::Builder;
using graph::ValueId;

// Every kind of node, with names too long to be stored in place.
std::shared_ptr<const graph::Model> model_with_everything() {
  auto model = std::make_shared<graph::Model>();
  Builder b(*model, "the main graph of the model");
  ValueId x = b.input("frames of the camera", {3, 12, 12});
  x = layers::relu(b, "the first rectifier", layers::conv2d(b, "the first convolution", x, {.channels = 9, .pad = 1}));
  const ValueId map = layers::max_pool(b, "the only pooling of maps", x, {});
  const auto slots = b.node("window", "a window over the maps", {map},
                            {{"size", std::int64_t{3}},
                             {"stride", std::int64_t{1}},
                             {"ahead", std::int64_t{1}},
                             {"edge", std::string("same")}});
  b.output("window over the maps", slots[0]);
  x = layers::linear(b, "the fully connected layer", layers::flatten(b, "the flattened map", map), 20);
  x = layers::lstm(b, "the recurrent layer", x, {.hidden_size = 16}).hidden;
  x = layers::softmax(b, "the class probabilities", layers::linear(b, "the classifier", x, 4));
  b.output("probabilities of the classes", x);
  b.output("linear", layers::aggregate(b, "the weighted mean so far", x, layers::Aggregation::kLinear));
  b.output("max", layers::aggregate(b, "the greatest so far", x, layers::Aggregation::kMax));
  b.output("latest", b.node("latest", "the newest of all probabilities", {x}).front());
  b.output("last", b.node("last", "the last of all probabilities", {x}).front());
  b.finish();
  test::fill_weights(*model, 1);
  return model;
}

TEST(SteadyStream, AllocatesNothing) {
  for (const int threads : {1, 2}) {
    for (const std::int64_t streams : {1, 3}) {
      Program program(model_with_everything(), "the main graph of the model", {.threads = threads});
      State state = program.initial_state(streams);
      graph::Chunk chunk;
      chunk.streams = streams;
      chunk.ticks = 1;
      chunk.inputs.push_back({Tensor(DType::kFloat32, {streams, 3, 12, 12}), {}});
      graph::Outputs outputs;
      const auto run = [&](std::uint8_t flag) {
        chunk.flags.assign(static_cast<std::size_t>(streams), flag);
        program.run(chunk, state, outputs);
      };
      // A first sequence, with its end and a flush, and the start of the next show every size there is.
      run(graph::kActive | graph::kReset);
      for (int i = 0; i < 4; ++i) run(graph::kActive);
      run(graph::kActive | graph::kEnd);
      run(graph::kActive);
      run(graph::kActive);
      const std::int64_t before = test::allocation_count();
      for (int i = 0; i < 200; ++i) run(i % 50 == 49 ? graph::kActive | graph::kEnd : graph::kActive);
      EXPECT_EQ(test::allocation_count() - before, 0) << threads << " threads, " << streams << " streams";
    }
  }
}

TEST(SteadyStream, OfASessionAllocatesNothing) {
  const auto model = model_with_everything();
  Session session{Model(model)};
  State state = session.initial_state();
  const Tensor frame(DType::kFloat32, {3, 12, 12});
  for (int i = 0; i < 5; ++i) session.step(frame, state);
  const std::int64_t before = test::allocation_count();
  for (int i = 0; i < 100; ++i) session.step(frame, state);
  EXPECT_EQ(test::allocation_count() - before, 0);
}

TEST(SteadyStream, OfABatcherAllocatesNothing) {
  constexpr std::int64_t kStreams = 3;
  const auto model = model_with_everything();
  Program program(model, "the main graph of the model");
  StreamBatcher batcher(program, {.streams = kStreams, .queue = 2}, [](const StreamAnswer&) {});
  for (std::int64_t s = 0; s < kStreams; ++s) batcher.open();
  const Shape shape{3, 12, 12};
  Tensor frame;
  const auto push_round = [&] {
    for (std::int64_t s = 0; s < kStreams; ++s) {
      if (frame.shape() != shape) frame.resize(DType::kFloat32, shape);
      batcher.push(s, frame);
    }
  };
  // All that share a step, and each alone.
  for (int i = 0; i < 100; ++i) {
    push_round();
    if (i % 2 == 0) batcher.drain();
  }
  batcher.drain();
  const std::int64_t before = test::allocation_count();
  for (int i = 0; i < 200; ++i) push_round();
  batcher.drain();
  EXPECT_EQ(test::allocation_count() - before, 0);
}

TEST(SteadyStream, KeepsItsBuffersAndItsStateForTenThousandFrames) {
  const auto model = model_with_everything();
  Program program(model, "the main graph of the model");
  State state = program.initial_state(1);
  graph::Chunk chunk{1, 1, {graph::kActive}, {{Tensor(DType::kFloat32, {1, 3, 12, 12}), {}}}};
  graph::Outputs outputs;
  for (int i = 0; i < 100; ++i) program.run(chunk, state, outputs);
  const std::int64_t buffers = program.buffer_bytes(), bytes = state.bytes_per_stream();
  EXPECT_EQ(bytes, program.plan().state_bytes_per_stream());
  EXPECT_LE(buffers, program.buffer_bytes(1) + 64 * 64);  // rounded up to cache lines
  const std::int64_t before = test::allocation_count();
  for (int i = 0; i < 10000; ++i) program.run(chunk, state, outputs);
  EXPECT_EQ(test::allocation_count() - before, 0);
  EXPECT_EQ(program.buffer_bytes(), buffers);
  EXPECT_EQ(state.bytes_per_stream(), bytes);
}

}  // namespace
}  // namespace longtake::runtime
