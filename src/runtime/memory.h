// The memory that a program needs for streams that are stepped together.
#pragma once

#include "graph/inspect.h"
#include "runtime/program.h"

namespace longtake::runtime {

// Of `streams` streams whose sequences begin in the same step: what the model and the program hold by now and, found by
// one step with zeros in all inputs, what they come to hold. It stays as it is however long the streams run. The names
// and lists of the plan and its schedule, some hundred kilobytes, are not counted. Throws InvalidArgument when
// `streams` is below 1, or the graph needs whole sequences: what these need depends on their length.
graph::MemoryReport memory_of(Program& program, std::int64_t streams);

}  // namespace longtake::runtime
