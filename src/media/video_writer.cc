#include "media/video_writer.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/files.h"
#include "longtake/error.h"
#include "media/picture_encoder.h"

namespace longtake::media {
namespace {

// The clock of a video whose frames have their own times.
constexpr int kTicksPerSecond = 90000;

struct FreeOutput {
  void operator()(AVFormatContext* context) const {
    if (context->pb != nullptr) avio_closep(&context->pb);
    avformat_free_context(context);
  }
};
using OutputPtr = std::unique_ptr<AVFormatContext, FreeOutput>;

const AVCodec* find_encoder(bool full_colour) {
  if (full_colour) {
    if (const AVCodec* x264 = avcodec_find_encoder_by_name("libx264rgb")) return x264;
    throw Unsupported("writing video in full colour: this FFmpeg has no libx264rgb");
  }
  if (const AVCodec* x264 = avcodec_find_encoder_by_name("libx264")) return x264;
  if (const AVCodec* mpeg4 = avcodec_find_encoder_by_name("mpeg4")) return mpeg4;
  throw Unsupported("writing video: this FFmpeg has neither libx264 nor mpeg4");
}

void check_options(int width, int height, const VideoWriterOptions& options) {
  if (width < 1 || height < 1 || width > 16384 || height > 16384) {
    throw InvalidArgument(fmt::format("a video of {}x{} cannot be written; sides go 1..16384", width, height));
  }
  if (!(options.fps >= 0.01 && options.fps <= 1000.0)) {
    throw InvalidArgument(fmt::format("fps {} cannot be written; it goes 0.01..1000", options.fps));
  }
  if (options.crf < 0 || options.crf > 51) throw InvalidArgument(fmt::format("crf is {}; it goes 0..51", options.crf));
  if (options.key_frame_interval < 0) throw InvalidArgument("key_frame_interval is negative");
}

void set_options(const AVCodec& codec, const VideoWriterOptions& options, Dictionary& settings) {
  // Without B-frames MP4 says exactly how long every frame lasts.
  if (options.variable_rate) settings.set("bf", "0");
  if (options.key_frame_interval > 0) settings.set("g", std::to_string(options.key_frame_interval));
  if (std::string_view(codec.name).starts_with("libx264")) {
    settings.set("crf", std::to_string(options.crf));
    settings.set("preset", "medium");
    // x264's macroblock tree reads memory that nobody has written, so the same frames would not give the same bytes.
    settings.set("mbtree", "0");
  } else {
    // Quantisers 1..31 for mpeg4, from about the same idea of quality.
    settings.set("qmin", std::to_string(1 + options.crf * 30 / 51));
    settings.set("qmax", std::to_string(1 + options.crf * 30 / 51));
  }
}

}  // namespace

class VideoWriter::Impl {
 public:
  Impl(const std::string& path, int width, int height, const VideoWriterOptions& options);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void write(const Tensor& image);
  void write(const Tensor& image, double time_s);
  void finish();

 private:
  void write_at(const Tensor& image, std::int64_t tick);
  void open_encoder(const VideoWriterOptions& options);
  void open_file();
  void write_packet(AVPacket& packet);
  void check(int code, const LogCapture& log) const;

  std::string path_;
  std::string temporary_;
  int width_;
  int height_;
  bool variable_rate_;
  std::unique_ptr<PictureEncoder> encoder_;
  OutputPtr output_;
  AVStream* stream_ = nullptr;
  std::int64_t frames_ = 0;
  std::int64_t last_tick_ = -1;
  std::int64_t frame_ticks_ = 1;  // how long the last one lasts
  bool finished_ = false;
};

VideoWriter::Impl::Impl(const std::string& path, int width, int height, const VideoWriterOptions& options)
    : path_(path), temporary_(path + ".tmp"), width_(width), height_(height), variable_rate_(options.variable_rate) {
  check_options(width, height, options);
  if (variable_rate_) frame_ticks_ = std::llround(kTicksPerSecond / options.fps);
  silence_log();
  open_encoder(options);
  open_file();
}

VideoWriter::Impl::~Impl() {
  if (finished_) return;
  output_.reset();
  std::error_code ignored;  // nothing more can be done about a file that does not go away
  std::filesystem::remove(temporary_, ignored);
}

void VideoWriter::Impl::check(int code, const LogCapture& log) const {
  if (code < 0) throw IoError(fmt::format("{}: cannot write video: {}", path_, error_text(code, log)));
}

void VideoWriter::Impl::open_encoder(const VideoWriterOptions& options) {
  EncoderSettings settings;
  settings.codec = find_encoder(options.full_colour);
  settings.width = options.full_colour ? width_ : width_ + width_ % 2;
  settings.height = options.full_colour ? height_ : height_ + height_ % 2;
  settings.pixels = options.full_colour ? AV_PIX_FMT_RGB24 : AV_PIX_FMT_YUV420P;
  settings.full_range = options.full_colour;
  settings.frame_rate = av_d2q(options.fps, 65535);
  settings.time_base = options.variable_rate ? AVRational{1, kTicksPerSecond} : av_inv_q(settings.frame_rate);
  settings.global_header = true;
  Dictionary codec_options;
  set_options(*settings.codec, options, codec_options);
  encoder_ = std::make_unique<PictureEncoder>(settings, codec_options, path_);
}

void VideoWriter::Impl::open_file() {
  const LogCapture log;
  AVFormatContext* context = nullptr;
  // The name only serves to open the file again for moving the index to its front.
  check(avformat_alloc_output_context2(&context, nullptr, "mp4", ("file:" + temporary_).c_str()), log);
  output_.reset(context);
  output_->flags |= AVFMT_FLAG_BITEXACT;
  stream_ = avformat_new_stream(context, nullptr);
  if (stream_ == nullptr) throw std::bad_alloc();
  check(avcodec_parameters_from_context(stream_->codecpar, &encoder_->context()), log);
  stream_->time_base = encoder_->context().time_base;
  stream_->avg_frame_rate = encoder_->context().framerate;
  check(avio_open(&context->pb, context->url, AVIO_FLAG_WRITE), log);
  Dictionary options;
  options.set("movflags", "+faststart");  // so that it plays from a pipe or the web while it loads
  check(avformat_write_header(context, options.get()), log);
}

void VideoWriter::Impl::write(const Tensor& image) {
  if (variable_rate_) throw InvalidArgument(path_ + ": a video of variable rate needs the time of every frame");
  write_at(image, frames_);
}

void VideoWriter::Impl::write(const Tensor& image, double time_s) {
  if (!variable_rate_) throw InvalidArgument(path_ + ": frames with times need options.variable_rate");
  const std::int64_t tick = time_s >= 0.0 && time_s < 1e9 ? std::llround(time_s * kTicksPerSecond) : -1;
  if (tick <= last_tick_) {
    throw InvalidArgument(fmt::format("{}: frame {} at {} s is not after the one before", path_, frames_, time_s));
  }
  write_at(image, tick);
}

void VideoWriter::Impl::write_at(const Tensor& image, std::int64_t tick) {
  if (finished_) throw InvalidArgument(path_ + ": a frame after finish()");
  check_image(image);
  if (image.size(0) != height_ || image.size(1) != width_) {
    throw InvalidArgument(fmt::format("{}: frame {} is {}x{}, the video {}x{}", path_, frames_, image.size(1),
                                      image.size(0), width_, height_));
  }
  last_tick_ = tick;
  ++frames_;
  encoder_->encode(image, tick, [this](AVPacket& packet) { write_packet(packet); });
}

void VideoWriter::Impl::write_packet(AVPacket& packet) {
  const LogCapture log;
  if (packet.duration == 0) packet.duration = frame_ticks_;
  av_packet_rescale_ts(&packet, encoder_->context().time_base, stream_->time_base);
  packet.stream_index = stream_->index;
  check(av_interleaved_write_frame(output_.get(), &packet), log);
}

void VideoWriter::Impl::finish() {
  if (finished_) return;
  if (frames_ == 0) throw InvalidArgument(path_ + ": a video without a frame cannot be written");
  const LogCapture log;
  encoder_->flush([this](AVPacket& packet) { write_packet(packet); });
  check(av_write_trailer(output_.get()), log);
  // What was buffered reaches the disk here, and a full disk shows.
  check(output_->pb->error, log);
  check(avio_closep(&output_->pb), log);
  output_.reset();
  real_files().rename(temporary_, path_);
  finished_ = true;
}

VideoWriter::VideoWriter(const std::string& path, int width, int height, const VideoWriterOptions& options)
    : impl_(std::make_unique<Impl>(path, width, height, options)) {}
VideoWriter::VideoWriter(VideoWriter&&) noexcept = default;
VideoWriter& VideoWriter::operator=(VideoWriter&&) noexcept = default;
VideoWriter::~VideoWriter() = default;

void VideoWriter::write(const Tensor& image) { impl_->write(image); }
void VideoWriter::write(const Tensor& image, double time_s) { impl_->write(image, time_s); }
void VideoWriter::finish() { impl_->finish(); }

}  // namespace longtake::media
