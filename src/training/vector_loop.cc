#include "training/vector_loop.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "kernels/level.h"
#include "kernels/matrix.h"

namespace longtake::training {

using graph::Node;
using graph::NodeId;
using graph::ValueId;
using kernels::PackedMatrix;
using kernels::VectorKernel;

class VectorLoop::Op {
 public:
  virtual ~Op() = default;
  // Before each pass, on one thread: the weights may have changed since the last.
  virtual void prepare_forward() {}
  virtual void prepare_backward() {}
  // Of these rows, which are of one tick.
  virtual void forward(const Range& rows, ThreadPool* pool) = 0;
  // Adds to the gradients of the op's inputs. (lstm_gates, which is the only reader of its own, sets them.)
  virtual void backward(const Range& rows, ThreadPool* pool) = 0;
  // After a backward pass, on one thread.
  virtual void finish_backward() {}
};

// The ops. They hold the loop, whose vectors do not move any more once the first pass begins.
struct VectorLoopOps {
  using Range = VectorLoop::Range;
  using Op = VectorLoop::Op;

  struct Vector {
    VectorLoop* loop;
    ValueId id;
    std::int64_t size() const { return loop->value(id).size; }
    float* numbers(std::int64_t row) const { return loop->value(id).numbers + row * size(); }
    float* gradient(std::int64_t row) const { return loop->value(id).gradient + row * size(); }
  };

  class Delay final : public Op {
   public:
    Delay(VectorLoop& loop, const graph::NodeSchedule& schedule, NodeId id, const Node& node)
        : loop_(loop),
          x_{&loop, node.inputs[0]},
          y_{&loop, node.outputs[0]},
          past_(loop.pasts_.size()),
          source_(schedule.source),
          initial_(schedule.initial_row) {
      loop.pasts_.push_back({id, nullptr, nullptr, nullptr, nullptr});
    }

    void forward(const Range& rows, ThreadPool*) override {
      for (std::int64_t r = rows.begin; r < rows.end; ++r) {
        const float* from = place<const float>(r, x_.loop->value(x_.id).numbers, past().carried, past().initial);
        if (from == nullptr) {
          std::fill_n(y_.numbers(r), y_.size(), 0.0f);
        } else {
          std::copy_n(from, y_.size(), y_.numbers(r));
        }
      }
    }

    void backward(const Range& rows, ThreadPool*) override {
      const auto accumulate = kernels::kernels_of(loop_.level_).vector.accumulate;
      for (std::int64_t r = rows.begin; r < rows.end; ++r) {
        float* to = place<float>(r, x_.loop->value(x_.id).gradient, past().by_carried, past().by_initial);
        if (to != nullptr) accumulate(y_.gradient(r), to, y_.size());
      }
    }

   private:
    const VectorLoop::Past& past() const { return loop_.pasts_[past_]; }

    // The row that is shown at row r; null for zeros, or where nobody asks for that gradient.
    template <class T>
    T* place(std::int64_t r, T* of_value, T* carried, T* initial) const {
      const std::int32_t source = source_[static_cast<std::size_t>(r)];
      if (source >= 0) return of_value + source * y_.size();
      if (source == graph::kCarried) {
        return carried == nullptr ? nullptr : carried + loop_.streams_[static_cast<std::size_t>(r)] * y_.size();
      }
      const std::int32_t row = initial == nullptr ? -1 : initial_[static_cast<std::size_t>(r)];
      return row < 0 ? nullptr : initial + row * y_.size();
    }

    VectorLoop& loop_;
    Vector x_, y_;
    std::size_t past_;
    std::vector<std::int32_t> source_, initial_;
  };

  class Linear final : public Op {
   public:
    Linear(VectorLoop& loop, const Node& node)
        : loop_(loop), x_{&loop, node.inputs[0]}, y_{&loop, node.outputs[0]}, weight_(loop.parameters_.size()) {
      loop.parameters_.push_back({node.parameters[0], nullptr, nullptr});
      loop.parameters_.push_back({node.parameters.size() > 1 ? node.parameters[1] : "", nullptr, nullptr});
      loop.products_.push_back({weight_, weight_ + 1, x_.id, y_.id});
    }

    void prepare_forward() override {
      matrix_.emplace(loop_.level_, y_.size(), x_.size(), weight(), loop_.parameters_[weight_ + 1].numbers,
                      std::vector<kernels::Run>{{0, x_.size()}});
    }
    void prepare_backward() override {
      std::vector<float> turned(static_cast<std::size_t>(x_.size() * y_.size()));
      for (std::int64_t o = 0; o < y_.size(); ++o) {
        for (std::int64_t k = 0; k < x_.size(); ++k) turned[k * y_.size() + o] = weight()[o * x_.size() + k];
      }
      matrix_.emplace(loop_.level_, x_.size(), y_.size(), turned.data(), nullptr,
                      std::vector<kernels::Run>{{0, y_.size()}});
    }

    void forward(const Range& rows, ThreadPool* pool) override {
      matrix_->multiply({x_.numbers(rows.begin), nullptr, x_.size()}, rows.rows(), y_.numbers(rows.begin), y_.size(),
                        {}, pool);
    }
    void backward(const Range& rows, ThreadPool* pool) override {
      matrix_->multiply_onto({y_.gradient(rows.begin), nullptr, y_.size()}, rows.rows(), x_.gradient(rows.begin),
                             x_.size(), pool);
    }

   private:
    const float* weight() const { return loop_.parameters_[weight_].numbers; }

    VectorLoop& loop_;
    Vector x_, y_;
    std::size_t weight_;
    std::optional<PackedMatrix> matrix_;
  };

  // The loops are those of the runtime: what is sigmoid here is sigmoid there, to the bit.
  class Elements final : public Op {
   public:
    struct Call {
      const VectorKernel& loops;
      std::array<const float*, 3> x;
      std::array<float*, 3> by_x;
      float* y;
      const float* by_y;
      std::int64_t count;
      double attribute;
    };
    using Function = void (*)(const Call&);

    Elements(VectorLoop& loop, const Node& node, Function forward, Function backward, double attribute)
        : loop_(loop), y_{&loop, node.outputs[0]}, forward_(forward), backward_(backward), attribute_(attribute) {
      for (ValueId input : node.inputs) inputs_.push_back({&loop, input});
    }

    void forward(const Range& rows, ThreadPool*) override { forward_(call(rows, false)); }
    void backward(const Range& rows, ThreadPool*) override { backward_(call(rows, true)); }

   private:
    Call call(const Range& rows, bool gradients) const {
      Call call{kernels::kernels_of(loop_.level_).vector,
                {},
                {},
                y_.numbers(rows.begin),
                gradients ? y_.gradient(rows.begin) : nullptr,
                rows.rows() * y_.size(),
                attribute_};
      for (std::size_t i = 0; i < inputs_.size(); ++i) {
        call.x[i] = inputs_[i].numbers(rows.begin);
        if (gradients) call.by_x[i] = inputs_[i].gradient(rows.begin);
      }
      return call;
    }

    VectorLoop& loop_;
    Vector y_;
    std::vector<Vector> inputs_;
    Function forward_, backward_;
    double attribute_;
  };

  class Slice final : public Op {
   public:
    Slice(VectorLoop& loop, const Node& node)
        : loop_(loop),
          x_{&loop, node.inputs[0]},
          y_{&loop, node.outputs[0]},
          begin_(node.attribute<std::int64_t>("begin")) {}

    void forward(const Range& rows, ThreadPool*) override {
      for (std::int64_t r = rows.begin; r < rows.end; ++r)
        std::copy_n(x_.numbers(r) + begin_, y_.size(), y_.numbers(r));
    }
    void backward(const Range& rows, ThreadPool*) override {
      const auto accumulate = kernels::kernels_of(loop_.level_).vector.accumulate;
      for (std::int64_t r = rows.begin; r < rows.end; ++r)
        accumulate(y_.gradient(r), x_.gradient(r) + begin_, y_.size());
    }

   private:
    VectorLoop& loop_;
    Vector x_, y_;
    std::int64_t begin_;
  };

  class LstmGates final : public Op {
   public:
    LstmGates(VectorLoop& loop, const Node& node)
        : loop_(loop),
          gates_{&loop, node.inputs[0]},
          previous_{&loop, node.inputs[1]},
          hidden_{&loop, node.outputs[0]},
          cell_{&loop, node.outputs[1]} {
      if (node.parameters.empty()) return;
      peepholes_ = loop.parameters_.size();
      loop.parameters_.push_back({node.parameters[0], nullptr, nullptr});
    }

    void prepare_forward() override { active_.resize(static_cast<std::size_t>(loop_.rows() * 4 * cell_.size())); }
    // Sums by stream, so that they do not depend on the threads.
    void prepare_backward() override {
      if (peepholes() != nullptr) {
        by_stream_.assign(static_cast<std::size_t>(loop_.stream_count_ * 3 * cell_.size()), 0.0f);
      }
    }

    void forward(const Range& rows, ThreadPool*) override {
      const auto step = kernels::kernels_of(loop_.level_).vector.lstm_gates_keeping;
      for (std::int64_t r = rows.begin; r < rows.end; ++r) {
        step(gates_.numbers(r), previous_.numbers(r), peepholes(), active(r), hidden_.numbers(r), cell_.numbers(r),
             cell_.size());
      }
    }
    void backward(const Range& rows, ThreadPool*) override {
      const auto step = kernels::kernels_of(loop_.level_).vector.lstm_gates_backward;
      for (std::int64_t r = rows.begin; r < rows.end; ++r) {
        float* by_peepholes = peepholes() == nullptr
                                  ? nullptr
                                  : by_stream_.data() + loop_.streams_[static_cast<std::size_t>(r)] * 3 * cell_.size();
        step({active(r), previous_.numbers(r), cell_.numbers(r), peepholes(), hidden_.gradient(r), cell_.gradient(r),
              gates_.gradient(r), previous_.gradient(r), by_peepholes},
             cell_.size());
      }
    }

    void finish_backward() override {
      if (peepholes() == nullptr || loop_.parameters_[*peepholes_].gradient == nullptr) return;
      const std::int64_t count = 3 * cell_.size();
      for (std::int64_t s = 0; s < loop_.stream_count_; ++s) {
        for (std::int64_t i = 0; i < count; ++i)
          loop_.parameters_[*peepholes_].gradient[i] += by_stream_[s * count + i];
      }
    }

   private:
    const float* peepholes() const { return peepholes_ ? loop_.parameters_[*peepholes_].numbers : nullptr; }
    float* active(std::int64_t row) { return active_.data() + row * 4 * cell_.size(); }

    VectorLoop& loop_;
    Vector gates_, previous_, hidden_, cell_;
    std::optional<std::size_t> peepholes_;  // among the loop's parameters
    std::vector<float> active_, by_stream_;
  };
};

namespace {

using Call = VectorLoopOps::Elements::Call;

struct ElementOp {
  std::string_view op;
  VectorLoopOps::Elements::Function forward, backward;
  const char* attribute;
};

void accumulate(const Call& call, std::size_t input) { call.loops.accumulate(call.by_y, call.by_x[input], call.count); }

constexpr ElementOp kElementOps[] = {
    {"add", [](const Call& c) { c.loops.add(c.x[0], c.x[1], c.y, c.count); },
     [](const Call& c) {
       accumulate(c, 0);
       accumulate(c, 1);
     },
     nullptr},
    {"mul", [](const Call& c) { c.loops.multiply(c.x[0], c.x[1], c.y, c.count); },
     [](const Call& c) {
       c.loops.multiply_add(c.by_y, c.x[1], c.by_x[0], c.count);
       c.loops.multiply_add(c.by_y, c.x[0], c.by_x[1], c.count);
     },
     nullptr},
    {"sigmoid", [](const Call& c) { c.loops.sigmoid(c.x[0], c.y, c.count); },
     [](const Call& c) { c.loops.sigmoid_backward(c.y, c.by_y, c.by_x[0], c.count); }, nullptr},
    {"tanh", [](const Call& c) { c.loops.tanh(c.x[0], c.y, c.count); },
     [](const Call& c) { c.loops.tanh_backward(c.y, c.by_y, c.by_x[0], c.count); }, nullptr},
    {"leaky_relu", [](const Call& c) { c.loops.leaky_relu(c.x[0], static_cast<float>(c.attribute), c.y, c.count); },
     [](const Call& c) {
       const auto slope = static_cast<float>(c.attribute);
       for (std::int64_t i = 0; i < c.count; ++i) c.by_x[0][i] += c.x[0][i] > 0 ? c.by_y[i] : slope * c.by_y[i];
     },
     "slope"},
    {"blend", [](const Call& c) { c.loops.blend(c.x[0], c.x[1], c.x[2], c.y, c.count); },
     [](const Call& c) {
       c.loops.blend_backward(c.x[0], c.x[1], c.x[2], c.by_y, c.by_x[0], c.by_x[1], c.by_x[2], c.count);
     },
     nullptr},
};

const ElementOp* element_op(const std::string& name) {
  const auto* found =
      std::find_if(std::begin(kElementOps), std::end(kElementOps), [&](const ElementOp& op) { return op.op == name; });
  return found == std::end(kElementOps) ? nullptr : found;
}

int readers_of(const graph::Graph& graph, ValueId value) {
  int readers = 0;
  for (const Node& node : graph.nodes) {
    readers += static_cast<int>(std::count(node.inputs.begin(), node.inputs.end(), value));
  }
  for (const graph::Output& output : graph.outputs) readers += output.value == value ? 1 : 0;
  return readers;
}

}  // namespace

bool VectorLoop::takes(const graph::Plan& plan, const graph::Schedule& schedule, const graph::Step& step) {
  const std::int32_t rows = schedule.node(step.nodes.front()).rows;
  const auto fits = [&](ValueId value) {
    return plan.shape(value).size() == 1 && schedule.node(plan.graph->values[value].node).rows == rows;
  };
  return std::all_of(step.nodes.begin(), step.nodes.end(), [&](NodeId id) {
    const Node& node = plan.graph->nodes[id];
    if (!std::all_of(node.outputs.begin(), node.outputs.end(), fits)) return false;
    if (node.op == "delay") return fits(node.inputs[0]);  // its initial value is there at rows of its own
    if (!std::all_of(node.inputs.begin(), node.inputs.end(), fits)) return false;
    if (node.op == "lstm_gates") {
      // Their gradients are set, not added to.
      return readers_of(*plan.graph, node.inputs[0]) == 1 && readers_of(*plan.graph, node.inputs[1]) == 1;
    }
    if (node.op == "linear" || node.op == "slice") return true;
    // Nor may an op read a value twice, into whose gradient it would write by two ways at once.
    return element_op(node.op) != nullptr && std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId input) {
             return plan.shape(input) == plan.shape(node.outputs[0]) &&
                    std::count(node.inputs.begin(), node.inputs.end(), input) == 1;
           });
  });
}

VectorLoop::VectorLoop(const graph::Plan& plan, const graph::Schedule& schedule, const graph::Step& step,
                       kernels::KernelLevel level)
    : level_(level), stream_count_(schedule.streams()), values_(plan.shapes.size()) {
  const graph::RowSet& rows = schedule.rows(schedule.node(step.nodes.front()).rows);
  begin_ = rows.begin;
  for (const graph::Row& row : rows.rows) streams_.push_back(row.stream);
  for (NodeId id : step.nodes) {
    const std::vector<ValueId>& outputs = plan.graph->nodes[id].outputs;
    made_.insert(made_.end(), outputs.begin(), outputs.end());
  }
  for (NodeId id : step.nodes) {
    const Node& node = plan.graph->nodes[id];
    for (std::size_t i = 0; i < (node.op == "delay" ? 1 : node.inputs.size()); ++i) {
      const auto among = [&](const std::vector<ValueId>& values) {
        return std::find(values.begin(), values.end(), node.inputs[i]) != values.end();
      };
      if (!among(made_) && !among(inputs_)) inputs_.push_back(node.inputs[i]);
    }
    ops_.push_back(make_op(plan, schedule, id));
  }
  for (const std::vector<ValueId>* values : {&inputs_, &made_}) {
    for (ValueId value : *values) values_[static_cast<std::size_t>(value)].size = plan.shape(value).front();
  }
}

VectorLoop::~VectorLoop() = default;

std::unique_ptr<VectorLoop::Op> VectorLoop::make_op(const graph::Plan& plan, const graph::Schedule& schedule,
                                                    NodeId id) {
  const Node& node = plan.graph->nodes[id];
  if (node.op == "delay") return std::make_unique<VectorLoopOps::Delay>(*this, schedule.node(id), id, node);
  if (node.op == "linear") return std::make_unique<VectorLoopOps::Linear>(*this, node);
  if (node.op == "slice") return std::make_unique<VectorLoopOps::Slice>(*this, node);
  if (node.op == "lstm_gates") return std::make_unique<VectorLoopOps::LstmGates>(*this, node);
  const ElementOp& op = *element_op(node.op);
  const double attribute = op.attribute == nullptr ? 0 : node.attribute<double>(op.attribute);
  return std::make_unique<VectorLoopOps::Elements>(*this, node, op.forward, op.backward, attribute);
}

// The rows of a tick are in the order of their streams.
VectorLoop::Range VectorLoop::rows_of(std::int64_t tick, std::int64_t first_stream, std::int64_t last_stream) const {
  const auto begin = streams_.begin() + begin_[static_cast<std::size_t>(tick)];
  const auto end = streams_.begin() + begin_[static_cast<std::size_t>(tick) + 1];
  return {std::lower_bound(begin, end, first_stream) - streams_.begin(),
          std::lower_bound(begin, end, last_stream) - streams_.begin()};
}

// body(first stream, last stream, pool) for parts of the streams, one a thread; where there are fewer streams than
// threads, one part whose products share the pool.
template <class Body>
void VectorLoop::for_streams(KernelThreads& threads, const Body& body) const {
  const std::int64_t parts = threads.pool.threads();
  if (parts == 1 || stream_count_ < parts) {
    body(std::int64_t{0}, stream_count_, &threads.pool);
    return;
  }
  threads.pool.parallel_for(parts, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t part = begin; part < end; ++part) {
      body(part * stream_count_ / parts, (part + 1) * stream_count_ / parts, static_cast<ThreadPool*>(nullptr));
    }
  });
}

void VectorLoop::forward(KernelThreads& threads) {
  for (const auto& op : ops_) op->prepare_forward();
  for_streams(threads, [&](std::int64_t first, std::int64_t last, ThreadPool* pool) {
    for (std::int64_t t = 0; t + 1 < static_cast<std::int64_t>(begin_.size()); ++t) {
      const Range rows = rows_of(t, first, last);
      if (rows.rows() == 0) continue;
      for (const auto& op : ops_) op->forward(rows, pool);
    }
  });
}

void VectorLoop::backward(KernelThreads& threads) {
  for (const auto& op : ops_) op->prepare_backward();
  for_streams(threads, [&](std::int64_t first, std::int64_t last, ThreadPool* pool) {
    for (std::int64_t t = static_cast<std::int64_t>(begin_.size()) - 2; t >= 0; --t) {
      const Range rows = rows_of(t, first, last);
      if (rows.rows() == 0) continue;
      for (auto op = ops_.rbegin(); op != ops_.rend(); ++op) (*op)->backward(rows, pool);
    }
  });
  for (const auto& op : ops_) op->finish_backward();
}

}  // namespace longtake::training
