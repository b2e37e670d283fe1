#include "training/weights.h"

#include "training/bridge.h"

namespace longtake::training {

Weights::Weights(const graph::Model& model, const torch::TensorOptions& options) : model_(model), options_(options) {
  load(model.weights);
  for (const graph::Parameter& parameter : model.parameters) {
    if (parameter.trainable) trainable_.push_back(&parameter);
  }
}

Weights::Weights(const Weights& other) : model_(other.model_), options_(other.options_), trainable_(other.trainable_) {
  for (const auto& [name, tensor] : other.tensors_) {
    tensors_[name] = tensor.detach().clone().set_requires_grad(tensor.requires_grad());
  }
}

const torch::Tensor& Weights::at(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) throw InvalidArgument(fmt::format("there is no parameter '{}'", name));
  return found->second;
}

void Weights::clear_gradients() {
  for (auto& [name, tensor] : tensors_) tensor.mutable_grad() = torch::Tensor();
}

std::map<std::string, Tensor> Weights::tensors() const {
  std::map<std::string, Tensor> out;
  for (const auto& [name, tensor] : tensors_) out[name] = from_torch(tensor);
  return out;
}

void Weights::load(const std::map<std::string, Tensor>& tensors) {
  for (const graph::Parameter& parameter : model_.parameters) {
    const auto found = tensors.find(parameter.name);
    if (found == tensors.end()) throw InvalidArgument(fmt::format("weight '{}' is missing", parameter.name));
    if (found->second.shape() != parameter.shape) {
      throw InvalidArgument(fmt::format("weight '{}' is {} but the model declares {}", parameter.name,
                                        to_string(found->second.shape()), to_string(parameter.shape)));
    }
    torch::Tensor& tensor = tensors_[parameter.name];
    if (tensor.defined()) {
      const torch::NoGradGuard no_grad;
      tensor.copy_(view(found->second));  // in place: optimisers and averages hold it
    } else {
      tensor = to_torch(found->second, options_).set_requires_grad(parameter.trainable);
    }
  }
}

void Weights::store(graph::Model& model) const {
  for (const auto& [name, tensor] : tensors_) model.weights[name] = from_torch(tensor.to(torch::kFloat32));
}

}  // namespace longtake::training
