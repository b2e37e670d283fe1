// The step graph as ONNX nodes: what schedule.cc does for chunks, for one tick and with masks over streams. Private to
// onnx/.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "graph/plan.h"
#include "onnx/export.h"
#include "onnx/export_writer.h"

namespace longtake::onnx {

class Step {
 public:
  // All must outlive the step.
  Step(const graph::Plan& plan, const ExportOptions& options, Writer& writer)
      : plan_(plan), options_(options), writer_(writer), signature_(step_signature(plan)) {}

  void write();

 private:
  // [streams, ...], and the mask, bool [streams], of the streams that have the value. Other rows hold any numbers.
  struct Value {
    Name tensor, present;
  };

  void declare_inputs();
  void declare_states();
  void write_clock();
  void write_node(graph::NodeId id);
  void write_outputs();

  // export_time.cc
  void write_input(const graph::Node& node);
  void write_parameter(const graph::Node& node);
  void write_delay(const graph::Node& node);
  void finish_delay(const graph::Node& node);
  void write_newest(const graph::Node& node);  // latest, last
  void write_first(const graph::Node& node);
  void write_combinational(const graph::Node& node);
  // export_running.cc
  void write_running(const graph::Node& node);
  void write_window(const graph::Node& node);

  Value& value(graph::ValueId id) { return values_[id]; }
  std::size_t rank(graph::ValueId id) const { return plan_.shapes[id].size(); }
  Name present_of_all(const graph::Node& node);

  // Masks.
  Name both(const Name& a, const Name& b);
  Name either(const Name& a, const Name& b);
  Name as_integer(const Name& mask);  // 0 or 1
  // `mask` where `rows` have `rank` dimensions.
  Name spread(const Name& mask, std::size_t rank);
  // Per stream `a` where the mask holds, else `b`.
  Name select(const Name& mask, const Name& a, const Name& b, std::size_t rank = 0);
  Name sum(const Name& a, const Name& b) { return writer_.node("Add", {a, b}); }

  // State: as it came in, after a reset; and as it goes out. Counters begin at 0 again after the end of a sequence.
  Name restored(const std::string& state, std::size_t rank) {
    return select(reset_, zero(state), state_input(state), rank);
  }
  void keep(const std::string& state, const Name& value) { writer_.give(state_output(state), value); }
  void keep_count(const std::string& state, const Name& value);
  Name zero(const std::string& state);

  const graph::Plan& plan_;
  const ExportOptions& options_;
  Writer& writer_;
  StepSignature signature_;
  Name active_ = "active", reset_;  // the latter with the resets that schedule.h implies
  std::vector<Value> values_;
  std::map<std::string, Name> before_;  // per delay: what it kept before this tick
  std::map<std::pair<Name, std::string>, Name> cache_;
};

}  // namespace longtake::onnx
