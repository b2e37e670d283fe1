// Optical flow as pictures, so that nets which were trained on colour pictures can be trained on: the codings of the
// papers. The three bytes of a pixel are R, G, B of a picture.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "longtake/tensor.h"

namespace longtake {

enum class FlowCoding : std::uint8_t {
  // LRCN (Donahue et al., 1411.4389, its create_flow_images): 16 u + 128, 16 v + 128 and 16 sqrt(u^2 + v^2) + 128. All
  // beyond 8 pixels is clipped; no motion is 128, 128, 128.
  kLrcn,
  // Beyond Short Snippets (Ng et al., 1503.08909): 255 (u + 40) / 80 and the same of v, clipped beyond 40 pixels; the
  // third is 0. No motion is 127.5, for which 128 is written.
  kSnippets,
};

inline const std::array<std::string, 2> kFlowCodings{"lrcn", "snippets"};

// Throws InvalidArgument for another name than those of kFlowCodings.
FlowCoding parse_flow_coding(const std::string& name);

// float32 [2, height, width], pixels to the right and down, as `picture`, uint8 [height, width, 3], each value rounded
// to the nearest byte.
void encode_flow(const Tensor& flow, FlowCoding coding, Tensor& picture);
// The flow that a picture stands for, within the rounding of half a byte: 1/32 pixel for LRCN's, 2/13 for the other.
Tensor decode_flow(const Tensor& picture, FlowCoding coding);

// Flow as it would be measured in mirrored pictures: left and right change places and u changes its sign. In a coded
// picture u becomes 255 - u, as LRCN's code has it, which prepare_frame() does: exact for Beyond Short Snippets'
// coding, 1/16 pixel less than -u for LRCN's, where 0 is 128 of 0..255.
Tensor mirror_flow(const Tensor& flow);

}  // namespace longtake
