// From the bytes of a frame to the numbers that a model sees: the one place where an InputSpec is carried out, for
// training, evaluation and streaming alike.
#pragma once

#include <span>

#include "longtake/frame_transform.h"
#include "longtake/input_spec.h"
#include "longtake/tensor.h"

namespace longtake {

// [channels, crop height, crop width] of what prepare_frame() writes for frames uint8 [height, width, channels]. Throws
// InvalidArgument when the frame's channels are not those of the colour, or the frame is smaller than the crop.
Shape prepared_shape(const InputSpec& spec, const Shape& frame);

// Crops, mirrors and zooms `frame`, uint8 [height, width, channels] in the spec's colour order and already resized,
// takes (value - mean) * scale per channel, and standardises where the spec says so (a frame of a single value becomes
// all 0). `out` is float32 [channels, crop height, crop width]. Without zoom and rotation pixels are copied as they
// are; with them they are interpolated linearly, and beyond the frame its edge goes on. Of optical flow
// (InputSpec::flow) the mirror also turns the motion round, u to 255 - u; other changes than crop and mirror are
// refused. Allocates nothing. Throws InvalidArgument when sizes do not fit.
void prepare_frame(const Tensor& frame, const InputSpec& spec, const FrameTransform& transform, std::span<float> out);

}  // namespace longtake
