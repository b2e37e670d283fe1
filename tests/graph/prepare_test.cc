// What a model sees of a frame, worked out by hand.
#include "longtake/prepare.h"

#include <gmock/gmock.h>

#include <cmath>

#include "longtake/error.h"

namespace longtake {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;
using testing::ThrowsMessage;

// A gray frame whose value at (row, column) is 10 * row + column.
Tensor counting_frame(std::int64_t height, std::int64_t width) {
  Tensor frame(DType::kUint8, {height, width, 1});
  for (std::int64_t i = 0; i < frame.count(); ++i) {
    frame.data<std::uint8_t>()[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(10 * (i / width) + i % width);
  }
  return frame;
}

InputSpec gray(std::int64_t crop_width = 0, std::int64_t crop_height = 0) {
  InputSpec spec;
  spec.colour = "gray";
  spec.crop_width = crop_width;
  spec.crop_height = crop_height;
  return spec;
}

std::vector<float> prepare(const Tensor& frame, const InputSpec& spec, const FrameTransform& transform = {}) {
  std::vector<float> out(static_cast<std::size_t>(element_count(prepared_shape(spec, frame.shape()))));
  prepare_frame(frame, spec, transform, out);
  return out;
}

TEST(PrepareFrame, GivesTheBytesWhenNothingIsAsked) {
  EXPECT_THAT(prepare(counting_frame(2, 3), gray()), ElementsAre(0, 1, 2, 10, 11, 12));
}

TEST(PrepareFrame, PutsChannelsFirstAndNormalisesEach) {
  InputSpec spec;
  spec.mean = {10, 20, 30};
  spec.scale = {1, 0.5, 2};
  const Tensor frame = Tensor::from<std::uint8_t>({1, 2, 3}, {11, 22, 33, 0, 0, 255});
  EXPECT_THAT(prepare(frame, spec), ElementsAre(1, -10, 1, -10, 6, 450));
}

TEST(PrepareFrame, CropsTheCentreRoundedDown) {
  // Room for 2 columns and 1 row: offsets 1 and 0.
  EXPECT_THAT(prepare(counting_frame(3, 4), gray(2, 2)), ElementsAre(1, 2, 11, 12));
  // Room for 3 columns: offset 1, as Caffe's centre crop of 227 in 240 x 320 is at 6 and 46.
  EXPECT_THAT(prepare(counting_frame(1, 5), gray(2, 1)), ElementsAre(1, 2));
}

TEST(PrepareFrame, CropPositionsShareTheirRangeEqually) {
  const Tensor frame = counting_frame(1, 4);  // room for 3: four offsets
  const auto offset = [&frame](double x) { return prepare(frame, gray(1, 1), {.crop_x = x})[0]; };
  EXPECT_EQ(offset(0), 0);
  EXPECT_EQ(offset(0.25), 0);
  EXPECT_EQ(offset(0.26), 1);
  EXPECT_EQ(offset(0.5), 1);
  EXPECT_EQ(offset(0.51), 2);
  EXPECT_EQ(offset(0.75), 2);
  EXPECT_EQ(offset(0.76), 3);
  EXPECT_EQ(offset(1), 3);
}

TEST(PrepareFrame, MirrorsWithinTheCrop) {
  EXPECT_THAT(prepare(counting_frame(2, 4), gray(2, 2), {.crop_x = 1, .crop_y = 0, .mirror = true}),
              ElementsAre(3, 2, 13, 12));
}

TEST(PrepareFrame, ContrastAndBrightnessTurnAboutMidGray) {
  const Tensor frame = Tensor::from<std::uint8_t>({1, 2, 1}, {127, 137});
  // 2 * (127 - 127.5) + 127.5 + 3 = 129.5 and 2 * 9.5 + 130.5 = 149.5
  EXPECT_THAT(prepare(frame, gray(), {.brightness = 3, .contrast = 2}), ElementsAre(129.5F, 149.5F));
}

TEST(PrepareFrame, ZoomInterpolatesAboutTheCentre) {
  // Four pixels 0 1 2 3 seen at zoom 2: places 0.75, 1.25, 1.75, 2.25 between pixel centres.
  EXPECT_THAT(prepare(counting_frame(1, 4), gray(), {.zoom = 2}), ElementsAre(0.75F, 1.25F, 1.75F, 2.25F));
  // At zoom 1/2 places -1.5, 0.5, 2.5, 4.5: beyond the frame its edge goes on.
  EXPECT_THAT(prepare(counting_frame(1, 4), gray(), {.zoom = 0.5}), ElementsAre(0, 0.5F, 2.5F, 3));
  EXPECT_THAT(prepare(counting_frame(1, 4), gray(), {.mirror = true, .zoom = 2}),
              ElementsAre(2.25F, 1.75F, 1.25F, 0.75F));
}

TEST(PrepareFrame, AZoomThatIsAlmostNoneIsAlmostTheCopy) {
  const Tensor frame = counting_frame(7, 9);
  const FrameTransform exact{.crop_x = 0, .crop_y = 1, .mirror = true};
  FrameTransform zoomed = exact;
  zoomed.zoom = 1 + 1e-9;
  EXPECT_THAT(prepare(frame, gray(5, 4), zoomed), Pointwise(FloatNear(1e-4F), prepare(frame, gray(5, 4), exact)));
}

TEST(PrepareFrame, RotatesClockwise) {
  // A quarter turn clockwise brings the left column to the top.
  //   0  1     10  0
  //  10 11     11  1
  EXPECT_THAT(prepare(counting_frame(2, 2), gray(), {.rotation_degrees = 90}),
              Pointwise(FloatNear(1e-4F), std::vector<float>{10, 0, 11, 1}));
}

TEST(PrepareFrame, StandardisesOverAllNumbers) {
  InputSpec spec = gray();
  spec.standardise = true;
  spec.scale = {1.0 / 255};
  // Values 1 3 5 7: mean 4, deviation sqrt(5); neither mean nor scale changes that.
  const Tensor frame = Tensor::from<std::uint8_t>({2, 2, 1}, {1, 3, 5, 7});
  const float unit = 1 / std::sqrt(5.0F);
  EXPECT_THAT(prepare(frame, spec), Pointwise(FloatNear(1e-6F), std::vector<float>{-3 * unit, -unit, unit, 3 * unit}));
}

TEST(PrepareFrame, AFrameOfOneValueStandardisesToZero) {
  InputSpec spec = gray(2, 2);
  spec.standardise = true;
  spec.mean = {103.939};
  Tensor frame(DType::kUint8, {3, 3, 1});
  for (std::uint8_t& value : frame.data<std::uint8_t>()) value = 200;
  EXPECT_THAT(prepare(frame, spec), ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(prepare(frame, spec, {.zoom = 1.37, .contrast = 0.9}), ElementsAre(0, 0, 0, 0));
}

TEST(PrepareFrame, RefusesWhatDoesNotFit) {
  EXPECT_THAT([] { prepare(counting_frame(3, 3), InputSpec{}); },
              ThrowsMessage<InvalidArgument>(HasSubstr("[height, width, 3] is wanted for rgb")));
  EXPECT_THAT([] { prepare(counting_frame(3, 3), gray(4, 2)); },
              ThrowsMessage<InvalidArgument>(HasSubstr("3 x 3 pixels is smaller than the crop of 4 x 2")));
  InputSpec spec = gray();
  spec.mean = {1, 2, 3};
  EXPECT_THAT([&] { prepare(counting_frame(3, 3), spec); }, ThrowsMessage<InvalidArgument>(HasSubstr("mean has 3")));
  std::vector<float> small(3);
  EXPECT_THROW(prepare_frame(counting_frame(2, 2), gray(), {}, small), InvalidArgument);
  EXPECT_THROW(prepare(counting_frame(2, 2), gray(), {.zoom = 0}), InvalidArgument);
}

}  // namespace
}  // namespace longtake
