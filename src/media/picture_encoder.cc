#include "media/picture_encoder.h"

extern "C" {
#include <libavutil/opt.h>
}

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "longtake/error.h"

namespace longtake::media {
namespace {

ScalerPtr make_scaler(int width, int height, AVPixelFormat from, AVPixelFormat to, bool full_range) {
  ScalerPtr scaler(sws_alloc_context());
  if (!scaler) throw std::bad_alloc();
  av_opt_set_int(scaler.get(), "srcw", width, 0);
  av_opt_set_int(scaler.get(), "srch", height, 0);
  av_opt_set_int(scaler.get(), "src_format", from, 0);
  av_opt_set_int(scaler.get(), "src_range", 1, 0);
  av_opt_set_int(scaler.get(), "dstw", width, 0);
  av_opt_set_int(scaler.get(), "dsth", height, 0);
  av_opt_set_int(scaler.get(), "dst_format", to, 0);
  av_opt_set_int(scaler.get(), "dst_range", full_range ? 1 : 0, 0);
  av_opt_set_int(scaler.get(), "sws_flags", SWS_BICUBIC | SWS_BITEXACT | SWS_ACCURATE_RND, 0);
  const int* bt601 = sws_getCoefficients(SWS_CS_ITU601);
  sws_setColorspaceDetails(scaler.get(), bt601, 1, bt601, full_range ? 1 : 0, 0, 1 << 16, 1 << 16);
  if (const int code = sws_init_context(scaler.get(), nullptr, nullptr); code < 0) {
    throw_error(code, fmt::format("converting pictures of {}x{}", width, height));
  }
  return scaler;
}

}  // namespace

void check_image(const Tensor& image) {
  const Shape& shape = image.shape();
  const bool good = image.dtype() == DType::kUint8 && shape.size() == 3 && shape[0] > 0 && shape[1] > 0 &&
                    (shape[2] == 1 || shape[2] == 3) && shape[0] <= 65535 && shape[1] <= 65535;
  if (good) return;
  throw InvalidArgument(fmt::format("a picture must be uint8 [height, width, 1 or 3], not {} {}",
                                    name_of(image.dtype()), to_string(shape)));
}

PictureEncoder::PictureEncoder(const EncoderSettings& settings, Dictionary& options, const std::string& what)
    : what_(what),
      codec_(avcodec_alloc_context3(settings.codec)),
      frame_(make_picture(settings.width, settings.height, settings.pixels)),
      packet_(make_packet()) {
  if (!codec_) throw std::bad_alloc();
  const LogCapture log;
  codec_->width = settings.width;
  codec_->height = settings.height;
  codec_->pix_fmt = settings.pixels;
  codec_->color_range = settings.full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  codec_->time_base = settings.time_base;
  codec_->framerate = settings.frame_rate;
  codec_->thread_count = 1;  // the bytes may not depend on the number of cores
  codec_->flags |= AV_CODEC_FLAG_BITEXACT;
  if (settings.global_header) codec_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  if (const int code = avcodec_open2(codec_.get(), settings.codec, options.get()); code < 0) {
    throw Unsupported(fmt::format("{}: encoder {}: {}", what_, settings.codec->name, error_text(code, log)));
  }
}

void PictureEncoder::fill(const Tensor& image) {
  check_image(image);
  const auto height = static_cast<int>(image.size(0));
  const auto width = static_cast<int>(image.size(1));
  const auto channels = static_cast<int>(image.size(2));
  if (!source_ || channels != channels_) {
    const AVPixelFormat from = channels == 1 ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_RGB24;
    source_ = make_picture(frame_->width, frame_->height, from);
    scaler_ = make_scaler(frame_->width, frame_->height, from, static_cast<AVPixelFormat>(frame_->format),
                          codec_->color_range == AVCOL_RANGE_JPEG);
    channels_ = channels;
  }
  const std::uint8_t* pixels = image.data<std::uint8_t>().data();
  const std::ptrdiff_t row = std::ptrdiff_t{width} * channels;
  for (int y = 0; y < source_->height; ++y) {
    std::uint8_t* out = source_->data[0] + std::ptrdiff_t{y} * source_->linesize[0];
    std::memcpy(out, pixels + std::min(y, height - 1) * row, static_cast<std::size_t>(row));
    for (int x = width; x < source_->width; ++x) std::memcpy(out + x * channels, out + row - channels, channels);
  }
}

void PictureEncoder::encode(const Tensor& image, std::int64_t pts, const std::function<void(AVPacket&)>& sink) {
  const LogCapture log;
  fill(image);
  int code = av_frame_make_writable(frame_.get());  // the encoder may still hold the last one
  if (code >= 0) {
    code =
        sws_scale(scaler_.get(), source_->data, source_->linesize, 0, source_->height, frame_->data, frame_->linesize);
  }
  frame_->pts = pts;
  frame_->quality = codec_->global_quality;
  if (code >= 0) code = avcodec_send_frame(codec_.get(), frame_.get());
  if (code < 0) throw_error(code, what_ + ": encoding a picture", &log);
  drain(sink);
}

void PictureEncoder::flush(const std::function<void(AVPacket&)>& sink) {
  if (const int code = avcodec_send_frame(codec_.get(), nullptr); code < 0) throw_error(code, what_ + ": encoding");
  drain(sink);
}

void PictureEncoder::drain(const std::function<void(AVPacket&)>& sink) {
  while (true) {
    const int code = avcodec_receive_packet(codec_.get(), packet_.get());
    if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return;
    if (code < 0) throw_error(code, what_ + ": encoding");
    sink(*packet_);
    av_packet_unref(packet_.get());
  }
}

}  // namespace longtake::media
