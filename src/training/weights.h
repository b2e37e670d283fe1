// The parameters of a model as LibTorch tensors, shared by all who compute with them. Private to training/.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "graph/model.h"
#include "training/torch.h"

namespace longtake::training {

class Weights {
 public:
  // Copies the model's weights to `options`' device and floating-point type. Throws InvalidArgument that names a
  // parameter whose weight is missing. The model must outlive this object.
  Weights(const graph::Model& model, const torch::TensorOptions& options);
  // A copy keeps its own numbers.
  Weights(const Weights& other);
  Weights& operator=(const Weights&) = delete;

  const graph::Model& model() const { return model_; }
  const torch::TensorOptions& options() const { return options_; }

  // Throws InvalidArgument when the model has no such parameter.
  const torch::Tensor& at(const std::string& name) const;
  // The parameters that learn, in the model's order.
  const std::vector<const graph::Parameter*>& trainable() const { return trainable_; }

  void clear_gradients();

  // As plain tensors in the computing type, and back. load() throws InvalidArgument that names the tensor which is
  // missing or of another shape.
  std::map<std::string, Tensor> tensors() const;
  void load(const std::map<std::string, Tensor>& tensors);
  // Writes the numbers as float32 into a model with the same parameters.
  void store(graph::Model& model) const;

 private:
  const graph::Model& model_;
  torch::TensorOptions options_;
  std::map<std::string, torch::Tensor> tensors_;
  std::vector<const graph::Parameter*> trainable_;
};

}  // namespace longtake::training
