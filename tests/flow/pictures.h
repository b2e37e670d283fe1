// Pictures and measured flow for the tests of optical flow.
#pragma once

#include <string>

#include "longtake/tensor.h"

namespace longtake::test {

// "../shared/data/flow" or where LONGTAKE_DATA says.
std::string flow_data(const std::string& name);
bool has_flow_data();

// A picture file as uint8 [height, width, 1].
Tensor read_gray(const std::string& path);

// Middlebury's .flo (https://vision.middlebury.edu/flow/code/flow-code/README.txt) as float32 [2, height, width];
// unknown values are above 1e9.
Tensor read_flo(const std::string& path);

// The picture that `next` was before it moved by `flow`, [height, width, 1]: at each pixel what `next` shows where the
// flow leads, interpolated linearly. Beyond the edge the edge goes on.
Tensor warp_back(const Tensor& next, const Tensor& flow);

}  // namespace longtake::test
