// An opened source with its video stream chosen: file, web address, camera, standard input or named pipe.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "longtake/video_reader.h"
#include "media/ffmpeg.h"
#include "media/orientation.h"
#include "media/pipe.h"

namespace longtake::media {

// A kLiveUrl plays in real time and has no end of its own. A kPipe is standard input or a named pipe.
enum class SourceKind : std::uint8_t { kFile, kUrl, kLiveUrl, kDevice, kPipe };
SourceKind kind_of(const std::string& source);

class Input {
 public:
  // Throws as VideoReader::open, but does not look for a decoder.
  static Input open(const std::string& source, const VideoOptions& options);

  Input(Input&&) noexcept = default;
  Input& operator=(Input&&) = delete;  // would free what the old container still asks while it closes

  // The next packet of any stream, or FFmpeg's error code.
  int read(AVPacket* packet);
  // To the key frame at or before `time_s`, as far as the container knows it. False where that failed.
  bool seek(double time_s);

  bool can_seek() const;
  AVFormatContext* format() const { return format_.get(); }
  AVStream* stream() const { return format_->streams[info_.stream]; }
  // For messages.
  const std::string& name() const { return name_; }
  const MediaInfo& info() const { return info_; }
  const Orientation& orientation() const { return orientation_; }
  // Seconds per tick of the video stream.
  double tick_s() const { return av_q2d(stream()->time_base); }
  // Where the container says that its data ends, in seconds; nothing where it does not say or its index says it better.
  // `of_stream`: it speaks of the video stream, not of the longest one.
  struct DeclaredEnd {
    double time_s = 0.0;
    bool of_stream = false;
  };
  const std::optional<DeclaredEnd>& declared_end() const { return declared_end_; }
  // Why a call was broken off, or "": it took too long, or was stopped on request.
  std::string interruption() const { return interrupt_->reason(); }
  bool stopped() const { return interrupt_->stopped(); }

 private:
  // FFmpeg asks it again and again while it waits for the network.
  class Interrupt {
   public:
    explicit Interrupt(std::stop_token stop) : stop_(std::move(stop)) {}
    void allow(double seconds, const char* what);
    bool due();
    std::string reason() const { return reason_; }
    bool stopped() const { return stopped_; }

   private:
    std::stop_token stop_;
    std::optional<std::chrono::steady_clock::time_point> deadline_;
    double seconds_ = 0.0;
    const char* what_ = "";
    std::string reason_;
    bool stopped_ = false;
  };

  Input(const std::string& source, const VideoOptions& options);
  void open_container(const std::string& source, const VideoOptions& options);
  void choose_stream(int wanted);
  void note_declared_end();
  void discard_others();
  [[noreturn]] void fail(int code, const LogCapture& log) const;

  std::string name_;
  double read_timeout_s_;
  // Both outlive format_, which points to them.
  std::unique_ptr<Interrupt> interrupt_;
  std::unique_ptr<Pipe> pipe_;
  InputPtr format_;
  std::vector<std::int64_t> header_durations_;  // per stream, as the header says, before FFmpeg guesses them
  std::int64_t header_duration_ = 0;            // of the container
  std::optional<DeclaredEnd> declared_end_;
  Orientation orientation_;
  MediaInfo info_;
};

}  // namespace longtake::media
