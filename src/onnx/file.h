// What an OnnxFile holds. Private to onnx/.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "onnx/import.h"
#include "onnx/onnx.pb.h"

namespace longtake::onnx {

struct OnnxFile::Content {
  std::string source;
  std::string sha256;
  std::int64_t opset = 0;
  onnx_format::ModelProto model;
  std::map<std::string, Tensor> initialisers;
  std::vector<FileInput> inputs;  // without initialisers

  const onnx_format::GraphProto& graph() const { return model.graph(); }
};

}  // namespace longtake::onnx
