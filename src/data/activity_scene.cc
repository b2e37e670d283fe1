#include "data/activity_scene.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace longtake {
namespace {

constexpr double kSmallest = 6.0 / 64;
constexpr double kLargest = 13.0 / 64;

// Which of the four quantities a motion changes: across, down, angle or size.
int kind_of(Motion motion) { return static_cast<int>(motion) / 2; }

// A motion that goes on in the frames [begin, end).
struct Movement {
  Motion motion;
  std::int64_t begin;
  std::int64_t end;
  double speed;  // a draw in [0, 1), from the slowest to the fastest of its kind
};

SpritePose step_of(const Movement& movement) {
  const auto between = [&](double slow, double fast) { return slow + (fast - slow) * movement.speed; };
  const double shift = between(1.5, 3.0) / 64;
  const double turn = between(8.0, 15.0) / 180 * std::numbers::pi;
  const double growth = between(1.0 / 45, 1.0 / 30);
  switch (movement.motion) {
    case Motion::kLeft:
      return {-shift, 0, 0, 0};
    case Motion::kRight:
      return {shift, 0, 0, 0};
    case Motion::kUp:
      return {0, -shift, 0, 0};
    case Motion::kDown:
      return {0, shift, 0, 0};
    case Motion::kClockwise:
      return {0, 0, turn, 0};
    case Motion::kCounterClockwise:
      return {0, 0, -turn, 0};
    case Motion::kApproach:
      return {0, 0, 0, growth};
    case Motion::kRecede:
      break;
  }
  return {0, 0, 0, -growth};
}

// Writes the script of one sprite: rest, act, rest, ... An act that would not end before the video does is not begun.
class Script {
 public:
  Script(std::int64_t frames, double fps, Random& random) : frames_(frames), fps_(fps), random_(random) {
    now_ = draw_frames(0, 2);
    while (act()) now_ += draw_frames(0.5, 2);
  }

  const std::vector<FrameSpan>& spans() const { return spans_; }
  const std::vector<Movement>& movements() const { return movements_; }

 private:
  std::int64_t draw_frames(double least_s, double most_s) {
    return std::llround(random_.uniform(least_s, most_s) * fps_);
  }
  std::int64_t draw_length() { return std::max<std::int64_t>(1, draw_frames(1.5, 4)); }
  Motion draw_motion() { return kMotions[random_.below(kMotions.size())]; }

  // False where the video is over.
  bool act() {
    const double choice = random_.uniform();
    std::vector<Movement> movements;
    const OrderedPair* pair = nullptr;
    if (choice < 0.4) {
      movements.push_back(movement(draw_motion(), now_, draw_length()));
    } else if (choice < 0.7) {
      movements.push_back(movement(draw_motion(), now_, draw_length()));
      Motion other = draw_motion();
      while (kind_of(other) == kind_of(movements[0].motion)) other = draw_motion();
      movements.push_back(movement(other, now_ + draw_frames(0, 1.5), draw_length()));
    } else {
      pair = &kOrderedPairs[random_.below(kOrderedPairs.size())];
      const auto phase = [&] { return std::max<std::int64_t>(1, draw_frames(1, 2.5)); };
      movements.push_back(movement(pair->first, now_, phase()));
      movements.push_back(movement(pair->second, movements[0].end, phase()));
    }
    std::int64_t end = now_;
    for (const Movement& movement : movements) end = std::max(end, movement.end);
    if (end > frames_) return false;
    for (const Movement& movement : movements) {
      movements_.push_back(movement);
      spans_.push_back({static_cast<std::int64_t>(movement.motion), movement.begin, movement.end});
    }
    if (pair != nullptr) {
      const auto label = static_cast<std::int64_t>(kMotions.size()) + (pair - kOrderedPairs.data());
      spans_.push_back({label, now_, end});
    }
    now_ = end;
    return true;
  }

  Movement movement(Motion motion, std::int64_t begin, std::int64_t length) {
    return {motion, begin, begin + length, random_.uniform()};
  }

  std::int64_t frames_;
  double fps_;
  Random& random_;
  std::int64_t now_ = 0;
  std::vector<FrameSpan> spans_;
  std::vector<Movement> movements_;
};

std::vector<SpritePose> poses_of(const std::vector<Movement>& movements, std::int64_t frames, Random& random) {
  std::vector<SpritePose> poses(static_cast<std::size_t>(frames));
  poses[0] = draw_pose(random);
  for (std::int64_t frame = 0; frame + 1 < frames; ++frame) {
    poses[frame + 1] = poses[frame];
    for (const Movement& movement : movements) {
      if (frame < movement.begin || frame >= movement.end) continue;
      poses[frame + 1] = moved(poses[frame + 1], step_of(movement), 1);
    }
  }
  return poses;
}

}  // namespace

ActivityScene::ActivityScene(std::int64_t frames, double fps, Random random) : fps_(fps), background_(random) {
  const std::uint64_t count = 2 + random.below(2);
  for (std::uint64_t i = 0; i < count; ++i) {
    SceneSprite sprite(random);
    const Script script(frames, fps, random);
    actors_.push_back({std::move(sprite), script.spans(), poses_of(script.movements(), frames, random)});
  }
}

std::vector<Interval> ActivityScene::intervals() const {
  std::vector<FrameSpan> spans;
  for (const Actor& actor : actors_) spans.insert(spans.end(), actor.spans.begin(), actor.spans.end());
  std::sort(spans.begin(), spans.end(), [](const FrameSpan& a, const FrameSpan& b) {
    return a.label != b.label ? a.label < b.label : a.begin < b.begin;
  });
  std::vector<FrameSpan> joined;
  for (const FrameSpan& span : spans) {
    const bool goes_on = !joined.empty() && joined.back().label == span.label && span.begin <= joined.back().end;
    if (goes_on) {
      joined.back().end = std::max(joined.back().end, span.end);
    } else {
      joined.push_back(span);
    }
  }
  std::vector<Interval> intervals;
  for (const FrameSpan& span : joined) {
    intervals.push_back({span.label, static_cast<double>(span.begin) / fps_, static_cast<double>(span.end) / fps_});
  }
  std::sort(intervals.begin(), intervals.end(), starts_before);
  return intervals;
}

void ActivityScene::render(std::int64_t frame, Tensor& image) const {
  std::vector<SceneSprite::View> views;
  for (const Actor& actor : actors_) {
    views.emplace_back(actor.sprite, actor.poses.at(frame), kSmallest, kLargest, image.size(0));
  }
  draw_scene(background_, views, frame, image);
}

}  // namespace longtake
