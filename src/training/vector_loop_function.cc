// A VectorLoop as a function of LibTorch's autograd.
#include <ATen/ATen.h>

#include <algorithm>

#include "training/execution.h"
#include "training/kernels.h"
#include "training/places.h"
#include "training/vector_loop.h"

namespace longtake::training {

using graph::Node;
using graph::NodeId;
using graph::ValueId;
using torch::Tensor;
using torch::TensorList;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

namespace {

// What forward and backward share: the loop and the memory it works on.
struct LoopRun : torch::CustomClassHolder {
  LoopRun(const graph::Plan& plan, const graph::Schedule& schedule, const graph::Step& step, kernels::KernelLevel level)
      : loop(plan, schedule, step, level) {}

  VectorLoop loop;
  std::vector<ValueId> outputs;
  // Which of the function's inputs stand for what; -1 where one is absent.
  std::vector<std::int64_t> parameters, carried, initial;  // loop.inputs() come first
  variable_list memory;                                    // of inputs and values
  std::vector<Tensor> numbers;                             // by the order of loop.made()
};

float* pointer(const Tensor& tensor) { return tensor.data_ptr<float>(); }

c10::intrusive_ptr<LoopRun> run_of(AutogradContext* context) {
  return c10::static_intrusive_pointer_cast<LoopRun>(context->saved_data["run"].toCapsule());
}

struct RunVectorLoop : Function<RunVectorLoop> {
  static variable_list forward(AutogradContext* context, TensorList inputs, const c10::intrusive_ptr<LoopRun>& run) {
    VectorLoop& loop = run->loop;
    // Without a way back to the nodes that made them, which would keep this one alive for ever.
    for (const Tensor& input : inputs) run->memory.push_back(input.detach().contiguous());
    const auto numbers = [&](std::int64_t index) { return index < 0 ? nullptr : pointer(run->memory[index]); };
    for (std::size_t i = 0; i < loop.inputs().size(); ++i) loop.value(loop.inputs()[i]).numbers = numbers(i);
    for (std::size_t i = 0; i < run->parameters.size(); ++i) loop.parameters()[i].numbers = numbers(run->parameters[i]);
    for (std::size_t i = 0; i < run->carried.size(); ++i) {
      loop.pasts()[i].carried = numbers(run->carried[i]);
      loop.pasts()[i].initial = numbers(run->initial[i]);
    }
    variable_list outputs(run->outputs.size());
    for (ValueId value : loop.made()) {
      const Tensor made = at::empty({loop.rows(), loop.value(value).size});
      loop.value(value).numbers = pointer(made);
      run->memory.push_back(made);
      const auto at = std::find(run->outputs.begin(), run->outputs.end(), value);
      if (at != run->outputs.end()) outputs[at - run->outputs.begin()] = made.detach();
    }
    loop.forward(kernel_threads());
    context->saved_data["run"] = c10::IValue::make_capsule(run);
    context->saved_data["inputs"] = static_cast<std::int64_t>(inputs.size());
    context->set_materialize_grads(false);
    return outputs;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const c10::intrusive_ptr<LoopRun> run = run_of(context);
    TORCH_CHECK(!run->memory.empty(), "a loop of vectors can be differentiated once");
    VectorLoop& loop = run->loop;
    variable_list by_inputs(context->saved_data["inputs"].toInt() + 1);  // and the run
    const auto zeros_like = [&](std::int64_t index) -> float* {
      if (index < 0) return nullptr;
      by_inputs[index] = at::zeros_like(run->memory[index]);
      return pointer(by_inputs[index]);
    };
    std::vector<Tensor> by_values;
    for (ValueId value : loop.made()) {
      const auto at = std::find(run->outputs.begin(), run->outputs.end(), value);
      const Tensor given = at == run->outputs.end() ? Tensor() : gradients[at - run->outputs.begin()];
      by_values.push_back(given.defined() ? at::empty({loop.rows(), loop.value(value).size}).copy_(given)
                                          : at::zeros({loop.rows(), loop.value(value).size}));
      loop.value(value).gradient = pointer(by_values.back());
    }
    for (std::size_t i = 0; i < loop.inputs().size(); ++i) {
      loop.value(loop.inputs()[i]).gradient = zeros_like(static_cast<std::int64_t>(i));
    }
    for (std::size_t i = 0; i < run->carried.size(); ++i) {
      loop.pasts()[i].by_carried = zeros_like(run->carried[i]);
      loop.pasts()[i].by_initial = zeros_like(run->initial[i]);
    }
    std::vector<bool> is_product(run->parameters.size(), false);
    for (const VectorLoop::Product& product : loop.products()) {
      is_product[product.weight] = is_product[product.bias] = true;
    }
    for (std::size_t i = 0; i < run->parameters.size(); ++i) {
      if (!is_product[i]) loop.parameters()[i].gradient = zeros_like(run->parameters[i]);
    }
    loop.backward(kernel_threads());
    for (const VectorLoop::Product& product : loop.products()) {
      const Tensor by_output = gradient_of(loop, product.output);
      const std::int64_t weight = run->parameters[product.weight], bias = run->parameters[product.bias];
      if (context->needs_input_grad(weight)) {
        by_inputs[weight] = by_output.t().mm(at::from_blob(
            loop.value(product.input).numbers, {loop.rows(), loop.value(product.input).size}, by_output.options()));
      }
      if (bias >= 0 && context->needs_input_grad(bias)) by_inputs[bias] = by_output.sum(0);
    }
    run->memory.clear();
    return by_inputs;
  }

 private:
  static Tensor gradient_of(VectorLoop& loop, ValueId value) {
    return at::from_blob(loop.value(value).gradient, {loop.rows(), loop.value(value).size});
  }
};

}  // namespace

bool run_vector_loop(Execution& e, const graph::Step& step) {
  const kernels::KernelLevel level = kernels::kernels_from_environment().level;
  const bool fits = e.device().is_cpu() && e.weights.options().dtype() == at::kFloat &&
                    level != kernels::KernelLevel::kReference && VectorLoop::takes(e.plan, e.schedule, step);
  if (!fits || e.schedule.rows(e.schedule.node(step.nodes.front()).rows).size() == 0) return false;
  auto run = c10::make_intrusive<LoopRun>(e.plan, e.schedule, step, level);
  VectorLoop& loop = run->loop;
  variable_list inputs;
  const auto add = [&](const Tensor& tensor) {
    inputs.push_back(tensor);
    return static_cast<std::int64_t>(inputs.size()) - 1;
  };
  for (ValueId value : loop.inputs()) add(e.values[value]);
  for (const VectorLoop::Parameter& parameter : loop.parameters()) {
    run->parameters.push_back(parameter.name.empty() ? -1 : add(e.weights.at(parameter.name)));
  }
  for (const VectorLoop::Past& past : loop.pasts()) {
    const Node& delay = e.node(past.delay);
    run->carried.push_back(add(e.state.tensors.at(delay.name)));
    const ValueId initial = delay.inputs[1];
    run->initial.push_back(initial == graph::kNoValue ? -1 : add(e.values[initial]));
  }
  // What others read, and what the delays take over.
  for (ValueId value : loop.made()) {
    const bool next = std::any_of(loop.pasts().begin(), loop.pasts().end(),
                                  [&](const VectorLoop::Past& past) { return e.node(past.delay).inputs[0] == value; });
    if (e.joined[value] || next) run->outputs.push_back(value);
  }
  const std::vector<ValueId> outputs = run->outputs;
  const variable_list made = RunVectorLoop::apply(TensorList(inputs), run);
  for (std::size_t i = 0; i < outputs.size(); ++i) e.values[outputs[i]] = made[i];
  for (NodeId id : step.nodes) {
    const Node& node = e.node(id);
    if (node.op != "delay") continue;
    const Tensor& x = e.values[node.inputs[0]];
    const std::int32_t begin[] = {0, static_cast<std::int32_t>(x.size(0))};
    const Tensor initial = node.inputs[1] == graph::kNoValue ? Tensor() : e.values[node.inputs[1]];
    keep_state(e, id, {begin},
               std::vector<Tensor>{x, e.state.tensors.at(node.name), initial,
                                   e.constant_row(e.plan.shape(node.outputs[0]), 0)});
  }
  return true;
}

}  // namespace longtake::training
