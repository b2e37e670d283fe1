#include "longtake/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "graph/model_file.h"
#include "longtake/error.h"
#include "runtime/program.h"

namespace longtake {

Model Model::load(const std::string& path) {
  return Model(std::make_shared<const graph::Model>(graph::load_model(path)));
}

Model::Model(std::shared_ptr<const graph::Model> model) : model_(std::move(model)) {
  if (model_ == nullptr) throw InvalidArgument("there is no model");
  graph::check(*model_);
}

const std::string& Model::name() const { return model_->name; }
const std::string& Model::task() const { return model_->task; }
const std::vector<std::string>& Model::labels() const { return model_->labels; }
const std::map<std::string, InputSpec>& Model::inputs() const { return model_->inputs; }
const std::map<std::string, std::string>& Model::protocol() const { return model_->protocol; }
const std::map<std::string, std::string>& Model::provenance() const { return model_->provenance; }
std::int64_t Model::parameter_count() const { return model_->parameter_count(); }

std::vector<std::string> Model::graphs() const {
  std::vector<std::string> names;
  for (const graph::Graph& graph : model_->graphs) names.push_back(graph.name);
  return names;
}

namespace {

const std::string& graph_name(const Model& model, const SessionOptions& options) {
  if (!options.graph.empty()) return options.graph;
  if (model.internal()->graphs.empty()) throw InvalidArgument("the model has no graph");
  return model.internal()->graphs.front().name;
}

}  // namespace

struct Session::Impl {
  Impl(Model m, const SessionOptions& options)
      : model(std::move(m)),
        program(model.internal(), graph_name(model, options),
                {.sizes = options.sizes,
                 .threads = options.threads,
                 .precise = options.precise,
                 .weight_format = options.weight_format}),
        fresh(program.initial_state(1)) {}

  const graph::Graph& graph() const { return *program.plan().graph; }
  void check_frames(const Tensor& frames, bool ticks) const;
  void fill(std::int64_t ticks, std::int64_t streams, std::span<const std::uint8_t> flags);
  void pack(const Tensor& frames);
  const graph::Outputs& run(const graph::Chunk& what, State& state) {
    program.run(what, state, outputs);
    return outputs;
  }

  Model model;
  runtime::Program program;
  State fresh;
  graph::Chunk chunk;  // of step, run and finish; reused
  graph::Outputs outputs;
};

// Frames must be [streams, ...], with `ticks` [ticks, streams, ...].
void Session::Impl::check_frames(const Tensor& frames, bool ticks) const {
  if (graph().inputs.size() != 1) {
    throw InvalidArgument(
        fmt::format("graph '{}' has {} inputs; give them as a Chunk", graph().name, graph().inputs.size()));
  }
  const Shape& wanted = program.plan().shape(graph().inputs[0]);
  const Shape& given = frames.shape();
  const std::size_t before = ticks ? 2 : 1;
  if (frames.dtype() != DType::kFloat32 || given.size() != wanted.size() + before ||
      !std::equal(wanted.begin(), wanted.end(), given.begin() + static_cast<std::ptrdiff_t>(before))) {
    throw InvalidArgument(fmt::format("input '{}' is {} {} but must be float32 [{}streams] of {}",
                                      graph().values[graph().inputs[0]].name, name_of(frames.dtype()), to_string(given),
                                      ticks ? "ticks, " : "", to_string(wanted)));
  }
}

void Session::Impl::fill(std::int64_t ticks, std::int64_t streams, std::span<const std::uint8_t> flags) {
  const auto count = static_cast<std::size_t>(ticks * streams);
  if (!flags.empty() && flags.size() != count) {
    throw InvalidArgument(fmt::format("{} ticks of {} streams have {} flags", ticks, streams, flags.size()));
  }
  chunk.ticks = ticks;
  chunk.streams = streams;
  if (flags.empty()) {
    chunk.flags.assign(count, graph::kActive);
  } else {
    chunk.flags.assign(flags.begin(), flags.end());
  }
  chunk.inputs.resize(graph().inputs.size());
}

// Copies the rows of active ticks together.
void Session::Impl::pack(const Tensor& frames) {
  const Shape& shape = program.plan().shape(graph().inputs[0]);
  Tensor& data = chunk.inputs[0].data;
  const std::int64_t active = std::count_if(chunk.flags.begin(), chunk.flags.end(),
                                            [](std::uint8_t flag) { return (flag & graph::kActive) != 0; });
  if (data.shape().size() != shape.size() + 1) {
    Shape wanted{active};
    wanted.insert(wanted.end(), shape.begin(), shape.end());
    data.resize(DType::kFloat32, std::move(wanted));
  } else {
    data.resize_rows(active);
  }
  if (active == 0) return;
  const std::size_t bytes = data.bytes() / static_cast<std::size_t>(active);
  std::byte* to = data.raw();
  for (std::size_t r = 0; r < chunk.flags.size(); ++r) {
    if ((chunk.flags[r] & graph::kActive) == 0) continue;
    std::memcpy(to, frames.raw() + r * bytes, bytes);
    to += bytes;
  }
}

Session::Session(Model model, const SessionOptions& options)
    : impl_(std::make_unique<Impl>(std::move(model), options)) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

const Model& Session::model() const { return impl_->model; }
State Session::initial_state(std::int64_t streams) const { return impl_->program.initial_state(streams); }
std::int64_t Session::state_bytes_per_stream() const { return impl_->program.plan().state_bytes_per_stream(); }
std::int64_t Session::lag() const { return impl_->program.plan().lag; }

const Shape& Session::input_shape(const std::string& name) const {
  return impl_->program.plan().shape(impl_->graph().input(name));
}

const graph::Outputs& Session::step(const Tensor& frames, State& state, std::span<const std::uint8_t> flags) {
  const bool one_frame = state.streams() == 1 && impl_->graph().inputs.size() == 1 &&
                         frames.shape() == impl_->program.plan().shape(impl_->graph().inputs[0]);
  if (!one_frame) impl_->check_frames(frames, false);
  impl_->fill(1, one_frame ? 1 : frames.size(0), flags);
  impl_->pack(frames);
  return impl_->run(impl_->chunk, state);
}

const graph::Outputs& Session::run(const Tensor& frames, State& state, std::span<const std::uint8_t> flags) {
  impl_->check_frames(frames, true);
  impl_->fill(frames.size(0), frames.size(1), flags);
  impl_->pack(frames);
  return impl_->run(impl_->chunk, state);
}

const graph::Outputs& Session::run(const graph::Chunk& chunk, State& state) { return impl_->run(chunk, state); }

const graph::Outputs& Session::finish(State& state) {
  // Without lag a single tick remains, at which nothing happens but the end.
  const std::int64_t ticks = std::max<std::int64_t>(1, lag());
  impl_->fill(ticks, state.streams(), {});
  for (std::uint8_t& flag : impl_->chunk.flags) flag = lag() > 0 ? graph::kFlush : 0;
  for (std::int64_t s = 0; s < state.streams(); ++s) {
    impl_->chunk.flags[static_cast<std::size_t>((ticks - 1) * state.streams() + s)] |= graph::kEnd;
  }
  for (graph::ChunkInput& input : impl_->chunk.inputs) input.rows.clear();
  return impl_->run(impl_->chunk, state);
}

void Session::reset(State& state, std::int64_t stream) const {
  if (stream < 0 || stream >= state.streams()) {
    throw InvalidArgument(fmt::format("there is no stream {} in a state of {}", stream, state.streams()));
  }
  state.scatter(impl_->fresh, std::array<std::int64_t, 1>{stream});
}

const graph::ChunkOutput& Session::output(std::string_view name) const {
  std::string names;
  for (const graph::ChunkOutput& output : impl_->outputs) {
    if (output.name == name) return output;
    names += (names.empty() ? "" : ", ") + output.name;
  }
  throw InvalidArgument(fmt::format("there is no output '{}'; the last call gave: {}", name, names));
}

}  // namespace longtake
