// The aggregates of a small video, as both executors must give them.
#pragma once

#include <gmock/gmock.h>

#include <vector>

#include "graph/builder.h"
#include "graph/executor.h"
#include "layers/aggregate.h"

namespace longtake::test {

// A graph that does nothing but aggregate its input p [2], in all four ways.
inline graph::Model aggregating_model() {
  graph::Model model;
  graph::Builder b(model, "main");
  const graph::ValueId p = b.input("p", {2});
  for (const char* word : {"last", "max", "mean", "linear"}) {
    b.output(word, layers::aggregate(b, word, p, layers::parse_aggregation(word)));
  }
  b.finish();
  return model;
}

// The rows of an output after all frames of one video.
inline std::vector<float> last_row(const graph::ChunkOutput& output) {
  const auto data = output.data.data<float>();
  return {data.end() - 2, data.end()};
}

inline graph::Outputs aggregates_of(graph::Executor& executor, const Tensor& p) {
  graph::Chunk chunk{1, p.size(0), std::vector<std::uint8_t>(p.size(0), graph::kActive), {{p, {}}}};
  State state = executor.initial_state(1);
  graph::Outputs outputs;
  executor.run(chunk, state, outputs);
  return outputs;
}

// p = (.7, .3), (.4, .6), (.2, .8): specs 14.7. One frame is its own aggregate in every way.
inline void expect_published_aggregates(graph::Executor& executor) {
  using testing::FloatNear;
  using testing::Pointwise;
  const Tensor p = Tensor::from<float>({3, 2}, {0.7f, 0.3f, 0.4f, 0.6f, 0.2f, 0.8f});
  const graph::Outputs three = aggregates_of(executor, p);
  const std::vector<std::vector<float>> expected{
      {0.2f, 0.8f}, {0.7f, 0.8f}, {0.4333333f, 0.5666667f}, {0.2666667f, 0.7333333f}};
  const graph::Outputs one = aggregates_of(executor, Tensor::from<float>({1, 2}, {0.7f, 0.3f}));
  ASSERT_EQ(three.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_THAT(last_row(three[i]), Pointwise(FloatNear(1e-6f), expected[i])) << three[i].name;
    EXPECT_THAT(last_row(one[i]), Pointwise(FloatNear(1e-7f), {0.7f, 0.3f})) << one[i].name;
  }
}

}  // namespace longtake::test
