// Invariant h: sizes as published, counted without allocating a weight (specs 2.2, 2.3 and 14.3).
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <array>
#include <map>
#include <tuple>

#include "graph/inspect.h"
#include "graph/named_weights.h"
#include "models/registry.h"

namespace longtake::models {
namespace {

using testing::ElementsAre;

Purpose ucf101() {
  Purpose purpose{{.width = 320, .height = 240, .crop_width = 227, .crop_height = 227, .colour = "bgr"}, {}};
  for (int i = 1; i <= 101; ++i) purpose.labels.push_back("class" + std::to_string(i));
  return purpose;
}

graph::Model build_published(const std::string& name) {
  return build(parse_toml("name = \"" + name + "\"", "test"), ucf101());
}

graph::InspectReport report_of(const graph::Model& model) {
  EXPECT_TRUE(model.weights.empty());
  return graph::inspect(graph::make_plan(model, model.graph("main")));
}

// Learnable numbers of all layers whose name starts so.
std::int64_t parameters_of(const graph::InspectReport& report, const std::string& prefix) {
  std::int64_t sum = 0;
  for (const auto& [name, count] : report.parameters_by_layer) {
    if (name.starts_with(prefix)) sum += count;
  }
  return sum;
}

TEST(Published, LrcnHasItsParameterCounts) {
  const graph::Model model = build_published("lrcn");
  const graph::InspectReport report = report_of(model);
  EXPECT_EQ(parameters_of(report, "lstm1"), 4457472);
  EXPECT_EQ(parameters_of(report, "classifier"), 25957);
  // 227 x 227 x 3 to 4096 features: every layer by hand, maps x inputs per group x kernel + biases.
  EXPECT_EQ(parameters_of(report, "encoder.conv1"), 96 * 3 * 49 + 96);
  EXPECT_EQ(parameters_of(report, "encoder.conv2"), 384 * 48 * 25 + 384);
  EXPECT_EQ(parameters_of(report, "encoder.conv3"), 512 * 384 * 9 + 512);
  EXPECT_EQ(parameters_of(report, "encoder.conv4"), 512 * 256 * 9 + 512);
  EXPECT_EQ(parameters_of(report, "encoder.conv5"), 384 * 256 * 9 + 384);
  EXPECT_EQ(parameters_of(report, "encoder.fc6"), 4096 * 13824 + 4096);
  std::int64_t sum = 0;
  for (const auto& [name, count] : report.parameters_by_layer) sum += count;
  EXPECT_EQ(report.parameters, sum);
  EXPECT_EQ(model.parameter_count(), sum);
}

TEST(Published, CaffenetHybridHasItsMapSizes) {
  const graph::Model model = build_published("lrcn");
  std::map<std::string, Shape> shapes;
  for (const graph::LayerReport& layer : report_of(model).layers) shapes[layer.name] = layer.shape;
  EXPECT_THAT(shapes.at("frame"), ElementsAre(3, 227, 227));
  EXPECT_THAT(shapes.at("encoder.conv1"), ElementsAre(96, 111, 111));
  EXPECT_THAT(shapes.at("encoder.pool1"), ElementsAre(96, 55, 55));
  EXPECT_THAT(shapes.at("encoder.conv2"), ElementsAre(384, 26, 26));
  EXPECT_THAT(shapes.at("encoder.pool2"), ElementsAre(384, 13, 13));
  EXPECT_THAT(shapes.at("encoder.conv3"), ElementsAre(512, 13, 13));
  EXPECT_THAT(shapes.at("encoder.conv4"), ElementsAre(512, 13, 13));
  EXPECT_THAT(shapes.at("encoder.conv5"), ElementsAre(384, 13, 13));
  EXPECT_THAT(shapes.at("encoder.pool5"), ElementsAre(384, 6, 6));
  EXPECT_THAT(shapes.at("encoder.flat5"), ElementsAre(13824));
  EXPECT_THAT(shapes.at("encoder.fc6"), ElementsAre(4096));
  EXPECT_THAT(shapes.at("lstm1.gates"), ElementsAre(256));
  EXPECT_THAT(shapes.at("classifier"), ElementsAre(101));
}

TEST(Published, TheSingleFrameBaselineHasFc7AndNoMemoryButItsMean) {
  const graph::Model model = build_published("single_frame");
  const graph::InspectReport report = report_of(model);
  EXPECT_EQ(parameters_of(report, "fc7"), 4096 * 4096 + 4096);
  EXPECT_EQ(parameters_of(report, "classifier"), 4096 * 101 + 101);
  EXPECT_TRUE(report.loops.empty());
}

TEST(Published, LrcnIsTestedAsThePaperDoes) {
  const graph::Model model = build_published("lrcn");
  EXPECT_EQ(model.protocol.at("clip"), "16");
  EXPECT_EQ(model.protocol.at("stride"), "8");
  EXPECT_EQ(model.protocol.at("crops"), "10");
}

graph::Model build_gru_rcn(const std::string& options) {
  Purpose purpose = ucf101();
  purpose.input.crop_width = purpose.input.crop_height = 224;
  return build(parse_toml("name = \"gru_rcn\"\n" + options, "test"), purpose);
}

// Specs 7.1: levels pool2 to fc7 of VGG-16, hidden maps 64, 128, 256, 256, 512, without biases.
TEST(Published, GruRcnHasItsParameterCounts) {
  const graph::InspectReport report = report_of(build_gru_rcn(""));
  EXPECT_EQ(parameters_of(report, "gru1"), 331776);
  EXPECT_EQ(parameters_of(report, "gru2"), 1327104);
  EXPECT_EQ(parameters_of(report, "gru3"), 5308416);
  EXPECT_EQ(parameters_of(report, "gru4"), 5308416);
  EXPECT_EQ(parameters_of(report, "gru5"), 7077888);
  EXPECT_EQ(parameters_of(report, "gru"), 19353600);
  EXPECT_EQ(parameters_of(report_of(build_gru_rcn("stacked = true")), "gru"), 19353600 + 2179072);
  const graph::InspectReport both = report_of(build_gru_rcn("bidirectional = true"));
  EXPECT_EQ(parameters_of(both, "gru"), 2 * 19353600);
  EXPECT_FALSE(both.causal);
  EXPECT_TRUE(both.whole_sequences);
}

// 138,357,544 parameters of configuration D (1409.1556, table 2) without the 4096 x 1000 + 1000 of the last layer.
TEST(Published, Vgg16HasItsParameterCount) {
  EXPECT_EQ(parameters_of(report_of(build_gru_rcn("")), "encoder"), 138357544 - 4097000);
}

// AlexNet with two groups has 60,965,224 parameters, of which fc8 has 4096 x 1000 + 1000.
TEST(Published, CaffenetHasItsParameterCount) {
  EXPECT_EQ(parameters_of(report_of(build_published("deep_lstm")), "encoder"), 60965224 - 4097000);
}

// Five layers of 512 cells with three peepholes each (specs 1.2: 4 H (D + H) + 4 H + 3 H).
TEST(Published, DeepLstmHasItsParameterCounts) {
  const graph::InspectReport report = report_of(build_published("deep_lstm"));
  const auto layer = [](std::int64_t in) { return 4 * 512 * (in + 512) + 7 * 512; };
  EXPECT_EQ(parameters_of(report, "lstm1"), layer(4096));
  EXPECT_EQ(parameters_of(report, "lstm"), layer(4096) + 4 * layer(512));
}

// GoogLeNet without auxiliary classifiers has 6,998,552 parameters with its 1024 x 1000 + 1000 classifier.
TEST(Published, GooglenetHasItsParameterCount) {
  const graph::Model model =
      build(parse_toml("name = \"single_frame\"\nencoder = \"googlenet\"", "test"),
            {{.width = 256, .height = 256, .crop_width = 224, .crop_height = 224, .colour = "bgr"}, {"one", "other"}});
  const graph::InspectReport report = report_of(model);
  EXPECT_EQ(parameters_of(report, "encoder"), 6998552 - 1025000);
  std::map<std::string, Shape> shapes;
  for (const graph::LayerReport& layer : report.layers) shapes[layer.name] = layer.shape;
  EXPECT_THAT(shapes.at("encoder.inception_5b.output"), ElementsAre(1024, 7, 7));
}

// The names of the published Caffe network, classifier included.
TEST(Published, GooglenetTakesWeightsByTheNamesOfCaffe) {
  graph::Model model = build(parse_toml("name = \"single_frame\"\nencoder = \"googlenet\"", "test"),
                             {{.width = 224, .height = 224, .colour = "bgr"}, {"one", "other"}});
  std::map<std::string, Tensor> published{{"loss3/classifier.weight", Tensor(DType::kFloat32, {1000, 1024})}};
  const auto layer = [&](const std::string& name, std::int64_t out, std::int64_t in, std::int64_t kernel) {
    published[name + ".weight"] = Tensor(DType::kFloat32, {out, in, kernel, kernel});
    published[name + ".bias"] = Tensor(DType::kFloat32, {out});
  };
  layer("conv1/7x7_s2", 64, 3, 7);
  layer("conv2/3x3_reduce", 64, 64, 1);
  layer("conv2/3x3", 192, 64, 3);
  // Table 1 of 1409.4842.
  const std::vector<std::tuple<std::string, std::array<std::int64_t, 7>>> blocks{
      {"3a", {192, 64, 96, 128, 16, 32, 32}},     {"3b", {256, 128, 128, 192, 32, 96, 64}},
      {"4a", {480, 192, 96, 208, 16, 48, 64}},    {"4b", {512, 160, 112, 224, 24, 64, 64}},
      {"4c", {512, 128, 128, 256, 24, 64, 64}},   {"4d", {512, 112, 144, 288, 32, 64, 64}},
      {"4e", {528, 256, 160, 320, 32, 128, 128}}, {"5a", {832, 256, 160, 320, 32, 128, 128}},
      {"5b", {832, 384, 192, 384, 48, 128, 128}}};
  for (const auto& [name, c] : blocks) {
    const std::string block = "inception_" + name + "/";
    layer(block + "1x1", c[1], c[0], 1);
    layer(block + "3x3_reduce", c[2], c[0], 1);
    layer(block + "3x3", c[3], c[2], 3);
    layer(block + "5x5_reduce", c[4], c[0], 1);
    layer(block + "5x5", c[5], c[4], 5);
    layer(block + "pool_proj", c[6], c[0], 1);
  }
  EXPECT_THAT(graph::take_weights(model, "encoder.", published, "published"), ElementsAre("loss3/classifier.weight"));
}

// The table of 1506.04214: six models of moving digits, to the last parameter.
TEST(Published, TheForecastersHaveTheirParameterCounts) {
  const Purpose digits{{.width = 64, .height = 64, .colour = "gray"}, {}};
  const auto parameters = [&](const std::string& recipe) {
    const graph::Model model = build(parse_toml(recipe, "test"), digits);
    EXPECT_TRUE(model.weights.empty());
    return model.parameter_count();
  };
  EXPECT_EQ(parameters("name = \"fc_lstm_forecaster\""), 142667776);
  EXPECT_EQ(parameters("name = \"conv_lstm_forecaster\""), 7585296);
  const auto convolutional = [&](const char* hidden, int input_kernel, int hidden_kernel) {
    return parameters(fmt::format("name = \"conv_lstm_forecaster\"\nhidden = {}\ninput_kernel = {}\nhidden_kernel = {}",
                                  hidden, input_kernel, hidden_kernel));
  };
  EXPECT_EQ(convolutional("[256]", 5, 5), 13524496);
  EXPECT_EQ(convolutional("[128, 128]", 5, 5), 10042896);
  EXPECT_EQ(convolutional("[128, 64, 64]", 5, 5), 7585296);
  EXPECT_EQ(convolutional("[128, 128]", 9, 1), 11550224);
  EXPECT_EQ(convolutional("[128, 64, 64]", 9, 1), 8830480);
}

// Convolutions of the HKO-7 benchmark (specs 5.3), each with its bias.
std::int64_t convolution(std::int64_t in, std::int64_t out, std::int64_t kernel) {
  return in * out * kernel * kernel + out;
}

// A level's recurrent layer from `in` maps (0: none) to states of `size`. Where products of the input and of the state
// add up, one bias serves both; of the gates and of the motion the benchmark's code has two that say the same.
std::int64_t trajectory_layer(std::int64_t in, std::int64_t size, std::int64_t links) {
  const std::int64_t motion = convolution(size, 32, 5) + convolution(32, 2 * links, 5);
  const std::int64_t state = convolution(links * size, 3 * size, 1);
  if (in == 0) return motion + state;
  return motion + state + convolution(in, 32, 5) + convolution(in, 3 * size, 3) - 32 - 2 * size;
}
std::int64_t gru_layer(std::int64_t in, std::int64_t size, std::int64_t kernel) {
  const std::int64_t state = convolution(size, 3 * size, kernel);
  return in == 0 ? state : state + convolution(in, 3 * size, 3) - 2 * size;
}

// Encoder and forecaster without their recurrent layers, frames of 480 x 480.
std::int64_t hko7_resampling() {
  return convolution(4, 8, 7) + convolution(64, 192, 5) + convolution(192, 192, 3) +    // down, from frame and place
         convolution(192, 192, 4) + convolution(192, 192, 5) + convolution(64, 8, 7) +  // up
         convolution(8, 8, 3) + convolution(8, 1, 1);
}

const Purpose kRadar{{.width = 480, .height = 480, .colour = "gray"}, {}};

TEST(Published, TheNetworksOfHko7HaveTheirParametersAndMapSizes) {
  const graph::Model model = build(parse_toml("name = \"trajectory_gru\"", "test"), kRadar);
  EXPECT_TRUE(model.weights.empty());
  EXPECT_EQ(model.parameter_count(), hko7_resampling() + trajectory_layer(8, 64, 13) + trajectory_layer(192, 192, 13) +
                                         trajectory_layer(192, 192, 9) + trajectory_layer(0, 192, 9) +
                                         trajectory_layer(192, 192, 13) + trajectory_layer(192, 64, 13));
  EXPECT_EQ(build(parse_toml("name = \"trajectory_gru\"\ncell = \"gru\"", "test"), kRadar).parameter_count(),
            hko7_resampling() + gru_layer(8, 64, 5) + gru_layer(192, 192, 5) + gru_layer(192, 192, 3) +
                gru_layer(0, 192, 3) + gru_layer(192, 192, 5) + gru_layer(192, 64, 5));
  const graph::Plan encoder = graph::make_plan(model, model.graph("encode"));
  const auto output = [](const graph::Plan& plan, std::size_t index) {
    return plan.shape(plan.graph->outputs[index].value);
  };
  EXPECT_THAT(output(encoder, 0), ElementsAre(64, 96, 96));
  EXPECT_THAT(output(encoder, 1), ElementsAre(192, 32, 32));
  EXPECT_THAT(output(encoder, 2), ElementsAre(192, 16, 16));
  const graph::Plan forecaster = graph::make_plan(model, model.graph("forecast"));
  EXPECT_THAT(output(forecaster, 0), ElementsAre(1, 480, 480));
}

// Table 1 of 1706.03458, in units of 10,000: models of MovingMNIST++, 64 x 64, with their links or kernels.
TEST(Published, TheNetworksOfMovingMnistHaveTheirParameterCounts) {
  const auto published = [](const std::string& cell) {
    const std::string levels =
        "name = \"trajectory_gru\"\nhidden = [64, 96, 96]\nbetween = [16, 96, 96]\ndown_kernels = [3, 3, 3]\n"
        "up_kernels = [3, 4, 4]\nstrides = [1, 2, 2]\n";
    const Purpose digits{{.width = 64, .height = 64, .colour = "gray"}, {}};
    return (build(parse_toml(levels + cell, "test"), digits).parameter_count() + 5000) / 10000;
  };
  EXPECT_EQ(published("links = [9, 9, 9]"), 342);
  EXPECT_EQ(published("links = [13, 13, 13]"), 400);
  EXPECT_EQ(published("cell = \"gru\"\nhidden_kernels = [5, 5, 5]"), 477);
  EXPECT_EQ(published("cell = \"gru\"\nhidden_kernels = [7, 7, 7]"), 801);
}

// Specs 6.2: 4 H (9 D + 9 H) + 4 H without peepholes, from three fields to 6, 12 and 1 maps of 128 x 257 places.
TEST(Published, TheStormTrackerHasItsParameterCount) {
  const graph::Model model =
      build(parse_toml("name = \"storm_tracker\"", "test"), {{.width = 257, .height = 128, .colour = "rgb"}, {}});
  const auto layer = [](std::int64_t in, std::int64_t hidden) { return 4 * hidden * 9 * (in + hidden) + 4 * hidden; };
  EXPECT_EQ(model.parameter_count(), layer(3, 6) + layer(6, 12) + layer(12, 1));
  const graph::Plan plan = graph::make_plan(model, model.graph("main"));
  EXPECT_THAT(plan.shape(plan.graph->outputs[0].value), ElementsAre(1, 128, 257));
}

// Two layers each in encoder and forecaster, the lower of the latter without an input, and one density from both.
TEST(Published, TheStormForecasterForecastsTheDensityAlone) {
  const graph::Model model =
      build(parse_toml("name = \"storm_forecaster\"", "test"), {{.width = 257, .height = 128, .colour = "rgb"}, {}});
  const auto layer = [](std::int64_t in) { return 4 * 32 * 9 * (in + 32) + 4 * 32; };
  EXPECT_EQ(model.parameter_count(), layer(3) + layer(32) + layer(0) + layer(32) + convolution(64, 1, 1));
  const graph::Plan plan = graph::make_plan(model, model.graph("forecast"));
  ASSERT_EQ(plan.graph->outputs.size(), 2);
  EXPECT_EQ(plan.graph->outputs[0].name, "logits");
  EXPECT_EQ(plan.graph->outputs[1].name, "frame");
  EXPECT_THAT(plan.shape(plan.graph->outputs[1].value), ElementsAre(1, 128, 257));
}

}  // namespace
}  // namespace longtake::models
