#include "flow/coding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "longtake/error.h"
#include "longtake/prepare.h"

namespace longtake {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// A flow of the given pixels (u, v), in one row.
Tensor row_of(const std::vector<std::pair<float, float>>& pixels) {
  const auto count = static_cast<std::int64_t>(pixels.size());
  Tensor flow(DType::kFloat32, {2, 1, count});
  for (std::int64_t i = 0; i < count; ++i) {
    flow.data<float>()[i] = pixels[i].first;
    flow.data<float>()[count + i] = pixels[i].second;
  }
  return flow;
}

std::vector<int> bytes_of(float u, float v, FlowCoding coding) {
  Tensor picture;
  encode_flow(row_of({{u, v}}), coding, picture);
  EXPECT_EQ(picture.shape(), (Shape{1, 1, 3}));
  const auto bytes = picture.data<std::uint8_t>();
  return {bytes.begin(), bytes.end()};
}

// Independent vectors: (1, -1) has the magnitude 150.63, (-8, 0) 256 before it is clipped.
TEST(FlowCoding, OfLrcnIsSixteenthsOfPixelsAround128) {
  EXPECT_EQ(bytes_of(0, 0, FlowCoding::kLrcn), (std::vector{128, 128, 128}));
  EXPECT_EQ(bytes_of(1, -1, FlowCoding::kLrcn), (std::vector{144, 112, 151}));
  EXPECT_EQ(bytes_of(3, 4, FlowCoding::kLrcn), (std::vector{176, 192, 208}));
  EXPECT_EQ(bytes_of(-8, 0, FlowCoding::kLrcn), (std::vector{0, 128, 255}));
  EXPECT_EQ(bytes_of(10, 10, FlowCoding::kLrcn), (std::vector{255, 255, 255}));
  EXPECT_EQ(bytes_of(-100, -100, FlowCoding::kLrcn), (std::vector{0, 0, 255}));
}

// -50 and -40 give 0; 0 gives 127.5; 1 gives 130.6875; 40 gives 255.
TEST(FlowCoding, OfBeyondShortSnippetsSpansFortyPixels) {
  EXPECT_EQ(bytes_of(-50, -40, FlowCoding::kSnippets), (std::vector{0, 0, 0}));
  EXPECT_EQ(bytes_of(0, 1, FlowCoding::kSnippets), (std::vector{128, 131, 0}));
  EXPECT_EQ(bytes_of(40, 60, FlowCoding::kSnippets), (std::vector{255, 255, 0}));
}

TEST(FlowCoding, SurvivesWhatIsNoNumber) {
  EXPECT_EQ(bytes_of(NAN, INFINITY, FlowCoding::kLrcn), (std::vector{0, 255, 255}));
}

class BothCodings : public ::testing::TestWithParam<FlowCoding> {
 protected:
  // Half a byte in pixels.
  float rounding() const { return GetParam() == FlowCoding::kLrcn ? 0.5F / 16 : 0.5F * 80 / 255; }
};

INSTANTIATE_TEST_SUITE_P(Flow, BothCodings, ::testing::Values(FlowCoding::kLrcn, FlowCoding::kSnippets));

TEST_P(BothCodings, AreDecodedWithinTheirRounding) {
  const Tensor flow = row_of({{0, 0}, {0.3F, -0.7F}, {-7.2F, 5.11F}, {3.33F, -2.5F}, {7.9F, -7.9F}});
  Tensor picture;
  encode_flow(flow, GetParam(), picture);
  const Tensor decoded = decode_flow(picture, GetParam());
  ASSERT_EQ(decoded.shape(), flow.shape());
  for (std::int64_t i = 0; i < flow.count(); ++i) {
    EXPECT_NEAR(decoded.data<float>()[i], flow.data<float>()[i], rounding() + 1e-5F);
  }
}

TEST(FlowCoding, MirroredFlowRunsTheOtherWay) {
  EXPECT_EQ(mirror_flow(row_of({{1, 2}, {-3, 4}, {5, -6}})), row_of({{-5, -6}, {3, 4}, {-1, 2}}));
  EXPECT_EQ(mirror_flow(mirror_flow(row_of({{1, 2}, {-3, 4}}))), row_of({{1, 2}, {-3, 4}}));
}

// The picture that the model sees, mirrored by prepare_frame, stands for the mirrored flow; as blue, green, red, too.
TEST_P(BothCodings, MirrorAsTheFlowDoes) {
  const Tensor flow = row_of({{0, 0}, {0.3F, -0.7F}, {-7.2F, 5.11F}, {3.33F, -2.5F}});
  Tensor picture;
  encode_flow(flow, GetParam(), picture);
  const Tensor truth = mirror_flow(flow);
  for (const char* colour : {"rgb", "bgr"}) {
    const bool reversed = std::string(colour) == "bgr";
    Tensor frame = picture;
    for (std::int64_t p = 0; reversed && p < 4; ++p) {
      std::swap(frame.data<std::uint8_t>()[3 * p], frame.data<std::uint8_t>()[3 * p + 2]);
    }
    std::vector<float> seen(12);
    prepare_frame(frame, {.colour = colour, .flow = "dis"}, {.mirror = true}, seen);
    Tensor mirrored(DType::kUint8, {1, 4, 3});
    for (int p = 0; p < 4; ++p) {
      for (int c = 0; c < 3; ++c) {
        mirrored.data<std::uint8_t>()[3 * p + c] = static_cast<std::uint8_t>(seen[4 * (reversed ? 2 - c : c) + p]);
      }
    }
    const Tensor decoded = decode_flow(mirrored, GetParam());
    // LRCN's 255 - u is a sixteenth of a pixel below -u.
    const float bias = GetParam() == FlowCoding::kLrcn ? 1.0F / 16 : 0;
    for (int p = 0; p < 4; ++p) {
      EXPECT_NEAR(decoded.data<float>()[p], truth.data<float>()[p] - bias, rounding() + 1e-5F) << colour;
      EXPECT_NEAR(decoded.data<float>()[4 + p], truth.data<float>()[4 + p], rounding() + 1e-5F) << colour;
    }
  }
}

TEST(FlowCoding, RefusesWhatIsNone) {
  EXPECT_THAT([] { parse_flow_coding("hsv"); }, ThrowsMessage<InvalidArgument>(HasSubstr("lrcn, snippets")));
  EXPECT_EQ(parse_flow_coding("lrcn"), FlowCoding::kLrcn);
  EXPECT_EQ(parse_flow_coding("snippets"), FlowCoding::kSnippets);
  Tensor picture;
  EXPECT_THROW(encode_flow(Tensor(DType::kFloat32, {3, 2, 2}), FlowCoding::kLrcn, picture), InvalidArgument);
  EXPECT_THROW(decode_flow(Tensor(DType::kUint8, {2, 2, 1}), FlowCoding::kLrcn), InvalidArgument);
}

}  // namespace
}  // namespace longtake
