// One of ONNX's node tests: a small model, tensors that go in and tensors that must come out; and ways to run it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "graph/executor.h"
#include "onnx/import.h"

namespace longtake::test {

struct NamedTensor {
  std::string name;
  Tensor tensor;
  bool floating = false;  // float16, float32 or float64 in the file
};

struct NodeCase {
  std::string name;
  onnx::OnnxFile file;
  std::vector<std::string> ops;
  std::vector<NamedTensor> inputs, outputs;
};

// Throws Unsupported where an input or output is no tensor of numbers.
NodeCase load_case(const std::filesystem::path& folder);

// A test as a graph of ours: how its tensors become values.
struct Setting {
  std::string name;
  std::map<std::string, onnx::Axes> values;  // inputs that are fed; the others are constants
  std::int64_t ticks = 1, streams = 1;
};
// The settings that suit the test: all tensors whole; frames along the first dimension; sequences for recurrent ops.
// Once with all inputs fed and once with the first only.
std::vector<Setting> settings_of(const NodeCase& c);

using ExecutorMaker =
    std::function<std::unique_ptr<graph::Executor>(const std::shared_ptr<const graph::Model>&, const std::string&)>;

// The outputs, as ONNX has them. Throws Unsupported when the setting or the op is not supported.
std::vector<Tensor> run_case(const NodeCase& c, const Setting& setting, const ExecutorMaker& make);

// "" or what differs by more than 1e-5 + 1e-4 |wanted|.
std::string difference(const Tensor& wanted, const Tensor& given);

}  // namespace longtake::test
