// A step that lies on a loop: its delays and combinational ops, tick by tick on slices of the packed rows.
#include <optional>

#include "training/bridge.h"
#include "training/convolution.h"
#include "training/execution.h"
#include "training/kernels.h"
#include "training/places.h"

namespace longtake::training {

using graph::Node;
using graph::NodeId;
using graph::NodeSchedule;
using graph::RowSet;
using graph::ValueId;
using torch::Tensor;

namespace {

class Loop {
 public:
  Loop(Execution& e, const graph::Step& step) : e_(e), ticks_(e.values.size()) {
    for (NodeId id : step.nodes) {
      for (ValueId value : e.node(id).outputs) ticks_[value].resize(e.schedule.ticks());
    }
    for (NodeId id : step.nodes) members_.push_back(prepare(id));
  }

  void run() {
    for (std::int64_t t = 0; t < e_.schedule.ticks(); ++t) {
      for (Member& member : members_) {
        if (member.delay) {
          show(member, t);
        } else {
          compute(member, t);
        }
      }
      for (Member& member : members_) {
        if (member.delay) member.pieces[t] = ticks_[member.node.inputs[0]][t];
      }
    }
    for (Member& member : members_) finish(member);
  }

 private:
  struct Member {
    NodeId id;
    const Node& node;
    const NodeSchedule& schedule;
    const RowSet& rows;
    bool delay = false;
    // Of a delay: PlaceFinder's.
    std::vector<Tensor> pieces;
    // Of an op.
    std::vector<Tensor> parameters;
    std::optional<LoopWeight> weight;
    std::optional<FastConvolution> convolution;
  };

  Member prepare(NodeId id) {
    const Node& node = e_.node(id);
    const NodeSchedule& schedule = e_.schedule.node(id);
    Member member{id, node, schedule, e_.schedule.rows(schedule.rows), node.op == "delay", {}, {}, {}, {}};
    if (member.delay) {
      const PlaceFinder finder = finder_of(member);
      member.pieces.resize(finder.piece_count());
      member.pieces[finder.carried()] = e_.state.tensors.at(node.name);
      if (node.inputs[1] != graph::kNoValue) member.pieces[finder.initial()] = e_.values[node.inputs[1]];
      member.pieces[finder.neutral()] = e_.constant_row(e_.plan.shape(node.outputs[0]), 0);
      return member;
    }
    for (const std::string& name : node.parameters) {
      member.parameters.push_back(name.empty() ? Tensor() : e_.weights.at(name));
    }
    if (node.op == "linear") {
      member.weight.emplace(member.parameters[0], member.parameters.size() > 1 ? member.parameters[1] : Tensor());
    }
    if (node.op == "conv2d" && FastConvolution::takes(node, e_.plan.shape(node.inputs[0]), member.parameters[0])) {
      member.convolution.emplace(node, e_.plan.shape(node.inputs[0]), member.parameters[0],
                                 member.parameters.size() > 1 ? member.parameters[1] : Tensor());
    }
    for (ValueId value : node.inputs) {
      if (ticks_[value].empty()) ticks_[value] = split_ticks(e_.values[value], e_.schedule.rows_of(value));
    }
    return member;
  }

  PlaceFinder finder_of(const Member& delay) const { return {e_.schedule.rows_of(delay.node.inputs[0]).begin}; }

  void show(Member& member, std::int64_t t) {
    const std::int32_t first = member.rows.begin[t], last = member.rows.begin[t + 1];
    if (first == last) return;
    const PlaceFinder finder = finder_of(member);
    const bool has_init = member.node.inputs[1] != graph::kNoValue;
    places_.clear();
    for (std::int32_t r = first; r < last; ++r) {
      places_.push_back(finder.find(member.schedule.source[r], member.rows.rows[r].stream,
                                    has_init ? member.schedule.initial_row[r] : -1));
    }
    ticks_[member.node.outputs[0]][t] = gather(member.pieces, places_);
  }

  void compute(Member& member, std::int64_t t) {
    const std::int32_t first = member.rows.begin[t], last = member.rows.begin[t + 1];
    if (first == last) return;
    OpCall call{e_, member.node, {}, {}, std::span(member.rows.rows).subspan(first, last - first)};
    for (std::size_t i = 0; i < member.node.inputs.size(); ++i) call.inputs.push_back(input(member, i, t));
    if (member.weight.has_value()) {
      ticks_[member.node.outputs[0]][t] = member.weight->linear(call.inputs[0]);
      return;
    }
    if (member.convolution.has_value()) {
      ticks_[member.node.outputs[0]][t] = (*member.convolution)(call.inputs[0]);
      return;
    }
    call.parameters = member.parameters;
    const std::vector<Tensor> outputs = evaluate(call);
    for (std::size_t i = 0; i < outputs.size(); ++i) ticks_[member.node.outputs[i]][t] = outputs[i];
  }

  // The rows of an input at tick t that the member works on.
  Tensor input(const Member& member, std::size_t i, std::int64_t t) {
    const ValueId value = member.node.inputs[i];
    const Tensor& rows = ticks_[value][t];
    const std::vector<std::int32_t>& gather = member.schedule.gather[i];
    const std::int32_t first = member.rows.begin[t], last = member.rows.begin[t + 1];
    if (gather.empty() || rows.size(0) == last - first) return rows;
    const std::int32_t offset = e_.schedule.rows_of(value).begin[t];
    index_.clear();
    for (std::int32_t r = first; r < last; ++r) index_.push_back(gather[r] - offset);
    return rows.index_select(0, index_tensor(index_, rows.device()));
  }

  void finish(Member& member) {
    for (ValueId value : member.node.outputs) {
      if (e_.joined[value]) e_.values[value] = join(value);
    }
    if (!member.delay) return;
    keep_state(e_, member.id, finder_of(member), member.pieces);
  }

  Tensor join(ValueId value) const {
    std::vector<Tensor> present;
    for (const Tensor& tick : ticks_[value]) {
      if (tick.defined()) present.push_back(tick);
    }
    return present.empty() ? e_.empty_rows(value) : torch::cat(present);
  }

  Execution& e_;
  std::vector<std::vector<Tensor>> ticks_;  // by value: its rows at each tick, undefined where there are none
  std::vector<Member> members_;
  std::vector<Place> places_;
  std::vector<std::int64_t> index_;
};

}  // namespace

void run_loop(Execution& e, const graph::Step& step) {
  if (!run_vector_loop(e, step)) Loop(e, step).run();
}

}  // namespace longtake::training
