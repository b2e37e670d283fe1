#include "training/sample_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "media/image.h"
#include "reports/heat.h"

namespace longtake::training {

namespace {

constexpr std::int64_t kThumbnails = 5;
constexpr int kThumbnailWidth = 160;  // at least, so that a map of attention has room
constexpr float kProbable = 0.5f;

// Frame `at` of a clip in the order red, green, blue, enlarged by a whole factor.
reports::Canvas picture_of(const Clip& clip, std::int64_t at, bool swap_red_and_blue) {
  const auto height = static_cast<int>(clip.frames.size(1)), width = static_cast<int>(clip.frames.size(2));
  const std::int64_t channels = clip.frames.size(3);
  Tensor frame(DType::kUint8, {height, width, 3});
  const std::uint8_t* from = clip.frames.data<std::uint8_t>().data() + at * height * width * channels;
  const auto pixels = frame.data<std::uint8_t>();
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const std::size_t channel = swap_red_and_blue ? 2 - i % 3 : i % 3;
    pixels[i] = channels == 1 ? from[i / 3] : from[i / 3 * 3 + channel];
  }
  const int factor = (kThumbnailWidth + width - 1) / width;
  reports::Canvas canvas(width * factor, height * factor, {});
  canvas.picture(frame, factor, 0, 0);
  return canvas;
}

void paint_attention(reports::Canvas& canvas, const Clip& clip, const InputSpec& spec, std::int64_t at,
                     const tasks::VideoResult& result) {
  const auto frame = std::find_if(result.frames.begin(), result.frames.end(), [&](const tasks::FrameScores& scores) {
    return scores.frame == clip.first_frame + at;
  });
  if (result.attention.height == 0 || frame == result.frames.end() || frame->attention.empty()) return;
  const reports::Region seen = reports::seen_region(spec, clip.frames.size(2), clip.frames.size(1));
  const double width = canvas.width(), height = canvas.height();
  paint_heat(canvas, result.attention, frame->attention, reports::heat_scale(result.frames),
             {seen.left * width, seen.top * height, seen.right * width, seen.bottom * height});
}

// A few frames of the clip, evenly over its length; `result` may be null.
std::vector<std::vector<std::byte>> thumbnails_of(const Clip& clip, const InputSpec& spec,
                                                  const tasks::VideoResult* result) {
  std::vector<std::vector<std::byte>> pictures;
  const std::int64_t count = std::min(kThumbnails, clip.count());
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t at = count == 1 ? 0 : i * (clip.count() - 1) / (count - 1);
    reports::Canvas canvas = picture_of(clip, at, spec.colour == "bgr");
    if (result != nullptr) paint_attention(canvas, clip, spec, at, *result);
    pictures.push_back(media::encode_png(canvas.image()));
  }
  return pictures;
}

// The clip itself, or where it came as features, its pictures.
Clip pictures_of(const std::shared_ptr<const Clip>& clip, const DatasetItem& item, const InputSpec& spec) {
  return clip->features.empty() ? *clip : read_clip_for(spec, item);
}

const tasks::VideoResult* watched_result(const TrainOutcome& outcome, std::int64_t item) {
  const auto found = std::find_if(outcome.watched.begin(), outcome.watched.end(),
                                  [&](const Watched& watched) { return watched.item == item; });
  return found == outcome.watched.end() ? nullptr : &found->result;
}

reports::LabelRow label_row(const DatasetItem& item, const tasks::VideoResult& result, std::int64_t label) {
  reports::LabelRow row{result.labels[label], {}, {}};
  for (const Interval& interval : item.intervals) {
    if (interval.label == label) row.truth.emplace_back(interval.start_s, interval.end_s);
  }
  for (const tasks::FrameScores& frame : result.frames) row.scores.push_back({frame.time_s, frame.scores[label]});
  return row;
}

bool ever_probable(const tasks::VideoResult& result, std::int64_t label) {
  return std::any_of(result.frames.begin(), result.frames.end(),
                     [&](const tasks::FrameScores& frame) { return frame.scores[label] >= kProbable; });
}

}  // namespace

std::vector<reports::SampleClip> sample_clips(const TrainOutcome& outcome, const std::vector<std::size_t>& items) {
  std::vector<reports::SampleClip> clips;
  const Dataset& dataset = outcome.evaluated->dataset();
  const InputSpec& spec = outcome.model.inputs.at("frame");
  for (const std::size_t i : items) {
    const tasks::ItemEvaluation& item = outcome.evaluation->items[i];
    const auto clip = outcome.evaluated->get(item.item);
    if (clip == nullptr) continue;
    const DatasetItem& listed = dataset.items[item.item];
    const double end = spec.fps > 0 ? clip->first_time_s + static_cast<double>(clip->count()) / spec.fps
                                    : listed.end_s.value_or(clip->first_time_s);
    clips.push_back({listed.path.string(), clip->first_time_s, end, dataset.labels[item.truth],
                     dataset.labels[item.predicted], item.truth_score,
                     thumbnails_of(pictures_of(clip, listed, spec), spec, watched_result(outcome, item.item))});
  }
  return clips;
}

std::vector<reports::LabelTimeLine> label_time_lines(const TrainOutcome& outcome) {
  std::vector<reports::LabelTimeLine> lines;
  for (const Watched& watched : outcome.watched) {
    const tasks::VideoResult& result = watched.result;
    if (!result.multi_label || result.frames.empty()) continue;
    const DatasetItem& item = outcome.evaluated->dataset().items[watched.item];
    reports::LabelTimeLine line{item.id, result.frames.front().time_s, result.frames.back().time_s, {}};
    for (std::int64_t label = 0; label < static_cast<std::int64_t>(result.labels.size()); ++label) {
      reports::LabelRow row = label_row(item, result, label);
      if (!row.truth.empty() || ever_probable(result, label)) line.rows.push_back(std::move(row));
    }
    if (!line.rows.empty()) lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<reports::Chart> window_charts(const TrainOutcome& outcome) {
  std::vector<double> sums;
  double frames = 0;
  for (const Watched& watched : outcome.watched) {
    sums.resize(std::max(sums.size(), static_cast<std::size_t>(watched.result.attention.window)), 0.0);
    // At the first frames of a video the window is not full.
    for (std::size_t i = sums.size(); i <= watched.result.frames.size() && !sums.empty(); ++i) {
      const std::vector<float>& weights = watched.result.frames[i - 1].attention;
      for (std::size_t w = 0; w < weights.size(); ++w) sums[weights.size() - 1 - w] += weights[w];
      frames += weights.empty() ? 0 : 1;
    }
  }
  if (frames == 0) return {};
  reports::Curve curve{"mean weight", {}};
  for (std::size_t back = 0; back < sums.size(); ++back) {
    curve.points.push_back({static_cast<double>(back), sums[back] / frames});
  }
  return {{"Where it looks in its window", "frames ago", false, {curve}, true}};
}

}  // namespace longtake::training
