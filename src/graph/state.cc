#include "longtake/state.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/files.h"
#include "base/safetensors.h"
#include "longtake/error.h"

namespace longtake {

namespace {

constexpr const char* kMetadataKey = "longtake.state.streams";

std::size_t bytes_per_row(const Tensor& tensor) {
  return tensor.size(0) == 0 ? 0 : tensor.bytes() / static_cast<std::size_t>(tensor.size(0));
}

void check_streams(std::span<const std::int64_t> streams, std::int64_t count) {
  for (std::int64_t stream : streams) {
    if (stream < 0 || stream >= count) {
      throw InvalidArgument(fmt::format("there is no stream {} in a state of {}", stream, count));
    }
  }
}

// The states of two sets of streams belong to the same graph when names, types and shapes agree.
void check_same_layout(const State& a, const State& b) {
  const auto same = [](const auto& x, const auto& y) {
    const Shape& left = x.second.shape();
    const Shape& right = y.second.shape();
    return x.first == y.first && x.second.dtype() == y.second.dtype() && left.size() == right.size() &&
           std::equal(left.begin() + 1, left.end(), right.begin() + 1);
  };
  if (a.tensors().size() != b.tensors().size() ||
      !std::equal(a.tensors().begin(), a.tensors().end(), b.tensors().begin(), same)) {
    throw InvalidArgument("the states are of different models");
  }
}

State from_container(SafetensorsFile file, const std::string& source) {
  const auto metadata = file.metadata.find(kMetadataKey);
  if (metadata == file.metadata.end()) throw BadData(fmt::format("{}: not a longtake state", source));
  const std::string& text = metadata->second;
  std::int64_t streams = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), streams);
  if (error != std::errc() || end != text.data() + text.size() || streams < 0) {
    throw BadData(fmt::format("{}: its number of streams is '{}'", source, text));
  }
  State state(streams);
  for (auto& [name, tensor] : file.tensors) {
    if (tensor.shape().empty() || tensor.size(0) != streams) {
      throw BadData(fmt::format("{}: '{}' {} is not of {} streams", source, name, to_string(tensor.shape()), streams));
    }
    state.set(name, std::move(tensor));
  }
  return state;
}

SafetensorsFile to_container(const State& state) {
  SafetensorsFile file;
  file.tensors.insert(state.tensors().begin(), state.tensors().end());
  file.metadata[kMetadataKey] = std::to_string(state.streams());
  return file;
}

}  // namespace

Tensor& State::at(std::string_view name) { return const_cast<Tensor&>(std::as_const(*this).at(name)); }

const Tensor& State::at(std::string_view name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) throw InvalidArgument(fmt::format("the state has no tensor '{}'", name));
  return found->second;
}

void State::set(std::string name, Tensor tensor) {
  if (tensor.shape().empty() || tensor.size(0) != streams_) {
    throw InvalidArgument(
        fmt::format("state '{}' is {} but must begin with {} streams", name, to_string(tensor.shape()), streams_));
  }
  tensors_.insert_or_assign(std::move(name), std::move(tensor));
}

std::int64_t State::bytes_per_stream() const {
  std::size_t bytes = 0;
  for (const auto& [name, tensor] : tensors_) bytes += bytes_per_row(tensor);
  return static_cast<std::int64_t>(bytes);
}

State State::gather(std::span<const std::int64_t> streams) const {
  check_streams(streams, streams_);
  State out(static_cast<std::int64_t>(streams.size()));
  for (const auto& [name, tensor] : tensors_) {
    Shape shape = tensor.shape();
    shape[0] = out.streams_;
    Tensor gathered(tensor.dtype(), shape);
    const std::size_t row = bytes_per_row(tensor);
    for (std::size_t i = 0; i < streams.size() && row != 0; ++i) {
      std::memcpy(gathered.raw() + i * row, tensor.raw() + streams[i] * row, row);
    }
    out.tensors_.emplace(name, std::move(gathered));
  }
  return out;
}

void State::scatter(const State& from, std::span<const std::int64_t> streams) {
  check_streams(streams, streams_);
  check_same_layout(*this, from);
  if (static_cast<std::int64_t>(streams.size()) != from.streams_) {
    throw InvalidArgument(fmt::format("{} streams cannot be put into {} places", from.streams_, streams.size()));
  }
  for (auto& [name, tensor] : tensors_) {
    const Tensor& source = from.at(name);
    const std::size_t row = bytes_per_row(tensor);
    for (std::size_t i = 0; i < streams.size() && row != 0; ++i) {
      std::memcpy(tensor.raw() + streams[i] * row, source.raw() + i * row, row);
    }
  }
}

State State::concatenate(std::span<const State> states) {
  if (states.empty()) return State();
  std::int64_t total = 0;
  for (const State& state : states) {
    check_same_layout(states[0], state);
    total += state.streams_;
  }
  State out(total);
  for (const auto& [name, first] : states[0].tensors_) {
    Shape shape = first.shape();
    shape[0] = total;
    Tensor joined(first.dtype(), shape);
    std::byte* to = joined.raw();
    for (const State& state : states) {
      const Tensor& part = state.at(name);
      if (part.bytes() == 0) continue;
      std::memcpy(to, part.raw(), part.bytes());
      to += part.bytes();
    }
    out.tensors_.emplace(name, std::move(joined));
  }
  return out;
}

void State::save(const std::string& path) const { save_safetensors(real_files(), path, to_container(*this)); }

State State::load(const std::string& path) { return from_container(read_safetensors(real_files(), path), path); }

std::vector<std::byte> State::to_bytes() const { return write_safetensors(to_container(*this)); }

State State::from_bytes(std::span<const std::byte> bytes, const std::string& source) {
  return from_container(read_safetensors(bytes, source), source);
}

}  // namespace longtake
