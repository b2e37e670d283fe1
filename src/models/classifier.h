// What the classifiers of videos have in common: a frame that goes in, and class scores that come out.
#pragma once

#include "graph/builder.h"
#include "models/registry.h"

namespace longtake::models {

// Adds the input "frame" as purpose.input feeds it and the encoder of options.encoder; the result is [features].
graph::ValueId encoded_frame(graph::Builder& b, const Options& options, const Purpose& purpose);

// From [features] to the outputs "logits" and "scores" (per frame, [classes]) and "video" (the aggregate of the scores
// of the frames so far, by options.aggregation).
void classify(graph::Builder& b, graph::ValueId features, const Options& options, const Purpose& purpose, bool paper);

// options.initialiser: true for "paper", false for "scaled".
bool uses_paper_initialiser(const Options& options);

// How LRCN tests (specs 2.5): overlapping clips of 16 frames every 8, the state reset at each, and for inputs that are
// cropped four corners, the centre and their mirrors.
void add_lrcn_protocol(graph::Model& model, const Purpose& purpose);

}  // namespace longtake::models
