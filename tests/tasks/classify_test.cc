// The test protocol of LRCN (specs 2.5): clips, crops, and what is averaged.
#include "tasks/classify.h"

#include <gmock/gmock.h>

#include <limits>

#include "longtake/error.h"
#include "runtime/program.h"
#include "tasks/small_classifiers.h"
#include "tasks/stream.h"

namespace longtake::tasks {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;
using testing::ThrowsMessage;

TEST(ClipStarts, AreThoseOfLrcn) {
  EXPECT_THAT(clip_starts(40, 16, 8), ElementsAre(0, 8, 16, 24, 24));
  EXPECT_THAT(clip_starts(45, 16, 8), ElementsAre(0, 8, 16, 24, 29, 29));
}

TEST(ClipStarts, OfAVideoNoLongerThanAClipAreOne) {
  for (const std::int64_t frames : {1, 8, 9, 15, 16}) EXPECT_THAT(clip_starts(frames, 16, 8), ElementsAre(0)) << frames;
  EXPECT_THAT(clip_starts(17, 16, 8), ElementsAre(0, 1, 1));
}

TEST(ClipStarts, CoverTheVideoAndStayWithinIt) {
  for (std::int64_t frames = 1; frames < 40; ++frames) {
    for (std::int64_t clip = 1; clip < 12; ++clip) {
      for (std::int64_t stride = 1; stride <= clip; ++stride) {
        const auto starts = clip_starts(frames, clip, stride);
        std::int64_t covered = 0;
        for (std::int64_t start : starts) {
          EXPECT_LE(start, covered);
          EXPECT_LE(start + std::min(clip, frames), frames);
          covered = std::max(covered, start + clip);
        }
        EXPECT_GE(covered, frames);
      }
    }
  }
  EXPECT_THROW(clip_starts(0, 16, 8), InvalidArgument);
  EXPECT_THROW(clip_starts(10, 0, 8), InvalidArgument);
  EXPECT_THROW(clip_starts(10, 16, 0), InvalidArgument);
}

TEST(ClipStarts, AtEqualDistancesReachFromTheBeginningToTheEnd) {
  EXPECT_THAT(even_clip_starts(110, 10, 5), ElementsAre(0, 25, 50, 75, 100));
  EXPECT_THAT(even_clip_starts(12, 10, 3), ElementsAre(0, 1, 2));
  EXPECT_THAT(even_clip_starts(30, 10, 1), ElementsAre(10));
  EXPECT_THAT(even_clip_starts(7, 10, 25), ElementsAre(0));
  EXPECT_THROW(even_clip_starts(7, 10, 0), InvalidArgument);
}

// A frame of 4 x 4 pixels that are numbered row by row, of which 2 x 2 are seen.
class Crops : public testing::Test {
 protected:
  Crops() {
    clip_.frames = Tensor(DType::kUint8, {1, 4, 4, 1});
    for (int i = 0; i < 16; ++i) clip_.frames.data<std::uint8_t>()[i] = static_cast<std::uint8_t>(i);
  }
  // The pixels of each crop, row by row.
  std::vector<std::vector<float>> pixels(std::int64_t crops) const {
    std::vector<ClipFrame> rows;
    for (const FrameTransform& transform : crops_of({.crops = crops}, spec_)) rows.push_back({&clip_, 0, transform});
    const Tensor prepared = chunk_inputs(rows, spec_).front().data;
    EXPECT_EQ(prepared.shape(), (Shape{crops, 1, 2, 2}));
    std::vector<std::vector<float>> pixels;
    const auto data = prepared.data<float>();
    for (std::int64_t i = 0; i < crops; ++i) pixels.emplace_back(data.begin() + 4 * i, data.begin() + 4 * (i + 1));
    return pixels;
  }

  InputSpec spec_{.crop_width = 2, .crop_height = 2, .colour = "gray"};
  Clip clip_;
};

TEST_F(Crops, OneIsTheCentre) { EXPECT_THAT(pixels(1), ElementsAre(ElementsAre(5, 6, 9, 10))); }

TEST_F(Crops, FiveAreTheCentreAndTheCorners) {
  EXPECT_THAT(pixels(5), ElementsAre(ElementsAre(5, 6, 9, 10), ElementsAre(0, 1, 4, 5), ElementsAre(2, 3, 6, 7),
                                     ElementsAre(8, 9, 12, 13), ElementsAre(10, 11, 14, 15)));
}

TEST_F(Crops, TenAreTheFiveAndTheirMirrors) {
  const auto five = pixels(5), ten = pixels(10);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(ten[i], five[i]);
    EXPECT_THAT(ten[5 + i], ElementsAre(five[i][1], five[i][0], five[i][3], five[i][2]));
  }
}

TEST_F(Crops, NeedAnInputThatIsCropped) {
  spec_.crop_width = spec_.crop_height = 0;
  EXPECT_THAT([&] { crops_of({.crops = 10}, spec_); }, ThrowsMessage<InvalidArgument>(HasSubstr("10 crops")));
  EXPECT_EQ(crops_of({.crops = 1}, spec_).size(), 1u);
}

TEST(ProtocolOfAModel, IsOverriddenByTheRecipe) {
  graph::Model model = *test::small_lrcn();
  EXPECT_EQ(protocol_of(model).clip, 16);
  EXPECT_EQ(protocol_of(model).stride, 8);
  EXPECT_EQ(protocol_of(model).crops, 10);
  const Options recipe = parse_toml("[evaluate]\nclip = 0\ncrops = 5", "r.toml");
  read_protocol(recipe.table("evaluate"), model);
  EXPECT_EQ(protocol_of(model).clip, 0);
  EXPECT_EQ(protocol_of(model).stride, 8);
  EXPECT_EQ(protocol_of(model).crops, 5);
  EXPECT_NO_THROW(recipe.check_all_used());
}

TEST(ProtocolOfAModel, MustMakeSense) {
  for (const auto& [key, value] :
       {std::pair{"crops", "3"}, {"clip", "-1"}, {"stride", "0"}, {"clip", "many"}, {"last_frames", "-1"}}) {
    graph::Model model = *test::small_lrcn();
    model.protocol[key] = value;
    EXPECT_THAT([&] { protocol_of(model); }, ThrowsMessage<BadData>(HasSubstr("protocol"))) << key << " " << value;
  }
}

TEST(ProtocolOfAModel, CountsTheLastFramesWhereFramesCount) {
  graph::Model model = *test::small_lrcn();
  read_protocol(parse_toml("last_frames = 5", "r.toml"), model);
  EXPECT_EQ(protocol_of(model).last_frames, 5);
  for (const char* without : {"clip = 0", "answer = \"video\""}) {
    graph::Model other = model;
    read_protocol(parse_toml(without, "r.toml"), other);
    EXPECT_THAT([&] { protocol_of(other); }, ThrowsMessage<BadData>(HasSubstr("the last 5 frames"))) << without;
  }
}

class ClassifierTest : public testing::Test {
 protected:
  // The scores of each frame of one clip on its own, from a fresh state.
  std::vector<std::vector<float>> run_clip(const Clip& clip, std::int64_t start, std::int64_t frames,
                                           const FrameTransform& transform) {
    std::vector<ClipFrame> rows;
    for (std::int64_t f = start; f < start + frames; ++f) rows.push_back({&clip, f, transform});
    graph::Chunk chunk{1, frames, std::vector<std::uint8_t>(frames, graph::kActive), {}};
    chunk.inputs = chunk_inputs(rows, model_->inputs.at("frame"));
    State state = program_.initial_state(1);
    graph::Outputs outputs;
    program_.run(chunk, state, outputs);
    const auto scores = outputs[output_index(model_->graph("main"), "scores")].data.data<float>();
    std::vector<std::vector<float>> result;
    for (std::int64_t f = 0; f < frames; ++f) result.emplace_back(scores.begin() + 3 * f, scores.begin() + 3 * (f + 1));
    return result;
  }

  std::shared_ptr<const graph::Model> model_ = test::small_lrcn();
  runtime::Program program_{model_, "main"};
  Classifier classifier_{*model_, program_};
};

TEST_F(ClassifierTest, RefusesScoresThatAreNotFinite) {
  auto model = std::make_shared<graph::Model>(*model_);
  model->weights.at("classifier.bias").data<float>()[0] = std::numeric_limits<float>::quiet_NaN();
  runtime::Program program(model, "main");
  Classifier classifier(*model, program);
  EXPECT_THAT([&] { classifier.classify(test::random_clip(3), {}); }, ThrowsMessage<BadData>(HasSubstr("not finite")));
  StreamClassifier stream(*model, program, {});
  EXPECT_THAT([&] { stream.push(test::frames_of(test::random_clip(3))); },
              ThrowsMessage<BadData>(HasSubstr("not finite")));
}

// 11 frames in clips of 4 every 3 begin at 0, 3, 6 and 7 (which 9 + 4 would overrun).
TEST_F(ClassifierTest, AveragesOverCropsThenFramesThenClips) {
  const Clip clip = test::random_clip(11);
  const Protocol protocol{.clip = 4, .stride = 3, .crops = 10};
  const VideoResult result = classifier_.classify(clip, protocol);
  const std::vector<std::vector<float>> clip_scores = classifier_.clip_scores();
  ASSERT_EQ(clip_scores.size(), 4u);
  std::vector<double> video(3, 0);
  const std::vector<std::int64_t> starts{0, 3, 6, 7};
  for (std::size_t i = 0; i < starts.size(); ++i) {
    std::vector<double> of_clip(3, 0);
    for (const FrameTransform& crop : crops_of(protocol, model_->inputs.at("frame"))) {
      for (const std::vector<float>& frame : run_clip(clip, starts[i], 4, crop)) {
        for (int c = 0; c < 3; ++c) of_clip[c] += frame[c] / 40.0;
      }
    }
    EXPECT_THAT(clip_scores[i], Pointwise(testing::DoubleNear(1e-6), of_clip));
    for (int c = 0; c < 3; ++c) video[c] += of_clip[c] / 4;
  }
  EXPECT_THAT(result.scores, Pointwise(testing::DoubleNear(1e-6), video));
  EXPECT_TRUE(result.frames.empty());
  EXPECT_EQ(result.labels, model_->labels);
  EXPECT_EQ(result.protocol, protocol.describe());
}

// As visual attention is tested: the sum of the last_n steps (specs 9.4). Clips of 4 at 0 and 3.
TEST_F(ClassifierTest, MayCountTheLastFramesOfEachClipOnly) {
  const Clip clip = test::random_clip(7);
  const Protocol protocol{.clip = 4, .stride = 4, .last_frames = 2};
  const VideoResult result = classifier_.classify(clip, protocol);
  const std::vector<std::vector<float>> clip_scores = classifier_.clip_scores();
  ASSERT_EQ(clip_scores.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto frames = run_clip(clip, i == 0 ? 0 : 3, 4, {});
    for (int c = 0; c < 3; ++c) EXPECT_NEAR(clip_scores[i][c], (frames[2][c] + frames[3][c]) / 2, 1e-6);
  }
  EXPECT_THAT(result.protocol, HasSubstr("the last 2 frames of each"));
  // More than a clip has are all.
  EXPECT_EQ(classifier_.classify(clip, {.clip = 4, .stride = 4, .last_frames = 9}).scores,
            classifier_.classify(clip, {.clip = 4, .stride = 4}).scores);
}

TEST_F(ClassifierTest, TakesAVideoShorterThanAClipAsOneClip) {
  const Clip clip = test::random_clip(3);
  const VideoResult result = classifier_.classify(clip, {.clip = 16, .stride = 8});
  const auto frames = run_clip(clip, 0, 3, {});
  for (int c = 0; c < 3; ++c) {
    EXPECT_NEAR(result.scores[c], (frames[0][c] + frames[1][c] + frames[2][c]) / 3, 1e-6);
  }
  EXPECT_EQ(classifier_.clip_scores().size(), 1u);
}

TEST_F(ClassifierTest, AnswersWithTheModelsAggregateForAWholeVideo) {
  const Clip clip = test::random_clip(9);
  const VideoResult result = classifier_.classify(clip, {.clip = 0});
  const auto frames = run_clip(clip, 0, 9, {});
  ASSERT_EQ(result.frames.size(), 9u);
  std::vector<double> mean(3, 0);
  for (int f = 0; f < 9; ++f) {
    EXPECT_EQ(result.frames[f].scores, frames[f]);
    EXPECT_EQ(result.frames[f].frame, f);
    EXPECT_NEAR(result.frames[f].time_s, 0.5 + f / 10.0, 1e-12);
    for (int c = 0; c < 3; ++c) mean[c] += frames[f][c] / 9.0;
  }
  EXPECT_THAT(result.scores, Pointwise(testing::DoubleNear(1e-6), mean));
  EXPECT_EQ(result.scores, result.frames.back().video);
}

TEST_F(ClassifierTest, DoesNotDependOnHowManyFramesAreComputedAtOnce) {
  const Clip clip = test::random_clip(13);
  for (const Protocol& protocol : {Protocol{.clip = 0}, Protocol{.clip = 0, .crops = 5}, Protocol{5, 2, 10}}) {
    const VideoResult expected = classifier_.classify(clip, protocol);
    for (const std::int64_t bytes : {1, 20000, 100000, 100000000}) {
      const VideoResult result = Classifier(*model_, program_, bytes).classify(clip, protocol);
      EXPECT_THAT(result.scores, Pointwise(FloatNear(1e-6f), expected.scores)) << protocol.describe() << " " << bytes;
      ASSERT_EQ(result.frames.size(), expected.frames.size());
      for (std::size_t f = 0; f < expected.frames.size(); ++f) {
        EXPECT_THAT(result.frames[f].scores, Pointwise(FloatNear(1e-6f), expected.frames[f].scores));
      }
    }
  }
}

TEST_F(ClassifierTest, RefusesModelsThatDoNotClassify) {
  graph::Model other = *model_;
  other.task = "forecast";
  EXPECT_THROW(Classifier(other, program_), InvalidArgument);
  other = *model_;
  other.inputs.clear();
  EXPECT_THROW(Classifier(other, program_), InvalidArgument);
}

}  // namespace
}  // namespace longtake::tasks
