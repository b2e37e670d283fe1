// Single pictures: PNG and JPEG out of uint8 tensors. Reading them is VideoReader's business: a picture is a video of
// one frame.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "longtake/tensor.h"

namespace longtake::media {

// `image` is uint8 [height, width, 3] RGB or [height, width, 1] gray. The same picture always gives the same bytes.
// Throw InvalidArgument for other tensors, Unsupported where FFmpeg lacks the encoder.
std::vector<std::byte> encode_png(const Tensor& image);
// `quality` 1 (worst) to 31 (best). Gray is written as colour without colour.
std::vector<std::byte> encode_jpeg(const Tensor& image, int quality = 28);

// Writes a PNG so that after any failure there is the old file or the whole new one. Throws IoError besides.
void write_png(const std::string& path, const Tensor& image);

}  // namespace longtake::media
