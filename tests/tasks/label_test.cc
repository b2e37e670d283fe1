// Labels per frame: targets, per-frame mAP and events of a model whose answers lag.
#include "tasks/label.h"

#include <gmock/gmock.h>

#include <cmath>

#include "base/temporary_directory.h"
#include "graph/builder.h"
#include "layers/basic.h"
#include "longtake/error.h"
#include "media/video_writer.h"
#include "runtime/program.h"
#include "tasks/small_classifiers.h"
#include "tasks/stream.h"

namespace longtake::tasks {
namespace {

using testing::ElementsAre;

constexpr int kSize = 16;
constexpr double kRate = 10;

// Each digit is a frame of 0.1 s: 0 is black, 1 bright on the left, 2 on the right, 3 on both sides.
void write_video(const std::string& path, const std::string& frames) {
  media::VideoWriter writer(path, kSize, kSize, {.fps = kRate, .crf = 5});
  Tensor image(DType::kUint8, {kSize, kSize, 3});
  for (const char frame : frames) {
    for (std::int64_t i = 0; i < image.count(); ++i) {
      const bool left = i / 3 % kSize < kSize / 2;
      const bool bright = ((frame - '0') & (left ? 1 : 2)) != 0;
      image.data<std::uint8_t>()[i] = bright ? 235 : 16;
    }
    writer.write(image);
  }
  writer.finish();
}

// Says of each frame how bright its sides are, two frames later: the window holds a frame and the two behind it, and
// the weights look at the first of the three. Its task is "label" and it has no output "video".
std::shared_ptr<const graph::Model> late_labeller() {
  auto model = std::make_shared<graph::Model>();
  model->name = "late";
  model->task = kLabelTask;
  model->labels = {"left", "right"};
  model->inputs["frame"] = {.fps = kRate, .width = kSize, .height = kSize, .colour = "gray", .scale = {1 / 255.0}};
  graph::Builder b(*model, "main");
  const graph::ValueId frame = layers::flatten(b, "flat", b.input("frame", {1, kSize, kSize}));
  const auto window = b.node("window", "window", {frame},
                             {{"size", std::int64_t{3}},
                              {"stride", std::int64_t{1}},
                              {"ahead", std::int64_t{2}},
                              {"edge", std::string("same")}});
  const graph::ValueId logits = layers::linear(b, "classifier", layers::flatten(b, "slots", window[0]), 2);
  b.output("logits", logits);
  b.output("scores", layers::sigmoid(b, "sigmoid", logits));
  b.finish();
  graph::initialise(*model, 1);
  const auto weight = model->weights.at("classifier.weight").data<float>();
  std::fill(weight.begin(), weight.end(), 0.0F);
  for (int side = 0; side < 2; ++side) {
    for (int pixel = 0; pixel < kSize * kSize; ++pixel) {
      const bool left = pixel % kSize < kSize / 2;
      if (left == (side == 0)) weight[side * 3 * kSize * kSize + pixel] = 20.0F / (kSize * kSize / 2);
    }
    model->weights.at("classifier.bias").data<float>()[side] = -10;  // from -10 for black to 10 for bright
  }
  return model;
}

class Labels : public testing::Test {
 protected:
  Labels() : program_(model_, "main") {
    write_video(path("a.mp4"), "000111333322000");
    write_video(path("b.mp4"), "20000");
    dataset_.labels = {"left", "right"};
    dataset_.dense = true;
    add("a.mp4", {{0, 0.3, 1.0}, {1, 0.6, 1.2}});
    add("b.mp4", {{1, 0.0, 0.1}});
  }

  std::string path(const std::string& name) const { return directory_ / name; }
  void add(const std::string& name, std::vector<Interval> intervals) {
    DatasetItem item{.id = name, .path = path(name), .label = kNoLabel};
    item.intervals = std::move(intervals);
    dataset_.items.push_back(std::move(item));
  }
  LabelEvaluation evaluate(Ties ties = Ties::kExpected) {
    Classifier classifier(*model_, program_);
    ClipCache cache(dataset_, classifier.spec(), {}, threads_);
    return evaluate_labels(classifier, cache, ties);
  }

  TemporaryDirectory directory_;
  std::shared_ptr<const graph::Model> model_ = late_labeller();
  runtime::Program program_;
  Dataset dataset_;
  ThreadPool threads_{1};
};

TEST_F(Labels, OfFramesAreMatchedWithTheFramesThatLateAnswersSpeakAbout) {
  ASSERT_EQ(program_.plan().lag, 2);
  const LabelEvaluation evaluation = evaluate();
  EXPECT_EQ(evaluation.videos, 2);
  EXPECT_EQ(evaluation.frames.cases(), 20);
  EXPECT_EQ(evaluation.frames.positives(0), 7);
  EXPECT_EQ(evaluation.frames.positives(1), 7);
  EXPECT_DOUBLE_EQ(*evaluation.frames.mean(), 1);  // every bright side before every dark one
  EXPECT_LT(evaluation.loss, 0.01);
}

// All 20 frames in one ranking: were the intervals of "left" those of "right", class by class and tie by tie.
TEST_F(Labels, OfAnotherFrameAreWrong) {
  for (DatasetItem& item : dataset_.items) {
    for (Interval& interval : item.intervals) {
      interval.start_s += 0.2;
      interval.end_s += 0.2;
    }
  }
  const LabelEvaluation evaluation = evaluate();
  EXPECT_LT(*evaluation.frames.mean(), 0.9);
  EXPECT_GT(evaluation.loss, 1);
}

TEST_F(Labels, OfAnUnseenClassAreCountedAndLeftOutOfTheMean) {
  for (DatasetItem& item : dataset_.items) {
    std::erase_if(item.intervals, [](const Interval& interval) { return interval.label == 0; });
  }
  const LabelEvaluation evaluation = evaluate();
  EXPECT_FALSE(evaluation.frames.of_class(0).has_value());
  EXPECT_EQ(evaluation.frames.classes_without_positives(), 1);
  EXPECT_DOUBLE_EQ(*evaluation.frames.mean(), 1);
}

TEST_F(Labels, NeedADenseSetWithTheModelsClassesAndWholeVideos) {
  dataset_.labels = {"right", "left"};
  EXPECT_THROW(evaluate(), InvalidArgument);
  dataset_ = {{"left", "right"}, {{.id = "a", .path = path("a.mp4"), .label = 0}}};
  EXPECT_THROW(evaluate(), InvalidArgument);
  Classifier classifier(*model_, program_);
  EXPECT_THROW(classifier.classify(read_clip(dataset_.items[0], video_options(classifier.spec())), {.clip = 4}),
               InvalidArgument);
}

TEST_F(Labels, OfAVideoAreTheHighestOfItsFrames) {
  Classifier classifier(*model_, program_);
  const Clip clip = read_clip(dataset_.items[1], video_options(classifier.spec()));
  const VideoResult result = classifier.classify(clip, {});
  EXPECT_LT(result.scores[0], 0.01F);
  EXPECT_GT(result.scores[1], 0.99F);
  EXPECT_TRUE(result.frames[0].video.empty());
}

// Both classes go on at once from 0.6 to 1.0 s. An event ends with the first frame that is dark, the one at its end.
TEST_F(Labels, BecomeEventsOfSeveralClassesAtOnceInAStream) {
  StreamClassifier stream(*model_, program_, {.smoothing_s = 0, .on = 0.5, .off = 0.5, .minimum_s = 0});
  VideoReader reader = VideoReader::open(path("a.mp4"), video_options(model_->inputs.at("frame")));
  std::vector<Event> events;
  std::vector<double> times;
  const auto take = [&](std::span<const StreamClassifier::Answer> answers) {
    for (const auto& answer : answers) {
      times.push_back(answer.frame.time_s);
      for (const EventEdge& edge : answer.edges) {
        if (!edge.start) events.push_back(edge.event);
      }
    }
  };
  for (Frame frame; reader.read(frame);) take(stream.push({&frame, 1}));
  EXPECT_EQ(times.size(), 13U);  // two frames late
  take(stream.finish());
  ASSERT_EQ(times.size(), 15U);
  EXPECT_NEAR(times[14], 1.4, 1e-6);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].label, 0);
  EXPECT_NEAR(events[0].start_s, 0.3, 1e-6);
  EXPECT_NEAR(events[0].end_s, 1.0, 1e-6);
  EXPECT_EQ(events[1].label, 1);
  EXPECT_NEAR(events[1].start_s, 0.6, 1e-6);
  EXPECT_NEAR(events[1].end_s, 1.2, 1e-6);
}

TEST(UpdateScores, TakeTheAggregateOrTheHighest) {
  std::vector<float> video;
  update_scores({.scores = {0.5F, 0.1F}, .video = {}}, video);
  update_scores({.scores = {0.2F, 0.3F}, .video = {}}, video);
  EXPECT_THAT(video, ElementsAre(0.5F, 0.3F));
  update_scores({.scores = {0.2F, 0.3F}, .video = {0.4F, 0.6F}}, video);
  EXPECT_THAT(video, ElementsAre(0.4F, 0.6F));
}

}  // namespace
}  // namespace longtake::tasks
