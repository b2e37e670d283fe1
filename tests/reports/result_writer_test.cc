// The exact text of every format, with labels that do their worst.
#include "reports/result_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "longtake/error.h"
#include "reports/csv.h"
#include "reports/subtitles.h"

namespace longtake::reports {
namespace {

using tasks::EventEdge;
using tasks::FrameScores;
using tasks::VideoResult;
using testing::HasSubstr;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::unique_ptr<ResultWriter> make(std::string_view format, const std::vector<std::string>& labels,
                                   Detail detail = Detail::kVideo) {
  return result_format(format).writer(labels, detail);
}

VideoResult waving() {
  VideoResult result;
  result.source = "clips/a.mp4";
  result.labels = {"wave", "point"};
  result.scores = {0.75f, 0.25f};
  result.frames = {{0, 0.0, -1, {0.1f, 0.9f}, {}}, {1, 0.04, -1, {0.8f, 0.2f}, {0.45f, 0.55f}}};
  result.events = {{0, 0.04, 1.5, 0.875f}, {1, 1.0, 2.0, 0.7f}};
  result.decode.frames_out = 2;
  result.protocol = "mean of frames";
  return result;
}

TEST(ResultFormats, AreFoundByNameAndAWrongNameGetsASuggestion) {
  for (const std::string_view name : {"jsonl", "csv", "vtt", "srt", "activitynet"})
    EXPECT_EQ(result_format(name).name, name);
  EXPECT_EQ(result_formats().size(), 5u);
  try {
    result_format("json");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("\"jsonl\""));
  }
}

TEST(JsonLines, AVideo) {
  EXPECT_EQ(make("jsonl", {"wave", "point"})->video(waving()),
            R"({"type":"video","source":"clips/a.mp4","label":"wave","score":0.75,"scores":{"wave":0.75,"point":0.25},)"
            R"("events":[{"label":"wave","start":0.04,"end":1.5,"peak":0.875},)"
            R"({"label":"point","start":1,"end":2,"peak":0.7}],"protocol":"mean of frames",)"
            R"("decode":{"partial":false,"frames":2,"bad_frames":0,"bad_packets":0,"skipped":0,"repeated":0,)"
            R"("resolution_changes":0,"truncated":false,"stopped":false,"problems":[]}})"
            "\n");
}

TEST(JsonLines, AVideoWithItsFrames) {
  EXPECT_THAT(
      make("jsonl", {"wave", "point"}, Detail::kFrames)->video(waving()),
      HasSubstr(R"("frames":[{"frame":0,"time":0,"label":"point","score":0.9,"scores":{"wave":0.1,"point":0.9}},)"
                R"({"frame":1,"time":0.04,"label":"wave","score":0.8,"scores":{"wave":0.8,"point":0.2},)"
                R"("video":{"wave":0.45,"point":0.55}}]})"
                "\n"));
}

TEST(JsonLines, WhereTheModelLookedIsToldWhenItIsWanted) {
  VideoResult result = waving();
  result.attention = {.height = 1, .width = 2};
  result.frames[1].attention = {0.25f, 0.75f};
  for (const Detail detail : {Detail::kVideo, Detail::kFrames}) {
    EXPECT_THAT(make("jsonl", {"wave", "point"}, detail)->video(result), testing::Not(HasSubstr("attention")));
  }
  const auto writer = make("jsonl", {"wave", "point"}, Detail::kAttention);
  const std::string video = writer->video(result);
  EXPECT_THAT(video, HasSubstr(R"("problems":[]},"attention":{"height":1,"width":2},"frames":[{"frame":0,"time":0,)"));
  EXPECT_THAT(video, HasSubstr(R"("scores":{"wave":0.1,"point":0.9}},)"));
  EXPECT_THAT(video, HasSubstr(R"("video":{"wave":0.45,"point":0.55},"attention":[0.25,0.75]}]})"));
  EXPECT_THAT(writer->frame("a.mp4", result.frames[1], {}, {}), HasSubstr(R"(,"attention":[0.25,0.75],"events":[]})"));
  result.attention = {.window = 15};
  const std::string end = writer->finish(result, {}, {});
  EXPECT_THAT(end, HasSubstr(R"("problems":[]},"attention":{"window":15}})"));
  EXPECT_TRUE(nlohmann::json::accept(video) && nlohmann::json::accept(end));
  result.attention = {};
  EXPECT_THAT(writer->finish(result, {}, {}), testing::Not(HasSubstr("attention")));
}

TEST(ResultFormats, OnlyJsonLinesTellWhereTheModelLooked) {
  EXPECT_EQ(detail_of(result_format("jsonl"), false, false), Detail::kVideo);
  EXPECT_EQ(detail_of(result_format("csv"), true, false), Detail::kFrames);
  EXPECT_EQ(detail_of(result_format("jsonl"), false, true), Detail::kAttention);
  for (const char* name : {"csv", "vtt", "srt", "activitynet"}) {
    EXPECT_THROW(detail_of(result_format(name), true, true), ConfigError) << name;
  }
}

TEST(JsonLines, AFrameOfAFileWithAStart) {
  const std::vector<EventEdge> edges = {{true, {1, 3.2, 3.4, 0.7f}}};
  EXPECT_EQ(make("jsonl", {"wave", "point"})->frame("a.mp4", {85, 3.4, -1, {0.25f, 0.75f}, {}}, edges, {}),
            R"({"type":"frame","source":"a.mp4","frame":85,"time":3.4,"label":"point","score":0.75,)"
            R"("scores":{"wave":0.25,"point":0.75},"events":[{"event":"start","label":"point","start":3.2}]})"
            "\n");
}

TEST(JsonLines, ALiveFrameSaysItsAgeAndWhatWasLost) {
  const std::vector<EventEdge> edges = {{false, {1, 3.2, 3.9, 0.8f}}};
  EXPECT_EQ(make("jsonl", {"wave", "point"})
                ->frame("/dev/video0", {99, 4.0, 0.0625, {0.5f, 0.5f}, {0.25f, 0.75f}}, edges, LiveCounters{3, 1}),
            R"({"type":"frame","source":"/dev/video0","frame":99,"time":4,"label":"wave","score":0.5,)"
            R"("scores":{"wave":0.5,"point":0.5},"video":{"wave":0.25,"point":0.75},"age":0.0625,"dropped":3,)"
            R"("reconnects":1,"events":[{"event":"end","label":"point","start":3.2,"end":3.9,"peak":0.8}]})"
            "\n");
}

TEST(JsonLines, TheEndOfAStream) {
  VideoResult result = waving();
  result.decode.partial = true;
  result.decode.problems = {"the data ends early"};
  const std::vector<EventEdge> edges = {{false, {0, 1.0, 2.0, 0.5f}}};
  EXPECT_EQ(make("jsonl", {"wave", "point"})->finish(result, edges, LiveCounters{}),
            R"({"type":"end","source":"clips/a.mp4","label":"wave","score":0.75,"scores":{"wave":0.75,"point":0.25},)"
            R"("dropped":0,"reconnects":0,"events":[{"event":"end","label":"wave","start":1,"end":2,"peak":0.5}],)"
            R"("protocol":"mean of frames","decode":{"partial":true,"frames":2,"bad_frames":0,"bad_packets":0,)"
            R"("skipped":0,"repeated":0,"resolution_changes":0,"truncated":false,"stopped":false,)"
            R"("problems":["the data ends early"]}})"
            "\n");
}

TEST(JsonLines, HostileTextAndNumbersGiveValidJsonOnOneLine) {
  const std::vector<std::string> labels = {"a\"b\\c", "new\nline\x01", "\xff broken", "</script>"};
  VideoResult result;
  result.source = "caf\xe9,\"\n.mp4";
  result.labels = labels;
  result.scores = {kNan, std::numeric_limits<float>::infinity(), -0.0f, 1e-30f};
  result.events = {{1, std::numeric_limits<double>::quiet_NaN(), 1e300, kNan}};
  const std::string line = make("jsonl", labels)->video(result);
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  const nlohmann::json read = nlohmann::json::parse(line);
  EXPECT_EQ(read["source"], "caf\ufffd,\"\n.mp4");
  EXPECT_TRUE(read["label"].is_null());
  EXPECT_TRUE(read["scores"]["a\"b\\c"].is_null());
  EXPECT_TRUE(read["scores"]["new\nline\x01"].is_null());
  EXPECT_EQ(read["scores"]["</script>"].get<float>(), 1e-30f);
  EXPECT_TRUE(read["events"][0]["start"].is_null());
  EXPECT_EQ(read["events"][0]["label"], "new\nline\x01");
}

TEST(JsonLines, NumbersReadBackAsTheSameNumbers) {
  const std::vector<float> scores = {0.1f, 1.0f / 3, 16777217.0f, std::nextafter(1.0f, 0.0f), 1e-45f};
  const std::vector<std::string> labels = {"a", "b", "c", "d", "e"};
  const double time_s = 1001.0 / 30000.0 * 7;
  const auto line = make("jsonl", labels)->frame("x", {1LL << 60, time_s, -1, scores, {}}, {}, {});
  const nlohmann::json read = nlohmann::json::parse(line);
  EXPECT_EQ(read["time"].get<double>(), time_s);
  EXPECT_EQ(read["frame"].get<std::int64_t>(), 1LL << 60);
  for (std::size_t i = 0; i < labels.size(); ++i) EXPECT_EQ(read["scores"][labels[i]].get<float>(), scores[i]);
}

TEST(JsonLines, AnEmptyResult) {
  VideoResult result;
  result.source = "empty.mp4";
  EXPECT_THAT(make("jsonl", {"a"}, Detail::kFrames)->video(result),
              HasSubstr(R"("source":"empty.mp4","label":null,"score":null,"scores":{},"events":[])"));
  EXPECT_TRUE(nlohmann::json::accept(make("jsonl", {}, Detail::kFrames)->video(result)));
}

TEST(Csv, ARowPerVideo) {
  const auto writer = make("csv", {"wave", "point"});
  VideoResult partial = waving();
  partial.source = "b, \"the second\".mp4";
  partial.decode.partial = true;
  EXPECT_EQ(writer->head() + writer->video(waving()) + writer->video(partial),
            "source,partial,label,score,score:wave,score:point\n"
            "clips/a.mp4,false,wave,0.75,0.75,0.25\n"
            "\"b, \"\"the second\"\".mp4\",true,wave,0.75,0.75,0.25\n");
}

TEST(Csv, ARowPerFrameInFilesAndStreamsAlike) {
  const auto writer = make("csv", {"wave", "point"}, Detail::kFrames);
  const VideoResult result = waving();
  const std::string rows =
      "clips/a.mp4,0,0,,point,0.9,0.1,0.9\n"
      "clips/a.mp4,1,0.04,,wave,0.8,0.8,0.2\n";
  EXPECT_EQ(writer->head(), "source,frame,time,age,label,score,score:wave,score:point\n");
  EXPECT_EQ(writer->video(result), rows);
  EXPECT_EQ(writer->frame(result.source, result.frames[0], {}, {}) +
                writer->frame(result.source, result.frames[1], {}, {}) + writer->finish(result, {}, {}),
            rows);
  EXPECT_EQ(writer->frame("cam", {7, 1.5, 0.25, {1.0f, 0.0f}, {}}, {}, LiveCounters{}), "cam,7,1.5,0.25,wave,1,1,0\n");
}

TEST(Csv, HostileLabelsAreOneFieldAndMissingNumbersAreEmpty) {
  const std::vector<std::string> labels = {"a,b", "say \"hi\"", "two\nlines", " padded "};
  const auto writer = make("csv", labels);
  VideoResult result;
  result.source = "x";
  result.scores = {0.5f, 0.25f, 0.25f, 0.0f};
  EXPECT_EQ(
      writer->head(),
      "source,partial,label,score,\"score:a,b\",\"score:say \"\"hi\"\"\",\"score:two\nlines\",\"score: padded \"\n");
  EXPECT_EQ(writer->video(result), "x,false,\"a,b\",0.5,0.5,0.25,0.25,0\n");
  result.scores[1] = kNan;
  EXPECT_EQ(writer->video(result), "x,false,,,0.5,,0.25,0\n");
  result.scores.clear();
  EXPECT_EQ(writer->video(result), "x,false,,,,,,\n");
}

TEST(Csv, AFieldIsQuotedOnlyWhereItMustBe) {
  EXPECT_EQ(csv_field(""), "");
  EXPECT_EQ(csv_field("plain text"), "plain text");
  EXPECT_EQ(csv_field("\r"), "\"\r\"");
  EXPECT_EQ(csv_field("\""), "\"\"\"\"");
}

TEST(Subtitles, EventsBecomeCues) {
  const VideoResult result = waving();
  const auto vtt = make("vtt", result.labels);
  EXPECT_EQ(vtt->head() + vtt->video(result),
            "WEBVTT\n\n"
            "00:00:00.040 --> 00:00:01.500\nwave 88 %\n\n"
            "00:00:01.000 --> 00:00:02.000\npoint 70 %\n\n");
  const auto srt = make("srt", result.labels);
  EXPECT_EQ(srt->head() + srt->video(result),
            "1\n00:00:00,040 --> 00:00:01,500\nwave 88 %\n\n"
            "2\n00:00:01,000 --> 00:00:02,000\npoint 70 %\n\n");
}

TEST(Subtitles, WithoutEventsThereIsOnlyTheHead) {
  VideoResult result = waving();
  result.events.clear();
  const auto writer = make("vtt", result.labels);
  EXPECT_EQ(writer->head() + writer->video(result), "WEBVTT\n\n");
}

TEST(Subtitles, TimesGoBeyondTheHourAndNeverBelowZero) {
  EXPECT_EQ(subtitle_time(0, SubtitleKind::kWebVtt), "00:00:00.000");
  EXPECT_EQ(subtitle_time(59.9996, SubtitleKind::kWebVtt), "00:01:00.000");
  EXPECT_EQ(subtitle_time(3600 + 23 * 60 + 45.678, SubtitleKind::kWebVtt), "01:23:45.678");
  EXPECT_EQ(subtitle_time(3600 + 23 * 60 + 45.678, SubtitleKind::kSubRip), "01:23:45,678");
  EXPECT_EQ(subtitle_time(100 * 3600.0, SubtitleKind::kWebVtt), "100:00:00.000");
  EXPECT_EQ(subtitle_time(-1, SubtitleKind::kWebVtt), "00:00:00.000");
  EXPECT_EQ(subtitle_time(NAN, SubtitleKind::kWebVtt), "00:00:00.000");
}

TEST(Subtitles, HostileLabelsStayOneLineOfPlainText) {
  const std::string hostile = "a --> b\n\n<b>{\\an8} & \"c\"";
  EXPECT_EQ(subtitle_text(hostile, SubtitleKind::kWebVtt), "a --&gt; b  &lt;b&gt;{\\an8} &amp; &quot;c&quot;");
  EXPECT_EQ(subtitle_text(hostile, SubtitleKind::kSubRip), "a --\u203a b  \u2039b\u203a(\\an8) & \"c\"");
}

TEST(Subtitles, ACueIsNeverEmpty) {
  VideoResult result = waving();
  result.events = {{0, 2.0, 2.0, kNan}};
  EXPECT_EQ(make("vtt", result.labels)->video(result), "00:00:02.000 --> 00:00:02.001\nwave\n\n");
}

// "point" starts first and ends last, so "wave", which ended earlier, must wait for it.
TEST(Subtitles, AStreamGivesCuesByTheirStartAsSoonAsItCan) {
  const auto writer = make("vtt", {"wave", "point"});
  const auto step = [&](const std::vector<EventEdge>& edges) { return writer->frame("cam", {}, edges, {}); };
  EXPECT_EQ(step({{true, {1, 1.0, 1.2, 0}}}), "");
  EXPECT_EQ(step({{true, {0, 2.0, 2.2, 0}}}), "");
  EXPECT_EQ(step({{false, {0, 2.0, 3.0, 0.9f}}}), "");
  EXPECT_EQ(step({{false, {1, 1.0, 4.0, 0.8f}}, {true, {0, 4.0, 4.2, 0}}}),
            "00:00:01.000 --> 00:00:04.000\npoint 80 %\n\n"
            "00:00:02.000 --> 00:00:03.000\nwave 90 %\n\n");
  const std::vector<EventEdge> last = {{false, {0, 4.0, 5.0, 0.6f}}};
  EXPECT_EQ(writer->finish(waving(), last, {}), "00:00:04.000 --> 00:00:05.000\nwave 60 %\n\n");
}

TEST(ResultWriters, RefuseScoresAndEventsThatDoNotFitTheLabels) {
  VideoResult scores = waving();
  scores.scores.push_back(0);
  VideoResult events = waving();
  events.events[0].label = 2;
  for (const std::string_view format : {"jsonl", "csv"}) {
    EXPECT_THROW(make(format, {"wave", "point"})->video(scores), InvalidArgument);
  }
  for (const std::string_view format : {"jsonl", "vtt", "srt"}) {
    EXPECT_THROW(make(format, {"wave", "point"})->video(events), InvalidArgument);
  }
}

}  // namespace
}  // namespace longtake::reports
