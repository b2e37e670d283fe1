// Any bytes are an ONNX file whose outputs become a graph, frames or whole tensors going in, or an error of ours.
#include <cstddef>
#include <cstdint>
#include <span>

#include "graph/plan.h"
#include "longtake/error.h"
#include "onnx/import.h"

namespace {

using longtake::onnx::Axes;
using longtake::onnx::Axis;

// Feeds every input with its declared sizes (1 to 8 where they are open or large), frames first.
void import_file(const longtake::onnx::OnnxFile& file, bool frozen) {
  longtake::graph::Model model;
  longtake::graph::Builder b(model, "main");
  std::map<std::string, longtake::onnx::Bound> inputs;
  for (const longtake::onnx::FileInput& input : file.inputs()) {
    if (input.shape.size() > 6) return;
    longtake::Shape rows;
    Axes axes;
    for (std::size_t d = 0; d < input.shape.size(); ++d) {
      axes.push_back(d == 0 ? Axis::kRow : Axis::kData);
      const std::int64_t size = input.shape[d];
      if (d > 0) rows.push_back(size < 1 ? 4 : size > 64 ? 8 : size);
    }
    inputs[input.name] = {b.input("input" + std::to_string(inputs.size()), rows), axes};
  }
  const auto imported = longtake::onnx::import_graph(file, b, inputs, {}, {.frozen = frozen});
  for (std::size_t i = 0; i < imported.taps.size(); ++i) b.output("y" + std::to_string(i), imported.taps[i].value);
  b.finish();
  model.weights = imported.weights;
  longtake::graph::check(model);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (bool frozen : {true, false}) {
    try {
      import_file(longtake::onnx::OnnxFile::parse(std::as_bytes(std::span(data, size)), "fuzz"), frozen);
    } catch (const longtake::Error&) {
    }
  }
  return 0;
}
