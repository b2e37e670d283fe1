#include "media/converter.h"

extern "C" {
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
}

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "longtake/error.h"

namespace longtake::media {
namespace {

// Beyond 42 swscale refuses to make a side smaller in one go, or does it in two and forgets the range of the colours.
constexpr int kMostShrinking = 32;

AVPixelFormat pixels_of(ColourOrder colour) {
  switch (colour) {
    case ColourOrder::kRgb:
      return AV_PIX_FMT_RGB24;
    case ColourOrder::kBgr:
      return AV_PIX_FMT_BGR24;
    case ColourOrder::kGray:
      return AV_PIX_FMT_GRAY8;
  }
  throw InvalidArgument("unknown colour order");
}

int scaled_side(int side, double factor) {
  const double scaled = std::round(side * factor);
  return static_cast<int>(std::clamp(scaled, 1.0, 1e9));
}

int shrunk_side(int from, int to) { return std::min(from, std::max(to, (from + kMostShrinking - 1) / kMostShrinking)); }

// The sizes on the way from one to the other, without the first. A side that grows does so at the end, so that no
// picture on the way is larger than both.
std::vector<PictureSize> sizes_between(PictureSize from, const PictureSize& to) {
  std::vector<PictureSize> sizes;
  while (shrunk_side(from.width, to.width) > to.width || shrunk_side(from.height, to.height) > to.height) {
    from = {shrunk_side(from.width, to.width), shrunk_side(from.height, to.height)};
    sizes.push_back(from);
  }
  sizes.push_back(to);
  return sizes;
}

// Writes the turned picture row by row; `advance_x` and `advance_y` are the bytes from one output pixel to the next.
template <int kChannels>
void copy_turned(const std::uint8_t* first, std::ptrdiff_t advance_x, std::ptrdiff_t advance_y, PictureSize size,
                 std::uint8_t* out) {
  for (int y = 0; y < size.height; ++y) {
    const std::uint8_t* in = first + y * advance_y;
    for (int x = 0; x < size.width; ++x, in += advance_x, out += kChannels) std::memcpy(out, in, kChannels);
  }
}

}  // namespace

PictureSize output_size(const PictureSize& native, int width, int height, ResizePolicy policy) {
  if (width < 0 || height < 0) {
    throw InvalidArgument(fmt::format("the size of the pictures is {}x{}; 0 means the video's own", width, height));
  }
  if (width == 0 && height == 0) {
    if (std::int64_t{native.width} * native.height <= kMostPixels) return native;
    throw BadData(fmt::format("its pictures of {}x{} are too large", native.width, native.height));
  }
  const double factor_x = static_cast<double>(width) / native.width;
  const double factor_y = static_cast<double>(height) / native.height;
  PictureSize size{width, height};
  if (policy == ResizePolicy::kShorterSide) {
    const int only = std::max(width, height);
    const bool one = width == 0 || height == 0;
    const double factor =
        one ? static_cast<double>(only) / std::min(native.width, native.height) : std::max(factor_x, factor_y);
    size = {scaled_side(native.width, factor), scaled_side(native.height, factor)};
  } else if (height == 0) {
    size.height = scaled_side(native.height, factor_x);
  } else if (width == 0) {
    size.width = scaled_side(native.width, factor_y);
  }
  if (std::int64_t{size.width} * size.height > kMostPixels) {
    throw InvalidArgument(fmt::format("pictures of {}x{} are too large", size.width, size.height));
  }
  return size;
}

Converter::Converter(PictureSize size, ColourOrder colour, const Orientation& orientation)
    : size_(size),
      pixels_(pixels_of(colour)),
      channels_(colour == ColourOrder::kGray ? 1 : 3),
      orientation_(orientation),
      scaled_(orientation.swaps_sides() ? make_picture(size.height, size.width, pixels_)
                                        : make_picture(size.width, size.height, pixels_)) {}

void Converter::set_picture(const AVFrame& picture) {
  const Format format{picture.width, picture.height, picture.format, picture.colorspace, picture.color_range};
  if (format != format_) build_scalers(format);
  const AVFrame* from = &picture;
  for (std::size_t i = 0; i < scalers_.size(); ++i) {
    const AVFrame* to = i < between_.size() ? between_[i].get() : scaled_.get();
    const int rows = sws_scale(scalers_[i].get(), from->data, from->linesize, 0, from->height, to->data, to->linesize);
    if (rows < 0) throw_error(rows, "converting a picture");
    from = to;
  }
}

void Converter::build_scalers(const Format& format) {
  const auto pixels = static_cast<AVPixelFormat>(format.pixels);
  if (!sws_isSupportedInput(pixels)) {
    const char* name = av_get_pix_fmt_name(pixels);
    throw Unsupported(fmt::format("pixel format {}", name != nullptr ? name : "unknown"));
  }
  format_ = {};  // should what follows throw
  scalers_.clear();
  between_.clear();
  Format from = format;
  for (const PictureSize& size : sizes_between({format.width, format.height}, {scaled_->width, scaled_->height})) {
    if (!scalers_.empty()) between_.push_back(make_picture(from.width, from.height, pixels_));
    scalers_.push_back(make_scaler(from, size));
    from = {size.width, size.height, pixels_, AVCOL_SPC_UNSPECIFIED, AVCOL_RANGE_JPEG};
  }
  format_ = format;
}

ScalerPtr Converter::make_scaler(const Format& format, const PictureSize& size) const {
  const auto pixels = static_cast<AVPixelFormat>(format.pixels);
  const LogCapture log;
  ScalerPtr scaler(sws_alloc_context());
  if (!scaler) throw std::bad_alloc();
  // Without a change of size the bytes are those that the ffmpeg program gives. With one, rounding is accurate, so that
  // they do not depend on the machine's instruction set.
  const bool same_size = PictureSize{format.width, format.height} == size;
  const int flags = SWS_BICUBIC | SWS_BITEXACT | (same_size ? 0 : SWS_ACCURATE_RND);
  const bool full_range = format.range == AVCOL_RANGE_JPEG;
  av_opt_set_int(scaler.get(), "srcw", format.width, 0);
  av_opt_set_int(scaler.get(), "srch", format.height, 0);
  av_opt_set_int(scaler.get(), "src_format", pixels, 0);
  av_opt_set_int(scaler.get(), "src_range", full_range ? 1 : 0, 0);
  av_opt_set_int(scaler.get(), "dstw", size.width, 0);
  av_opt_set_int(scaler.get(), "dsth", size.height, 0);
  av_opt_set_int(scaler.get(), "dst_format", pixels_, 0);
  av_opt_set_int(scaler.get(), "dst_range", 1, 0);
  av_opt_set_int(scaler.get(), "sws_flags", flags, 0);
  // Chroma of 4:2:0 lies half way between the rows, as MPEG says.
  if (pixels == AV_PIX_FMT_YUV420P) av_opt_set_int(scaler.get(), "src_v_chr_pos", 128, 0);
  sws_setColorspaceDetails(scaler.get(), sws_getCoefficients(format.colour_space), full_range ? 1 : 0,
                           sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16);
  if (const int code = sws_init_context(scaler.get(), nullptr, nullptr); code < 0) {
    throw_error(code,
                fmt::format("its pictures of {}x{} cannot be scaled to {}x{}; a size nearer to theirs is wanted",
                            format.width, format.height, size.width, size.height),
                &log);
  }
  return scaler;
}

void Converter::write(Tensor& image) const {
  const Shape& shape = image.shape();
  if (image.dtype() != DType::kUint8 || shape.size() != 3 || shape[0] != size_.height || shape[1] != size_.width ||
      shape[2] != channels_) {
    image.resize(DType::kUint8, {size_.height, size_.width, channels_});
  }
  const auto [a, b, c, d] = orientation_;
  const std::ptrdiff_t line = scaled_->linesize[0];
  const std::ptrdiff_t right = a * channels_ + c * line;  // the transposed matrix leads from output to input
  const std::ptrdiff_t down = b * channels_ + d * line;
  const std::ptrdiff_t first_x = a < 0 || b < 0 ? scaled_->width - 1 : 0;
  const std::ptrdiff_t first_y = c < 0 || d < 0 ? scaled_->height - 1 : 0;
  const std::uint8_t* first = scaled_->data[0] + first_y * line + first_x * channels_;
  std::uint8_t* out = image.data<std::uint8_t>().data();
  if (right == channels_) {
    const std::size_t row = static_cast<std::size_t>(size_.width) * static_cast<std::size_t>(channels_);
    for (int y = 0; y < size_.height; ++y, first += down, out += row) std::memcpy(out, first, row);
  } else if (channels_ == 1) {
    copy_turned<1>(first, right, down, size_, out);
  } else {
    copy_turned<3>(first, right, down, size_, out);
  }
}

}  // namespace longtake::media
