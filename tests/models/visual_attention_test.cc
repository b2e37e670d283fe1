// The variants of visual attention that its released code has (1511.04119).
#include <gmock/gmock.h>

#include <cmath>

#include "graph/builder.h"
#include "layers/attention.h"
#include "models/registry.h"
#include "runtime/program.h"

namespace longtake::models {
namespace {

graph::Model attention_model(const std::vector<std::string>& overrides) {
  Options options = tiny_options(find("visual_attention"));
  for (const std::string& override : overrides) options.set_override(override);
  graph::Model model = build(options, {find("visual_attention").tiny_input, {"left", "right"}});
  graph::initialise(model, 3);
  return model;
}

// Two places of one feature, scores by v tanh(q h + K2 tanh(k x + b) + b2) with one hidden number.
TEST(VisualAttentionScore, MayHaveSeveralLayersForItsPlaces) {
  auto model = std::make_shared<graph::Model>();
  graph::Builder b(*model, "main");
  const auto query = b.input("query", {1});
  const auto memory = b.input("memory", {2, 1});
  b.output("weights", layers::attention(b, "a", query, memory,
                                        {.score = layers::Score::kAdditive, .size = 1, .bias = true, .key_layers = 2})
                          .weights);
  b.finish();
  const auto set = [&](const std::string& name, const Shape& shape, float value) {
    ASSERT_EQ(model->parameter(name).shape, shape) << name;
    model->weights.emplace(name, Tensor::from<float>(shape, {value}));
  };
  set("a.query.weight", {1, 1}, 0.5F);
  set("a.key.weight", {1, 1}, 2);
  set("a.key.bias", {1}, 0.1F);
  set("a.key2.weight", {1, 1}, -1.5F);
  set("a.key2.bias", {1}, 0.3F);
  set("a.score.weight", {1, 1}, 3);
  runtime::Program program(model, "main");
  State state = program.initial_state(1);
  graph::Outputs outputs;
  const graph::Chunk chunk{
      1,
      1,
      {graph::kActive},
      {{Tensor::from<float>({1, 1}, {0.8F}), {}}, {Tensor::from<float>({1, 2, 1}, {1, -0.4F}), {}}}};
  program.run(chunk, state, outputs);
  const auto score = [](double x) { return 3 * std::tanh(0.5 * 0.8 - 1.5 * std::tanh(2 * x + 0.1) + 0.3); };
  const double first = 1 / (1 + std::exp(score(-0.4) - score(1)));
  EXPECT_NEAR(outputs[0].data.data<float>()[0], first, 1e-6);
}

TEST(VisualAttention, MayHaveHiddenLayersBeforeItsStatesAndItsClasses) {
  const graph::Model model = attention_model({"initial_layers=3", "output_layers=2", "attention_layers=2"});
  // Five maps of the encoder; an output layer and an attention of six.
  EXPECT_EQ(model.parameter("init2.weight").shape, (Shape{5, 5}));
  EXPECT_EQ(model.parameter("init3.weight").shape, (Shape{5, 5}));
  EXPECT_EQ(model.parameter("output2.weight").shape, (Shape{6, 6}));
  EXPECT_EQ(model.parameter("attention.key2.weight").shape, (Shape{6, 6}));
  const std::int64_t more = 2 * (5 * 5 + 5) + 2 * (6 * 6 + 6);
  EXPECT_EQ(model.parameter_count(), attention_model({}).parameter_count() + more);
}

double deviation(const graph::Model& model, const std::string& name) {
  double sum = 0;
  const auto values = model.weights.at(name).data<float>();
  for (const float value : values) sum += static_cast<double>(value) * value;
  return std::sqrt(sum / static_cast<double>(values.size()));
}

// Rows of a block of four gates, or of the whole, against each other.
void expect_orthonormal(const graph::Model& model, const std::string& name, std::int64_t rows) {
  const Tensor& weight = model.weights.at(name);
  const std::int64_t columns = weight.size(1);
  const auto values = weight.data<float>();
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < rows; ++j) {
      double dot = 0;
      for (std::int64_t c = 0; c < columns; ++c)
        dot += static_cast<double>(values[i * columns + c]) * values[j * columns + c];
      EXPECT_NEAR(dot, i == j ? 1 : 0, 1e-5) << name;
    }
  }
}

TEST(VisualAttention, MayBeginAsTheReleasedCodeDoes) {
  const graph::Model model = attention_model({"initialiser=\"released\"", "hidden_size=40", "attention_size=60",
                                              "output_layers=2", "attention_layers=2", "context_to_output=true"});
  expect_orthonormal(model, "lstm1.hidden.weight", 40);
  expect_orthonormal(model, "lstm2.input.weight", 40);  // of one layer's 40 to the other's
  expect_orthonormal(model, "attention.key2.weight", 60);
  expect_orthonormal(model, "output2.weight", 6);
  for (const char* name : {"lstm1.input.weight", "attention.key.weight", "attention.query.weight", "output.weight"}) {
    EXPECT_NEAR(deviation(model, name), 0.01, 0.002) << name;
  }
  for (const graph::Parameter& parameter : model.parameters) {
    const bool bias = parameter.name.ends_with(".bias") && !parameter.name.starts_with("encoder");
    if (!bias) continue;
    EXPECT_EQ(deviation(model, parameter.name), 0) << parameter.name;
  }
  EXPECT_GT(deviation(attention_model({"hidden_size=40"}), "lstm1.input.weight"), 0.05);
}

}  // namespace
}  // namespace longtake::models
