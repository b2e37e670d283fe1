// Every op, exported on its own and run by another engine; what the file says; and what is refused.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "layers/basic.h"
#include "longtake/error.h"
#include "onnx/export_cases.h"
#include "onnx/format.h"
#include "onnx/stepping.h"
#include "runtime/program.h"

namespace longtake::test {
namespace {

using graph::Builder;
using graph::ValueId;
using testing::Contains;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

std::shared_ptr<graph::Model> model_of(const std::function<void(Builder&)>& build) {
  auto model = std::make_shared<graph::Model>();
  Builder b(*model, "main");
  build(b);
  b.finish();
  fill_weights(*model, 3);
  return model;
}

// Streams to which anything happens at any tick: resets without a frame, ends without one, flushes in the middle.
Script anything_goes(const graph::Plan& plan, std::int64_t ticks, std::int64_t streams) {
  using graph::kActive, graph::kEnd, graph::kFlush, graph::kReset;
  const std::vector<int> kinds{0,      kActive,       kActive, kActive | kReset, kActive | kEnd, kReset,
                               kFlush, kFlush | kEnd, kEnd};
  std::mt19937 random(8);
  Script script{ticks, streams, {}, {}};
  std::vector<bool> fresh(streams, true);
  for (std::int64_t i = 0; i < ticks * streams; ++i) {
    int flag = kinds[random() % kinds.size()];
    const std::int64_t s = i % streams;
    if ((flag & kActive) != 0 && fresh[s]) flag |= kReset;  // what would be implied, so that `once` inputs are given
    if ((flag & (kActive | kFlush)) != 0) fresh[s] = false;
    if ((flag & kReset) != 0 && (flag & kActive) == 0) fresh[s] = true;
    if ((flag & kEnd) != 0) fresh[s] = true;
    script.flags.push_back(static_cast<std::uint8_t>(flag));
  }
  for (const ValueId value : plan.graph->inputs) {
    const int needed = plan.graph->producer(value).attribute<bool>("once") ? kReset : kActive;
    auto& rows = script.inputs.emplace_back();
    for (int i = 0; i < ticks * streams; ++i) {
      if ((script.flags[i] & needed) == 0) continue;
      rows[{i / static_cast<int>(streams), i % static_cast<int>(streams)}] =
          random_floats(element_count(plan.shape(value)), random);
    }
  }
  return script;
}

TEST(Export, EveryOpComputesInTheEngineWhatItDoesHere) {
  SKIP_WITHOUT_NODE();
  Stepping stepping;
  for (const ExportCase& c : export_cases()) {
    const auto model = model_of(c.build);
    runtime::Program program(model, "main");
    for (const bool gaps : {false, true}) {
      const Script script =
          make_script(program.plan(), {.ticks = 20, .streams = 3, .gaps = gaps, .seed = gaps ? 6U : 5U});
      stepping.add(model, program, script, Carried::kByTheEngine, {.input_presence = gaps});
    }
    stepping.add(model, program, anything_goes(program.plan(), 30, 3), Carried::kByTheEngine);
  }
  const auto differences = stepping.differences();
  for (std::size_t i = 0; i < differences.size(); ++i) {
    SCOPED_TRACE(export_cases()[i / 3].name);
    expect_agreement(differences[i]);
  }
}

TEST(Export, KnowsEveryOpThatHasAStep) {
  std::set<std::string> seen{"final", "reverse"};
  for (const ExportCase& c : export_cases()) {
    const auto model = model_of(c.build);
    for (const graph::Node& node : model->graphs[0].nodes) seen.insert(node.op);
  }
  std::set<std::string> all;
  for (const graph::OpDefinition& op : graph::all_ops()) all.insert(op.name);
  EXPECT_EQ(seen, all);
}

// A recurrent model with an output that comes late, to read its file.
std::shared_ptr<graph::Model> described() {
  const auto model = model_of([](Builder& b) {
    const ValueId x = b.input("frame", {2});
    b.output("scores", layers::add(b, "sum", x, b.previous("before", x)));
    b.output("ending", b.node("last", "newest", {x}).front());
  });
  model->name = "small";
  model->labels = {"left", "right"};
  model->inputs["frame"] = {.fps = 10, .mean = {1.5}};
  return model;
}

TEST(Export, WritesStatesFlagsAndWhatAUserMustKnow) {
  const auto file = onnx::parse_model(onnx::export_onnx(*described(), "main"), "test");
  std::vector<std::string> inputs, outputs;
  for (const auto& input : file.graph().input()) inputs.push_back(input.name());
  for (const auto& output : file.graph().output()) outputs.push_back(output.name());
  EXPECT_THAT(inputs, UnorderedElementsAre("frame", "active", "reset", "end", "state.clock.ticks", "state.clock.frames",
                                           "state.before", "state.before.count", "state.newest", "state.newest.count"));
  EXPECT_THAT(outputs, UnorderedElementsAre("scores", "ending.present", "ending", "state.clock.ticks.next",
                                            "state.clock.frames.next", "state.before.next", "state.before.count.next",
                                            "state.newest.next", "state.newest.count.next"));
  EXPECT_EQ(file.opset_import_size(), 1);
  for (const auto& node : file.graph().node()) EXPECT_EQ(node.domain(), "") << node.op_type();
  std::map<std::string, std::string> metadata;
  for (const auto& entry : file.metadata_props()) metadata[entry.key()] = entry.value();
  using Json = nlohmann::json;
  EXPECT_EQ(Json::parse(metadata["longtake.labels"]), Json({"left", "right"}));
  EXPECT_EQ(Json::parse(metadata["longtake.inputs"])["frame"]["fps"], 10);
  const Json step = Json::parse(metadata["longtake.step"]);
  EXPECT_EQ(step["states"]["state.before"], Json::parse(R"({"next": "state.before.next", "dtype": "float32",
                                                            "shape": [2], "initial": 0})"));
  EXPECT_EQ(step["outputs"]["scores"]["lag"], 0);
  EXPECT_THAT(file.doc_string(), HasSubstr("state.X.next"));
}

// GridSample came with version 16 of the operators, and that with version 8 of the format.
TEST(Export, NeedsANewerEngineForWarpingOnly) {
  const auto plain = onnx::parse_model(onnx::export_onnx(*described(), "main"), "test");
  EXPECT_EQ(plain.opset_import(0).version(), 13);
  EXPECT_EQ(plain.ir_version(), 7);
  const auto warping = model_of([](Builder& b) {
    b.output("y", layers::warp(b, "w", b.input("x", {1, 2, 2}), b.input("flow", {2, 2, 2})));
  });
  const auto newer = onnx::parse_model(onnx::export_onnx(*warping, "main"), "test");
  EXPECT_EQ(newer.opset_import(0).version(), 16);
  EXPECT_EQ(newer.ir_version(), 8);
}

TEST(Export, IsTheSameBytesEveryTime) {
  EXPECT_EQ(onnx::export_onnx(*described(), "main"), onnx::export_onnx(*described(), "main"));
}

// --- What is refused
// ---------------------------------------------------------------------------------------------------

template <class Exception>
std::string message_of(const graph::Model& model, const std::string& graph = "main") {
  try {
    onnx::export_onnx(model, graph);
  } catch (const Exception& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TEST(Export, RefusesWhatNeedsWholeSequences) {
  for (const char* op : {"final", "reverse"}) {
    const auto model = model_of([&](Builder& b) { b.output("y", b.node(op, "turned", {b.input("x", {2})}).front()); });
    EXPECT_THAT(message_of<Unsupported>(*model),
                HasSubstr(std::string("op ") + op + " 'turned' needs whole sequences"));
  }
}

TEST(Export, RefusesAModelWithoutItsNumbers) {
  const auto model = model_of([](Builder& b) { b.output("y", layers::linear(b, "l", b.input("x", {2}), 3)); });
  model->weights.erase("l.bias");
  EXPECT_THAT(message_of<InvalidArgument>(*model), HasSubstr("parameter 'l.bias' of op linear 'l' has no numbers"));
}

TEST(Export, RefusesNamesThatMeanTwoThings) {
  const auto model = model_of([](Builder& b) { b.output("y", layers::relu(b, "r", b.input("reset", {2}))); });
  EXPECT_THAT(message_of<InvalidArgument>(*model), HasSubstr("'reset'"));
}

TEST(Export, NamesTheGraphsThereAre) {
  EXPECT_THAT(message_of<InvalidArgument>(*described(), "mian"), HasSubstr("main"));
}

// --- The comparison
// ----------------------------------------------------------------------------------------------------

TEST(Export, AWrongNumberIsSeen) {
  SKIP_WITHOUT_NODE();
  const auto model = model_of([](Builder& b) { b.output("y", layers::linear(b, "l", b.input("x", {2}), 3)); });
  runtime::Program program(model, "main");
  graph::Model other = *model;
  other.weights.at("l.bias").data<float>()[1] += 0.01F;
  const auto right = onnx::check_export(program, onnx::export_onnx(*model, "main"), 3);
  const auto wrong = onnx::check_export(program, onnx::export_onnx(other, "main"), 3);
  EXPECT_TRUE(right.carried[2].agrees());
  EXPECT_FALSE(wrong.from_equal_state[2].agrees());
  EXPECT_NEAR(wrong.from_equal_state[2].greatest, 0.01, 1e-4);
  EXPECT_EQ(wrong.carried[2].where, "y");
}

TEST(Export, AnEngineThatRefusesTheFileSaysWhy) {
  SKIP_WITHOUT_NODE();
  const onnx::EngineRun run{std::vector<std::byte>(10, std::byte{7}), {{}}};
  EXPECT_THROW(onnx::run_in_engine(std::span(&run, 1)), Error);
}

}  // namespace
}  // namespace longtake::test
