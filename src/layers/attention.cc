#include "layers/attention.h"

#include <fmt/format.h>

#include "longtake/error.h"

namespace longtake::layers {

Score parse_score(const std::string& word) {
  if (word == "dot") return Score::kDot;
  if (word == "bilinear") return Score::kBilinear;
  if (word == "additive") return Score::kAdditive;
  throw ConfigError(fmt::format("unknown score \"{}\"; it is one of dot, bilinear, additive", word));
}

namespace {

// [entries, 1]
ValueId additive_scores(Builder& b, ValueId query, ValueId memory, const AttentionOptions& options) {
  if (options.size < 1) throw InvalidArgument("the additive score needs the size of its hidden layer");
  const LinearOptions plain{.bias = false, .weights = options.weights};
  const LinearOptions with_bias{.bias = options.bias, .weights = options.weights};
  ValueId keys = linear(b, "key", memory, options.size, with_bias);
  for (std::int64_t layer = 2; layer <= options.key_layers; ++layer) {
    const std::string name = "key" + std::to_string(layer);
    keys = linear(b, name, tanh(b, name + "_tanh", keys), options.size, {.weights = options.weights});
  }
  const ValueId asked = reshape(b, "query_row", linear(b, "query", query, options.size, plain), {1, options.size});
  return linear(b, "score", tanh(b, "hidden", add(b, "sum", keys, asked)), 1, plain);
}

// [entries, 1]
ValueId product_scores(Builder& b, ValueId query, ValueId memory, const AttentionOptions& options) {
  const std::int64_t features = b.shape(memory)[1];
  if (options.score == Score::kBilinear) {
    query = linear(b, "query", query, features, {.bias = false, .weights = options.weights});
  }
  return matmul(b, "score", memory, reshape(b, "query_column", query, {features, 1}));
}

}  // namespace

AttentionValues attention(Builder& b, const std::string& name, ValueId query, ValueId memory,
                          const AttentionOptions& options) {
  const auto region = b.region("attention", name);
  if (b.shape(memory).size() != 2) throw InvalidArgument("attention '" + name + "' needs a memory [entries, features]");
  ValueId scores = options.score == Score::kAdditive ? additive_scores(b, query, memory, options)
                                                     : product_scores(b, query, memory, options);
  scores = reshape(b, "scores", scores, {-1});
  if (options.inverse_temperature != 1) scores = affine(b, "sharpened", scores, options.inverse_temperature, 0);
  const ValueId weights = options.mask == graph::kNoValue ? softmax(b, "weights", scores)
                                                          : masked_softmax(b, "weights", scores, options.mask);
  return {weights, weighted_mean(b, "context", weights, memory)};
}

ValueId weighted_mean(Builder& b, const std::string& name, ValueId weights, ValueId memory) {
  const ValueId row = reshape(b, name + ".weights", weights, {1, -1});
  return reshape(b, name, matmul(b, name + ".product", row, memory), {-1});
}

}  // namespace longtake::layers
