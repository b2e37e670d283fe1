// Soft attention: a query asks every entry of a memory for a score, and gets their mean weighed by its softmax
// (Bahdanau 2014, 1409.0473; Luong 2015, 1508.04025).
#pragma once

#include <string>

#include "layers/basic.h"

namespace longtake::layers {

enum class Score {
  kDot,       // q . k_i; query and key of one size
  kBilinear,  // q^T W k_i
  kAdditive,  // v . tanh(Wq q + Wk k_i [+ b])
};

// "dot", "bilinear" or "additive". Throws ConfigError that names the choices.
Score parse_score(const std::string& word);

struct AttentionOptions {
  Score score = Score::kDot;
  std::int64_t size = 0;           // of the additive score's hidden layer
  bool bias = false;               // b of the additive score
  std::int64_t key_layers = 1;     // of the additive score: linear layers with tanh between, in place of Wk
  double inverse_temperature = 1;  // factor on the scores before the softmax
  WeightOptions weights = {.weight = Initialiser::xavier()};
  ValueId mask = graph::kNoValue;  // [entries], 1 where an entry counts; all of them without it
};

struct AttentionValues {
  ValueId weights;  // [entries], summing to 1 over those that count; all 0 if none does
  ValueId context;  // [features]
};

// query [size] and memory [entries, features]. Parameters: of the bilinear score "<name>.query.weight" [features, size]
// (the transposed W); of the additive one "<name>.query.weight" [hidden, size], "<name>.key.weight" [hidden, features]
// with "<name>.key.bias", and "<name>.score.weight" [1, hidden]; further key layers have "<name>.key2.weight" [hidden,
// hidden] and "<name>.key2.bias", whether or not the first has a bias, and so on. What depends on the memory alone lies
// outside a loop.
AttentionValues attention(Builder& b, const std::string& name, ValueId query, ValueId memory,
                          const AttentionOptions& options);

// The mean of the rows of memory [entries, features] by weights [entries].
ValueId weighted_mean(Builder& b, const std::string& name, ValueId weights, ValueId memory);

}  // namespace longtake::layers
