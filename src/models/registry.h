// The models longtake knows, one file per paper. To add one, write its file (a function from options to a model),
// declare it below and add its line to registry.cc; the invariants suite takes it from there.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/options.h"
#include "graph/model.h"

namespace longtake::models {

// What every model is made for, besides its own options.
struct Purpose {
  InputSpec input;                  // of the video
  std::vector<std::string> labels;  // the classes
};

struct Entry {
  const char* name;
  const char* paper;
  int year;
  const char* task;
  const char* summary;
  const char* tiny;  // options in TOML under which the model has a few thousand parameters, for tests
  InputSpec tiny_input;
  graph::Model (*build)(const Options& options, const Purpose& purpose);
};

std::span<const Entry> registry();

// Throws ConfigError that suggests the nearest name.
const Entry& find(const std::string& name);

// Builds the model `options.require("name")` without weights. Throws ConfigError for unknown options' values.
graph::Model build(const Options& options, const Purpose& purpose);

// LRCN (Donahue 2015, 1411.4389): a CNN per frame, an LSTM over the frames, a softmax at every frame, averaged.
graph::Model lrcn(const Options& options, const Purpose& purpose);
// The CNN alone, averaged: what LRCN is compared with.
graph::Model single_frame(const Options& options, const Purpose& purpose);

}  // namespace longtake::models
