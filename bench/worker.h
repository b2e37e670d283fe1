// Work to be timed, driven line by line by bench/run, which lets it take turns with the same work of a peer (worker.py
// and node/worker.js speak the same lines).
#pragma once

#include <functional>

#include "base/safetensors.h"

namespace longtake::bench {

struct Work {
  std::function<void()> call;              // what is timed
  std::function<SafetensorsFile()> check;  // what it computes, to compare before anything is timed
};

// Answers each line of standard input with one line, until the input ends:
//   check PATH   writes check() to PATH and answers "done"
//   time N       the milliseconds of N calls, after one that is not timed
//   time N cold  the same, each call after 128 MB of something else went through the caches
//   memory       the most memory the process ever held, in megabytes
void serve(const Work& work);

// The most memory that this process ever held, in megabytes.
double peak_megabytes();

}  // namespace longtake::bench
