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

constexpr const char* kTinyPooling = R"(
encoder = "small_cnn"
fc_sizes = [7, 6]
frames = 6
small_cnn = { channels = [4, 5], kernels = [3, 3] }
)";

constexpr const char* kTinyWindows = R"(
encoder = "small_cnn"
fc_sizes = [7, 6]
window = 4
stride = 3
frames = 10
small_cnn = { channels = [4, 5], kernels = [3, 3] }
)";

constexpr const char* kTinyTimeDomain = R"(
encoder = "small_cnn"
kernels = 6
fc_sizes = [7, 6]
window = 4
stride = 3
frames = 10
small_cnn = { channels = [4, 5], kernels = [3, 3] }
)";

constexpr const char* kTinyLstm = R"(
encoder = "small_cnn"
hidden_size = 5
lstm_layers = 2
frames = 6
small_cnn = { channels = [4, 5], kernels = [3, 3], features = 7 }
)";

constexpr const char* kTinyGruRcn = R"(
encoder = "small_cnn"
hidden = [3, 4, 5]
kernels = [3, 3, 1]
bias = true
stacked = true
frames = 6
small_cnn = { channels = [4, 5], kernels = [3, 3], features = 7 }
)";

constexpr const char* kTinyAttention = R"(
encoder = "small_cnn"
score = "content"
attention_size = 6
lstm_layers = 2
hidden_size = 5
output_size = 6
initial_state = "first"
frames = 6
small_cnn = { channels = [4, 5], kernels = [3, 3] }
)";

constexpr const char* kTinyMultiLstm = R"(
encoder = "small_cnn"
window = 4
attention_size = 6
hidden_size = 5
small_cnn = { channels = [4, 5], kernels = [3, 3], features = 7 }
)";

constexpr const char* kTinyConvLstm = R"(
hidden = [4, 3]
input_kernel = 3
hidden_kernel = 3
patch = 2
)";

constexpr const char* kTinyFcLstm = R"(
hidden = [6, 5]
)";

constexpr const char* kTinyTrajectoryGru = R"(
hidden = [3, 2]
links = [2, 3]
hidden_kernels = [3, 1]
between = [2, 3]
down_kernels = [4, 3]
up_kernels = [4, 4]
strides = [2, 2]
pads = [1, 1]
motion_channels = 3
motion_kernel = 3
)";

constexpr const char* kTinyTracker = R"(
hidden = [3, 2, 1]
)";

constexpr const char* kTinyStorms = R"(
hidden = [3, 2]
)";

constexpr const char* kNowcasting = "Convolutional LSTM Network (1506.04214)";
constexpr const char* kSnippets = "Beyond Short Snippets (1503.08909)";

constexpr const char* kStorms = "Deep-Hurricane-Tracker (WACV 2019)";

InputSpec tiny_video() { return {.fps = 10, .width = 14, .height = 12, .colour = "gray", .standardise = true}; }

// Of sides that halve twice.
InputSpec tiny_grid() { return {.fps = 10, .width = 12, .height = 8, .colour = "gray", .standardise = true}; }
// Three channels.
InputSpec tiny_fields() { return {.fps = 10, .width = 7, .height = 5, .colour = "rgb", .standardise = true}; }

}  // namespace

std::span<const Entry> registry() {
  static const std::array entries{
      Entry{"lrcn",
            "Long-term Recurrent Convolutional Networks (1411.4389)",
            2015,
            "classify",
            "CNN per frame, LSTM over frames, softmax at every frame, averaged",
            kTinyClassifier,
            tiny_video(),
            lrcn,
            {{"gru", {"cell=\"gru\""}},
             {"normalised", {"encoder_centre=\"so_far\"", "encoder_batch_norm=true"}},
             {"centred", {"encoder_centre=\"clip\""}}}},
      Entry{"single_frame", "the baseline of 1411.4389", 2015, "classify", "CNN per frame, softmax averaged",
            kTinyClassifier, tiny_video(), single_frame},
      Entry{"conv_pooling", kSnippets, 2015, "classify", "maps max-pooled over all frames, then fully connected layers",
            kTinyPooling, tiny_video(), conv_pooling},
      Entry{"late_pooling", kSnippets, 2015, "classify", "fully connected layers per frame, then max-pooled",
            kTinyPooling, tiny_video(), late_pooling},
      Entry{"slow_pooling", kSnippets, 2015, "classify", "windows pooled, connected, pooled again, connected",
            kTinyWindows, tiny_video(), slow_pooling},
      Entry{"local_pooling", kSnippets, 2015, "classify", "windows pooled and connected, side by side in one softmax",
            kTinyWindows, tiny_video(), local_pooling},
      Entry{"time_domain_conv", kSnippets, 2015, "classify", "convolutions over 10 frames, then max-pooled",
            kTinyTimeDomain, tiny_video(), time_domain_conv},
      Entry{"deep_lstm",
            kSnippets,
            2015,
            "classify",
            "five LSTM layers with peepholes, weighted aggregation",
            kTinyLstm,
            tiny_video(),
            deep_lstm,
            {{"bidirectional", {"bidirectional=true"}}}},
      Entry{"fc_lstm", "Generating Sequences with RNNs (1308.0850); 1506.04214", 2013, "classify",
            "LSTM with peepholes on whole frames", kTinyLstm, tiny_video(), fc_lstm},
      Entry{"gru_rcn",
            "Delving Deeper into Convolutional Networks (1511.06432)",
            2015,
            "classify",
            "convolutional GRUs on five levels of a CNN, averaged",
            kTinyGruRcn,
            tiny_video(),
            gru_rcn,
            {{"bidirectional", {"bidirectional=true"}},
             {"averaged", {"bidirectional=true", "merge=\"average\"", "update_keeps=true", "reset_after=true"}}}},
      Entry{"visual_attention",
            "Action Recognition using Visual Attention (1511.04119)",
            2015,
            "classify",
            "an LSTM that chooses where to look in every frame",
            kTinyAttention,
            tiny_video(),
            visual_attention,
            {{"whole_clips", {"initial_state=\"clip\"", "score=\"location\""}},
             {"learned_state", {"initial_state=\"learned\"", "context_gate=true", "context_to_output=true"}},
             {"released", {"attention_layers=3", "initial_layers=2", "output_layers=2", "initialiser=\"released\""}},
             {"centred", {"encoder_centre=\"clip\"", "encoder_batch_norm=true"}}}},
      Entry{"multi_lstm",
            "Every Moment Counts (1507.05738)",
            2015,
            "label",
            "attention over a window of frames, an answer for each of them",
            kTinyMultiLstm,
            tiny_video(),
            multi_lstm,
            {{"ahead", {"offset=-2"}}, {"delayed", {"offset=2"}}, {"averaged", {"offset=1", "attention=false"}}}},
      Entry{"conv_lstm_forecaster",
            kNowcasting,
            2015,
            "forecast",
            "ConvLSTM layers read frames, others go on from their states",
            kTinyConvLstm,
            tiny_video(),
            conv_lstm_forecaster,
            {{"fed_back", {"feedback=true", "top_only=true", "peepholes=false", "output=\"linear\""}},
             {"advected", {"advected=true", "output=\"linear\""}},
             {"scales", {"advected=true", "output=\"linear\"", "scales=[3, 5]"}}}},
      Entry{"fc_lstm_forecaster", kNowcasting, 2015, "forecast",
            "LSTM layers read whole frames, others go on from their states", kTinyFcLstm, tiny_video(),
            fc_lstm_forecaster},
      Entry{"trajectory_gru",
            "Deep Learning for Precipitation Nowcasting (1706.03458)",
            2017,
            "forecast",
            "levels of GRUs whose states move along the motion, or of convolutional GRUs",
            kTinyTrajectoryGru,
            tiny_grid(),
            trajectory_gru,
            {{"convolutional", {"cell=\"gru\""}}}},
      Entry{"storm_tracker",
            kStorms,
            2019,
            "track",
            "ConvLSTM layers turn fields of climate into a map of where storms are",
            kTinyTracker,
            tiny_fields(),
            storm_tracker,
            {{"peepholes", {"peepholes=true", "forget_bias=0.5"}}}},
      Entry{"storm_forecaster",
            kStorms,
            2019,
            "forecast",
            "ConvLSTM layers forecast maps of where storms are, with or without fields",
            kTinyStorms,
            tiny_fields(),
            storm_forecaster,
            {{"linear", {"output=\"linear\"", "peepholes=true", "hidden=[3]"}}, {"advected", {"advected=true"}}}},
  };
  return entries;
}

Options tiny_options(const Entry& entry, const Variant* variant) {
  Options options = parse_toml(entry.tiny, entry.name);
  options.set_override(std::string("name=") + entry.name);
  for (const char* override : variant != nullptr ? variant->overrides : std::vector<const char*>()) {
    options.set_override(override);
  }
  return options;
}

const Entry& find(const std::string& name) {
  std::vector<std::string> names;
  for (const Entry& entry : registry()) {
    if (name == entry.name) return entry;
    names.emplace_back(entry.name);
  }
  throw ConfigError(unknown_name_message("model", name, "the registry", names));
}

namespace {

void freeze_encoder(graph::Model& model) {
  for (graph::Parameter& parameter : model.parameters) {
    if (parameter.name.starts_with("encoder.")) parameter.trainable = false;
  }
}

}  // namespace

graph::Model build(const Options& options, const Purpose& purpose) {
  const Entry& entry = find(options.require<std::string>("name"));
  graph::Model model;
  try {
    model = entry.build(options, purpose);
  } catch (const InvalidArgument& error) {  // an op that refuses what the options made of it
    throw ConfigError(std::string("[model]: ") + error.what());
  }
  // Which file its numbers come from is read where files are.
  options.get("encoder_weights", "");
  if (options.get("encoder_frozen", false)) freeze_encoder(model);
  model.name = entry.name;
  model.task = entry.task;
  model.labels = purpose.labels;
  graph::check(model);
  return model;
}

}  // namespace longtake::models
