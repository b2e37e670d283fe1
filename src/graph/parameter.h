// A learnable tensor of a model, described but not allocated: so that a paper-sized model can be counted anywhere.
#pragma once

#include <string>

#include "longtake/tensor.h"

namespace longtake::graph {

// How a parameter starts. The numbers depend on the seed and the parameter's name alone, so adding one parameter does
// not change the others.
struct Initialiser {
  enum class Kind {
    kConstant,    // a everywhere
    kUniform,     // in [a, b)
    kGaussian,    // mean a, standard deviation b
    kXavier,      // uniform, +-sqrt(6 / (fan in + fan out)) (Glorot 2010)
    kHe,          // gaussian, deviation sqrt(2 / fan in) (He 2015)
    kOrthogonal,  // rows (or columns) orthonormal, per square block of a fused gate weight, times a
    kLstmBias,    // zero but for the forget gate, which is a (gate order i, f, g, o)
  };
  Kind kind = Kind::kConstant;
  double a = 0;
  double b = 0;

  static Initialiser constant(double value) { return {Kind::kConstant, value, 0}; }
  static Initialiser uniform(double low, double high) { return {Kind::kUniform, low, high}; }
  static Initialiser gaussian(double mean, double deviation) { return {Kind::kGaussian, mean, deviation}; }
  static Initialiser xavier() { return {Kind::kXavier, 0, 0}; }
  static Initialiser he() { return {Kind::kHe, 0, 0}; }
  static Initialiser orthogonal(double gain = 1) { return {Kind::kOrthogonal, gain, 0}; }
  static Initialiser lstm_bias(double forget) { return {Kind::kLstmBias, forget, 0}; }

  friend bool operator==(const Initialiser&, const Initialiser&) = default;
};

struct Parameter {
  std::string name;  // "lstm1.weight_hidden"
  Shape shape;
  Initialiser initialiser;
  double learning_rate = 1;  // multiplier
  double decay = 1;          // multiplier
  bool trainable = true;     // false: a statistic (batch norm) or a frozen weight

  friend bool operator==(const Parameter&, const Parameter&) = default;
};

}  // namespace longtake::graph
