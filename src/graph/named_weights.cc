#include "graph/named_weights.h"

#include <fmt/format.h>

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

}  // namespace

void take_weights(Model& model, const std::string& prefix, const std::map<std::string, Tensor>& tensors,
                  const std::string& source) {
  std::vector<std::string> missing, different, unused;
  std::set<std::string> wanted;
  for (const Parameter& parameter : model.parameters) {
    if (!parameter.name.starts_with(prefix)) continue;
    const std::string name = parameter.name.substr(prefix.size());
    wanted.insert(name);
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
      missing.push_back(fmt::format("{} {}", name, to_string(parameter.shape)));
    } else if (found->second.dtype() != DType::kFloat32 || found->second.shape() != parameter.shape) {
      different.push_back(fmt::format("{} is {} {} but must be float32 {}", name, name_of(found->second.dtype()),
                                      to_string(found->second.shape()), to_string(parameter.shape)));
    }
  }
  for (const auto& [name, tensor] : tensors) {
    if (!wanted.contains(name)) unused.push_back(name);
  }
  if (!missing.empty() || !different.empty() || !unused.empty()) {
    throw BadData(fmt::format("{}: the weights are not those of the model{}{}{}", source, listed("missing", missing),
                              listed("of another kind", different), listed("without a place", unused)));
  }
  for (const Parameter& parameter : model.parameters) {
    if (parameter.name.starts_with(prefix)) {
      model.weights[parameter.name] = tensors.at(parameter.name.substr(prefix.size()));
    }
  }
}

}  // namespace longtake::graph
