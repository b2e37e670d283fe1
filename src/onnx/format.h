// ONNX files as protobuf messages. Private to onnx/.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "onnx/onnx.pb.h"

namespace longtake::onnx {

namespace format = longtake::onnx_format;

// The message in `bytes`. `source` is the name used in errors. Throws BadData when the bytes are no ONNX file.
format::ModelProto parse_model(std::span<const std::byte> bytes, const std::string& source);

// Throws InvalidArgument when the message is larger than the 2 GB that protobuf can hold.
std::vector<std::byte> serialise(const format::ModelProto& model);

}  // namespace longtake::onnx
