#include "tasks/small_classifiers.h"

#include <algorithm>

#include "base/random.h"
#include "graph/builder.h"
#include "layers/aggregate.h"
#include "layers/basic.h"
#include "models/registry.h"

namespace longtake::test {

namespace {

constexpr double kFirstTime = 0.5, kRate = 10;

InputSpec small_frames() {
  return {.fps = kRate,
          .width = 16,
          .height = 14,
          .crop_width = 14,
          .crop_height = 12,
          .colour = "gray",
          .mean = {127},
          .scale = {0.01}};
}

void fill(graph::Model& model) {
  graph::initialise(model, 5);
  std::uint64_t index = 0;
  for (const graph::Parameter& parameter : model.parameters) {
    Random random(3, index++);
    for (float& value : model.weights.at(parameter.name).data<float>()) {
      value += static_cast<float>(random.uniform(-0.4, 0.4));
    }
  }
}

// Without a graph.
std::shared_ptr<graph::Model> new_classifier(const std::string& name) {
  auto model = std::make_shared<graph::Model>();
  model->name = name;
  model->task = "classify";
  model->labels = {"left", "right", "up"};
  model->inputs["frame"] = small_frames();
  return model;
}

std::shared_ptr<graph::Model> make_lagging(bool looks) {
  const auto model = new_classifier("lagging");
  graph::Builder b(*model, "main");
  const graph::ValueId flat = layers::flatten(b, "flat", b.input("frame", {1, 12, 14}));
  const graph::ValueId x = layers::linear(b, "features", flat, 4);
  const auto window = b.node("window", "window", {x},
                             {{"size", std::int64_t{4}},
                              {"stride", std::int64_t{1}},
                              {"ahead", std::int64_t{2}},
                              {"edge", std::string("same")}});
  const graph::ValueId logits = layers::linear(b, "classifier", layers::flatten(b, "slots", window[0]), 3);
  const graph::ValueId scores = layers::softmax(b, "softmax", logits);
  b.output("scores", scores);
  b.output("video", layers::aggregate(b, "video", scores, layers::Aggregation::kMean));
  if (looks) {
    b.output("attention", flat);
    model->protocol["attention"] = "12x14";
  }
  b.finish();
  fill(*model);
  return model;
}

// The scores of a frame are of its difference to the clip's mean, which is not known before the clip's end.
std::shared_ptr<graph::Model> make_whole_clip(std::int64_t clip) {
  const auto model = new_classifier("whole_clip");
  graph::Builder b(*model, "main");
  const graph::ValueId flat = layers::flatten(b, "flat", b.input("frame", {1, 12, 14}));
  const graph::ValueId x = layers::linear(b, "features", flat, 4);
  const graph::ValueId mean = b.node("final", "mean", {b.node("running_mean", "mean_so_far", {x}).front()}).front();
  const graph::ValueId at_every_frame = b.node("latest", "mean_at_every_frame", {mean}).front();
  const graph::ValueId logits = layers::linear(b, "classifier", layers::subtract(b, "rest", x, at_every_frame), 3);
  const graph::ValueId scores = layers::softmax(b, "softmax", logits);
  b.output("scores", scores);
  b.output("video", layers::aggregate(b, "video", scores, layers::Aggregation::kMax));
  b.finish();
  model->protocol["clip"] = std::to_string(clip);
  fill(*model);
  return model;
}

}  // namespace

std::shared_ptr<const graph::Model> whole_clip_classifier() { return make_whole_clip(40); }
std::shared_ptr<const graph::Model> short_clip_classifier() { return make_whole_clip(7); }

std::shared_ptr<const graph::Model> small_lrcn() {
  const Options options = parse_toml(R"(
name = "lrcn"
encoder = "small_cnn"
hidden_size = 5
small_cnn = { channels = [3], kernels = [3], features = 6 })",
                                     "small");
  auto model = std::make_shared<graph::Model>(models::build(options, {small_frames(), {"left", "right", "up"}}));
  fill(*model);
  return model;
}

std::shared_ptr<const graph::Model> lagging_classifier() { return make_lagging(false); }
std::shared_ptr<const graph::Model> looking_classifier() { return make_lagging(true); }

Clip random_clip(std::int64_t frames, std::uint64_t seed) {
  Clip clip;
  clip.frames = Tensor(DType::kUint8, {frames, 14, 16, 1});
  clip.first_time_s = kFirstTime;
  for (std::int64_t i = 0; i < frames; ++i) clip.times_s.push_back(kFirstTime + static_cast<double>(i) / kRate);
  Random random(seed);
  for (std::uint8_t& value : clip.frames.data<std::uint8_t>()) value = static_cast<std::uint8_t>(random.below(256));
  return clip;
}

std::vector<Frame> frames_of(const Clip& clip) {
  std::vector<Frame> frames;
  for (std::int64_t i = 0; i < clip.count(); ++i) {
    Frame frame;
    frame.image = Tensor(DType::kUint8, {14, 16, 1});
    const auto from = clip.frames.data<std::uint8_t>().subspan(i * frame.image.count(), frame.image.count());
    std::copy(from.begin(), from.end(), frame.image.data<std::uint8_t>().begin());
    frame.index = i;
    frame.time_s = clip.times_s[i];
    frames.push_back(std::move(frame));
  }
  return frames;
}

}  // namespace longtake::test
