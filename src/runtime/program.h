// A graph compiled for streaming: kernels chosen, weights packed once, buffers owned and reused. It is the executor of
// everything but training, and it needs no LibTorch.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "graph/executor.h"
#include "graph/schedule.h"
#include "kernels/buffer.h"
#include "kernels/workspaces.h"
#include "runtime/kernels/kernel.h"
#include "runtime/storage.h"

namespace longtake::runtime {

struct ProgramOptions {
  graph::InputShapes sizes;            // of inputs that differ from their nominal shape
  int threads = 1;                     // that share one call; 0 takes all of the machine. Results do not depend on it
  bool precise = false;                // convolutions sum in order; otherwise they may take fewer products
  std::optional<KernelLevel> kernels;  // none: the environment variable LONGTAKE_KERNELS, or else the best there is
  // Of the model's matrices, which are rounded to it. None: the environment variable LONGTAKE_WEIGHT_FORMAT, or else
  // the model's own.
  std::optional<WeightFormat> weight_format;
};

// State and inputs are float32. One thread at a time may call run; the model and the plan are only read.
class Program final : public graph::Executor {
 public:
  // Throws InvalidArgument when the model has no such graph, lacks a weight or cannot be planned at these sizes.
  Program(const std::shared_ptr<const graph::Model>& model, const std::string& graph,
          const ProgramOptions& options = {});
  // A graph that is not (or not in this form) in the model, such as one whose feedback was closed.
  Program(std::shared_ptr<const graph::Model> model, graph::Graph graph, const ProgramOptions& options = {});
  ~Program() override;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  const graph::Plan& plan() const override { return plan_; }
  const graph::Model& model() const { return *model_; }

  // Allocates nothing once it has seen a chunk as large (and `outputs` too).
  void run(const graph::Chunk& chunk, State& state, graph::Outputs& outputs) override;
  State initial_state(std::int64_t streams) const override;

  // Which kernel runs which node, for every node that computes.
  std::vector<std::pair<std::string, std::string>> kernels() const;
  // Bytes of packed weights, and of buffers as they are now.
  std::int64_t kernel_bytes() const;
  std::int64_t buffer_bytes() const;
  // Bytes of buffers once a chunk of `rows` frames has come with every value present at every frame: kernels work in
  // what they have by now, so a first step tells all.
  std::int64_t buffer_bytes(std::int64_t rows) const;

 private:
  struct Compiled;

  Program(std::shared_ptr<const graph::Model> model, std::unique_ptr<const graph::Graph> own, const graph::Graph* graph,
          const ProgramOptions& options);
  graph::Plan make_plan(const graph::Graph& graph, const graph::InputShapes& sizes);
  void compile();
  std::unique_ptr<Kernel> compile_kernel(const graph::Node& node) const;
  void find_aliases();
  graph::NodeId limit_after(const graph::Node& node) const;

  void check(const graph::Chunk& chunk, const State& state) const;
  void place_values(const graph::Chunk& chunk);
  void run_step(const graph::Step& step);
  void run_node(graph::NodeId id, std::int64_t begin, std::int64_t end);
  void finish_node(graph::NodeId id);
  void run_kernel(graph::NodeId id, std::int64_t begin, std::int64_t end);
  const float* gathered(graph::NodeId id, std::size_t input, std::int64_t begin, std::int64_t end);

  void run_input(graph::NodeId id, std::int64_t begin, std::int64_t end);
  void run_parameter(graph::NodeId id, std::int64_t begin, std::int64_t end);
  void run_show(graph::NodeId id, std::int64_t begin, std::int64_t end);
  void run_running(graph::NodeId id, std::int64_t begin, std::int64_t end);
  void run_window(graph::NodeId id, std::int64_t begin, std::int64_t end);
  void finish_show(graph::NodeId id);
  void finish_running(graph::NodeId id);
  void finish_window(graph::NodeId id);
  void write_output(std::size_t index);

  std::int64_t row_size(graph::ValueId value) const { return sizes_[value]; }
  float* row(graph::ValueId value, std::int64_t index) const { return write_[value] + index * sizes_[value]; }
  const float* read_row(graph::ValueId value, std::int64_t index) const { return read_[value] + index * sizes_[value]; }
  void copy_row(graph::ValueId value, const float* from, float* to) const;
  // Rows of state and of outputs are channels first, whatever the layout of the value.
  void import_row(graph::ValueId value, const float* from, float* to) const;
  void export_row(graph::ValueId value, const float* from, float* to) const;
  // A row of the value channels first, in scratch where it is not.
  const float* plain_row(graph::ValueId value, const float* from);

  std::shared_ptr<const graph::Model> model_;
  std::unique_ptr<const graph::Graph> own_graph_;
  KernelChoice kernels_;
  WeightFormat weight_format_;
  std::set<std::string> matrices_;  // parameters that are in that format
  graph::Plan plan_;
  graph::Schedule schedule_;
  std::unique_ptr<ThreadPool> pool_;

  std::vector<Compiled> nodes_;
  std::vector<std::vector<std::size_t>> outputs_of_node_;
  std::vector<Layout> layouts_;           // per value
  std::vector<std::int64_t> sizes_;       // per value: floats of a row
  std::vector<graph::ValueId> alias_of_;  // per value
  std::vector<bool> external_;            // per value: lives in the chunk's tensor
  Storage storage_;
  std::vector<Buffer> slots_;
  std::vector<Buffer> gather_scratch_;  // per input position
  Buffer row_scratch_;
  Workspaces workspaces_;

  // Valid during one call.
  const graph::Chunk* chunk_ = nullptr;
  State* state_ = nullptr;
  graph::Outputs* outputs_ = nullptr;
  std::vector<std::int64_t> slot_sizes_;
  std::vector<const float*> read_;  // per value: its first row
  std::vector<float*> write_;       // the same; null where external
  std::vector<const float*> call_inputs_;
  std::vector<float*> call_outputs_;
};

}  // namespace longtake::runtime
