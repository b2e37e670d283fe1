// Everything a model remembers about its streams, as a value: named tensors whose first dimension is the stream. Copy
// it to snapshot, keep the copy to go back, save it and go on elsewhere, gather streams into a batch, repeat one to
// fork it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "longtake/tensor.h"

namespace longtake {

class State {
 public:
  using Tensors = std::map<std::string, Tensor, std::less<>>;

  State() = default;
  explicit State(std::int64_t streams) : streams_(streams) {}

  std::int64_t streams() const { return streams_; }
  const Tensors& tensors() const { return tensors_; }
  bool contains(std::string_view name) const { return tensors_.find(name) != tensors_.end(); }
  // Throws InvalidArgument when there is no tensor of that name.
  Tensor& at(std::string_view name);
  const Tensor& at(std::string_view name) const;
  // Adds or replaces a tensor, [streams, ...]. Throws InvalidArgument when its first dimension differs.
  void set(std::string name, Tensor tensor);

  // Bytes of all tensors, per stream.
  std::int64_t bytes_per_stream() const;

  // The state of the chosen streams, in that order. An index that comes twice forks the stream.
  State gather(std::span<const std::int64_t> streams) const;
  // Writes the streams of `from` back to the places `streams` of this state.
  void scatter(const State& from, std::span<const std::int64_t> streams);
  // One state that holds the streams of all, in order. Throws InvalidArgument when the names or shapes differ.
  static State concatenate(std::span<const State> states);

  // As a safetensors file or its bytes. Loading throws BadData or IoError naming the file.
  void save(const std::string& path) const;
  static State load(const std::string& path);
  std::vector<std::byte> to_bytes() const;
  static State from_bytes(std::span<const std::byte> bytes, const std::string& source);

  friend bool operator==(const State&, const State&) = default;

 private:
  std::int64_t streams_ = 0;
  Tensors tensors_;
};

}  // namespace longtake
