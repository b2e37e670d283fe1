#include "flow/pictures.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "longtake/video_reader.h"

namespace longtake::test {

std::string flow_data(const std::string& name) {
  const char* root = std::getenv("LONGTAKE_DATA");
  return std::string(root != nullptr ? root : "../shared/data") + "/flow/" + name;
}

bool has_flow_data() { return std::filesystem::exists(flow_data("grove3.flo")); }

Tensor read_gray(const std::string& path) {
  VideoOptions options;
  options.colour = ColourOrder::kGray;
  VideoReader reader = VideoReader::open(path, options);
  Frame frame;
  EXPECT_TRUE(reader.read(frame)) << path;
  return frame.image;
}

Tensor read_flo(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  struct {
    float tag = 0;
    std::int32_t width = 0;
    std::int32_t height = 0;
  } head;
  file.read(reinterpret_cast<char*>(&head), sizeof(head));
  EXPECT_EQ(head.tag, 202021.25F) << path;
  const std::size_t pixels = static_cast<std::size_t>(head.width) * head.height;
  std::vector<float> pairs(2 * pixels);
  file.read(reinterpret_cast<char*>(pairs.data()), static_cast<std::streamsize>(pairs.size() * sizeof(float)));
  EXPECT_TRUE(file) << path;
  Tensor flow(DType::kFloat32, {2, head.height, head.width});
  for (std::size_t i = 0; i < pixels; ++i) {
    flow.data<float>()[i] = pairs[2 * i];
    flow.data<float>()[pixels + i] = pairs[2 * i + 1];
  }
  return flow;
}

Tensor warp_back(const Tensor& next, const Tensor& flow) {
  const std::int64_t height = next.size(0), width = next.size(1);
  const auto in = next.data<std::uint8_t>();
  const float* u = flow.data<float>().data();
  const float* v = u + height * width;
  Tensor previous(DType::kUint8, next.shape());
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x, ++u, ++v) {
      const double to_x = std::clamp(static_cast<double>(x) + *u, 0.0, static_cast<double>(width - 1));
      const double to_y = std::clamp(static_cast<double>(y) + *v, 0.0, static_cast<double>(height - 1));
      const auto left = static_cast<std::int64_t>(to_x), top = static_cast<std::int64_t>(to_y);
      const std::int64_t right = std::min(left + 1, width - 1), bottom = std::min(top + 1, height - 1);
      const double along = to_x - left, down = to_y - top;
      const double upper = (1 - along) * in[top * width + left] + along * in[top * width + right];
      const double lower = (1 - along) * in[bottom * width + left] + along * in[bottom * width + right];
      previous.data<std::uint8_t>()[y * width + x] =
          static_cast<std::uint8_t>(std::lround((1 - down) * upper + down * lower));
    }
  }
  return previous;
}

}  // namespace longtake::test
