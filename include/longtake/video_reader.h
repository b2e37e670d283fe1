// Reads video: a file, a picture, a web address, a camera or standard input becomes a row of uint8 tensors, each with
// the media's own time. A file gives the same bytes every time, and if it is intact whatever the number of threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "longtake/input_spec.h"
#include "longtake/tensor.h"

namespace longtake {

enum class ColourOrder : std::uint8_t { kRgb, kBgr, kGray };

// How `width` and `height` of VideoOptions are met.
enum class ResizePolicy : std::uint8_t {
  // Exactly width x height, whatever the picture's proportions. Where one of them is 0 it follows from the other with
  // the proportions kept.
  kStretch,
  // Proportions kept, scaled until width x height is just covered, for a crop of that size to fit. With width ==
  // height, or one of them 0, that size is the length of the shorter side.
  kShorterSide,
};

// What happens to a frame that is damaged. In all cases it is counted.
enum class BadFramePolicy : std::uint8_t {
  // It is left out: `index` jumps over it. Models see an absent tick.
  kSkip,
  // The last good picture stands in for it, with Frame::repeated set. Before the first good picture it is left out.
  kRepeat,
  // Reading ends there: read() returns false, and DecodeStats says `stopped` and `partial`.
  kStop,
};

struct VideoOptions {
  // Samples per second; 0 gives every frame once. See VideoReader for which frame a sample shows.
  double fps = 0.0;
  // Size of the pictures after display rotation; 0 is the video's own. Pixels that are not square stay as they are.
  int width = 0;
  int height = 0;
  ResizePolicy resize = ResizePolicy::kStretch;
  ColourOrder colour = ColourOrder::kRgb;
  // The part that is read, [start_s, end_s) in the media's own time. Without start_s it begins at the first frame.
  std::optional<double> start_s;
  std::optional<double> end_s;
  BadFramePolicy bad_frames = BadFramePolicy::kSkip;
  // With fps > 0: also decode what no sample shows, to find all damage (see VideoReader).
  bool decode_all = false;
  // Decoding threads; 0 is one per core. Many readers side by side are faster than many threads in one. Around damage
  // several threads make of the pictures what the moment brings; a single one always the same.
  int threads = 1;
  // Which stream of the container; -1 is the best video stream (by resolution and default flag).
  int stream = -1;
  // Network sources: RTSP over TCP (else UDP).
  bool rtsp_over_tcp = true;
  // Network sources and cameras: how long opening may take before IoError, and one read before the source counts as
  // broken off (DecodeStats::partial). 0: for ever. Files, pipes and standard input are always waited for.
  double open_timeout_s = 10.0;
  double read_timeout_s = 10.0;
  // Once requested, from any thread, an open() or read() that waits for its source ends with IoError.
  std::stop_token stop;
};

// Sampling rate, size and colour order that frames of `spec` are decoded with; crop, mean and scale come later, in
// prepare_frame(). Where the spec has flow measured, these are the gray pictures that it is measured between. Throws
// InvalidArgument when the spec is no video's or has unknown words.
VideoOptions video_options(const InputSpec& spec);

// One sample of a video.
struct Frame {
  // uint8 [height, width, channels], 3 channels (1 for gray), full range 0..255. Transparency is dropped, not blended.
  // Its memory is used again by the next read() into the same Frame.
  Tensor image;
  // The media's own time of the sample, in seconds: start + k / fps, or with fps 0 the frame's presentation time.
  double time_s = 0.0;
  // Since when this picture has been on show: its presentation time. Equal to time_s with fps 0 unless repeated.
  double shown_since_s = 0.0;
  // Counts samples from the start or the last seek(), those that were left out too.
  std::int64_t index = 0;
  // The picture stands in for a damaged one (BadFramePolicy::kRepeat).
  bool repeated = false;
};

// What a source is, without decoding it.
struct MediaInfo {
  struct Stream {
    int index = 0;
    std::string kind;   // "video", "audio", "subtitle", "data", "cover picture", ...
    std::string codec;  // "h264", "aac", ...
  };
  std::string container;     // "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", ...
  int stream = 0;            // the video stream that is read
  int width = 0;             // after display rotation
  int height = 0;            // after display rotation
  double fps = 0.0;          // average frames per second; 0 unknown
  double start_s = 0.0;      // presentation time of the first frame
  double duration_s = 0.0;   // of the video stream; 0 unknown (live)
  std::int64_t frames = 0;   // as the container says; 0 unknown
  std::string codec;         // "h264", "vp9", ...
  std::string pixel_format;  // "yuv420p", "yuv420p10le", "gray", ...
  int rotation = 0;          // degrees clockwise that the decoded picture is turned for display: 0, 90, 180, 270
  bool mirrored = false;     // flipped left to right after that turn
  std::vector<Stream> streams;
};

// What happened so far. All counters grow over the reader's life; seek() does not reset them.
struct DecodeStats {
  std::int64_t frames_decoded = 0;      // pictures that came out of the decoder; sampling needs fewer than there are
  std::int64_t frames_out = 0;          // samples handed out by read()
  std::int64_t bad_packets = 0;         // packets that the container or the decoder refused
  std::int64_t bad_frames = 0;          // frames lost or decoded with errors, within the part that is read
  std::int64_t skipped = 0;             // samples left out for a bad frame
  std::int64_t repeated = 0;            // samples in which an older picture stood in for a bad frame
  std::int64_t resolution_changes = 0;  // frames of another size or pixel format than the one before
  bool truncated = false;               // the data ends before the container says it does
  bool partial = false;                 // not read to its proper end: truncated, unreadable from some point, or stopped
  bool stopped = false;                 // ended by BadFramePolicy::kStop
  std::vector<std::string> problems;    // the first 16 problems in words

  friend bool operator==(const DecodeStats&, const DecodeStats&) = default;
};

// Which frame a sample shows. The sample of time t is what a player has on its screen at t: the last frame whose
// presentation time is <= t (times within half a tick of the container's clock, at most 1 ms, count as equal). A frame
// stays until the next one comes, the last one for its own duration. With fps > 0 sample k speaks about start + k /
// fps, where start is the later of start_s and the first frame's time, so frames are left out or shown again as the
// rates demand, correctly at variable frame rate. With fps 0 every frame whose time lies in [start_s, end_s) comes
// once. Frames without a time stamp follow the one before at the average frame rate. Time stamps that jump back by more
// than two frames and 0.1 s, or ahead by more than an hour (10 s in broadcast formats), are taken for a splice, and the
// time goes on without a gap. A change of resolution mid-way is scaled to the size agreed at open().
//
// A reader belongs to one thread at a time; different readers may be used at once. After an exception from read() only
// seek(), stats(), info() and destruction make sense.
class VideoReader {
 public:
  // Opens `source`: a path, http(s)://, rtsp(s)://, rtmp://, udp://, tcp://, srt://, rtp://, /dev/videoN (V4L2) or "-"
  // for standard input.
  // Throws IoError (missing, no permission, unreachable, timed out), BadData (empty, garbage, no video stream),
  // Unsupported (no decoder in this build) or InvalidArgument (options), naming the source and the reason.
  static VideoReader open(const std::string& source, const VideoOptions& options = {});

  VideoReader(VideoReader&&) noexcept;
  VideoReader& operator=(VideoReader&&) noexcept;
  ~VideoReader();

  // Fills `frame` with the next sample; false at the end. After warming up it allocates nothing itself.
  // A source that breaks off or times out ends there, and stats() says `partial`. Throws BadData where not a single
  // frame could be decoded, IoError where it was stopped.
  bool read(Frame& frame);

  // Goes on at `time_s` (the media's own time) as if start_s had been given so: the following samples equal those of
  // reading there in sequence. Frame::index starts at 0 again. Throws Unsupported where the source cannot seek.
  void seek(double time_s);

  // Size of the images that read() gives.
  int width() const;
  int height() const;
  int channels() const;

  const MediaInfo& info() const;
  const DecodeStats& stats() const;

 private:
  class Impl;
  explicit VideoReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// What `source` is, from its headers. Throws as VideoReader::open.
MediaInfo probe(const std::string& source, const VideoOptions& options = {});

// Whether `source` names something that has no end of its own and is worth reconnecting to: a camera, or an address of
// rtsp(s), rtmp, udp, tcp, srt or rtp.
bool is_live(const std::string& source);

}  // namespace longtake
