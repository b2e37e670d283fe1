#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"
#include "graph/model.h"
#include "longtake/error.h"

namespace longtake::graph {

namespace {

// FNV-1a: the name decides which random numbers a parameter gets.
std::uint64_t hash(const std::string& name) {
  std::uint64_t value = 0xcbf29ce484222325u;
  for (unsigned char c : name) value = (value ^ c) * 0x100000001b3u;
  return value;
}

struct Fan {
  double in = 1;
  double out = 1;
};

// Of a weight [out, in, ...]: connections into and out of one unit.
Fan fan_of(const Shape& shape) {
  Fan fan;
  if (shape.empty()) return fan;
  double field = 1;
  for (std::size_t d = 2; d < shape.size(); ++d) field *= static_cast<double>(shape[d]);
  fan.out = static_cast<double>(shape[0]) * field;
  fan.in = (shape.size() > 1 ? static_cast<double>(shape[1]) : 1) * field;
  return fan;
}

void fill_uniform(std::span<float> out, Random& random, double low, double high) {
  for (float& value : out) value = static_cast<float>(random.uniform(low, high));
}

void fill_gaussian(std::span<float> out, Random& random, double mean, double deviation) {
  for (float& value : out) value = static_cast<float>(mean + deviation * random.normal());
}

// Rows of each block of at most `columns` rows become orthonormal (Gram and Schmidt, twice for accuracy), times `gain`.
void fill_orthogonal(const Parameter& parameter, std::span<float> out, Random& random) {
  if (parameter.shape.size() != 2) {
    throw InvalidArgument(fmt::format("parameter '{}' {} cannot be orthogonal: it is no matrix", parameter.name,
                                      to_string(parameter.shape)));
  }
  const std::int64_t rows = parameter.shape[0], columns = parameter.shape[1];
  std::vector<std::vector<double>> block;
  for (std::int64_t r = 0; r < rows; ++r) {
    if (static_cast<std::int64_t>(block.size()) == columns) block.clear();
    std::vector<double> row(columns);
    for (double& value : row) value = random.normal();
    for (int pass = 0; pass < 2; ++pass) {
      for (const std::vector<double>& other : block) {
        double dot = 0;
        for (std::int64_t c = 0; c < columns; ++c) dot += row[c] * other[c];
        for (std::int64_t c = 0; c < columns; ++c) row[c] -= dot * other[c];
      }
    }
    double norm = 0;
    for (double value : row) norm += value * value;
    norm = std::sqrt(norm);
    for (std::int64_t c = 0; c < columns; ++c) {
      row[c] /= norm;
      out[r * columns + c] = static_cast<float>(parameter.initialiser.a * row[c]);
    }
    block.push_back(std::move(row));
  }
}

void fill(const Parameter& parameter, std::span<float> out, Random random) {
  const auto [kind, a, b] = parameter.initialiser;
  const Fan fan = fan_of(parameter.shape);
  switch (kind) {
    case Initialiser::Kind::kConstant:
      std::fill(out.begin(), out.end(), static_cast<float>(a));
      return;
    case Initialiser::Kind::kUniform:
      return fill_uniform(out, random, a, b);
    case Initialiser::Kind::kGaussian:
      return fill_gaussian(out, random, a, b);
    case Initialiser::Kind::kXavier: {
      const double limit = std::sqrt(6 / (fan.in + fan.out));
      return fill_uniform(out, random, -limit, limit);
    }
    case Initialiser::Kind::kHe:
      return fill_gaussian(out, random, 0, std::sqrt(2 / fan.in));
    case Initialiser::Kind::kOrthogonal:
      return fill_orthogonal(parameter, out, random);
    case Initialiser::Kind::kLstmBias: {
      std::fill(out.begin(), out.end(), 0.0f);
      const std::size_t size = out.size() / 4;
      std::fill_n(out.begin() + size, size, static_cast<float>(a));
      return;
    }
  }
}

}  // namespace

void initialise(Model& model, std::uint64_t seed) {
  for (const Parameter& parameter : model.parameters) {
    if (model.weights.count(parameter.name) != 0) continue;
    Tensor weight(DType::kFloat32, parameter.shape);
    fill(parameter, weight.data<float>(), Random(seed, hash(parameter.name)));
    model.weights.emplace(parameter.name, std::move(weight));
  }
}

}  // namespace longtake::graph
