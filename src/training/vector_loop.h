// A loop of a plan whose values are vectors, as those of LSTMs and GRUs are, computed and differentiated as a whole:
// the rows of all ticks lie in one array per value, every thread takes streams of its own through all ticks, and the
// gradient of a weight is one product at the end. Free of LibTorch; the bits do not depend on the number of threads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "graph/schedule.h"
#include "kernels/choice.h"
#include "training/threads.h"

namespace longtake::training {

class VectorLoop {
 public:
  // [rows, size] each. Whoever uses the loop owns the memory; gradients start as zeros or as what comes from outside.
  struct Value {
    std::int64_t size = 0;
    float* numbers = nullptr;
    float* gradient = nullptr;
  };
  // What a delay shows of a stream's past: state that came in [streams, size], rows of its initial value or null.
  struct Past {
    graph::NodeId delay = 0;
    const float* carried = nullptr;
    const float* initial = nullptr;
    float* by_carried = nullptr;  // gradients: added to
    float* by_initial = nullptr;
  };
  struct Parameter {
    std::string name;  // empty where the op goes without
    const float* numbers = nullptr;
    float* gradient = nullptr;  // of peepholes: added to, if it is there
  };

  // Whether all members of the step are ops that are known here, on vectors that are there at the same rows.
  static bool takes(const graph::Plan& plan, const graph::Schedule& schedule, const graph::Step& step);

  // Keeps of plan and schedule what it needs.
  VectorLoop(const graph::Plan& plan, const graph::Schedule& schedule, const graph::Step& step,
             kernels::KernelLevel level);
  ~VectorLoop();

  std::int64_t rows() const { return static_cast<std::int64_t>(streams_.size()); }
  // The values that the loop reads and those it makes.
  const std::vector<graph::ValueId>& inputs() const { return inputs_; }
  const std::vector<graph::ValueId>& made() const { return made_; }
  Value& value(graph::ValueId id) { return values_[static_cast<std::size_t>(id)]; }
  // In the order of the step's nodes.
  std::vector<Past>& pasts() { return pasts_; }
  std::vector<Parameter>& parameters() { return parameters_; }
  // Of those, the factors of the gradients that are products: by_weight = gradient^T input, of all rows, and by_bias
  // the sum of the gradient's rows.
  struct Product {
    std::size_t weight = 0, bias = 0;  // among parameters()
    graph::ValueId input = 0, output = 0;
  };
  const std::vector<Product>& products() const { return products_; }

  // All memory must be there: of values their numbers.
  void forward(KernelThreads& threads);
  // After forward(), with the same memory; every gradient must be there.
  void backward(KernelThreads& threads);

 private:
  class Op;
  struct Range {
    std::int64_t begin, end;
    std::int64_t rows() const { return end - begin; }
  };
  template <class Body>
  void for_streams(KernelThreads& threads, const Body& body) const;
  Range rows_of(std::int64_t tick, std::int64_t first_stream, std::int64_t last_stream) const;
  std::unique_ptr<Op> make_op(const graph::Plan& plan, const graph::Schedule& schedule, graph::NodeId id);

  friend struct VectorLoopOps;

  kernels::KernelLevel level_;
  std::int64_t stream_count_;
  std::vector<std::int32_t> streams_;  // of each row
  std::vector<std::int32_t> begin_;    // first row of each tick, and the number of rows
  std::vector<Value> values_;
  std::vector<Past> pasts_;
  std::vector<Parameter> parameters_;
  std::vector<Product> products_;
  std::vector<graph::ValueId> inputs_, made_;
  std::vector<std::unique_ptr<Op>> ops_;
};

}  // namespace longtake::training
