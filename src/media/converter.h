// From any decoded picture to the uint8 tensor that was asked for: colour, size and display orientation.
#pragma once

#include <cstdint>
#include <vector>

#include "longtake/tensor.h"
#include "longtake/video_reader.h"
#include "media/ffmpeg.h"
#include "media/orientation.h"

namespace longtake::media {

struct PictureSize {
  int width = 0;
  int height = 0;
  friend bool operator==(const PictureSize&, const PictureSize&) = default;
};

// The size of the output for a picture of size `native` (after display rotation). Throws InvalidArgument for negative
// sizes and for more than 2^27 pixels.
PictureSize output_size(const PictureSize& native, int width, int height, ResizePolicy policy);

class Converter {
 public:
  // `size` is that of the output, after turning it by `orientation`.
  Converter(PictureSize size, ColourOrder colour, const Orientation& orientation);

  // Takes a picture of any size and pixel format. Throws Unsupported for formats that are no picture.
  void set_picture(const AVFrame& picture);
  // Writes what set_picture() took into `image`, [height, width, channels].
  void write(Tensor& image) const;

  PictureSize size() const { return size_; }
  int channels() const { return channels_; }

 private:
  // What the scaler was built for.
  struct Format {
    int width = 0;
    int height = 0;
    int pixels = -1;
    int colour_space = -1;
    int range = -1;
    friend bool operator==(const Format&, const Format&) = default;
  };
  void build_scalers(const Format& format);
  ScalerPtr make_scaler(const Format& format, const PictureSize& size) const;

  PictureSize size_;
  AVPixelFormat pixels_;
  int channels_;
  Orientation orientation_;
  Format format_;
  std::vector<ScalerPtr> scalers_;  // one after the other
  std::vector<FramePtr> between_;   // what each but the last gives
  FramePtr scaled_;                 // what the last gives, before the turn
};

}  // namespace longtake::media
