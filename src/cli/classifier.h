// A model that was trained here, opened to answer: shared by the verbs that run one.
#pragma once

#include <memory>
#include <string>

#include "data/features.h"
#include "graph/model.h"
#include "longtake/video_reader.h"
#include "runtime/program.h"
#include "tasks/events.h"

namespace longtake::cli {

struct OpenedModel {
  std::string path;
  std::shared_ptr<const graph::Model> model;
  std::unique_ptr<runtime::Program> program;
};

// `path` is a model file, or the directory of a run, whose model.safetensors is taken.
std::string model_path(const std::string& path);
// Its model. Where the file is a recipe or a video, says which verb takes it.
graph::Model load_model_of(const std::string& path);
// Runs `graph` of the model, or its first where that is empty.
OpenedModel open_model(const std::string& path, int threads, const std::string& graph = "main");

// What comes behind the encoder of a model that does not learn any more, to be given features of `longtake extract`
// from `folder`. Throws ConfigError where features cannot stand for the encoder.
struct OpenedHead {
  OpenedModel head;
  FeatureSource features;
};
OpenedHead open_head(const OpenedModel& opened, const std::string& folder, int threads);

// Writes the result of an evaluation beside the model in its run's directory, where `longtake compare` finds it.
// `what` is such as "test" or "test-shuffled".
void save_evaluation(const std::string& model_path, const std::string& what, const std::string& json);

// How the frames of a classifier of video want to be read. Throws BadData when the model is none.
VideoOptions video_options_of(const OpenedModel& opened, const std::string& bad_frames);

// The recipe beside a model in its run's directory; throws ConfigError when there is none.
std::string recipe_of_run(const std::string& model_path);

// "skip", "repeat" or "stop". Throws ConfigError.
BadFramePolicy parse_bad_frames(const std::string& word);

// [events] of a recipe; an empty path gives the defaults.
tasks::EventOptions events_of(const std::string& recipe);

}  // namespace longtake::cli
