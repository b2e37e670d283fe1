#include "graph/named_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "longtake/error.h"

namespace longtake::graph {

namespace {

constexpr std::size_t kMostListed = 12;

// "; <what>: a, b, ... and 3 more", or nothing.
std::string listed(const char* what, const std::vector<std::string>& names) {
  if (names.empty()) return "";
  std::string text = fmt::format("\n  {}: ", what);
  for (std::size_t i = 0; i < names.size() && i < kMostListed; ++i) text += (i > 0 ? ", " : "") + names[i];
  if (names.size() > kMostListed) text += fmt::format(" and {} more", names.size() - kMostListed);
  return text;
}

// Published networks divide names by slashes ("inception_3a/1x1.weight"), and by dots.
std::string dotted(std::string name) {
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

bool all_finite(const Tensor& tensor) {
  const auto numbers = tensor.data<float>();
  return std::all_of(numbers.begin(), numbers.end(), [](float number) { return std::isfinite(number); });
}

}  // namespace

std::vector<std::string> take_weights(Model& model, const std::string& prefix,
                                      const std::map<std::string, Tensor>& tensors, const std::string& source) {
  std::vector<std::string> missing, different, infinite, unused;
  std::map<std::string, const Tensor*> taken;  // by parameter
  std::map<std::string, const std::string*> names;
  for (const auto& [name, tensor] : tensors) names.emplace(dotted(name), &name);
  std::set<std::string> used;
  for (const Parameter& parameter : model.parameters) {
    if (!parameter.name.starts_with(prefix)) continue;
    const std::string name = parameter.name.substr(prefix.size());
    auto found = names.find(dotted(name));
    if (found == names.end()) found = names.find(dotted(parameter.name));
    if (found == names.end()) {
      missing.push_back(fmt::format("{} {}", name, to_string(parameter.shape)));
      continue;
    }
    const Tensor& tensor = tensors.at(*found->second);
    used.insert(*found->second);
    if (tensor.dtype() != DType::kFloat32 || tensor.shape() != parameter.shape) {
      different.push_back(fmt::format("{} is {} {} but must be float32 {}", name, name_of(tensor.dtype()),
                                      to_string(tensor.shape()), to_string(parameter.shape)));
    } else if (!all_finite(tensor)) {
      infinite.push_back(name);
    }
    taken[parameter.name] = &tensor;
  }
  for (const auto& [name, tensor] : tensors) {
    if (!used.contains(name)) unused.push_back(name);
  }
  if (!missing.empty() || !different.empty() || !infinite.empty()) {
    throw BadData(fmt::format("{}: the weights are not those of the model{}{}{}{}", source, listed("missing", missing),
                              listed("of another kind", different),
                              listed("with numbers that are not finite", infinite), listed("without a place", unused)));
  }
  for (const auto& [name, tensor] : taken) model.weights[name] = *tensor;
  return unused;
}

}  // namespace longtake::graph
