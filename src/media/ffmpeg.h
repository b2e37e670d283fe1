// FFmpeg's C objects with owners, its error codes as exceptions and its log kept quiet. Only .cc files of this module
// include it, so that no other module sees FFmpeg.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

#include <cstdint>
#include <memory>
#include <string>

namespace longtake::media {

// A picture of more pixels is an attack, not a video.
inline constexpr std::int64_t kMostPixels = std::int64_t{1} << 27;

struct FreeFormat {
  void operator()(AVFormatContext* context) const { avformat_close_input(&context); }
};
struct FreeCodec {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
};
struct FreeFrame {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
struct FreePacket {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
struct FreeScaler {
  void operator()(SwsContext* context) const { sws_freeContext(context); }
};

using InputPtr = std::unique_ptr<AVFormatContext, FreeFormat>;
using CodecPtr = std::unique_ptr<AVCodecContext, FreeCodec>;
using FramePtr = std::unique_ptr<AVFrame, FreeFrame>;
using PacketPtr = std::unique_ptr<AVPacket, FreePacket>;
using ScalerPtr = std::unique_ptr<SwsContext, FreeScaler>;

// Throw std::bad_alloc where FFmpeg has no memory.
FramePtr make_frame();
PacketPtr make_packet();
// A frame with its own pixels, rows aligned for every instruction set.
FramePtr make_picture(int width, int height, AVPixelFormat format);

// The options of a call to FFmpeg.
class Dictionary {
 public:
  Dictionary() = default;
  ~Dictionary() { av_dict_free(&dictionary_); }
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;

  void set(const char* key, const std::string& value);
  AVDictionary** get() { return &dictionary_; }

 private:
  AVDictionary* dictionary_ = nullptr;
};

// While it lives, what FFmpeg reports as an error on this thread is kept, for a message that says more than a code.
// FFmpeg prints nothing, with or without it.
class LogCapture {
 public:
  LogCapture();
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  // The last line, or "".
  const std::string& last() const { return last_; }
  void clear() { last_.clear(); }
  void add(const char* text) { last_ = text; }

 private:
  std::string last_;
  LogCapture* outer_;
};

// FFmpeg's words for an error code, such as "End of file".
std::string error_text(int code);
// The same, followed by what FFmpeg logged where that says more.
std::string error_text(int code, const LogCapture& log);
// Throws the longtake::Error that fits `code`: IoError for what the system refused, Unsupported for missing codecs and
// formats, else BadData. The message is "WHAT: reason".
[[noreturn]] void throw_error(int code, const std::string& what, const LogCapture* log = nullptr);

// Makes FFmpeg silent, once in the process. Everything in this module that opens something calls it.
void silence_log();

}  // namespace longtake::media
