// Following a video frame by frame gives what classifying it as a whole gives.
#include "tasks/stream.h"

#include <gmock/gmock.h>

#include "longtake/error.h"
#include "runtime/program.h"
#include "tasks/classify.h"
#include "tasks/small_classifiers.h"

namespace longtake::tasks {
namespace {

constexpr EventOptions kEvents{.smoothing_s = 0.1, .on = 0.4, .off = 0.35, .minimum_s = 0.1};

struct Case {
  const char* name;
  std::shared_ptr<const graph::Model> (*model)();
};

// Everything a stream said.
struct Story {
  std::vector<FrameScores> frames;
  std::vector<std::pair<bool, Event>> edges;

  void add(std::span<const StreamClassifier::Answer> answers, std::span<const EventEdge> last = {}) {
    for (const StreamClassifier::Answer& answer : answers) {
      frames.push_back(answer.frame);
      for (const EventEdge& edge : answer.edges) edges.emplace_back(edge.start, edge.event);
    }
    for (const EventEdge& edge : last) edges.emplace_back(edge.start, edge.event);
  }
};

void expect_same(const Story& actual, const Story& expected) {
  ASSERT_EQ(actual.frames.size(), expected.frames.size());
  for (std::size_t i = 0; i < expected.frames.size(); ++i) {
    EXPECT_EQ(actual.frames[i].frame, expected.frames[i].frame);
    EXPECT_EQ(actual.frames[i].time_s, expected.frames[i].time_s);
    EXPECT_EQ(actual.frames[i].age_s, expected.frames[i].age_s);
    EXPECT_EQ(actual.frames[i].scores, expected.frames[i].scores) << i;
    EXPECT_EQ(actual.frames[i].video, expected.frames[i].video) << i;
    EXPECT_EQ(actual.frames[i].attention, expected.frames[i].attention) << i;
  }
  EXPECT_EQ(actual.edges, expected.edges);
}

class Stream : public testing::TestWithParam<Case> {
 protected:
  StreamClassifier make_stream() { return StreamClassifier(*model_, program_, kEvents); }
  // Frames [begin, end) in groups of `together`.
  void push(StreamClassifier& stream, std::size_t begin, std::size_t end, std::size_t together, Story& story) {
    for (std::size_t i = begin; i < end; i += together) {
      story.add(stream.push(std::span(frames_).subspan(i, std::min(together, end - i))));
    }
  }
  Story follow(std::size_t together) {
    StreamClassifier stream = make_stream();
    Story story;
    push(stream, 0, frames_.size(), together, story);
    const auto answers = stream.finish();
    story.add(answers, stream.last_edges());
    return story;
  }

  std::shared_ptr<const graph::Model> model_ = GetParam().model();
  runtime::Program program_{model_, "main"};
  Clip clip_ = test::random_clip(30);
  std::vector<Frame> frames_ = test::frames_of(clip_);
};

TEST_P(Stream, OneByOneEqualsInBatches) {
  const Story expected = follow(1);
  EXPECT_EQ(expected.frames.size(), 30u);
  EXPECT_FALSE(expected.edges.empty());
  for (const std::size_t together : {2, 7, 30}) expect_same(follow(together), expected);
}

TEST_P(Stream, EqualsTheWholeVideo) {
  if (const std::int64_t clip = make_stream().clip(); clip > 0 && clip < clip_.count()) {
    GTEST_SKIP() << "is followed in clips of " << clip;
  }
  const Story story = follow(1);
  const VideoResult whole = Classifier(*model_, program_).classify(clip_, {.clip = 0});
  ASSERT_EQ(story.frames.size(), whole.frames.size());
  for (std::size_t i = 0; i < whole.frames.size(); ++i) {
    EXPECT_EQ(story.frames[i].frame, whole.frames[i].frame);
    EXPECT_NEAR(story.frames[i].time_s, whole.frames[i].time_s, 1e-12);
    EXPECT_EQ(story.frames[i].scores, whole.frames[i].scores) << i;
    EXPECT_EQ(story.frames[i].video, whole.frames[i].video) << i;
    EXPECT_EQ(story.frames[i].attention, whole.frames[i].attention) << i;
  }
  EXPECT_EQ(story.frames.back().video, whole.scores);
}

TEST_P(Stream, TellsTheEventsOfTheWholeVideo) {
  const Story story = follow(1);
  std::vector<Event> events;
  for (const auto& [start, event] : story.edges) {
    if (!start) events.push_back(event);
  }
  EXPECT_THAT(events, testing::UnorderedElementsAreArray(
                          find_events(story.frames, 3, kEvents, frame_seconds(model_->inputs.at("frame")))));
}

TEST_P(Stream, LagsNoMoreThanItsGraph) {
  StreamClassifier stream = make_stream();
  if (stream.clip() > 0) GTEST_SKIP() << "answers when a clip is complete";
  const auto lag = static_cast<std::size_t>(program_.plan().lag);
  Story story;
  for (std::size_t i = 0; i < frames_.size(); ++i) {
    push(stream, i, i + 1, 1, story);
    EXPECT_EQ(story.frames.size(), i + 1 - std::min(i + 1, lag));
  }
  EXPECT_EQ(stream.finish().size(), lag);
}

TEST_P(Stream, GoesOnFromASavedStateAtAnyFrame) {
  const Story expected = follow(1);
  for (const std::size_t middle : {0, 1, 2, 11, 29, 30}) {
    SCOPED_TRACE(middle);
    Story story;
    StreamClassifier first = make_stream();
    push(first, 0, middle, 4, story);
    runtime::Program elsewhere(model_, "main");
    StreamClassifier second(*model_, elsewhere, kEvents);
    Story scrap;
    push(second, 3, 9, 1, scrap);  // whatever it saw before is forgotten
    second.load(State::from_bytes(first.save().to_bytes(), "saved stream"));
    EXPECT_EQ(second.frames(), static_cast<std::int64_t>(middle));
    EXPECT_EQ(second.save(), first.save());
    push(second, middle, frames_.size(), 1, story);
    const auto answers = second.finish();
    story.add(answers, second.last_edges());
    expect_same(story, expected);
  }
}

TEST_P(Stream, IsAsNewAfterFinishAndReset) {
  const Story expected = follow(1);
  StreamClassifier stream = make_stream();
  Story scrap;
  push(stream, 5, 20, 1, scrap);
  stream.reset();
  EXPECT_EQ(stream.frames(), 0);
  Story story;
  push(stream, 0, frames_.size(), 1, story);
  const auto answers = stream.finish();
  story.add(answers, stream.last_edges());
  expect_same(story, expected);

  story = {};
  push(stream, 0, frames_.size(), 3, story);
  const auto again = stream.finish();
  story.add(again, stream.last_edges());
  expect_same(story, expected);
}

TEST_P(Stream, FinishesWithoutFrames) {
  StreamClassifier stream = make_stream();
  EXPECT_TRUE(stream.push({}).empty());
  EXPECT_TRUE(stream.finish().empty());
  EXPECT_TRUE(stream.last_edges().empty());
}

TEST_P(Stream, RefusesTheStateOfAnotherModel) {
  StreamClassifier stream = make_stream();
  EXPECT_THROW(stream.load(State(1)), InvalidArgument);
  State state = stream.save();
  const std::string name = program_.plan().state.front().name;
  state.set(name, Tensor(DType::kFloat32, {1, 77}));
  EXPECT_THROW(stream.load(state), InvalidArgument);
  if (stream.attention() == AttentionGrid()) return;
  state = stream.save();
  state.set("stream.attention", Tensor(DType::kFloat32, {1, 1, 7}));
  EXPECT_THROW(stream.load(state), InvalidArgument);
}

TEST_P(Stream, CarriesTheAgeOfLiveFrames) {
  StreamClassifier stream = make_stream();
  Story story;
  for (std::size_t i = 0; i < 5; ++i) story.add(stream.push(std::span(frames_).subspan(i, 1), 0.25));
  story.add(stream.finish());
  ASSERT_EQ(story.frames.size(), 5u);
  for (const FrameScores& frame : story.frames) EXPECT_EQ(frame.age_s, 0.25);
}

INSTANTIATE_TEST_SUITE_P(Models, Stream,
                         testing::Values(Case{"Lrcn", test::small_lrcn}, Case{"Lagging", test::lagging_classifier},
                                         Case{"Looking", test::looking_classifier},
                                         Case{"WholeClips", test::whole_clip_classifier},
                                         Case{"ShortClips", test::short_clip_classifier}),
                         [](const auto& info) { return std::string(info.param.name); });

// Part of a clip, as a clip of its own.
Clip part_of(const Clip& clip, std::int64_t begin, std::int64_t end) {
  Clip part;
  const Shape& shape = clip.frames.shape();
  const std::int64_t size = clip.frames.count() / shape[0];
  part.frames =
      Tensor::from<std::uint8_t>({end - begin, shape[1], shape[2], shape[3]},
                                 clip.frames.data<std::uint8_t>().subspan(begin * size, (end - begin) * size));
  part.times_s.assign(clip.times_s.begin() + begin, clip.times_s.begin() + end);
  part.first_time_s = part.times_s.front();
  return part;
}

TEST(StreamOfClips, AnswersWhenAClipIsCompleteWithTheMeanOverClips) {
  const auto model = test::short_clip_classifier();
  runtime::Program program(model, "main");
  const Clip clip = test::random_clip(30);
  const std::vector<Frame> frames = test::frames_of(clip);
  StreamClassifier stream(*model, program, {}, 12);  // not the 7 of its protocol
  Classifier classifier(*model, program);
  std::vector<float> sum(3);
  std::size_t clips = 0;
  const auto expect_clip = [&](std::span<const StreamClassifier::Answer> answers, std::int64_t begin,
                               std::int64_t end) {
    const VideoResult alone = classifier.classify(part_of(clip, begin, end), {.clip = 0});
    ++clips;
    ASSERT_EQ(answers.size(), alone.frames.size());
    for (std::size_t i = 0; i < answers.size(); ++i) {
      EXPECT_EQ(answers[i].frame.frame, begin + static_cast<std::int64_t>(i));
      EXPECT_EQ(answers[i].frame.time_s, clip.times_s[begin + i]);
      EXPECT_EQ(answers[i].frame.scores, alone.frames[i].scores);
    }
    for (std::size_t c = 0; c < sum.size(); ++c) {
      sum[c] += alone.scores[c];
      EXPECT_FLOAT_EQ(answers.back().frame.video[c], sum[c] / static_cast<float>(clips));
    }
  };
  for (std::int64_t i = 0; i < 30; ++i) {
    const auto answers = stream.push(std::span(frames).subspan(i, 1));
    if (i == 11 || i == 23) {
      expect_clip(answers, i - 11, i + 1);
    } else {
      EXPECT_TRUE(answers.empty()) << i;
    }
  }
  expect_clip(stream.finish(), 24, 30);
}

TEST(StreamOfClips, NeedsALengthWhereAndOnlyWhereClipsAreWhole) {
  auto model = std::make_shared<graph::Model>(*test::short_clip_classifier());
  model->protocol["clip"] = "0";
  runtime::Program program(model, "main");
  EXPECT_THROW(StreamClassifier(*model, program, {}), InvalidArgument);
  const auto causal = test::small_lrcn();
  runtime::Program other(causal, "main");
  EXPECT_THROW(StreamClassifier(*causal, other, {}, 5), InvalidArgument);
}

}  // namespace
}  // namespace longtake::tasks
