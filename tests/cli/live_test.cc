// `longtake stream` of sources that end, come again or begin anew.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
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

  // A few seconds that can be read from any point on, small enough for the buffer of a pipe.
  static std::string broadcast() {
    const std::string file = path("broadcast.ts");
    EXPECT_TRUE(
        media::run_ffmpeg("-stream_loop 7 -i " + world().clip() + " -c:v libx264 -g 8 -bf 0 -f mpegts " + file));
    const std::string bytes = read_file(file);
    EXPECT_LT(bytes.size(), 65536U);
    return bytes;
  }
};

void write_all(int file, const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t count = ::write(file, bytes.data() + sent, bytes.size() - sent);
    ASSERT_GT(count, 0);
    sent += static_cast<std::size_t>(count);
  }
}

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
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("the source ended; trying to connect again"), HasSubstr("is back")));
}

// Standard input, a pipe and a live pipe whose writer has stopped without closing it.
TEST_F(Live, ASignalEndsTheWaitForFramesAsTheSourcesEndWould) {
  const std::string pipe = path("pipe"), bytes = broadcast();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const std::vector<std::vector<std::string>> sources{{"-"}, {pipe}, {pipe, "--live", "--policy", "block"}};
  for (const std::vector<std::string>& source : sources) {
    const int writer = ::open(pipe.c_str(), O_RDWR);
    ASSERT_GE(writer, 0);
    write_all(writer, bytes);
    const std::string state = path("state.safetensors"), output = path("lines.jsonl");
    write_file(output, "");
    std::filesystem::remove(state);
    std::vector<std::string> arguments{"stream", world().model(), "--save-state", state};
    arguments.insert(arguments.end(), source.begin(), source.end());
    Process process(arguments, {.input = source[0] == "-" ? pipe : "", .output = output});
    ASSERT_TRUE(process.prints("\"frame\":8,")) << process.wait().err;
    process.signal(SIGINT);
    const Outcome outcome = process.wait();
    ::close(writer);
    EXPECT_EQ(outcome.signal, 0);
    EXPECT_EQ(outcome.code, kDone) << outcome.err;
    const Json last = Json::parse(lines_of(read_file(output)).back());
    EXPECT_EQ(last["type"], "end");
    EXPECT_GT(last["decode"]["frames"], 8);
    EXPECT_TRUE(std::filesystem::exists(state)) << source[0];
  }
}

TEST_F(Live, ASignalEndsTheWaitForALostSource) {
  const std::string state = path("lost.safetensors");
  Process process({"stream", world().model(), world().clip(), "--live", "--policy", "block", "--save-state", state});
  ASSERT_TRUE(process.says("trying to connect again"));
  process.signal(SIGTERM);
  const Outcome outcome = process.wait();
  EXPECT_EQ(outcome.signal, 0);
  ASSERT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_EQ(lines(outcome).back()["type"], "end");
  EXPECT_TRUE(std::filesystem::exists(state));
}

// The connection stands, but nothing comes any more.
TEST_F(Live, AStalledSourceIsPartial) {
  const std::string state = path("stalled.safetensors"), bytes = broadcast();
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  socklen_t length = sizeof(address);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  // The time limit is for the opening, too, which a busy machine must not miss.
  Process process({"stream", world().model(), "tcp://127.0.0.1:" + std::to_string(ntohs(address.sin_port)),
                   "--no-reconnect", "--timeout", "2", "--save-state", state});
  const int connection = ::accept(listener, nullptr, nullptr);
  ASSERT_GE(connection, 0);
  write_all(connection, bytes);
  const Outcome outcome = process.wait();
  ::close(connection);
  ::close(listener);
  ASSERT_EQ(outcome.code, kPartial) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("reading took longer than 2 s"));
  const Json last = lines(outcome).back();
  EXPECT_EQ(last["type"], "end");
  EXPECT_EQ(last["decode"]["partial"], true);
  EXPECT_TRUE(std::filesystem::exists(state));
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
