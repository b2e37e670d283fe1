// Counts what a test's process takes from the heap, by whatever function: tensors and buffers do not use operator new.
// Sanitizers, whose heap is another, count nothing.
#pragma once

#include <cstdint>

namespace longtake::test {

// Calls of malloc and its like so far, of all threads.
std::int64_t allocation_count();

}  // namespace longtake::test
