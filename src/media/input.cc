#include "media/input.h"

extern "C" {
#include <libavdevice/avdevice.h>
#include <libavutil/pixdesc.h>
}

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "longtake/error.h"

namespace longtake::media {
namespace {

constexpr std::array kUrlPrefixes = {"http://", "https://", "hls+http://"};
constexpr std::array kLiveUrlPrefixes = {"rtsp://", "rtsps://", "rtmp://", "udp://", "tcp://", "srt://", "rtp://"};

// How often a camera is asked whether it has a picture.
constexpr std::chrono::milliseconds kPollInterval{2};

// A path is checked before FFmpeg sees it, for messages that say what is wrong with it.
void check_file(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) {
    throw IoError(fmt::format("{}: {}", path, std::strerror(error ? error.value() : ENOENT)));
  }
  if (std::filesystem::is_directory(status)) throw IoError(path + ": is a directory, not a video");
  if (std::filesystem::is_regular_file(status) && std::filesystem::file_size(path, error) == 0 && !error) {
    throw BadData(path + ": the file is empty");
  }
}

// Whether a file begins with a box of MP4: its size in 4 bytes, and its type in 4 letters of which these come first.
bool begins_like_mp4(const std::string& path) {
  std::array<char, 8> head{};
  std::ifstream(path, std::ios::binary).read(head.data(), head.size());
  const std::string_view type(head.data() + 4, 4);
  constexpr std::array<std::string_view, 8> kFirst{"ftyp", "moov", "mdat", "free", "skip", "wide", "pnot", "styp"};
  return std::find(kFirst.begin(), kFirst.end(), type) != kFirst.end();
}

// What FFmpeg is to open. "file:" keeps a path with a colon in it from being taken for a protocol.
std::string url_of(const std::string& source) {
  switch (kind_of(source)) {
    case SourceKind::kFile:
      return "file:" + source;
    case SourceKind::kPipe:
      return "";  // its bytes are read here, and its name tells nothing
    default:
      return source;
  }
}

// Whoever writes a file or a pipe is waited for; the network and cameras may be dead.
bool is_timed(SourceKind kind) { return kind != SourceKind::kFile && kind != SourceKind::kPipe; }

std::string kind_name(const AVStream& stream) {
  if ((stream.disposition & AV_DISPOSITION_ATTACHED_PIC) != 0) return "cover picture";
  const char* name = av_get_media_type_string(stream.codecpar->codec_type);
  return name != nullptr ? name : "unknown";
}

bool is_video(const AVStream& stream) {
  return stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO && (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) == 0;
}

std::string list_streams(const MediaInfo& info) {
  if (info.streams.empty()) return "no stream at all";
  std::vector<std::string> words;
  for (const auto& stream : info.streams) words.push_back(fmt::format("{} ({})", stream.kind, stream.codec));
  return fmt::format("{}", fmt::join(words, ", "));
}

double seconds(std::int64_t ticks, AVRational time_base) {
  return ticks == AV_NOPTS_VALUE ? 0.0 : static_cast<double>(ticks) * av_q2d(time_base);
}

MediaInfo describe_streams(const AVFormatContext& format) {
  MediaInfo info;
  info.container = format.iformat->name;
  for (unsigned i = 0; i < format.nb_streams; ++i) {
    const AVStream& stream = *format.streams[i];
    info.streams.push_back({static_cast<int>(i), kind_name(stream), avcodec_get_name(stream.codecpar->codec_id)});
  }
  return info;
}

void describe_video(AVFormatContext& format, AVStream& stream, const Orientation& orientation, MediaInfo& info) {
  info.width = orientation.swaps_sides() ? stream.codecpar->height : stream.codecpar->width;
  info.height = orientation.swaps_sides() ? stream.codecpar->width : stream.codecpar->height;
  const AVRational rate = av_guess_frame_rate(&format, &stream, nullptr);
  const AVRational average = stream.avg_frame_rate.num > 0 ? stream.avg_frame_rate : rate;
  info.fps = average.num > 0 && average.den > 0 ? av_q2d(average) : 0.0;
  info.start_s = seconds(stream.start_time, stream.time_base);
  info.duration_s = seconds(stream.duration, stream.time_base);
  if (info.duration_s <= 0.0) info.duration_s = seconds(format.duration, AVRational{1, AV_TIME_BASE});
  info.frames = stream.nb_frames;
  info.codec = avcodec_get_name(stream.codecpar->codec_id);
  const char* pixels = av_get_pix_fmt_name(static_cast<AVPixelFormat>(stream.codecpar->format));
  info.pixel_format = pixels != nullptr ? pixels : "unknown";
  info.rotation = orientation.rotation();
  info.mirrored = orientation.mirrored();
}

Orientation orientation_of_stream(const AVStream& stream) {
  std::size_t size = 0;
  const std::uint8_t* data = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  if (data == nullptr || size < 9 * sizeof(std::int32_t)) return {};
  std::array<std::int32_t, 9> matrix{};
  std::memcpy(matrix.data(), data, sizeof(matrix));
  return orientation_of(matrix.data());
}

}  // namespace

SourceKind kind_of(const std::string& source) {
  const auto starts_as = [&](const auto& prefixes) {
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](const char* prefix) { return source.starts_with(prefix); });
  };
  if (source == "-") return SourceKind::kPipe;
  if (source.starts_with("/dev/video")) return SourceKind::kDevice;
  if (starts_as(kLiveUrlPrefixes)) return SourceKind::kLiveUrl;
  if (starts_as(kUrlPrefixes)) return SourceKind::kUrl;
  std::error_code error;
  return std::filesystem::is_fifo(source, error) ? SourceKind::kPipe : SourceKind::kFile;
}

void Input::Interrupt::allow(double seconds, const char* what) {
  deadline_.reset();
  if (seconds <= 0.0) return;
  seconds_ = seconds;
  what_ = what;
  deadline_ = std::chrono::steady_clock::now() +
              std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(seconds));
}

bool Input::Interrupt::due() {
  if (stop_.stop_requested()) {
    stopped_ = true;
    reason_ = "stopped on request";
  } else if (deadline_ && std::chrono::steady_clock::now() > *deadline_) {
    reason_ = fmt::format("{} took longer than {} s", what_, seconds_);
  }
  return !reason_.empty();
}

Input::Input(const std::string& source, const VideoOptions& options)
    : name_(source == "-" ? "standard input" : source),
      read_timeout_s_(is_timed(kind_of(source)) ? options.read_timeout_s : 0.0),
      interrupt_(std::make_unique<Interrupt>(options.stop)) {}

Input Input::open(const std::string& source, const VideoOptions& options) {
  if (kind_of(source) == SourceKind::kFile) check_file(source);
  Input input(source, options);
  input.open_container(source, options);
  input.choose_stream(options.stream);
  input.note_declared_end();
  input.discard_others();
  return input;
}

void Input::fail(int code, const LogCapture& log) const {
  if (const std::string reason = interruption(); !reason.empty()) throw IoError(name_ + ": " + reason);
  if (code == AVERROR_INVALIDDATA && log.last().empty()) throw BadData(name_ + ": not a video that FFmpeg knows");
  if (log.last() == "moov atom not found") {
    // FFmpeg goes by the name where the contents tell it nothing.
    std::error_code error;
    if (std::filesystem::is_regular_file(name_, error) && !begins_like_mp4(name_)) {
      throw BadData(name_ + ": is no video: it is named like an MP4 but does not begin like one");
    }
    throw BadData(name_ + ": an MP4 without its index (moov): it was cut, or is still being written");
  }
  // The system refuses without a word; this is how the Matroska reader says that the file ends too early.
  if (code == AVERROR(EIO) && !log.last().empty()) throw BadData(name_ + ": " + log.last());
  throw_error(code, name_, &log);
}

namespace {

// Cameras are rare, and FFmpeg's device library pulls in 80 others (X11, SDL, sound), which would double the time every
// program takes to start; so it is loaded where a camera is opened.
void register_devices(const std::string& source) {
  constexpr const char* kLibrary = "libavdevice.so." AV_STRINGIFY(LIBAVDEVICE_VERSION_MAJOR);
  void* library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);  // stays loaded
  const auto register_all =
      library == nullptr ? nullptr
                         : reinterpret_cast<decltype(&avdevice_register_all)>(dlsym(library, "avdevice_register_all"));
  if (register_all == nullptr) throw Unsupported(fmt::format("{}: cameras need {}: {}", source, kLibrary, dlerror()));
  register_all();
}

}  // namespace

void Input::open_container(const std::string& source, const VideoOptions& options) {
  const LogCapture log;
  const SourceKind kind = kind_of(source);
  const AVInputFormat* demuxer = nullptr;
  if (kind == SourceKind::kDevice) {
    register_devices(name_);
    demuxer = av_find_input_format("video4linux2");
    if (demuxer == nullptr) throw Unsupported(name_ + ": this FFmpeg was built without Video4Linux");
  }
  if (kind == SourceKind::kPipe) {
    pipe_ = std::make_unique<Pipe>(source, [interrupt = interrupt_.get()] { return interrupt->due(); });
  }
  // FFmpeg frees the context itself where opening fails.
  AVFormatContext* format = avformat_alloc_context();
  if (format == nullptr) throw std::bad_alloc();
  format->interrupt_callback = {[](void* self) { return static_cast<Interrupt*>(self)->due() ? 1 : 0; },
                                interrupt_.get()};
  // A camera that is waited for could not be left before its next picture.
  if (kind == SourceKind::kDevice) format->flags |= AVFMT_FLAG_NONBLOCK;
  Dictionary settings;
  if (pipe_) {
    format->pb = pipe_->context();
    settings.set("protocol_whitelist", "crypto,data");  // what FFmpeg's own pipes allow a playlist to open
  }
  settings.set("rtsp_transport", options.rtsp_over_tcp ? "tcp" : "udp");
  settings.set("pattern_type", "none");  // a '%' in a picture's name is a '%'
  interrupt_->allow(is_timed(kind) ? options.open_timeout_s : 0.0, "opening");
  int code = avformat_open_input(&format, url_of(source).c_str(), demuxer, settings.get());
  if (code < 0) fail(code, log);
  format_.reset(format);
  // FFmpeg plays any text file as the output of an old terminal.
  if (std::string_view(format->iformat->name) == "tty") throw BadData(name_ + ": is text, not a video");
  for (unsigned i = 0; i < format->nb_streams; ++i) header_durations_.push_back(format->streams[i]->duration);
  header_duration_ = format->duration;
  code = avformat_find_stream_info(format, nullptr);
  if (code < 0 || interrupt_->due()) fail(code, log);
}

void Input::choose_stream(int wanted) {
  info_ = describe_streams(*format_);
  const std::string has = list_streams(info_);
  if (wanted >= 0) {
    if (wanted >= static_cast<int>(format_->nb_streams) || !is_video(*format_->streams[wanted])) {
      throw BadData(fmt::format("{}: stream {} is no video stream; it has: {}", name_, wanted, has));
    }
  } else {
    wanted = av_find_best_stream(format_.get(), AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
    if (wanted < 0 || !is_video(*format_->streams[wanted])) {
      if (format_->probe_score <= AVPROBE_SCORE_RETRY) throw BadData(name_ + ": not a video that FFmpeg knows");
      throw BadData(fmt::format("{}: no video stream; it has: {}", name_, has));
    }
  }
  AVStream& stream = *format_->streams[wanted];
  if (stream.codecpar->width <= 0 || stream.codecpar->height <= 0) {
    throw BadData(fmt::format("{}: no picture of its video stream ({}) could be decoded", name_,
                              avcodec_get_name(stream.codecpar->codec_id)));
  }
  orientation_ = orientation_of_stream(stream);
  info_.stream = wanted;
  describe_video(*format_, stream, orientation_, info_);
}

// MP4 lists every frame in its index, which an edit list may cut shorter than the durations in its header.
void Input::note_declared_end() {
  if (info_.container.starts_with("mov,")) return;
  const auto index = static_cast<std::size_t>(info_.stream);
  if (index < header_durations_.size() && header_durations_[index] > 0) {
    declared_end_ = {info_.start_s + seconds(header_durations_[index], stream()->time_base), true};
  } else if (header_duration_ > 0) {
    declared_end_ = {seconds(header_duration_, AVRational{1, AV_TIME_BASE}), false};
  }
}

// Where only the container as a whole has a length, the times of all its streams tell whether it was cut.
void Input::discard_others() {
  if (declared_end_ && !declared_end_->of_stream) return;
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    if (static_cast<int>(i) != info_.stream) format_->streams[i]->discard = AVDISCARD_ALL;
  }
}

int Input::read(AVPacket* packet) {
  interrupt_->allow(read_timeout_s_, "reading");
  while (true) {
    const int code = av_read_frame(format_.get(), packet);
    if (code != AVERROR(EAGAIN)) return code;
    if (interrupt_->due()) return AVERROR_EXIT;
    std::this_thread::sleep_for(kPollInterval);
  }
}

bool Input::seek(double time_s) {
  interrupt_->allow(read_timeout_s_, "seeking");
  const double ticks = std::floor(time_s / tick_s() + 0.5);
  if (!(std::abs(ticks) < 9e18)) return false;
  return av_seek_frame(format_.get(), info_.stream, static_cast<std::int64_t>(ticks), AVSEEK_FLAG_BACKWARD) >= 0;
}

bool Input::can_seek() const {
  const AVIOContext* io = format_->pb;
  return io != nullptr && (io->seekable & AVIO_SEEKABLE_NORMAL) != 0;
}

}  // namespace longtake::media
