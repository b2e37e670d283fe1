// Videos that are damaged, unusual or no videos at all: predict, stream, evaluate and `data check` name the file and
// the reason, exit as they should, and never crash.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "cli/programs.h"
#include "cli/small_world.h"
#include "media/clips.h"

namespace longtake::test {
namespace {

using media::read_file;
using media::write_file;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using Json = nlohmann::json;

class BadMedia : public SmallWorldTest {
 protected:
  static Outcome predict(const std::string& file) { return run({"predict", world().model(), file}); }
  static Outcome stream(const std::string& file) { return run({"stream", world().model(), file}); }
  // Both verbs give frames of all of the file, and nothing to complain about.
  static Json expect_fine(const std::string& file, std::size_t frames) {
    const Outcome predicted = run({"predict", world().model(), file, "--frames"});
    EXPECT_EQ(predicted.code, kDone) << predicted.err;
    const Outcome streamed = stream(file);
    EXPECT_EQ(streamed.code, kDone) << streamed.err;
    EXPECT_EQ(lines_of(streamed.out).size(), frames + 1) << file;
    Json json = Json::parse(predicted.out);
    EXPECT_EQ(json["frames"].size(), frames) << file;
    return json;
  }
};

TEST_F(BadMedia, ThatCannotBeReadIsNamedWithTheReason) {
  write_file(path("empty.mp4"), "");
  std::mt19937 random(1);
  std::string garbage(5000, '\0');
  for (char& byte : garbage) byte = static_cast<char>(random());
  write_file(path("garbage.mp4"), garbage);
  write_file(path("text.mp4"), "Dear diary, this is not a video.\n");
  FFMPEG("-f lavfi -i sine=duration=1 -c:a aac " + path("sound.mp4"));
  write_file(path("head.mp4"), read_file(world().clip()).substr(0, 60));
  const std::vector<std::pair<std::string, std::string>> files{
      {"missing.mp4", "No such file"},  {"empty.mp4", "empty"}, {"garbage.mp4", ""},   {"text.mp4", "no video"},
      {"sound.mp4", "no video stream"}, {"head.mp4", ""},       {"clips", "directory"}};
  for (const auto& [name, reason] : files) {
    for (const Outcome& outcome : {predict(path(name)), stream(path(name))}) {
      EXPECT_EQ(outcome.code, kFailed) << name;
      EXPECT_THAT(outcome.err, AllOf(HasSubstr("longtake: "), HasSubstr(path(name)), HasSubstr(reason)));
      EXPECT_THAT(outcome.out, IsEmpty()) << name;
    }
  }
}

TEST_F(BadMedia, AmongOthersIsSkippedAndCounted) {
  write_file(path("empty.mp4"), "");
  const Outcome outcome = run(
      {"predict", world().model(), world().clip("left"), path("empty.mp4"), path("missing.mp4"), world().clip("up")});
  EXPECT_EQ(outcome.code, kPartial);
  EXPECT_EQ(lines_of(outcome.out).size(), 2U);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("empty.mp4"), HasSubstr("missing.mp4"), HasSubstr("2 of 4")));
}

TEST_F(BadMedia, OneFrameIsAVideo) {
  FFMPEG("-i " + world().clip() + " -frames:v 1 " + path("one.mp4"));
  expect_fine(path("one.mp4"), 1);
  FFMPEG("-i " + world().clip() + " -frames:v 1 " + path("one.png"));
  expect_fine(path("one.png"), 1);
}

TEST_F(BadMedia, TruncatedIsPartial) {
  media::write_numbered_clip(path("whole.mp4"), 60, 15.0);
  const std::string bytes = read_file(path("whole.mp4"));
  write_file(path("cut.mp4"), bytes.substr(0, bytes.size() * 3 / 4));
  const Outcome predicted = predict(path("cut.mp4"));
  EXPECT_EQ(predicted.code, kPartial);
  EXPECT_THAT(predicted.err, AllOf(HasSubstr("cut.mp4"), HasSubstr("warning")));
  EXPECT_EQ(Json::parse(predicted.out)["decode"]["partial"], true);
  const Outcome streamed = stream(path("cut.mp4"));
  EXPECT_EQ(streamed.code, kPartial);
  EXPECT_THAT(streamed.err, AllOf(HasSubstr("cut.mp4"), HasSubstr("warning")));
  EXPECT_EQ(Json::parse(lines_of(streamed.out).back())["decode"]["truncated"], true);
}

TEST_F(BadMedia, FlippedBitsAreCountedOrAClearError) {
  media::write_numbered_clip(path("whole.mp4"), 40, 15.0);
  FFMPEG(fmt::format("-i {} -c copy {}", path("whole.mp4"), path("whole.ts")));
  std::mt19937 random(7);
  for (const char* name : {"whole.mp4", "whole.ts"}) {
    for (int trial = 0; trial < 8; ++trial) {
      std::string bytes = read_file(path(name));
      for (int i = 0; i < 1 << trial; ++i) bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
      const std::string file = path(std::string("flipped_") + name);
      write_file(file, bytes);
      const Outcome outcome = predict(file);
      EXPECT_EQ(outcome.signal, 0) << outcome.err;
      EXPECT_THAT(outcome.code, AnyOf(kDone, kFailed, kPartial)) << outcome.err;
      if (outcome.code == kDone) continue;
      EXPECT_THAT(outcome.err, HasSubstr(file));
      if (outcome.code == kPartial) {
        const Json decode = Json::parse(outcome.out)["decode"];
        EXPECT_TRUE(decode["partial"] == true || decode["bad_frames"] > 0) << decode;
      }
    }
  }
}

TEST_F(BadMedia, AChangeOfResolutionMidWayIsScaledAndCounted) {
  const std::string a = path("a.ts"), b = path("b.ts");
  FFMPEG("-f lavfi -i testsrc=size=64x48:rate=15 -frames:v 15 -f mpegts " + a);
  FFMPEG("-f lavfi -i testsrc=size=96x80:rate=15 -frames:v 15 -f mpegts " + b);
  write_file(path("change.ts"), read_file(a) + read_file(b));
  const Outcome outcome = predict(path("change.ts"));
  EXPECT_EQ(outcome.signal, 0);
  ASSERT_THAT(outcome.code, AnyOf(kDone, kPartial)) << outcome.err;
  const Json decode = Json::parse(outcome.out)["decode"];
  EXPECT_EQ(decode["resolution_changes"], 1);
  EXPECT_GE(decode["frames"], 28);
}

TEST_F(BadMedia, UnusualPixelsAndSizesAreVideos) {
  const std::vector<std::pair<std::string, std::string>> kinds{
      {"ten_bit.mkv", "-c:v ffv1 -pix_fmt yuv420p10le"},
      {"gray.mkv", "-c:v ffv1 -pix_fmt gray"},
      {"alpha.mov", "-c:v qtrle -pix_fmt argb"},
      {"odd.mkv", "-vf scale=33:21 -c:v ffv1"},
      {"one_pixel.mkv", "-vf scale=1:1 -c:v ffv1 -pix_fmt bgr0"}};
  std::string manifest = "path,label,split\n";
  for (const auto& [name, options] : kinds) {
    FFMPEG(fmt::format("-i {} {} {}", world().clip(), options, path(name)));
    expect_fine(path(name), 8);
    manifest += name + ",left,test\n";
  }
  write_file(path("unusual.csv"), manifest);
  const Outcome evaluated = run({"evaluate", world().model(), "--data", path("unusual.csv"), "--json"});
  EXPECT_EQ(evaluated.code, kDone) << evaluated.err;
  EXPECT_EQ(Json::parse(evaluated.out)["videos"]["cases"], kinds.size());
}

TEST_F(BadMedia, InADatasetStopsEvaluateUnlessItIsSkipped) {
  write_file(path("empty.mp4"), "");
  write_file(path("bad.csv"), "path,label\nempty.mp4,left\nclips/test/up/0000.mp4,up\n");
  const Outcome stopped = run({"evaluate", world().model(), "--data", path("bad.csv")});
  EXPECT_EQ(stopped.code, kFailed);
  EXPECT_THAT(stopped.err, AllOf(HasSubstr("empty.mp4"), HasSubstr("empty")));
  const Outcome skipped = run({"evaluate", world().model(), "--data", path("bad.csv"), "--skip-bad-files", "--json"});
  EXPECT_EQ(skipped.code, kPartial);
  EXPECT_EQ(Json::parse(skipped.out)["skipped"], 1);
  EXPECT_EQ(Json::parse(skipped.out)["videos"]["cases"], 1);
  const Outcome checked = run({"data", "check", path("bad.csv")});
  EXPECT_EQ(checked.code, kPartial);
  EXPECT_THAT(checked.out, HasSubstr("empty.mp4"));
  EXPECT_THAT(checked.err, HasSubstr("1 unreadable"));
}

}  // namespace
}  // namespace longtake::test
