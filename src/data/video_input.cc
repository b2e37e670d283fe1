// Decoding for video_input.h.
#include "data/video_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "data/flow_input.h"
#include "longtake/error.h"

namespace longtake {
namespace {

// Frames of equal size, gathered in memory that grows by doubling.
class FrameStack {
 public:
  void add(const Tensor& image) {
    if (count_ == 0) shape_ = image.shape();
    if (image.shape() != shape_) throw InvalidArgument("the frames of a clip differ in size");
    const std::size_t end = static_cast<std::size_t>(count_ + 1) * image.bytes();
    if (end > bytes_.size()) bytes_.resize(std::max(end, 2 * bytes_.size()));
    std::memcpy(bytes_.data() + end - image.bytes(), image.raw(), image.bytes());
    ++count_;
  }

  std::int64_t count() const { return count_; }
  std::int64_t bytes() const { return count_ == 0 ? 0 : count_ * element_count(shape_); }

  Tensor finish() const {
    Tensor frames(DType::kUint8, {count_, shape_[0], shape_[1], shape_[2]});
    std::memcpy(frames.raw(), bytes_.data(), frames.bytes());
    return frames;
  }

 private:
  Shape shape_;
  std::int64_t count_ = 0;
  std::vector<std::uint8_t> bytes_;
};

VideoReader open_part(const DatasetItem& item, VideoOptions options) {
  options.start_s = item.start_s;
  options.end_s = item.end_s;
  return VideoReader::open(item.path.string(), options);
}

// Gathers frames as long as `next` fills one.
template <class Next>
Clip gather(const DatasetItem& item, std::int64_t byte_limit, const Next& next) {
  FrameStack frames;
  Clip clip;
  for (Frame frame; (item.max_frames == 0 || frames.count() < item.max_frames) && next(frame);) {
    if (frames.count() == 0) {
      clip.first_frame = frame.index;
      clip.first_time_s = frame.time_s;
    }
    clip.times_s.push_back(frame.time_s);
    frames.add(frame.image);
    if (frames.bytes() > byte_limit) {
      throw InvalidArgument(fmt::format(
          "{}: its frames need more than {} MiB; list shorter parts of it with start and end, or lower the input's "
          "fps, width and height",
          item.path.string(), byte_limit >> 20));
    }
  }
  if (frames.count() > 0) clip.frames = frames.finish();
  return clip;
}

}  // namespace

Clip read_clip(const DatasetItem& item, const VideoOptions& options, std::int64_t byte_limit) {
  VideoReader reader = open_part(item, options);
  Clip clip = gather(item, byte_limit, [&](Frame& frame) { return reader.read(frame); });
  clip.stats = reader.stats();
  if (clip.count() == 0) throw BadData(item.path.string() + ": " + no_frame_reason(item, reader.info()));
  return clip;
}

Clip read_clip_for(const InputSpec& spec, const DatasetItem& item, std::int64_t byte_limit, BadFramePolicy bad_frames) {
  VideoOptions options = video_options(spec);
  options.bad_frames = bad_frames;
  if (!spec.measures_flow()) return read_clip(item, options, byte_limit);
  FlowInput flow(spec);
  VideoReader reader = open_part(item, options);
  Frame picture;
  Clip clip = gather(item, byte_limit, [&](Frame& frame) {
    while (reader.read(picture)) {
      if (flow.push(picture, frame)) return true;
    }
    return false;
  });
  clip.stats = reader.stats();
  if (clip.count() > 0) return clip;
  throw BadData(item.path.string() + ": " +
                (clip.stats.frames_out == 0 ? no_frame_reason(item, reader.info()) : nothing_reason(clip.stats)));
}

std::int64_t Clip::bytes() const {
  auto bytes = static_cast<std::int64_t>(frames.bytes());
  for (const Tensor& level : features) bytes += static_cast<std::int64_t>(level.bytes());
  return bytes;
}

std::string nothing_reason(const DecodeStats& stats) {
  if (stats.frames_out == 0) return "not a single frame came out of it";
  return fmt::format("optical flow is measured between pictures, and {} {} too few for a frame of the input",
                     stats.frames_out, stats.frames_out == 1 ? "is" : "are");
}

std::string no_frame_reason(const DatasetItem& item, const MediaInfo& info) {
  return fmt::format("there is no frame in the part from {} s to {}; the video goes from {:.6g} s to {:.6g} s",
                     item.start_s.value_or(info.start_s), item.end_s ? fmt::format("{} s", *item.end_s) : "its end",
                     info.start_s, info.start_s + info.duration_s);
}

std::string partial_reason(const DecodeStats& stats) {
  const bool damaged = stats.partial || stats.bad_frames > 0 || stats.bad_packets > 0;
  if (!damaged) return "";
  if (!stats.problems.empty()) return stats.problems.front();
  return stats.truncated ? "the file ends before its container says it does"
                         : fmt::format("{} frames are damaged", stats.bad_frames);
}

}  // namespace longtake
