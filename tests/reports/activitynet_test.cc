// Predictions in ActivityNet's form: whole videos, streams, names.
#include "reports/activitynet.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "longtake/error.h"

namespace longtake::reports {
namespace {

using Json = nlohmann::json;

const std::vector<std::string> kLabels{"wave", "po\"int"};

tasks::VideoResult video(const std::string& source, std::vector<tasks::Event> events) {
  tasks::VideoResult result{.source = source, .labels = kLabels};
  result.events = std::move(events);
  return result;
}

TEST(ActivityNetWriter, GivesOneDocumentForManyVideosWithLabelsThatOverlap) {
  const auto writer = result_format("activitynet").writer(kLabels, Detail::kVideo);
  std::string text = writer->head();
  text += writer->video(video("clips/a.mp4", {{0, 0.04, 1.5, 0.875F}, {1, 1.0, 2.0, 0.75F}}));
  text += writer->video(video("b.tar.mkv", {}));
  text += writer->tail();
  const Json expected = {{"version", "longtake"},
                         {"results",
                          {{"a",
                            {{{"label", "wave"}, {"score", 0.875}, {"segment", {0.04, 1.5}}},
                             {{"label", "po\"int"}, {"score", 0.75}, {"segment", {1.0, 2.0}}}}},
                           {"b.tar", Json::array()}}},
                         {"external_data", Json::object()}};
  EXPECT_EQ(Json::parse(text), expected) << text;
}

TEST(ActivityNetWriter, WritesEventsOfAStreamWhenTheyEnd) {
  ActivityNetWriter writer(kLabels);
  std::string text = writer.head();
  const std::vector<tasks::EventEdge> start{{true, {0, 1, 1.2, 0.5F}}};
  const std::vector<tasks::EventEdge> both{{false, {0, 1, 2, 0.5F}}, {true, {1, 2, 2.2, 0.7F}}};
  const std::vector<tasks::EventEdge> last{{false, {1, 2, 3, 0.75F}}};
  text += writer.frame("rtsp://camera/7", {}, start, {});
  EXPECT_EQ(text.find("wave"), std::string::npos);
  text += writer.frame("rtsp://camera/7", {}, both, {});
  EXPECT_NE(text.find("wave"), std::string::npos);
  text += writer.finish(video("rtsp://camera/7", {}), last, {});
  text += writer.tail();
  const Json events = Json::parse(text)["results"]["7"];
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1]["segment"], (Json{2.0, 3.0}));
  EXPECT_EQ(events[1]["score"], 0.75);
}

TEST(ActivityNetWriter, HasTheVideoOfAStreamWithoutFrames) {
  ActivityNetWriter writer(kLabels);
  std::string text = writer.head();
  text += writer.finish(video("a.mp4", {}), {}, {});
  text += writer.tail();
  EXPECT_EQ(Json::parse(text)["results"]["a"], Json::array());
}

TEST(ActivityNetWriter, RefusesAVideoThatWouldHideAnother) {
  ActivityNetWriter writer(kLabels);
  writer.head();
  writer.video(video("x/a.mp4", {}));
  EXPECT_THROW(writer.video(video("y/a.avi", {})), InvalidArgument);
  writer.head();  // another document
  EXPECT_NO_THROW(writer.video(video("y/a.avi", {})));
  EXPECT_THROW(writer.video(video("b", {{2, 0, 1, 0.5F}})), InvalidArgument);
}

TEST(Subtitles, ShowSeveralLabelsAtOnce) {
  const auto writer = result_format("vtt").writer({"wave", "point"}, Detail::kVideo);
  EXPECT_EQ(writer->video(video("a.mp4", {{0, 0.5, 2.0, 0.875F}, {1, 1.0, 1.5, 0.75F}})),
            "00:00:00.500 --> 00:00:02.000\nwave 88 %\n\n00:00:01.000 --> 00:00:01.500\npoint 75 %\n\n");
}

}  // namespace
}  // namespace longtake::reports
