// The public interface: what it gives is what the general form gives.
#include "longtake/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/builder.h"
#include "graph/model_file.h"
#include "layers/aggregate.h"
#include "layers/basic.h"
#include "layers/lstm.h"
#include "longtake/error.h"
#include "runtime/script.h"

namespace longtake {
namespace {

using graph::Builder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

graph::Model counting_model() {
  graph::Model model;
  model.name = "counter";
  model.task = "classify";
  model.labels = {"only"};
  Builder b(model, "main");
  const graph::ValueId x = b.input("x", {1});
  const graph::ValueId sum = b.delay("sum", {1});
  const graph::ValueId total = layers::add(b, "total", sum, x);
  b.connect(sum, total);
  b.output("total", total);
  b.output("last", b.node("last", "final", {total}).front());
  const auto slots = b.node("window", "window", {x},
                            {{"size", std::int64_t{3}},
                             {"stride", std::int64_t{1}},
                             {"ahead", std::int64_t{2}},
                             {"edge", std::string("same")}});
  b.output("window", layers::flatten(b, "slots", slots[0]));
  b.finish();
  return model;
}

Session counting_session() { return Session(Model(std::make_shared<const graph::Model>(counting_model()))); }

Tensor numbers(std::vector<float> values) {
  return Tensor::from<float>({static_cast<std::int64_t>(values.size()), 1}, std::span<const float>(values));
}

float total(const Session& session, std::size_t row = 0) { return session.output("total").data.data<float>()[row]; }

TEST(Session, StepsOneStream) {
  Session session = counting_session();
  State state = session.initial_state();
  session.step(Tensor::from<float>({1}, {2}), state);
  EXPECT_EQ(total(session), 2);
  session.step(numbers({3}), state);
  EXPECT_EQ(total(session), 5);
  EXPECT_EQ(session.output("total").rows[0], (graph::OutputRow{0, 0, 1}));
}

TEST(Session, HoldsResetsAndEndsEachStream) {
  Session session = counting_session();
  State state = session.initial_state(3);
  session.step(numbers({1, 10, 100}), state);
  const std::vector<std::uint8_t> flags{0, graph::kActive | graph::kReset, graph::kActive | graph::kEnd};
  session.step(numbers({1000, 20, 200}), state, flags);
  EXPECT_THAT(session.output("total").data.data<float>(), ElementsAre(20, 300));
  EXPECT_THAT(session.output("last").data.data<float>(), ElementsAre(300));
  session.step(numbers({2, 2, 2}), state);
  EXPECT_THAT(session.output("total").data.data<float>(), ElementsAre(3, 22, 2));
  session.reset(state, 1);
  session.step(numbers({3, 3, 3}), state);
  EXPECT_THAT(session.output("total").data.data<float>(), ElementsAre(6, 3, 5));
}

TEST(Session, RunsManyTicksAtOnce) {
  Session session = counting_session();
  State state = session.initial_state(2);
  session.run(Tensor::from<float>({3, 2, 1}, {1, 10, 2, 20, 3, 30}), state);
  EXPECT_THAT(session.output("total").data.data<float>(), ElementsAre(1, 10, 3, 30, 6, 60));
}

TEST(Session, FinishBringsOutWhatLagsAndEndsTheSequence) {
  Session session = counting_session();
  EXPECT_EQ(session.lag(), 2);
  State state = session.initial_state();
  for (float value : {1.0f, 2.0f, 3.0f}) session.step(numbers({value}), state);
  EXPECT_THAT(session.output("window").data.data<float>(), ElementsAre(1, 2, 3));
  EXPECT_EQ(session.output("window").rows[0].about, 0);
  session.finish(state);
  EXPECT_THAT(session.output("window").data.data<float>(), ElementsAre(2, 3, 0, 3, 0, 0));
  EXPECT_EQ(session.output("window").rows[1].about, 2);
  EXPECT_THAT(session.output("last").data.data<float>(), ElementsAre(6));
  session.step(numbers({5}), state);
  EXPECT_EQ(total(session), 5);
}

TEST(Session, ForkedStatesGoTheirOwnWay) {
  Session session = counting_session();
  State state = session.initial_state();
  session.step(numbers({7}), state);
  State fork = state;
  session.step(numbers({1}), state);
  session.step(numbers({2}), fork);
  EXPECT_EQ(total(session), 9);
  session.step(numbers({0}), state);
  EXPECT_EQ(total(session), 8);
}

TEST(Session, SaysWhatAnInputMustBe) {
  Session session = counting_session();
  State state = session.initial_state();
  EXPECT_THAT(
      [&] {
        session.step(Tensor(DType::kFloat32, {1, 2}), state);
      },
      ThrowsMessage<InvalidArgument>(testing::AllOf(HasSubstr("'x'"), HasSubstr("[1, 2]"), HasSubstr("[1]"))));
  EXPECT_THAT(
      [&] {
        session.step(numbers({1}), state, std::vector<std::uint8_t>{1, 1});
      },
      ThrowsMessage<InvalidArgument>(HasSubstr("2 flags")));
  session.step(numbers({1}), state);
  EXPECT_THAT([&] { session.output("scores"); }, ThrowsMessage<InvalidArgument>(HasSubstr("total, last, window")));
  EXPECT_THAT([&] { session.reset(state, 1); }, ThrowsMessage<InvalidArgument>(HasSubstr("stream 1")));
}

TEST(Model, ComesBackFromItsFile) {
  const std::string path = testing::TempDir() + "/longtake_session_model.safetensors";
  graph::save_model(counting_model(), path);
  const Model model = Model::load(path);
  EXPECT_EQ(model.name(), "counter");
  EXPECT_THAT(model.labels(), ElementsAre("only"));
  EXPECT_THAT(model.graphs(), ElementsAre("main"));
  Session session(model);
  State state = session.initial_state();
  session.step(numbers({4}), state);
  EXPECT_EQ(total(session), 4);
}

}  // namespace
}  // namespace longtake
