#include "training/recompute.h"

#include <memory>

#include "training/bridge.h"
#include "training/slices.h"

namespace longtake::training {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

struct HeldSegment : torch::CustomClassHolder {
  explicit HeldSegment(Segment held) : segment(std::move(held)) {}
  Segment segment;
};

struct Recompute : torch::autograd::Function<Recompute> {
  // `anchor` requires a gradient, so that the segment is differentiated for its weights even where no input does.
  static variable_list forward(AutogradContext* context, torch::TensorList inputs, const Tensor&,
                               const c10::intrusive_ptr<HeldSegment>& held) {
    context->saved_data["segment"] = c10::IValue::make_capsule(held);
    context->save_for_backward(inputs.vec());
    context->set_materialize_grads(false);
    return held->segment(inputs.vec(), false);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto held = c10::static_intrusive_pointer_cast<HeldSegment>(context->saved_data["segment"].toCapsule());
    variable_list inputs;
    for (const Tensor& saved : context->get_saved_variables()) {
      inputs.push_back(saved.detach().set_requires_grad(saved.requires_grad()));
    }
    const torch::AutoGradMode record(true);
    variable_list reached, sent;
    const variable_list outputs = held->segment(inputs, true);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (!gradients[i].defined() || !outputs[i].requires_grad()) continue;
      reached.push_back(outputs[i]);
      sent.push_back(gradients[i]);
    }
    if (!reached.empty()) torch::autograd::backward(reached, sent);
    variable_list by_inputs;
    for (const Tensor& input : inputs) by_inputs.push_back(input.grad());
    by_inputs.resize(inputs.size() + 2);  // anchor and segment
    return by_inputs;
  }
};

}  // namespace

std::vector<Tensor> recompute(const Segment& segment, const std::vector<Tensor>& inputs) {
  const Tensor anchor = torch::zeros({}, torch::requires_grad());
  return Recompute::apply(torch::TensorList(inputs), anchor, c10::make_intrusive<HeldSegment>(segment));
}

namespace {

// Runs a piece through recompute(). The state's tensors and what is given become the segment's inputs, the next state's
// tensors and the loss its outputs.
Tensor recomputed_piece(GraphRunner& runner, std::shared_ptr<const graph::Chunk> piece, std::span<const Tensor> given,
                        StreamState& state, const RunOptions& options,
                        const std::function<Tensor(const std::vector<RunnerOutput>&, bool)>& loss) {
  std::vector<Tensor> inputs;
  std::vector<std::string> names;
  for (const auto& [name, tensor] : state.tensors) {
    names.push_back(name);
    inputs.push_back(tensor);
  }
  std::vector<bool> is_given;
  for (const Tensor& tensor : given) {
    is_given.push_back(tensor.defined());
    if (tensor.defined()) inputs.push_back(tensor);
  }
  const auto counters_after = std::make_shared<State>();
  // Everything the segment needs is copied into it: it lives until the backward pass.
  const Segment segment = [&runner, piece, options, loss, names, is_given, counters_after, before = state.counters](
                              const std::vector<Tensor>& from, bool again) {
    StreamState moving{before, {}};
    std::size_t next = 0;
    for (const std::string& name : names) moving.tensors[name] = from[next++];
    std::vector<Tensor> replacing;
    for (const bool defined : is_given) replacing.push_back(defined ? from[next++] : Tensor());
    RunOptions this_time = options;
    this_time.update_statistics = options.update_statistics && !again;
    const std::vector<RunnerOutput> outputs = runner.run(*piece, replacing, moving, this_time);
    if (!again) *counters_after = moving.counters;
    std::vector<Tensor> results;
    for (const std::string& name : names) results.push_back(moving.tensors.at(name));
    const Tensor piece_loss = loss(outputs, again);
    if (piece_loss.defined()) results.push_back(piece_loss);
    return results;
  };
  const std::vector<Tensor> results = recompute(segment, inputs);
  for (std::size_t i = 0; i < names.size(); ++i) state.tensors[names[i]] = results[i];
  state.counters = *counters_after;
  return results.size() > names.size() ? results.back() : Tensor();
}

// What is given for an input belongs to the pieces in which the input has rows: its rows there.
std::vector<Tensor> rows_of_piece(std::span<const Tensor> given, const graph::Chunk& piece,
                                  std::vector<std::int64_t>& next_row) {
  std::vector<Tensor> out;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto rows = static_cast<std::int64_t>(piece.inputs[i].rows.size());
    out.push_back(given[i].defined() ? given[i].narrow(0, next_row[i], rows) : Tensor());
    next_row[i] += rows;
  }
  return out;
}

}  // namespace

double backward_in_pieces(GraphRunner& runner, const graph::Chunk& batch, std::span<const Tensor> given,
                          StreamState& state, const RunOptions& options, const PieceOptions& pieces,
                          const PieceLoss& loss) {
  state.detach();
  const std::int64_t length = pieces.ticks > 0 ? pieces.ticks : batch.ticks;
  std::vector<std::int64_t> next_row(given.size(), 0);
  Tensor total;  // of the pieces not yet differentiated
  double value = 0;
  for (std::int64_t first = 0; first < batch.ticks; first += length) {
    const bool last = first + length >= batch.ticks;
    const auto piece =
        std::make_shared<const graph::Chunk>(slice(runner.plan(), batch, first, std::min(length, batch.ticks - first)));
    const std::vector<Tensor> replacing = rows_of_piece(given, *piece, next_row);
    const auto piece_loss = [&loss, first](const std::vector<RunnerOutput>& outputs, bool again) {
      return loss(outputs, first, again);
    };
    Tensor added;
    if (pieces.through == Backpropagation::kFull && !last) {
      added = recomputed_piece(runner, piece, replacing, state, options, piece_loss);
    } else {
      added = piece_loss(runner.run(*piece, replacing, state, options), false);
    }
    if (added.defined()) {
      value += added.item<double>();
      total = total.defined() ? total + added : added;
    }
    if ((last || pieces.through == Backpropagation::kTruncated) && total.defined()) {
      if (total.requires_grad()) total.backward();
      total = Tensor();
    }
    if (last || pieces.through == Backpropagation::kTruncated) state.detach();
  }
  return value;
}

}  // namespace longtake::training
