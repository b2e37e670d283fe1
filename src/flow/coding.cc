#include "flow/coding.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "longtake/error.h"

namespace longtake {

namespace {

// byte = scale * pixels + zero
struct Line {
  float scale;
  float zero;
};

Line line_of(FlowCoding coding) {
  return coding == FlowCoding::kLrcn ? Line{16.0F, 128.0F} : Line{255.0F / 80.0F, 127.5F};
}

// The comparisons send what is no number to 0.
std::uint8_t to_byte(float value) {
  if (!(value > 0.0F)) return 0;
  return value >= 255.0F ? std::uint8_t{255} : static_cast<std::uint8_t>(std::lround(value));
}

void check_flow(const Tensor& flow) {
  if (flow.dtype() == DType::kFloat32 && flow.shape().size() == 3 && flow.size(0) == 2) return;
  throw InvalidArgument(fmt::format("flow of {} {}; float32 [2, height, width] is wanted", name_of(flow.dtype()),
                                    to_string(flow.shape())));
}

}  // namespace

FlowCoding parse_flow_coding(const std::string& name) {
  if (name == kFlowCodings[0]) return FlowCoding::kLrcn;
  if (name == kFlowCodings[1]) return FlowCoding::kSnippets;
  throw InvalidArgument(fmt::format("flow coded as \"{}\"; the codings are {}", name, fmt::join(kFlowCodings, ", ")));
}

void encode_flow(const Tensor& flow, FlowCoding coding, Tensor& picture) {
  check_flow(flow);
  const auto pixels = static_cast<std::size_t>(flow.size(1) * flow.size(2));
  picture.resize(DType::kUint8, {flow.size(1), flow.size(2), 3});
  const float* u = flow.data<float>().data();
  const float* v = u + pixels;
  const Line line = line_of(coding);
  std::uint8_t* out = picture.data<std::uint8_t>().data();
  for (std::size_t i = 0; i < pixels; ++i, out += 3) {
    out[0] = to_byte(line.scale * u[i] + line.zero);
    out[1] = to_byte(line.scale * v[i] + line.zero);
    out[2] = coding == FlowCoding::kLrcn ? to_byte(line.scale * std::hypot(u[i], v[i]) + line.zero) : std::uint8_t{0};
  }
}

Tensor decode_flow(const Tensor& picture, FlowCoding coding) {
  if (picture.dtype() != DType::kUint8 || picture.shape().size() != 3 || picture.size(2) != 3) {
    throw InvalidArgument(fmt::format("coded flow of {} {}; uint8 [height, width, 3] is wanted",
                                      name_of(picture.dtype()), to_string(picture.shape())));
  }
  Tensor flow(DType::kFloat32, {2, picture.size(0), picture.size(1)});
  const auto pixels = static_cast<std::size_t>(picture.size(0) * picture.size(1));
  const std::uint8_t* bytes = picture.data<std::uint8_t>().data();
  const Line line = line_of(coding);
  float* out = flow.data<float>().data();
  for (std::size_t i = 0; i < pixels; ++i, bytes += 3) {
    out[i] = (static_cast<float>(bytes[0]) - line.zero) / line.scale;
    out[pixels + i] = (static_cast<float>(bytes[1]) - line.zero) / line.scale;
  }
  return flow;
}

Tensor mirror_flow(const Tensor& flow) {
  check_flow(flow);
  Tensor mirrored = flow;
  const std::span<float> values = mirrored.data<float>();
  const auto width = static_cast<std::ptrdiff_t>(flow.size(2));
  for (auto row = values.begin(); row != values.end(); row += width) std::reverse(row, row + width);
  for (float& u : values.first(values.size() / 2)) u = -u;
  return mirrored;
}

}  // namespace longtake
