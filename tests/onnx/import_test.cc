// Bad files are refused with a message that helps; taps, batch norm and the table of the documentation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <regex>

#include "base/temporary_directory.h"
#include "longtake/error.h"
#include "onnx/encoder.h"
#include "onnx/format.h"
#include "onnx/import.h"
#include "runtime/program.h"

namespace longtake::test {
namespace {

using onnx::Axes;
using onnx::Axis;
using testing::HasSubstr;

namespace format = onnx_format;

void add_weight(format::GraphProto& graph, const std::string& name, const Shape& shape, float first) {
  auto& tensor = *graph.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(format::TensorProto::FLOAT);
  for (std::int64_t size : shape) tensor.add_dims(size);
  for (std::int64_t i = 0; i < element_count(shape); ++i) tensor.add_float_data(first + 0.25F * static_cast<float>(i));
}

format::NodeProto& add_node(format::GraphProto& graph, const std::string& op, const std::vector<std::string>& inputs,
                            const std::string& output) {
  auto& node = *graph.add_node();
  node.set_op_type(op);
  node.set_name("the " + op);
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output(output);
  return node;
}

void set_integer(format::NodeProto& node, const std::string& key, std::int64_t value) {
  auto& attribute = *node.add_attribute();
  attribute.set_name(key);
  attribute.set_type(format::AttributeProto::INT);
  attribute.set_i(value);
}

// x [n, 2, 4, 4] -> Conv -> BatchNormalization -> Relu -> y
format::ModelProto small_network() {
  format::ModelProto model;
  model.add_opset_import()->set_version(13);
  auto& graph = *model.mutable_graph();
  auto& input = *graph.add_input();
  input.set_name("x");
  auto& type = *input.mutable_type()->mutable_tensor_type();
  type.set_elem_type(format::TensorProto::FLOAT);
  type.mutable_shape()->add_dim()->set_dim_param("n");
  for (std::int64_t size : {2, 4, 4}) type.mutable_shape()->add_dim()->set_dim_value(size);
  add_weight(graph, "w", {3, 2, 1, 1}, -0.5);
  for (const char* name : {"scale", "shift", "mean", "variance"}) add_weight(graph, name, {3}, 0.5);
  add_node(graph, "Conv", {"x", "w"}, "map");
  add_node(graph, "BatchNormalization", {"map", "scale", "shift", "mean", "variance"}, "normed");
  add_node(graph, "Relu", {"normed"}, "y");
  graph.add_output()->set_name("y");
  return model;
}

onnx::OnnxFile parse(const format::ModelProto& model) {
  return onnx::OnnxFile::parse(onnx::serialise(model), "small.onnx");
}

struct Read {
  std::shared_ptr<graph::Model> model;
  std::vector<Shape> shapes;
};

Read import_model(const format::ModelProto& proto, const std::vector<std::string>& taps = {}, bool frozen = true,
                  const Shape& frame = {2, 4, 4}) {
  Read read{std::make_shared<graph::Model>(), {}};
  graph::Builder b(*read.model, "main");
  Axes axes(frame.size() + 1, Axis::kData);
  axes[0] = Axis::kRow;
  const auto imported =
      onnx::import_graph(parse(proto), b, {{"x", {b.input("frame", frame), axes}}}, taps, {.frozen = frozen});
  for (std::size_t i = 0; i < imported.taps.size(); ++i) {
    b.output("tap" + std::to_string(i), imported.taps[i].value);
    read.shapes.push_back(b.shape(imported.taps[i].value));
  }
  b.finish();
  read.model->weights = imported.weights;
  return read;
}

template <class E>
void expect_error(const std::function<void(format::ModelProto&)>& change, const std::string& message) {
  format::ModelProto model = small_network();
  change(model);
  try {
    import_model(model);
    FAIL() << "no error: " << message;
  } catch (const E& error) {
    EXPECT_THAT(error.what(), HasSubstr(message));
    EXPECT_THAT(error.what(), HasSubstr("small.onnx"));
  }
}

TEST(OnnxImport, RefusesFilesThatContradictThemselves) {
  using M = format::ModelProto;
  expect_error<BadData>([](M& m) { m.mutable_graph()->mutable_node(0)->set_input(1, "nothing"); }, "nothing before it");
  expect_error<BadData>([](M& m) { m.mutable_graph()->mutable_node(0)->set_input(0, "y"); }, "nothing before it");
  expect_error<BadData>([](M& m) { m.mutable_graph()->mutable_node(1)->set_output(0, "map"); }, "given twice");
  expect_error<BadData>([](M& m) { m.mutable_graph()->mutable_output(0)->set_name("z"); }, "no node makes");
  expect_error<BadData>([](M& m) { m.mutable_graph()->mutable_initializer(0)->set_dims(0, 4); }, "needs 8");
  expect_error<BadData>([](M& m) { m.mutable_graph()->mutable_initializer(0)->set_dims(0, -3); }, "negative");
  expect_error<BadData>([](M& m) { m.mutable_graph()->mutable_initializer(0)->set_dims(0, std::int64_t{1} << 40); },
                        "2^30");
  expect_error<BadData>([](M& m) { m.mutable_graph()->mutable_initializer(0)->set_name("\xff\xfe"); }, "not a text");
  expect_error<BadData>([](M& m) { m.mutable_graph()->mutable_initializer(1)->set_dims(0, 1); }, "needs 1");
  expect_error<BadData>([](M& m) { m.clear_graph(); }, "holds no graph");
  expect_error<BadData>(
      [](M& m) {
        auto& tensor = *m.mutable_graph()->mutable_initializer(0);
        tensor.set_data_type(format::TensorProto::INT64);
        tensor.clear_float_data();
        for (int i = 0; i < 6; ++i) tensor.add_int64_data(i);
      },
      "floating-point");
}

TEST(OnnxImport, NamesWhatIsNotSupportedAndWhatToDo) {
  using M = format::ModelProto;
  expect_error<Unsupported>([](M& m) { m.mutable_graph()->mutable_node(2)->set_op_type("Erf"); },
                            "Erf 'the Relu': this op is not supported");
  expect_error<Unsupported>([](M& m) { m.mutable_graph()->mutable_node(2)->set_domain("com.example"); }, "com.example");
  expect_error<Unsupported>([](M& m) { set_integer(*m.mutable_graph()->mutable_node(2), "surprise", 1); },
                            "the attribute 'surprise' is not supported; export the model without it");
  expect_error<Unsupported>([](M& m) { m.mutable_opset_import(0)->set_version(5); }, "6 to 21");
  expect_error<Unsupported>(
      [](M& m) {
        m.mutable_graph()->mutable_initializer(0)->set_data_location(format::TensorProto::EXTERNAL);
        m.mutable_graph()->mutable_initializer(0)->clear_float_data();
      },
      "in another file");
  expect_error<Unsupported>([](M& m) { set_integer(*m.mutable_graph()->mutable_node(1), "training_mode", 1); },
                            "export the model in evaluation mode");
  EXPECT_THROW(onnx::OnnxFile::parse(std::as_bytes(std::span("not protobuf at all", 19)), "x"), BadData);
}

TEST(OnnxImport, TellsWhenFramesAreOfAnotherSize) {
  try {
    import_model(small_network(), {}, true, {3, 4, 4});
    FAIL();
  } catch (const BadData& error) {
    EXPECT_THAT(error.what(), HasSubstr("'x' is [-1, 2, 4, 4]"));
    EXPECT_THAT(error.what(), HasSubstr("each frame is [3, 4, 4]"));
  }
}

TEST(OnnxImport, TapsSeveralTensorsAndSuggestsNames) {
  const Read read = import_model(small_network(), {"map", "y"});
  EXPECT_EQ(read.shapes, (std::vector<Shape>{{3, 4, 4}, {3, 4, 4}}));
  try {
    import_model(small_network(), {"normd"});
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("normed"));
  }
}

std::set<std::string> ops_of(const Read& read) {
  std::set<std::string> ops;
  for (const graph::Node& node : read.model->graphs[0].nodes) ops.insert(node.op);
  return ops;
}

std::vector<float> run(const Read& read) {
  runtime::Program program(read.model, "main");
  graph::Chunk chunk{1, 1, {graph::kActive | graph::kReset}, {}};
  Tensor frame(DType::kFloat32, {1, 2, 4, 4});
  for (std::int64_t i = 0; i < frame.count(); ++i) frame.data<float>()[i] = 0.3F * static_cast<float>(i % 7) - 0.8F;
  chunk.inputs.push_back({frame, {}});
  State state = program.initial_state(1);
  graph::Outputs outputs;
  program.run(chunk, state, outputs);
  const auto values = outputs[0].data.data<float>();
  return {values.begin(), values.end()};
}

TEST(OnnxImport, FoldsBatchNormWhereFrozenAndKeepsItWhereItLearns) {
  const Read frozen = import_model(small_network()), learning = import_model(small_network(), {}, false);
  EXPECT_EQ(ops_of(frozen), (std::set<std::string>{"input", "conv2d", "relu"}));
  EXPECT_EQ(ops_of(learning), (std::set<std::string>{"input", "conv2d", "batch_norm", "relu"}));
  EXPECT_EQ(frozen.model->parameter_count(), 0);
  EXPECT_EQ(learning.model->parameter_count(), 6 + 2 * 3);  // weight, scale and shift
  EXPECT_THAT(run(frozen), testing::Pointwise(testing::FloatNear(1e-6F), run(learning)));
  // A tensor that is looked at between the two keeps them apart.
  EXPECT_EQ(ops_of(import_model(small_network(), {"map", "y"})).count("batch_norm"), 1U);
}

// relu((w x - mean) / sqrt(variance + epsilon) scale + shift) of the first place, by hand.
TEST(OnnxImport, GivesTheNumbersOfTheFile) {
  const double x0 = -0.8, x1 = 0.3 * (16 % 7) - 0.8;
  const double map = 0.5 * x0 + 0.75 * x1;  // the third row of w: -0.5 + 0.25 * (4, 5)
  const double wanted = (map - 1.0) / std::sqrt(1.0 + 1e-5) * 1.0 + 1.0;
  EXPECT_NEAR(run(import_model(small_network()))[2 * 16], std::max(0.0, wanted), 1e-6);
}

class EncoderFile : public testing::Test {
 protected:
  EncoderFile() { real_files().write_atomic(directory_.path() / "small.onnx", onnx::serialise(small_network())); }

  std::vector<graph::ValueId> encode(const std::string& tensors, layers::Taps taps, const std::string& options = "",
                                     const Shape& frame = {2, 4, 4}) {
    const Options table = parse_toml(options, "options");
    return onnx::add_encoder(b_, (directory_.path() / "small.onnx").string() + tensors, table, b_.input("frame", frame),
                             taps, read_);
  }

  TemporaryDirectory directory_;
  graph::Model model_;
  graph::Builder b_{model_, "main"};
  onnx::EncoderWeights read_;
};

TEST_F(EncoderFile, GivesFeaturesAndSaysWhereTheyComeFrom) {
  EXPECT_EQ(b_.shape(encode("", layers::Taps::kFeatures).at(0)), (Shape{3 * 4 * 4}));
  EXPECT_EQ(read_.weights.count("encoder.map.weight"), 1U);
  EXPECT_THAT(read_.files.at(0), testing::MatchesRegex("small.onnx sha256 [0-9a-f]+"));
  EXPECT_EQ(model_.parameter_count(), 0);
}

TEST_F(EncoderFile, GivesLevelsAndLearnsAtItsOwnRate) {
  EXPECT_EQ(encode("#map, y", layers::Taps::kLevels, "frozen = false\nlearning_rate = 0.1").size(), 2U);
  EXPECT_EQ(model_.parameter("encoder.map.weight").learning_rate, 0.1);
}

TEST_F(EncoderFile, RefusesFramesThatDoNotFit) {
  try {
    encode("#y", layers::Taps::kMap, "", {3, 4, 4});
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("[input]: gives frames [3, 4, 4]"));
    EXPECT_THAT(error.what(), HasSubstr("takes [-1, 2, 4, 4]"));
  }
}

TEST_F(EncoderFile, RefusesSeveralTensorsWhereOneIsWanted) {
  EXPECT_THROW(encode("#map,y", layers::Taps::kFeatures), ConfigError);
}

TEST_F(EncoderFile, RefusesTensorsThatAreNotThere) {
  EXPECT_THROW(encode("#nothing", layers::Taps::kMap), ConfigError);
}

TEST(OnnxImport, DocumentsEveryOp) {
  std::ifstream file("docs/onnx.md");
  std::vector<std::string> documented;
  bool in_table = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("## ")) in_table = line.find("Operators") != std::string::npos;
    std::smatch match;
    if (in_table && std::regex_search(line, match, std::regex("^\\| `(\\w+)`"))) documented.push_back(match[1]);
  }
  std::sort(documented.begin(), documented.end());
  EXPECT_EQ(documented, onnx::supported_ops());
}

}  // namespace
}  // namespace longtake::test
