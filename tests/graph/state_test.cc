#include "longtake/state.h"

#include <gtest/gtest.h>

#include "longtake/error.h"

namespace longtake {
namespace {

State three_streams() {
  State state(3);
  state.set("h", Tensor::from<float>({3, 2}, {0, 1, 10, 11, 20, 21}));
  state.set("count", Tensor::from<std::int64_t>({3}, {5, 6, 7}));
  return state;
}

TEST(State, GatherChoosesAndForksStreams) {
  const std::vector<std::int64_t> chosen{2, 0, 2};
  const State forked = three_streams().gather(chosen);
  EXPECT_EQ(forked.at("h"), Tensor::from<float>({3, 2}, {20, 21, 0, 1, 20, 21}));
  EXPECT_EQ(forked.at("count"), Tensor::from<std::int64_t>({3}, {7, 5, 7}));
}

TEST(State, ScatterPutsStreamsBackWhereTheyWere) {
  State state = three_streams();
  const std::vector<std::int64_t> places{2, 1};
  State taken = state.gather(places);
  taken.at("h").data<float>()[0] = 99;
  state.scatter(taken, places);
  EXPECT_EQ(state.at("h"), Tensor::from<float>({3, 2}, {0, 1, 10, 11, 99, 21}));
}

TEST(State, ConcatenateUndoesGather) {
  const State state = three_streams();
  const std::vector<std::int64_t> a{0}, b{1, 2};
  const std::vector<State> parts{state.gather(a), state.gather(b)};
  EXPECT_EQ(State::concatenate(parts), state);
}

TEST(State, SavesAndLoadsTheSameBytes) {
  const State state = three_streams();
  const auto bytes = state.to_bytes();
  const State loaded = State::from_bytes(bytes, "memory");
  EXPECT_EQ(loaded, state);
  EXPECT_EQ(loaded.to_bytes(), bytes);
  const std::string path = ::testing::TempDir() + "state_test.safetensors";
  state.save(path);
  EXPECT_EQ(State::load(path), state);
}

TEST(State, RefusesWhatDoesNotFit) {
  State state = three_streams();
  EXPECT_THROW(state.set("x", Tensor(DType::kFloat32, {2, 1})), InvalidArgument);
  EXPECT_THROW(state.at("nothing"), InvalidArgument);
  const std::vector<std::int64_t> outside{3};
  EXPECT_THROW(state.gather(outside), InvalidArgument);
  State other(1);
  other.set("h", Tensor(DType::kFloat32, {1, 2}));
  const std::vector<std::int64_t> first{0};
  EXPECT_THROW(state.scatter(other, first), InvalidArgument);
}

TEST(State, BytesArePerStream) { EXPECT_EQ(three_streams().bytes_per_stream(), 2 * 4 + 8); }

}  // namespace
}  // namespace longtake
