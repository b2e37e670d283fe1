#include "media/ffmpeg.h"

#include <fmt/format.h>

#include <array>
#include <mutex>
#include <new>

#include "longtake/error.h"

namespace longtake::media {
namespace {

// FFmpeg's log callback gets no pointer of ours, so the way from it to the capture of this thread is a variable.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
thread_local LogCapture* current_capture = nullptr;

void log_to_capture(void* object, int level, const char* format, va_list arguments) {
  if (current_capture == nullptr || level > AV_LOG_ERROR) return;
  std::array<char, 512> line{};
  int print_prefix = 0;  // without "[mov,mp4 @ 0x...]", which says nothing to a user
  av_log_format_line2(object, level, format, arguments, line.data(), line.size(), &print_prefix);
  std::string_view text(line.data());
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  if (!text.empty()) current_capture->add(std::string(text).c_str());
}

template <class T>
T* checked(T* pointer) {
  if (pointer == nullptr) throw std::bad_alloc();
  return pointer;
}

}  // namespace

FramePtr make_frame() { return FramePtr(checked(av_frame_alloc())); }

PacketPtr make_packet() { return PacketPtr(checked(av_packet_alloc())); }

FramePtr make_picture(int width, int height, AVPixelFormat format) {
  FramePtr frame = make_frame();
  frame->width = width;
  frame->height = height;
  frame->format = format;
  if (int code = av_frame_get_buffer(frame.get(), 0); code < 0) {
    throw_error(code, fmt::format("a picture of {}x{}", width, height));
  }
  return frame;
}

void Dictionary::set(const char* key, const std::string& value) {
  if (av_dict_set(&dictionary_, key, value.c_str(), 0) < 0) throw std::bad_alloc();
}

LogCapture::LogCapture() : outer_(current_capture) {
  silence_log();
  current_capture = this;
}

LogCapture::~LogCapture() { current_capture = outer_; }

std::string error_text(int code) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  av_strerror(code, text.data(), text.size());
  return text.data();
}

std::string error_text(int code, const LogCapture& log) {
  if (log.last().empty()) return error_text(code);
  return fmt::format("{} ({})", error_text(code), log.last());
}

void throw_error(int code, const std::string& what, const LogCapture* log) {
  if (code == AVERROR(ENOMEM)) throw std::bad_alloc();
  const std::string message = fmt::format("{}: {}", what, log != nullptr ? error_text(code, *log) : error_text(code));
  switch (code) {
    case AVERROR_DECODER_NOT_FOUND:
    case AVERROR_ENCODER_NOT_FOUND:
    case AVERROR_PROTOCOL_NOT_FOUND:
    case AVERROR_PATCHWELCOME:
    case AVERROR(ENOSYS):
      throw Unsupported(message);
    case AVERROR_INVALIDDATA:
    case AVERROR_EOF:
    case AVERROR_DEMUXER_NOT_FOUND:
    case AVERROR_STREAM_NOT_FOUND:
    case AVERROR_BUG:
    case AVERROR_BUG2:
    case AVERROR_UNKNOWN:
    case AVERROR(EINVAL):
      throw BadData(message);
    default:
      throw IoError(message);
  }
}

void silence_log() {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_callback(log_to_capture); });
}

}  // namespace longtake::media
