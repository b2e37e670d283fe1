#include "graph/model_file.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "base/faulty_files.h"
#include "base/safetensors.h"
#include "graph/small_graphs.h"
#include "graph/weight_format.h"
#include "longtake/error.h"

namespace longtake::graph {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::ThrowsMessage;

// Two graphs and a binding, every kind of attribute, feedback, regions: all that a file holds.
Model rich_model() {
  Model model;
  model.name = "rich";
  model.task = "test";
  {
    Builder b(model, "encode");
    const auto conv = layers::conv2d(b, "conv", b.input("frame", {3, 8, 8}), {.channels = 4, .stride = 2, .pad = 1});
    const auto normalised = layers::lrn(b, "norm", layers::max_pool(b, "pool", conv, {.ceil = true}));
    const auto lstm =
        layers::lstm(b, "lstm", layers::flatten(b, "flat", normalised), {.hidden_size = 3, .peepholes = true});
    b.output("state", b.node("last", "state", {lstm.hidden})[0]);
    b.finish();
  }
  {
    Builder b(model, "forecast");
    const auto start = b.input("start", {3}, true);
    const auto previous = b.input("previous", {3});
    const auto lstm = layers::lstm(b, "decoder", previous, {.hidden_size = 3, .initial_hidden = start});
    b.output("next", layers::dropout(b, "drop", lstm.hidden, 0.25));
    b.feedback("next", "previous");
    b.finish();
  }
  model.bindings.push_back({"encode", "state", "forecast", "start"});
  model.labels = {"walk", "r\xc3\xbcn"};
  model.inputs["frame"] = {.fps = 12.5, .width = 8, .height = 8, .colour = "bgr", .mean = {103.939, 116.779, 128.68}};
  model.protocol["clip"] = "16";
  model.provenance["licence"] = "CC-BY-4.0";
  initialise(model, 7);
  return model;
}

TEST(ModelFile, RoundTripsToTheSameBytes) {
  const auto bytes = model_to_bytes(rich_model());
  const Model loaded = model_from_bytes(bytes, "memory");
  EXPECT_EQ(model_to_bytes(loaded), bytes);
  EXPECT_EQ(loaded.inputs.at("frame"), rich_model().inputs.at("frame"));
  EXPECT_EQ(loaded.labels[1], "r\xc3\xbcn");
}

TEST(ModelFile, HoldsMatricesInFewerBits) {
  const std::size_t whole = model_to_bytes(rich_model()).size();
  for (WeightFormat format : {WeightFormat::kFloat16, WeightFormat::kInt8}) {
    Model model = rich_model();
    set_weight_format(model, format);
    const auto bytes = model_to_bytes(model);
    EXPECT_LT(bytes.size(), whole);
    const Model loaded = model_from_bytes(bytes, "memory");
    EXPECT_EQ(loaded.weight_format, format);
    for (const auto& [name, weight] : model.weights) {
      const auto expected = weight.data<float>();
      EXPECT_THAT(loaded.weights.at(name).data<float>(), testing::Pointwise(testing::FloatEq(), expected)) << name;
    }
    EXPECT_EQ(model_to_bytes(loaded), bytes);
  }
}

// A file may not hold its weights otherwise than it says.
TEST(ModelFile, RefusesMatricesInAnotherFormatThanItsOwn) {
  SafetensorsFile file;
  Model model = rich_model();
  const auto says = [&](WeightFormat format) {
    model.weight_format = format;
    file.metadata["longtake"] = model_to_json(model);
    return write_safetensors(file);
  };
  file.tensors = model.weights;
  const auto refused = [](const std::string& what) { return ThrowsMessage<BadData>(HasSubstr(what)); };
  EXPECT_THAT([&] { model_from_bytes(says(WeightFormat::kFloat16), "x"); }, refused("is not stored as float16"));
  EXPECT_THAT([&] { model_from_bytes(says(WeightFormat::kInt8), "x"); }, refused("is not stored as int8"));
  file.stored[*matrices_of(model).begin()] = Stored::kHalf;
  EXPECT_THAT([&] { model_from_bytes(says(WeightFormat::kFloat32), "x"); }, refused("is not stored as float32"));
  model = rich_model();
  for (const std::string& name : matrices_of(model)) file.stored[name] = Stored::kByte;
  EXPECT_THAT([&] { model_from_bytes(says(WeightFormat::kInt8), "x"); }, refused("or its scales, are missing"));
}

TEST(ModelFile, RefusesScalesThatAreNone) {
  Model model = rich_model();
  set_weight_format(model, WeightFormat::kInt8);
  const std::string name = *matrices_of(model).begin();
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), -1.0f}) {
    SafetensorsFile file = read_safetensors(model_to_bytes(model), "memory", NarrowNumbers::kWiden);
    file.tensors.at(name + ".scale").data<float>()[0] = bad;
    EXPECT_THAT([&] { model_from_bytes(write_safetensors(file), "x"); },
                ThrowsMessage<BadData>(HasSubstr("'" + name + "': a scale of its rows is negative or not finite")));
  }
  SafetensorsFile file = read_safetensors(model_to_bytes(model), "memory", NarrowNumbers::kWiden);
  file.tensors.at(name).data<float>()[0] = -128;
  EXPECT_THAT([&] { model_from_bytes(write_safetensors(file), "x"); }, ThrowsMessage<BadData>(HasSubstr("holds -128")));
}

TEST(ModelFile, KeepsAParameterThatIsCalledAsScalesAre) {
  Model model;
  Builder b(model, "main");
  b.output("y", layers::linear(b, "fc", b.input("x", {3}), 2, {.bias = false}));
  b.finish();
  model.parameters.push_back({"fc.weight.scale", {1}});
  initialise(model, 1);
  model.weight_format = WeightFormat::kInt8;
  EXPECT_THAT([&] { model_to_bytes(model); },
              ThrowsMessage<InvalidArgument>(HasSubstr("would take the name of parameter 'fc.weight.scale'")));
}

// What is below the range of float's normal numbers is as good as zero, in the file as in the kernel.
TEST(WeightFormat, RowsOfDenormalsBecomeZero) {
  const ByteWeights bytes = to_bytes(Tensor::from<float>({2, 2}, {2.7e-43f, -1e-43f, 0.5f, -1.0f}));
  EXPECT_THAT(bytes.numbers.data<float>(), testing::ElementsAre(0, 0, 64, -127));
  EXPECT_EQ(bytes.scales.data<float>()[0], 0);
}

TEST(ModelFile, HoldsHowFlowIsMeasured) {
  Model model = rich_model();
  InputSpec& spec = model.inputs["frame"];
  spec = {.fps = 1, .flow = "tvl1", .flow_coding = "snippets", .flow_fps = 15};
  EXPECT_EQ(model_from_bytes(model_to_bytes(model), "memory").inputs.at("frame"), spec);
  spec.flow = "";  // pictures: nothing is said of flow
  EXPECT_EQ(model_from_bytes(model_to_bytes(model), "memory").inputs.at("frame").flow_coding, "lrcn");
}

std::string file_complaint(const std::function<void(SafetensorsFile&)>& spoil) {
  SafetensorsFile file = read_safetensors(model_to_bytes(rich_model()), "memory");
  spoil(file);
  try {
    model_from_bytes(write_safetensors(file), "bad.safetensors");
  } catch (const BadData& error) {
    return error.what();
  }
  return "";
}

void replace(SafetensorsFile& file, const std::string& from, const std::string& to) {
  std::string& json = file.metadata["longtake"];
  const auto at = json.find(from);
  ASSERT_NE(at, std::string::npos) << from;
  json.replace(at, from.size(), to);
}

TEST(ModelFile, RefusesInputSpecsThatAreNotFinite) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const auto& [spec, key] :
       std::vector<std::pair<InputSpec, std::string>>{{{.fps = std::nan("")}, "fps"},
                                                      {{.mean = {0, infinity, 0}}, "mean"},
                                                      {{.scale = {1, 1, -infinity}}, "scale"},
                                                      {{.flow = "dis", .flow_fps = infinity}, "flow_fps"}}) {
    Model model = rich_model();
    model.inputs["frame"] = spec;
    const auto write = [&model = model] { model_to_bytes(model); };
    EXPECT_THAT(write, ThrowsMessage<InvalidArgument>(StartsWith(key + " of input 'frame'")));
  }
  // JSON has no word for such numbers; these are what a careless writer puts in their place.
  for (const char* number : {"1e999", "-1e999", "null", "NaN", "Infinity"}) {
    const auto fps = [&](auto& f) { replace(f, "\"fps\":12.5", fmt::format("\"fps\":{}", number)); };
    const auto mean = [&](auto& f) { replace(f, "\"mean\":[103.939", fmt::format("\"mean\":[{}", number)); };
    EXPECT_THAT(file_complaint(fps), HasSubstr("not valid")) << number;
    EXPECT_THAT(file_complaint(mean), HasSubstr("not valid")) << number;
  }
}

TEST(ModelFile, SaysWhichVersionItNeeds) {
  SafetensorsFile file = read_safetensors(model_to_bytes(rich_model()), "memory");
  std::string& json = file.metadata["longtake"];
  json.replace(json.find("\"version\":1"), 11, "\"version\":9");
  try {
    model_from_bytes(write_safetensors(file), "new.safetensors");
    FAIL();
  } catch (const BadData& error) {
    EXPECT_THAT(error.what(), HasSubstr("new.safetensors"));
    EXPECT_THAT(error.what(), HasSubstr("version 9"));
    EXPECT_THAT(error.what(), HasSubstr("newer longtake is needed"));
  }
}

TEST(ModelFile, NamesWhatIsWrong) {
  EXPECT_THAT(file_complaint([](auto& f) { f.metadata.erase("longtake"); }), HasSubstr("not a longtake model"));
  EXPECT_THAT(file_complaint([](auto& f) { f.tensors.erase("conv.weight"); }), HasSubstr("'conv.weight' is missing"));
  EXPECT_THAT(file_complaint([](auto& f) { f.tensors["conv.bias"] = Tensor(DType::kFloat32, {5}); }),
              HasSubstr("'conv.bias' is [5]"));
  EXPECT_THAT(file_complaint([](auto& f) { f.tensors["extra"] = Tensor(DType::kFloat32, {1}); }), HasSubstr("'extra'"));
  EXPECT_THAT(file_complaint([](auto& f) { replace(f, "\"op\":\"lrn\"", "\"op\":\"lrx\""); }), HasSubstr("op 'lrx'"));
  EXPECT_THAT(file_complaint([](auto& f) { replace(f, "\"op\":\"lrn\"", "\"op\":\"conv_lstm_step\""); }),
              HasSubstr("op 'conv_lstm_step'"));
  EXPECT_THAT(file_complaint([](auto& f) { replace(f, "\"groups\":1", "\"groups\":0"); }),
              HasSubstr("bad.safetensors"));
  EXPECT_THAT(file_complaint([](auto& f) { replace(f, "\"inputs\":[0]", "\"inputs\":[999]"); }),
              HasSubstr("unknown value"));
  EXPECT_THAT(file_complaint([](auto& f) { replace(f, "\"from_output\":\"state\"", "\"from_output\":\"gone\""); }),
              HasSubstr("'gone'"));
  EXPECT_THAT(file_complaint([](auto& f) { f.metadata["longtake"] = "{"; }), HasSubstr("not valid"));
}

// Any single character of the description may be anything: the file loads or is refused, nothing else.
TEST(ModelFile, SurvivesAnyChangedCharacter) {
  const SafetensorsFile good = read_safetensors(model_to_bytes(rich_model()), "memory");
  const std::string json = good.metadata.at("longtake");
  for (std::size_t at = 0; at < json.size(); at += 13) {
    for (const char c : {'9', '-', '"', '}', 'x'}) {
      SafetensorsFile file = good;
      file.metadata["longtake"][at] = c;
      std::vector<std::byte> bytes;
      try {
        bytes = write_safetensors(file);
      } catch (const InvalidArgument&) {
        continue;  // no longer UTF-8, which the container refuses to write
      }
      try {
        model_from_bytes(bytes, "memory");
      } catch (const BadData&) {
      }
    }
  }
}

TEST(ModelFile, AFailedSaveLeavesTheOldFile) {
  const std::string path = ::testing::TempDir() + "model_file_test.safetensors";
  Model model = rich_model();
  save_model(model, path);
  const auto before = model_to_bytes(load_model(path));
  model.labels[0] = "sit";
  int failures = 0;
  for (const Fault fault : {Fault::kNoSpace, Fault::kShortWrite, Fault::kPowerLoss}) {
    for (int n = 0;; ++n) {
      const FaultyFiles faulty(fault, n);
      bool thrown = false;
      try {
        save_model(model, path, faulty);
      } catch (const IoError&) {
        thrown = true;
      }
      if (!faulty.failed()) break;
      failures += thrown;
      const Model now = load_model(path);
      EXPECT_TRUE(model_to_bytes(now) == before || now.labels[0] == "sit");
    }
  }
  EXPECT_GT(failures, 9);
  EXPECT_EQ(load_model(path).labels[0], "sit");
  std::filesystem::remove(path);
}

TEST(Initialise, DependsOnTheSeedAndTheNameAlone) {
  Model one = rich_model();
  Model other = rich_model();
  other.weights.erase("conv.weight");
  initialise(other, 7);
  EXPECT_EQ(one.weights.at("conv.weight"), other.weights.at("conv.weight"));
  other.weights.erase("conv.weight");
  initialise(other, 8);
  EXPECT_FALSE(one.weights.at("conv.weight") == other.weights.at("conv.weight"));
}

TEST(Initialise, OrthogonalRowsAreOrthonormalPerGate) {
  Model model;
  Builder b(model, "main");
  layers::lstm(b, "lstm", b.input("x", {3}), {.hidden_size = 6, .forget_bias = 1});
  b.finish();
  initialise(model, 1);
  const auto weight = model.weights.at("lstm.hidden.weight").data<float>();
  for (int gate = 0; gate < 4; ++gate) {
    for (int i = 0; i < 6; ++i) {
      for (int j = 0; j < 6; ++j) {
        double dot = 0;
        for (int k = 0; k < 6; ++k) dot += weight[(gate * 6 + i) * 6 + k] * weight[(gate * 6 + j) * 6 + k];
        EXPECT_NEAR(dot, i == j ? 1 : 0, 1e-6);
      }
    }
  }
  const auto bias = model.weights.at("lstm.input.bias").data<float>();
  EXPECT_EQ(bias[5], 0);
  EXPECT_EQ(bias[6], 1);
  EXPECT_EQ(bias[12], 0);
}

}  // namespace
}  // namespace longtake::graph
