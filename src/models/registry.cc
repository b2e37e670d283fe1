#include "models/registry.h"

#include <array>

#include "base/text.h"
#include "longtake/error.h"

namespace longtake::models {

namespace {

constexpr const char* kTinyClassifier = R"(
encoder = "small_cnn"
hidden_size = 6
small_cnn = { channels = [4, 6], kernels = [3, 3], features = 8, difference = true, deviation = true }
)";

InputSpec tiny_video() { return {.fps = 10, .width = 14, .height = 12, .colour = "gray", .standardise = true}; }

}  // namespace

std::span<const Entry> registry() {
  static const std::array entries{
      Entry{"lrcn", "Long-term Recurrent Convolutional Networks (1411.4389)", 2015, "classify",
            "CNN per frame, LSTM over frames, softmax at every frame, averaged", kTinyClassifier, tiny_video(), lrcn},
      Entry{"single_frame", "the baseline of 1411.4389", 2015, "classify", "CNN per frame, softmax averaged",
            kTinyClassifier, tiny_video(), single_frame},
  };
  return entries;
}

const Entry& find(const std::string& name) {
  std::vector<std::string> names;
  for (const Entry& entry : registry()) {
    if (name == entry.name) return entry;
    names.emplace_back(entry.name);
  }
  throw ConfigError(unknown_name_message("model", name, "the registry", names));
}

graph::Model build(const Options& options, const Purpose& purpose) {
  const Entry& entry = find(options.require<std::string>("name"));
  graph::Model model;
  try {
    model = entry.build(options, purpose);
  } catch (const InvalidArgument& error) {  // an op that refuses what the options made of it
    throw ConfigError(std::string("[model]: ") + error.what());
  }
  model.name = entry.name;
  model.task = entry.task;
  model.labels = purpose.labels;
  graph::check(model);
  return model;
}

}  // namespace longtake::models
