#include "media/image.h"

#include <fmt/format.h>

#include "base/files.h"
#include "longtake/error.h"
#include "media/picture_encoder.h"

namespace longtake::media {
namespace {

std::vector<std::byte> encode(const Tensor& image, EncoderSettings settings, const char* what, int quantiser) {
  silence_log();
  if (settings.codec == nullptr) throw Unsupported(fmt::format("this FFmpeg cannot write {}", what));
  settings.height = static_cast<int>(image.size(0));
  settings.width = static_cast<int>(image.size(1));
  Dictionary options;
  if (quantiser > 0) {
    options.set("qmin", "1");
    options.set("flags", "+qscale");  // a fixed quality, not a fixed size
    options.set("global_quality", std::to_string(quantiser * FF_QP2LAMBDA));
  }
  PictureEncoder encoder(settings, options, what);
  std::vector<std::byte> bytes;
  const auto keep = [&bytes](AVPacket& packet) {
    const auto* data = reinterpret_cast<const std::byte*>(packet.data);
    bytes.insert(bytes.end(), data, data + packet.size);
  };
  encoder.encode(image, 0, keep);
  encoder.flush(keep);
  return bytes;
}

}  // namespace

std::vector<std::byte> encode_png(const Tensor& image) {
  check_image(image);
  EncoderSettings settings;
  settings.codec = avcodec_find_encoder(AV_CODEC_ID_PNG);
  settings.pixels = image.size(2) == 1 ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_RGB24;
  settings.full_range = true;
  return encode(image, settings, "PNG", 0);
}

std::vector<std::byte> encode_jpeg(const Tensor& image, int quality) {
  check_image(image);
  if (quality < 1 || quality > 31) throw InvalidArgument(fmt::format("JPEG quality is {}; it goes 1..31", quality));
  EncoderSettings settings;
  settings.codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
  settings.pixels = AV_PIX_FMT_YUVJ420P;
  settings.full_range = true;
  return encode(image, settings, "JPEG", 32 - quality);
}

void write_png(const std::string& path, const Tensor& image) {
  real_files().write_atomic(path, std::span<const std::byte>(encode_png(image)));
}

}  // namespace longtake::media
