// `longtake stream` of sources that end, come again or begin anew.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/programs.h"
#include "cli/small_world.h"
#include "media/clips.h"

namespace longtake::test {
namespace {

using media::read_file;
using media::write_file;
using testing::AllOf;
using testing::HasSubstr;
using Json = nlohmann::json;

class Live : public SmallWorldTest {
 protected:
  static std::vector<Json> lines(const Outcome& outcome) {
    std::vector<Json> lines;
    for (const std::string& line : lines_of(outcome.out)) lines.push_back(Json::parse(line));
    return lines;
  }
};

TEST_F(Live, ACutSourceThatIsNotFoundAgainIsPartial) {
  media::write_numbered_clip(path("whole.mp4"), 60, 15.0);
  const std::string bytes = read_file(path("whole.mp4"));
  write_file(path("cut.mp4"), bytes.substr(0, bytes.size() * 3 / 4));
  const std::vector<std::string> options{"--live", "--no-reconnect", "--policy", "block"};
  for (const auto& [file, code] : {std::pair{"cut.mp4", kPartial}, std::pair{"whole.mp4", kDone}}) {
    std::vector<std::string> arguments{"stream", world().model(), path(file)};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, code) << outcome.err;
    if (code == kPartial) {
      EXPECT_THAT(outcome.err, AllOf(HasSubstr("cut.mp4"), HasSubstr("warning")));
    }
  }
}

TEST_F(Live, WhatGoesOnEndsWhereTheSourceIsLost) {
  // Every class is above "on" with eight of them and random weights.
  write_file(path("events.toml"), "[events]\non = 0.1\noff = 0.05\nsmoothing_s = 0.0\nminimum_s = 0.0\n");
  const Outcome outcome = run({"stream", world().model(), world().clip(), "--live", "--policy", "block", "--frames",
                               "12", "--events", path("events.toml")});
  ASSERT_EQ(outcome.code, kDone) << outcome.err;
  const auto all = lines(outcome);
  ASSERT_EQ(all.size(), 13U);  // 8 of the first connection, 4 of the second, and the whole
  const auto count = [&](std::size_t line, const char* kind) {
    int number = 0;
    for (const Json& event : all[line]["events"]) number += event["event"] == kind ? 1 : 0;
    return number;
  };
  int started = 0, ended = 0;
  for (std::size_t line = 0; line < 8; ++line) started += count(line, "start"), ended += count(line, "end");
  EXPECT_GT(started, ended);
  // The first line of the new connection tells that they are over, and what has begun anew.
  EXPECT_EQ(count(8, "end"), started - ended);
  EXPECT_GT(count(8, "start"), 0);
}

TEST_F(Live, AStateGoesOnWithASourceWhoseTimeBeginsAnew) {
  const std::string state = path("state.safetensors"), clip = world().clip();
  FFMPEG("-i " + clip + " -c:v ffv1 " + path("all.nut"));
  FFMPEG("-i " + clip + " -vf select='gte(n\\,5)',setpts=N/15/TB -fps_mode passthrough -c:v ffv1 " + path("rest.nut"));
  const auto whole = lines(run({"stream", world().model(), path("all.nut")}));
  ASSERT_EQ(whole.size(), 9U);
  ASSERT_EQ(run({"stream", world().model(), path("all.nut"), "--frames", "5", "--save-state", state}).code, kDone);
  const Outcome outcome = run({"stream", world().model(), path("rest.nut"), "--load-state", state});
  ASSERT_EQ(outcome.code, kDone) << outcome.err;
  const auto rest = lines(outcome);
  ASSERT_EQ(rest.size(), 4U);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(rest[i]["scores"], whole[5 + i]["scores"]) << i;
}

}  // namespace
}  // namespace longtake::test
