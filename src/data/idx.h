// Pictures in the IDX format of MNIST (http://yann.lecun.com/exdb/mnist), plain or compressed by gzip.
#pragma once

#include <string_view>

#include "base/files.h"
#include "longtake/tensor.h"

namespace longtake {

// uint8 [pictures, height, width] of a file such as t10k-images-idx3-ubyte.gz. Throws BadData for anything else, or a
// file cut short or damaged; IoError where it cannot be read.
Tensor read_idx_pictures(const Files& files, const Files::Path& path);

// The same of a file's bytes.
Tensor parse_idx_pictures(std::string_view bytes, const std::string& name);

}  // namespace longtake
