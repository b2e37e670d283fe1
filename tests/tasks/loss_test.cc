// How frames and classes share in a loss.
#include "tasks/loss.h"

#include <gmock/gmock.h>

#include "longtake/error.h"

namespace longtake::tasks {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(FrameGains, AreThoseOfThePaperDividedByTheirSum) {
  EXPECT_THAT(frame_gains(FrameGain::kUniform, 4), ElementsAre(0.25, 0.25, 0.25, 0.25));
  EXPECT_THAT(frame_gains(FrameGain::kLast, 3), ElementsAre(0, 0, 1));
  // 0, 1/4, 2/4, 3/4, 1 sum to 2.5.
  EXPECT_THAT(frame_gains(FrameGain::kLinear, 5),
              ElementsAre(DoubleEq(0), DoubleEq(0.1), DoubleEq(0.2), DoubleEq(0.3), DoubleEq(0.4)));
}

TEST(FrameGains, OfASingleFrameAreOne) {
  for (const FrameGain gain : {FrameGain::kUniform, FrameGain::kLast, FrameGain::kLinear}) {
    EXPECT_THAT(frame_gains(gain, 1), ElementsAre(1));
  }
}

TEST(FrameGains, NeedAFrameAndAKnownName) {
  EXPECT_THROW(frame_gains(FrameGain::kLinear, 0), InvalidArgument);
  EXPECT_EQ(parse_frame_gain("uniform"), FrameGain::kUniform);
  EXPECT_EQ(parse_frame_gain("last"), FrameGain::kLast);
  EXPECT_EQ(parse_frame_gain("linear"), FrameGain::kLinear);
  EXPECT_THAT([] { parse_frame_gain("ramp"); }, ThrowsMessage<ConfigError>(HasSubstr("uniform, last, linear")));
}

TEST(BalancedClassWeights, MakeEveryClassWeighAlike) {
  // 6 items in two classes that have some: 6 / (2 x 1) and 6 / (2 x 5).
  EXPECT_THAT(balanced_class_weights({1, 0, 5}), ElementsAre(DoubleEq(3), DoubleEq(0), DoubleEq(0.6)));
  EXPECT_THAT(balanced_class_weights({4, 4}), ElementsAre(1, 1));
}

}  // namespace
}  // namespace longtake::tasks
