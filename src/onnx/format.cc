#include "onnx/format.h"

#include <fmt/format.h>

#include <limits>

#include "longtake/error.h"

namespace longtake::onnx {

namespace {

constexpr std::size_t kMostBytes = std::numeric_limits<int>::max();

}  // namespace

format::ModelProto parse_model(std::span<const std::byte> bytes, const std::string& source) {
  if (bytes.size() > kMostBytes) {
    throw BadData(fmt::format("{}: has {} bytes; an ONNX file has less than 2^31", source, bytes.size()));
  }
  format::ModelProto model;
  if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw BadData(fmt::format("{}: is no ONNX file: its bytes are not the protobuf message of a model", source));
  }
  if (!model.has_graph()) throw BadData(fmt::format("{}: is no ONNX model: it holds no graph", source));
  return model;
}

std::vector<std::byte> serialise(const format::ModelProto& model) {
  const std::size_t size = model.ByteSizeLong();
  if (size > kMostBytes) throw InvalidArgument(fmt::format("an ONNX file of {} bytes; the most is 2^31 - 1", size));
  std::vector<std::byte> bytes(size);
  model.SerializeToArray(bytes.data(), static_cast<int>(size));
  return bytes;
}

}  // namespace longtake::onnx
