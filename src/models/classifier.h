// What the models of videos have in common: a frame that goes in, and class scores that come out.
#pragma once

#include <vector>

#include "graph/builder.h"
#include "layers/lstm.h"
#include "models/registry.h"

namespace longtake::models {

// Frames as `input` feeds them: [channels, height, width]. Throws ConfigError for an input without a size.
Shape frame_shape(const InputSpec& input);

// Each adds the input "frame" as purpose.input feeds it, and the encoder of options.encoder (`otherwise` where there is
// none) with the options in a table of its name, or in the table "onnx" for one of a file. Vectors: [features].
// What the encoder gives may be changed before it goes on, value by value:
//   encoder_centre = "none"       or less its mean over the clip, so that what does not change in it says nothing: of
//                                 the frames "so_far", or of the whole "clip", which then is needed
//   encoder_batch_norm = false    each channel is brought to mean 0 and variance 1 over the training frames, then
//   scaled
//                                 and shifted as learnt: frozen features come in any size, and heads want them near 1
graph::ValueId frame_features(graph::Builder& b, const Options& options, const Purpose& purpose,
                              const std::string& otherwise = "caffenet_hybrid");
// The last map, [channels, height, width].
graph::ValueId frame_map(graph::Builder& b, const Options& options, const Purpose& purpose,
                         const std::string& otherwise);
// All levels, from low to high: maps and vectors.
std::vector<graph::ValueId> frame_levels(graph::Builder& b, const Options& options, const Purpose& purpose,
                                         const std::string& otherwise);

// The most layers a stack may have.
inline constexpr std::int64_t kMostLayers = 64;

// The number of classes. Throws ConfigError for less than two.
std::int64_t class_count(const Purpose& purpose);

// An option that must be at least `least` and at most `most`. Throws ConfigError naming the key.
std::int64_t size_option(const Options& options, const std::string& key, std::int64_t otherwise, std::int64_t least = 1,
                         std::int64_t most = std::int64_t{1} << 24);

// An option that is the share of values a dropout drops: at least 0 and below 1. Throws ConfigError naming the key.
double dropout_share(const Options& options, const std::string& key, double otherwise);

// An option that must be a number of at most a million, either sign. Throws ConfigError naming the key.
double finite_option(const Options& options, const std::string& key, double otherwise);

// Layers "lstm1", "lstm2", ... of options.lstm_layers, with a dropout of options.lstm_dropout after each; what the
// options do not say is as in `otherwise`. Every model with such a stack has two more options:
//   cell = "lstm"            or "gru" of the same size ("gru1", ...), to which peepholes and forget gates mean nothing
//   bidirectional = false    beside each layer one that runs backwards ("lstm1_back", ...); the next one hears both.
//                            Needs whole clips
struct StackDefaults {
  std::int64_t layers = 1;
  double dropout = 0;
};
graph::ValueId recurrent_stack(graph::Builder& b, graph::ValueId x, const Options& options,
                               const layers::LstmOptions& lstm, const StackDefaults& otherwise);

// From [features] to the outputs "logits" and "scores" (per frame, [classes]) and "video" (the aggregate of the scores
// of the frames so far, by options.aggregation, `otherwise` where there is none).
void classify(graph::Builder& b, graph::ValueId features, const Options& options, const Purpose& purpose, bool paper,
              const std::string& otherwise = "mean");

// Where the logits already speak about the whole video so far: "logits", "scores", and "video", which is the same.
void answer(graph::Builder& b, graph::ValueId logits);

// options.initialiser: true for "paper", false for "scaled".
bool uses_paper_initialiser(const Options& options);

// How LRCN tests (specs 2.5): overlapping clips of 16 frames every 8, the state reset at each, and for inputs that are
// cropped four corners, the centre and their mirrors.
void add_lrcn_protocol(graph::Model& model, const Purpose& purpose);

// A clip of `frames` frames after the other; its answer is the model's own after the last of them.
void add_clip_protocol(graph::Model& model, const Purpose& purpose, std::int64_t frames);

}  // namespace longtake::models
