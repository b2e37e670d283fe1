// What Node runs to step an ONNX file. Private to onnx/.
#pragma once

#include <string_view>

namespace longtake::onnx {

// Takes a folder and a number of runs; for run 0, 1, ... the folder has 0.onnx and 0.inputs, a safetensors file of
// "<tick>/<input>", and gets 0.outputs, likewise. Exits with kNoPackage where Node does not find onnxruntime-web.
extern const std::string_view kEngineScript;
inline constexpr int kNoPackage = 3;

}  // namespace longtake::onnx
