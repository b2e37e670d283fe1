// What writing video and writing pictures share: an opened FFmpeg encoder fed with uint8 RGB or gray tensors.
#pragma once

#include <functional>
#include <string>

#include "longtake/tensor.h"
#include "media/ffmpeg.h"

namespace longtake::media {

// Throws InvalidArgument unless `image` is uint8 [height, width, 1 or 3] with at least one pixel.
void check_image(const Tensor& image);

struct EncoderSettings {
  const AVCodec* codec = nullptr;
  int width = 0;
  int height = 0;
  AVPixelFormat pixels = AV_PIX_FMT_NONE;
  bool full_range = false;
  AVRational time_base{1, 25};
  AVRational frame_rate{25, 1};
  bool global_header = false;
};

class PictureEncoder {
 public:
  // Throws Unsupported where the codec refuses. `options` are the codec's own.
  PictureEncoder(const EncoderSettings& settings, Dictionary& options, const std::string& what);

  // Encodes one picture, which may be smaller than the encoder's by a pixel per side: the edge is repeated. `sink` gets
  // each packet that comes out.
  void encode(const Tensor& image, std::int64_t pts, const std::function<void(AVPacket&)>& sink);
  // Gives out what was held back.
  void flush(const std::function<void(AVPacket&)>& sink);

  const AVCodecContext& context() const { return *codec_; }

 private:
  void drain(const std::function<void(AVPacket&)>& sink);
  void fill(const Tensor& image);

  std::string what_;
  CodecPtr codec_;
  ScalerPtr scaler_;
  FramePtr source_;
  FramePtr frame_;
  PacketPtr packet_;
  int channels_ = 0;
};

}  // namespace longtake::media
