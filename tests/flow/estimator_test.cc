#include "flow/estimator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "flow/pictures.h"
#include "longtake/error.h"

namespace longtake {
namespace {

using test::flow_data;
using test::read_gray;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr std::int64_t kHeight = 48;
constexpr std::int64_t kWidth = 64;

// A smooth texture that lies (x, y) pixels to the right and down of where it was.
Tensor texture(double x0, double y0, std::int64_t height = kHeight, std::int64_t width = kWidth) {
  Tensor picture(DType::kUint8, {height, width, 1});
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      const double s = static_cast<double>(x) - x0, t = static_cast<double>(y) - y0;
      const double value = 128 + 50 * std::sin(0.35 * s + 0.1 * t) + 45 * std::cos(0.3 * t - 0.12 * s) +
                           20 * std::sin(0.7 * s) * std::cos(0.6 * t);
      picture.data<std::uint8_t>()[y * width + x] = static_cast<std::uint8_t>(std::lround(value));
    }
  }
  return picture;
}

// The mean distance between two flows, at least `border` pixels from the edge, where `truth` is known.
double endpoint_error(const Tensor& flow, const Tensor& truth, std::int64_t border) {
  const std::int64_t height = flow.size(1), width = flow.size(2);
  const auto at = [&](const Tensor& f, std::int64_t c, std::int64_t y, std::int64_t x) {
    return f.data<float>()[(c * height + y) * width + x];
  };
  double sum = 0;
  std::int64_t count = 0;
  for (std::int64_t y = border; y < height - border; ++y) {
    for (std::int64_t x = border; x < width - border; ++x) {
      if (std::abs(at(truth, 0, y, x)) > 1e9F) continue;
      sum += std::hypot(at(flow, 0, y, x) - at(truth, 0, y, x), at(flow, 1, y, x) - at(truth, 1, y, x));
      ++count;
    }
  }
  return sum / static_cast<double>(count);
}

Tensor steady(float u, float v) {
  Tensor flow(DType::kFloat32, {2, kHeight, kWidth});
  const std::span<float> values = flow.data<float>();
  std::fill(values.begin(), values.begin() + kHeight * kWidth, u);
  std::fill(values.begin() + kHeight * kWidth, values.end(), v);
  return flow;
}

class EveryMethod : public ::testing::TestWithParam<std::string> {
 protected:
  Tensor flow(const Tensor& previous, const Tensor& next) {
    Tensor out;
    estimator_.estimate(previous, next, out);
    return out;
  }

  FlowEstimator estimator_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Flow, EveryMethod, ::testing::ValuesIn(kFlowMethods),
                         [](const auto& info) { return info.param; });

TEST_P(EveryMethod, MeasuresPixelsToTheRightAndDown) {
  for (const auto& [u, v] : {std::pair{2.0F, 0.0F}, std::pair{0.0F, 1.5F}, std::pair{-1.5F, 0.75F}}) {
    const Tensor measured = flow(texture(0, 0), texture(u, v));
    EXPECT_EQ(measured.shape(), (Shape{2, kHeight, kWidth}));
    EXPECT_LT(endpoint_error(measured, steady(u, v), 10), 0.2) << u << " " << v;
  }
}

TEST_P(EveryMethod, SeesNoMotionInTheSamePicture) {
  EXPECT_LT(endpoint_error(flow(texture(0, 0), texture(0, 0)), steady(0, 0), 0), 0.01);
}

// A stream and a clip give the same flow only if nothing is left of the pictures before.
TEST_P(EveryMethod, DependsOnTheTwoPicturesAlone) {
  const Tensor fresh = flow(texture(0, 0), texture(2, 1));
  flow(texture(0, 0), texture(-3, 1));
  flow(texture(0, 0, 40, 56), texture(1, 0, 40, 56));
  EXPECT_EQ(flow(texture(0, 0), texture(2, 1)), fresh);
  FlowEstimator other(GetParam());
  Tensor of_other = steady(9, 9);  // what the tensor held does not matter either
  other.estimate(texture(0, 0), texture(2, 1), of_other);
  EXPECT_EQ(of_other, fresh);
}

TEST_P(EveryMethod, RefusesPicturesThatDoNotFit) {
  Tensor out;
  EXPECT_THAT([&] { estimator_.estimate(texture(0, 0), texture(0, 0, 40, 64), out); },
              ThrowsMessage<InvalidArgument>(AllOf(HasSubstr("[48, 64, 1]"), HasSubstr("[40, 64, 1]"))));
  EXPECT_THROW(estimator_.estimate(Tensor(DType::kUint8, {9, 9, 3}), Tensor(DType::kUint8, {9, 9, 3}), out),
               InvalidArgument);
  EXPECT_THROW(estimator_.estimate(Tensor(DType::kUint8, {0, 9, 1}), Tensor(DType::kUint8, {0, 9, 1}), out),
               InvalidArgument);
}

// grove3.png before it moved by Middlebury's measured flow, so the true flow between the two is known at every pixel
// whose way stays in the picture. The bounds are twice what the methods are known for on this scene (0.5 to 0.8 pixels,
// its mean motion being 3.7).
TEST_P(EveryMethod, IsCloseToTheGroundTruthOfGrove3) {
  if (!test::has_flow_data()) GTEST_SKIP() << "no ../shared/data/flow";
  const Tensor next = read_gray(flow_data("grove3.png"));
  const Tensor truth = test::read_flo(flow_data("grove3.flo"));
  const double error = endpoint_error(flow(test::warp_back(next, truth), next), truth, 20);
  RecordProperty("endpoint_error", std::to_string(error));
  EXPECT_LT(error, 1.5);
}

// Middlebury's RubberWhale has no measured flow at hand; the second picture led back along the flow must look like the
// first.
TEST_P(EveryMethod, LeadsTheSecondRubberWhaleBackToTheFirst) {
  if (!test::has_flow_data()) GTEST_SKIP() << "no ../shared/data/flow";
  const Tensor first = read_gray(flow_data("rubberwhale1.png"));
  const Tensor second = read_gray(flow_data("rubberwhale2.png"));
  const auto difference = [&](const Tensor& picture) {
    double sum = 0;
    for (std::int64_t i = 0; i < first.count(); ++i) {
      sum += std::abs(static_cast<int>(picture.data<std::uint8_t>()[i]) - first.data<std::uint8_t>()[i]);
    }
    return sum / static_cast<double>(first.count());
  };
  const double before = difference(second);
  const double after = difference(test::warp_back(second, flow(first, second)));
  RecordProperty("before_and_after", std::to_string(before) + " " + std::to_string(after));
  EXPECT_LT(after, before / 2);
}

TEST(Flow, NamesTheMethodsThereAre) {
  EXPECT_THAT([] { FlowEstimator("brox"); },
              ThrowsMessage<InvalidArgument>(AllOf(HasSubstr("\"brox\""), HasSubstr("dis, farneback, tvl1"))));
}

// What OpenCV throws arrives as an error of ours, in its words.
TEST(Flow, TranslatesTheErrorsOfOpenCv) {
  FlowEstimator estimator("dis");
  Tensor out;
  EXPECT_THAT([&] { estimator.estimate(texture(0, 0, 4, 4), texture(0, 0, 4, 4), out); },
              ThrowsMessage<InvalidArgument>(AllOf(HasSubstr("\"dis\" of pictures of 4 x 4"), HasSubstr("OpenCV"))));
}

}  // namespace
}  // namespace longtake
