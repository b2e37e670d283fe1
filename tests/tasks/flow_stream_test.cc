// A classifier of optical flow: clips and streams see the same, and a stream's state holds the picture that flow is
// measured from.
#include <gmock/gmock.h>

#include "base/random.h"
#include "longtake/error.h"
#include "media/clips.h"
#include "media/video_writer.h"
#include "models/registry.h"
#include "runtime/program.h"
#include "tasks/classify.h"
#include "tasks/stream.h"

namespace longtake::tasks {
namespace {

constexpr int kFrames = 9;

std::shared_ptr<const graph::Model> flow_lrcn() {
  const Options options = parse_toml(R"(
name = "lrcn"
encoder = "small_cnn"
hidden_size = 5
small_cnn = { channels = [3], kernels = [3], features = 6 })",
                                     "small");
  const InputSpec input{
      .fps = 10, .width = 32, .height = 24, .mean = {128, 128, 128}, .scale = {0.01, 0.01, 0.01}, .flow = "dis"};
  auto model = std::make_shared<graph::Model>(models::build(options, {input, {"left", "right"}}));
  graph::initialise(*model, 5);
  for (const graph::Parameter& parameter : model->parameters) {  // or the last layer would be all zero
    Random random(3);
    for (float& value : model->weights.at(parameter.name).data<float>()) {
      value += static_cast<float>(random.uniform(-0.4, 0.4));
    }
  }
  return model;
}

class FlowStream : public testing::Test {
 protected:
  FlowStream() {
    item_.path = directory_ / "video.mp4";
    media::VideoWriter writer(item_.path.string(), 32, 24, {.fps = 10});
    for (int i = 0; i < kFrames; ++i) writer.write(media::numbered_picture(37 * i % 256, 32, 24));
    writer.finish();
    VideoReader reader = VideoReader::open(item_.path.string(), video_options(model_->inputs.at("frame")));
    for (Frame frame; reader.read(frame);) pictures_.push_back(frame);
  }

  StreamClassifier make_stream() { return {*model_, program_, {}}; }
  // The scores of every frame that pictures [begin, end) bring out.
  static void push(StreamClassifier& stream, std::span<const Frame> pictures, std::vector<FrameScores>& story) {
    for (const auto& answer : stream.push(pictures)) story.push_back(answer.frame);
  }

  TemporaryDirectory directory_;
  DatasetItem item_;
  std::shared_ptr<const graph::Model> model_ = flow_lrcn();
  runtime::Program program_{model_, "main"};
  std::vector<Frame> pictures_;
};

void expect_same(const std::vector<FrameScores>& actual, const std::vector<FrameScores>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(actual[i].frame, expected[i].frame);
    EXPECT_NEAR(actual[i].time_s, expected[i].time_s, 1e-12);
    EXPECT_EQ(actual[i].scores, expected[i].scores) << i;
  }
}

TEST_F(FlowStream, EqualsTheWholeVideoHoweverItComes) {
  const VideoResult whole =
      Classifier(*model_, program_).classify(read_clip_for(model_->inputs.at("frame"), item_), {.clip = 0});
  ASSERT_EQ(whole.frames.size(), kFrames - 1);
  EXPECT_EQ(whole.frames.front().frame, 1);
  EXPECT_NE(whole.frames[1].scores, whole.frames[2].scores);
  for (const std::size_t together : {1, 2, 9}) {
    StreamClassifier stream = make_stream();
    std::vector<FrameScores> story;
    for (std::size_t i = 0; i < pictures_.size(); i += together) {
      push(stream, std::span(pictures_).subspan(i, std::min(together, pictures_.size() - i)), story);
    }
    expect_same(story, whole.frames);
  }
}

TEST_F(FlowStream, GoesOnFromASavedStateAtAnyPicture) {
  std::vector<FrameScores> expected;
  StreamClassifier whole = make_stream();
  push(whole, pictures_, expected);
  for (const std::size_t middle : {0, 1, 4, kFrames}) {
    SCOPED_TRACE(middle);
    std::vector<FrameScores> story;
    StreamClassifier first = make_stream();
    push(first, std::span(pictures_).first(middle), story);
    const State state = State::from_bytes(first.save().to_bytes(), "memory");
    StreamClassifier second = make_stream();
    second.load(state);
    push(second, std::span(pictures_).subspan(middle), story);
    expect_same(story, expected);
  }
}

TEST_F(FlowStream, RefusesAStateWithoutItsPicture) {
  State broken = make_stream().save();
  broken.set("stream.flow.position", Tensor::from<std::int64_t>({1}, {3}));  // of a picture that is not there
  StreamClassifier stream = make_stream();
  EXPECT_THROW(stream.load(broken), InvalidArgument);
}

TEST_F(FlowStream, ForgetsThePictureWithAReset) {
  std::vector<FrameScores> expected, story;
  StreamClassifier fresh = make_stream();
  push(fresh, std::span(pictures_).subspan(3), expected);
  StreamClassifier stream = make_stream();
  push(stream, std::span(pictures_).first(3), story);
  stream.finish();
  story.clear();
  push(stream, std::span(pictures_).subspan(3), story);
  expect_same(story, expected);
}

}  // namespace
}  // namespace longtake::tasks
