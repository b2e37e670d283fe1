// Runs a model over streams of frames.
//
//   longtake::Session session(longtake::Model::load("action.safetensors"));
//   longtake::State state = session.initial_state();
//   while (next_frame(frame)) {
//     session.step(frame, state);
//     show(session.output("scores").data);   // [1, classes]
//   }
//   session.finish(state);
//
// The session remembers nothing of the streams: all of that is in the State, a value that can be copied, saved, forked
// and gathered into batches. How frames are cut into calls, and which streams share a call, changes no bit of any
// result.
//
// Threads: a Session is used by one thread at a time; many sessions may share one Model. A State belongs to its owner.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "longtake/chunk.h"
#include "longtake/model.h"
#include "longtake/state.h"
#include "longtake/tensor.h"
#include "longtake/weight_format.h"

namespace longtake {

struct SessionOptions {
  int threads = 1;       // that work on one call; 0 takes all of the machine. Results do not depend on it
  bool precise = false;  // convolutions sum in order: slower, with a fifth of the error (2e-6 of the norm)
  // How the session keeps the weights of LSTMs, GRUs and fully connected layers; none takes the model's own.
  std::optional<WeightFormat> weight_format;
  std::string graph;                   // empty takes the model's first
  std::map<std::string, Shape> sizes;  // shapes per frame of inputs that differ from their nominal ones
};

class Session {
 public:
  // Throws InvalidArgument when the model has no such graph, lacks weights or does not fit the sizes.
  explicit Session(Model model, const SessionOptions& options = {});
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  const Model& model() const;

  // The state of streams that have seen no frame.
  State initial_state(std::int64_t streams = 1) const;
  std::int64_t state_bytes_per_stream() const;
  // The ticks by which the latest output lags behind its frame: what finish() brings out.
  std::int64_t lag() const;
  // Shape of one frame of the named input, without stream and tick.
  const Shape& input_shape(const std::string& name) const;

  // One frame of every stream, for graphs with a single input: float32 [streams, ...], or [...] where there is one
  // stream. Returns one entry an output; it and output() are valid until the next call. Allocates nothing in the long
  // run.
  //
  // `flags` says what happens to each stream at this tick, TickFlags or-ed together; empty means kActive for all. A
  // stream with 0 is held, as if the tick never came, and its row of `frames` is ignored; kActive | kReset starts a new
  // sequence with this frame, kActive | kEnd ends one with it.
  //
  // Throws InvalidArgument when frames, state or flags do not fit.
  const graph::Outputs& step(const Tensor& frames, State& state, std::span<const std::uint8_t> flags = {});
  // The same over many ticks in one call, which is faster: [ticks, streams, ...], flags [ticks, streams].
  const graph::Outputs& run(const Tensor& frames, State& state, std::span<const std::uint8_t> flags = {});
  // The general form: several inputs, `once` inputs, rows only where they are present.
  const graph::Outputs& run(const graph::Chunk& chunk, State& state);

  // After the last frame: brings out what still lags, what waits for the end, and ends the sequences of all streams.
  // The next frame starts a new one.
  const graph::Outputs& finish(State& state);
  // Forgets all that one stream has seen. Throws InvalidArgument when there is no such stream.
  void reset(State& state, std::int64_t stream) const;

  // An output of the last call. Throws InvalidArgument that lists what there is.
  const graph::ChunkOutput& output(std::string_view name) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace longtake
