// Any bytes are either a valid model file, which survives writing and reading, or BadData.
#include <cstddef>
#include <cstdint>
#include <span>

#include "graph/model_file.h"
#include "longtake/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace longtake;
  graph::Model model;
  try {
    model = graph::model_from_bytes(std::as_bytes(std::span(data, size)), "fuzz");
  } catch (const BadData&) {
    return 0;
  }
  const auto bytes = graph::model_to_bytes(model);
  if (graph::model_to_bytes(graph::model_from_bytes(bytes, "written")) != bytes) __builtin_trap();
  return 0;
}
