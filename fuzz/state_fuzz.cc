// Any bytes are either a state, which survives writing and reading, or BadData.
#include <cstddef>
#include <cstdint>
#include <span>

#include "longtake/error.h"
#include "longtake/state.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  longtake::State state;
  try {
    state = longtake::State::from_bytes(std::as_bytes(std::span(data, size)), "fuzz");
  } catch (const longtake::BadData&) {
    return 0;
  }
  if (longtake::State::from_bytes(state.to_bytes(), "written") != state) __builtin_trap();
  return 0;
}
