// Runs an ONNX file through the import, for scripts that compare with other programs:
//
//   onnx_probe runtime|trainer frozen|learning file.onnx tensor channels height width frames.f32 outputs.f32
//
// frames.f32 holds float32 frames [n, channels, height, width], outputs.f32 gets the tensor's rows; an empty tensor
// name takes the file's first output.
#include <fmt/format.h>

#include <cstring>
#include <memory>

#include "longtake/error.h"
#include "onnx/import.h"
#include "runtime/program.h"
#ifdef LONGTAKE_WITH_TRAINING
#include "training/torch_executor.h"
#endif

namespace {

using namespace longtake;  // a program of one file

std::unique_ptr<graph::Executor> executor(const std::string& kind, const std::shared_ptr<graph::Model>& model) {
#ifdef LONGTAKE_WITH_TRAINING
  if (kind == "trainer") return std::make_unique<training::TorchExecutor>(*model, "main");
#endif
  if (kind != "runtime") throw InvalidArgument("this build has no executor '" + kind + "'");
  return std::make_unique<runtime::Program>(model, "main");
}

void probe(char** argument) {
  const onnx::OnnxFile file = onnx::OnnxFile::read(argument[3]);
  const Shape frame{std::stoll(argument[5]), std::stoll(argument[6]), std::stoll(argument[7])};
  auto model = std::make_shared<graph::Model>();
  graph::Builder b(*model, "main");
  const onnx::Axes axes{onnx::Axis::kRow, onnx::Axis::kData, onnx::Axis::kData, onnx::Axis::kData};
  const std::string tap = *argument[4] == 0 ? file.outputs().at(0) : argument[4];
  const auto imported = onnx::import_graph(file, b, {{file.inputs().at(0).name, {b.input("frame", frame), axes}}},
                                           {tap}, {.frozen = std::string(argument[2]) == "frozen"});
  b.output("y", imported.taps[0].value);
  b.finish();
  model->weights = imported.weights;

  const std::string bytes = real_files().read(argument[8]);
  const auto frames = static_cast<std::int64_t>(bytes.size() / sizeof(float)) / element_count(frame);
  graph::Chunk chunk{frames, 1, std::vector<std::uint8_t>(frames, graph::kActive | graph::kReset), {}};
  chunk.inputs.push_back({Tensor(DType::kFloat32, {frames, frame[0], frame[1], frame[2]}), {}});
  std::memcpy(chunk.inputs[0].data.raw(), bytes.data(), chunk.inputs[0].data.bytes());
  const auto runs = executor(argument[1], model);
  State state = runs->initial_state(frames);
  graph::Outputs outputs;
  runs->run(chunk, state, outputs);
  real_files().write_atomic(argument[9], std::span(outputs[0].data.raw(), outputs[0].data.bytes()));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 10) throw InvalidArgument("wrong number of arguments; see onnx_probe.cc");
    probe(argv);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
