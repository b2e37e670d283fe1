// From scores to events: smoothing, hysteresis and minimum duration by hand, and what holds for any scores.
#include "tasks/events.h"

#include <gmock/gmock.h>

#include <cmath>
#include <map>

#include "base/random.h"
#include "longtake/error.h"

namespace longtake::tasks {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

// Scores of one class, `seconds` apart.
std::vector<FrameScores> frames(const std::vector<float>& scores, double seconds) {
  std::vector<FrameScores> frames;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    FrameScores frame;
    frame.frame = static_cast<std::int64_t>(i);
    frame.time_s = static_cast<double>(i) * seconds;
    frame.scores = {scores[i]};
    frames.push_back(frame);
  }
  return frames;
}

TEST(Events, StartAtOnAndEndBelowOff) {
  const auto events = find_events(frames({0.5f, 0.75f, 0.5f, 0.4375f, 0.3125f, 0.5f}, 1), 1,
                                  {.smoothing_s = 0, .on = 0.625, .off = 0.4375, .minimum_s = 0}, 0);
  EXPECT_THAT(events, ElementsAre(Event{0, 1, 4, 0.75f}));
}

TEST(Events, AreFoundInSmoothedScores) {
  // After one time constant at 1 from 0 the mean is 1 - 1/e = 0.632, after another at 0 it is 0.2325.
  const EventOptions options{.smoothing_s = 2, .on = 0.6, .off = 0.4, .minimum_s = 0};
  const auto events = find_events(frames({0, 1, 0, 0}, 2), 1, options, 2);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].start_s, 2);
  EXPECT_EQ(events[0].end_s, 4);
  EXPECT_NEAR(events[0].peak, 1 - std::exp(-1.0), 1e-6);
  // Twice as fast frames: 0.393 after one, which is not enough.
  EXPECT_THAT(find_events(frames({0, 1, 0, 0}, 1), 1, options, 1), IsEmpty());
}

TEST(Events, ShorterThanTheMinimumAreDropped) {
  const EventOptions options{.smoothing_s = 0, .on = 0.5, .off = 0.5, .minimum_s = 0.5};
  EXPECT_THAT(find_events(frames({0, 1, 0, 1, 1, 1, 1, 0, 0}, 0.25), 1, options, 0.25),
              ElementsAre(Event{0, 0.75, 1.75, 1}));
}

TEST(Events, ThatStillGoOnEndWithTheVideo) {
  const EventOptions options{.smoothing_s = 0, .on = 0.5, .off = 0.5, .minimum_s = 0.5};
  EXPECT_THAT(find_events(frames({0, 1, 1, 1}, 0.25), 1, options, 0.25), ElementsAre(Event{0, 0.25, 1, 1}));
  EXPECT_THAT(find_events(frames({0, 0, 0, 1}, 0.25), 1, options, 0.25), IsEmpty());
  EXPECT_THAT(find_events({}, 1, options, 1), IsEmpty());
}

TEST(Events, AreSortedByStartThenLabel) {
  std::vector<FrameScores> both = frames({1, 1, 0}, 1);
  for (FrameScores& frame : both) frame.scores.push_back(frame.scores[0]);
  both[0].scores[1] = 1;
  both.push_back(both.back());
  both.back().time_s = 3;
  EXPECT_THAT(find_events(both, 2, {.smoothing_s = 0, .on = 0.5, .off = 0.5, .minimum_s = 0}, 0),
              ElementsAre(Event{0, 0, 2, 1}, Event{1, 0, 2, 1}));
}

TEST(Events, AreToldAsTheyHappen) {
  EventDetector detector(1, {.smoothing_s = 0, .on = 0.5, .off = 0.5, .minimum_s = 0.5});
  const auto add = [&](double time_s, float score) {
    const auto edges = detector.add(time_s, std::vector<float>{score});
    return std::vector<EventEdge>(edges.begin(), edges.end());
  };
  EXPECT_THAT(add(0, 1), IsEmpty());
  EXPECT_THAT(add(0.25, 1), IsEmpty());
  auto edges = add(0.5, 1);
  ASSERT_EQ(edges.size(), 1u);
  EXPECT_TRUE(edges[0].start);
  EXPECT_EQ(edges[0].event, (Event{0, 0, 0.5, 1}));
  EXPECT_THAT(add(0.75, 1), IsEmpty());
  edges = add(1, 0);
  ASSERT_EQ(edges.size(), 1u);
  EXPECT_FALSE(edges[0].start);
  EXPECT_EQ(edges[0].event, (Event{0, 0, 1, 1}));
  EXPECT_THAT(detector.finish(1), IsEmpty());
}

TEST(Events, RefuseWhatDoesNotFit) {
  EventDetector detector(2, {});
  const std::vector<float> scores{0.5f, 0.5f}, one{1};
  detector.add(1, scores);
  EXPECT_THROW(detector.add(2, one), InvalidArgument);
  EXPECT_THROW(detector.add(0.5, scores), InvalidArgument);
  State state(1);
  EXPECT_THROW(detector.load(state), InvalidArgument);
  EventDetector(3, {}).save(state);
  EXPECT_THROW(detector.load(state), InvalidArgument);
}

TEST(Events, ReadTheirOptionsFromARecipe) {
  const Options recipe = parse_toml("[events]\nsmoothing_s = 0\non = 0.9\noff = 0.1\nminimum_s = 2", "r.toml");
  const EventOptions options = event_options(recipe.table("events"));
  EXPECT_EQ(options.smoothing_s, 0);
  EXPECT_EQ(options.on, 0.9);
  EXPECT_EQ(options.off, 0.1);
  EXPECT_EQ(options.minimum_s, 2);
  EXPECT_NO_THROW(recipe.check_all_used());
  const auto refused = [](const std::string& line, const std::string& message) {
    EXPECT_THAT([&] { event_options(parse_toml("[events]\n" + line, "r.toml").table("events")); },
                ThrowsMessage<ConfigError>(HasSubstr(message)));
  };
  refused("smoothing_s = -1", "r.toml:2: events.smoothing_s");
  refused("minimum_s = -1", "r.toml:2: events.minimum_s");
  refused("on = 0.3\noff = 0.5", "r.toml:3: events.off");
}

constexpr std::int64_t kClasses = 3;

struct Problem {
  EventOptions options;
  std::vector<FrameScores> frames;
};

// Scores that wander, so that there are events of all lengths; at uneven times, some of which are equal.
Problem random_problem(std::uint64_t seed) {
  Random random(seed);
  Problem problem;
  problem.options.smoothing_s = random.below(2) == 0 ? 0 : random.uniform(0, 0.5);
  problem.options.off = random.uniform();
  problem.options.on = random.uniform(problem.options.off, 1);
  problem.options.minimum_s = random.below(2) == 0 ? 0 : random.uniform(0, 0.6);
  double time_s = random.uniform(-2, 2);
  std::vector<float> scores(kClasses, 0.5f);
  for (std::int64_t i = 0; i < 120; ++i) {
    FrameScores frame;
    frame.frame = i;
    frame.time_s = time_s;
    for (float& score : scores) {
      score = std::clamp(score + static_cast<float>(random.uniform(-0.3, 0.3)), 0.0f, 1.0f);
    }
    frame.scores = scores;
    problem.frames.push_back(frame);
    if (random.below(10) != 0) time_s += random.uniform(0, 0.2);
  }
  return problem;
}

using Edges = std::vector<std::pair<bool, Event>>;

void append(Edges& edges, std::span<const EventEdge> more) {
  for (const EventEdge& edge : more) edges.emplace_back(edge.start, edge.event);
}

Edges edges_of(const Problem& problem, std::size_t begin, std::size_t end, EventDetector& detector) {
  Edges edges;
  for (std::size_t i = begin; i < end; ++i) {
    append(edges, detector.add(problem.frames[i].time_s, problem.frames[i].scores));
  }
  return edges;
}

TEST(EventsOfAnyScores, AreOrderedAndDoNotOverlap) {
  std::size_t found = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    const Problem problem = random_problem(seed);
    const std::vector<Event> events = find_events(problem.frames, kClasses, problem.options, 0);
    std::map<std::int64_t, double> last_end{{0, -1e9}, {1, -1e9}, {2, -1e9}};
    for (std::size_t i = 0; i < events.size(); ++i) {
      const Event& event = events[i];
      EXPECT_GE(event.start_s, events[i - (i > 0)].start_s);
      EXPECT_GE(event.end_s - event.start_s, problem.options.minimum_s);
      EXPECT_GE(event.peak, static_cast<float>(problem.options.on));
      EXPECT_GE(event.start_s, last_end[event.label]);
      last_end[event.label] = event.end_s;
    }
    found += events.size();
  }
  EXPECT_GT(found, 500u);
}

TEST(EventsOfAnyScores, EndOnceForEveryStart) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    const Problem problem = random_problem(seed);
    EventDetector detector(kClasses, problem.options);
    Edges edges = edges_of(problem, 0, problem.frames.size(), detector);
    append(edges, detector.finish(problem.frames.back().time_s));
    std::map<std::int64_t, Event> open;
    std::vector<Event> ended;
    for (const auto& [start, event] : edges) {
      EXPECT_EQ(open.count(event.label), start ? 0u : 1u);
      if (start) {
        open[event.label] = event;
      } else {
        EXPECT_EQ(open[event.label].start_s, event.start_s);
        open.erase(event.label);
        ended.push_back(event);
      }
    }
    EXPECT_TRUE(open.empty());
    EXPECT_THAT(ended, testing::UnorderedElementsAreArray(find_events(problem.frames, kClasses, problem.options, 0)));
  }
}

TEST(EventsOfAnyScores, GoOnFromASavedState) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    const Problem problem = random_problem(seed);
    const std::size_t all = problem.frames.size(), half = Random(seed, 1).below(all);
    EventDetector whole(kClasses, problem.options);
    const Edges expected = edges_of(problem, 0, all, whole);
    EventDetector first(kClasses, problem.options), second(kClasses, problem.options);
    Edges edges = edges_of(problem, 0, half, first);
    State state(1);
    first.save(state);
    edges_of(problem, 0, all / 3, second);  // whatever it saw before is forgotten
    second.load(State::from_bytes(state.to_bytes(), "test"));
    const Edges rest = edges_of(problem, half, all, second);
    edges.insert(edges.end(), rest.begin(), rest.end());
    EXPECT_EQ(edges, expected);
  }
}

TEST(EventsOfAnyScores, AreThoseOfANewDetectorAfterAReset) {
  const Problem problem = random_problem(5);
  EventDetector detector(kClasses, problem.options), other(kClasses, problem.options);
  const Edges expected = edges_of(problem, 0, problem.frames.size(), other);
  edges_of(problem, 0, 50, detector);
  detector.reset();
  EXPECT_EQ(edges_of(problem, 0, problem.frames.size(), detector), expected);
}

}  // namespace
}  // namespace longtake::tasks
