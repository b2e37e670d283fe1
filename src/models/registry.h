// The models longtake knows, one file per paper. To add one, write its file (a function from options to a model),
// declare it below and add its line to registry.cc; the invariants suite takes it from there.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/options.h"
#include "graph/model.h"
#include "layers/encoder.h"

namespace longtake::models {

// Adds a frame encoder from a file, which `encoder` names, as layers::encode adds those that have a name here.
// `options` are those of the table [model.onnx].
using EncoderFile = std::function<std::vector<graph::ValueId>(
    graph::Builder&, const std::string& encoder, const Options& options, graph::ValueId frame, layers::Taps taps)>;

// What every model is made for, besides its own options.
struct Purpose {
  InputSpec input;                  // of the video
  std::vector<std::string> labels;  // the classes
  EncoderFile encoder_file = {};    // reads "*.onnx" encoders; empty where none can be read
};

// Further options of a model under which the suite of invariants runs it once more.
struct Variant {
  const char* name;
  std::vector<const char*> overrides;  // "key=value", over those of `tiny`
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
  std::vector<Variant> variants = {};
};

std::span<const Entry> registry();

// What build() takes to make the model of the entry tiny.
Options tiny_options(const Entry& entry, const Variant* variant = nullptr);

// Throws ConfigError that suggests the nearest name.
const Entry& find(const std::string& name);

// Builds the model `options.require("name")` without weights (an encoder's file keeps them to itself). Besides the
// model's own options there are
//   encoder_weights = ""     a safetensors file with the encoder's weights under their names, for the caller to load
//   encoder_frozen = false   the encoder does not learn
// Throws ConfigError for unknown options' values.
graph::Model build(const Options& options, const Purpose& purpose);

// LRCN (Donahue 2015, 1411.4389): a CNN per frame, an LSTM over the frames, a softmax at every frame, averaged.
graph::Model lrcn(const Options& options, const Purpose& purpose);
// The CNN alone, averaged: what LRCN is compared with.
graph::Model single_frame(const Options& options, const Purpose& purpose);
// Beyond Short Snippets (Ng 2015, 1503.08909): five ways to pool the maps of a CNN over time, and a deep LSTM.
graph::Model conv_pooling(const Options& options, const Purpose& purpose);
graph::Model late_pooling(const Options& options, const Purpose& purpose);
graph::Model slow_pooling(const Options& options, const Purpose& purpose);
graph::Model local_pooling(const Options& options, const Purpose& purpose);
graph::Model time_domain_conv(const Options& options, const Purpose& purpose);
graph::Model deep_lstm(const Options& options, const Purpose& purpose);
// The LSTM with peepholes on whole frames (Graves 2013; Shi 2015, 1506.04214).
graph::Model fc_lstm(const Options& options, const Purpose& purpose);
// GRU-RCN (Ballas 2015, 1511.06432): convolutional GRUs on the levels of a CNN, single, stacked or in both directions.
graph::Model gru_rcn(const Options& options, const Purpose& purpose);
// Spatial visual attention (Sharma 2015, 1511.04119).
graph::Model visual_attention(const Options& options, const Purpose& purpose);
// MultiLSTM (Yeung 2015, 1507.05738): dense labels, from many frames for many frames.
graph::Model multi_lstm(const Options& options, const Purpose& purpose);
// The encoder-forecasters of 1506.04214 (Shi 2015), convolutional and fully connected.
graph::Model conv_lstm_forecaster(const Options& options, const Purpose& purpose);
graph::Model fc_lstm_forecaster(const Options& options, const Purpose& purpose);
// The networks of the HKO-7 benchmark (Shi 2017, 1706.03458), with trajectory GRUs or convolutional ones.
graph::Model trajectory_gru(const Options& options, const Purpose& purpose);
// Deep-Hurricane-Tracker (Kim 2019, WACV): fields to maps of where storms are, and such maps to those of hours to come.
graph::Model storm_tracker(const Options& options, const Purpose& purpose);
graph::Model storm_forecaster(const Options& options, const Purpose& purpose);

}  // namespace longtake::models
