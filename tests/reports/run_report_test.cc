#include "reports/run_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <regex>
#include <set>

#include "longtake/error.h"
#include "reports/html.h"

namespace longtake::reports {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const char* const kHostile = "<script>alert('x')</script>\"&' onload=y --> <!--";

RunReport hostile_report() {
  RunReport report;
  report.title = report.command = report.recipe = kHostile;
  report.highlights = {{kHostile, kHostile}};
  report.charts = {{kHostile, kHostile, true, {{kHostile, {{0, 0.5}, {1, 0.6}}}}}};
  report.results = {{kHostile, 10, 0.5, 0.9, 0.4, 1.5}};
  ConfusionMatrix small(2);
  small.add(0, 1);
  report.confusions.push_back({kHostile, {kHostile, "b"}, small});
  ConfusionMatrix large(40);
  large.add(0, 1);
  report.confusions.push_back({kHostile, std::vector<std::string>(40, kHostile), large});
  report.worst_clips = {
      {kHostile, 0, 1, kHostile, kHostile, 0.1, {{std::byte{0xff}, std::byte{0xd8}, std::byte{0xff}}}}};
  report.right_clips = report.worst_clips;
  report.clips_explained = kHostile;
  report.time_lines = {{kHostile, 0, 1, {{kHostile, {{0.25, 0.5}}, {{0, 0.5}, {1, 0.6}}}}}};
  report.window_charts = report.charts;
  report.facts = {{kHostile, kHostile}};
  report.skipped = {{kHostile, kHostile}};
  report.notes = {kHostile};
  return report;
}

// Checks that all elements are closed in order, and returns the names of those that occur.
std::set<std::string> elements_of(const std::string& html) {
  static const std::set<std::string> kEmpty = {"meta", "img", "!DOCTYPE"};
  std::set<std::string> names;
  std::vector<std::string> open;
  const std::regex tag("<(/?)([!a-zA-Z0-9]+)((?:\"[^\"]*\"|[^\"<>])*)>");
  for (auto it = std::sregex_iterator(html.begin(), html.end(), tag); it != std::sregex_iterator(); ++it) {
    const std::string name = (*it)[2];
    names.insert(name);
    const std::string rest = (*it)[3];
    if (kEmpty.count(name) == 1 || (!rest.empty() && rest.back() == '/')) continue;
    if ((*it)[1].length() == 0) {
      open.push_back(name);
    } else if (open.empty() || open.back() != name) {
      ADD_FAILURE() << "</" << name << "> closes nothing";
    } else {
      open.pop_back();
    }
  }
  EXPECT_TRUE(open.empty());
  return names;
}

TEST(RunReport, NothingHostileGetsThrough) {
  const std::string html = to_html(hostile_report());
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("alert('x')")));
  EXPECT_THAT(html, Not(HasSubstr("<!--")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;"));
  EXPECT_EQ(elements_of(html).count("script"), 0u);
}

TEST(RunReport, NeedsNothingFromOutside) {
  const std::string html = to_html(hostile_report());
  EXPECT_THAT(html, Not(HasSubstr("http:")));
  EXPECT_THAT(html, Not(HasSubstr("https:")));
  EXPECT_THAT(html, Not(HasSubstr("url(")));
  EXPECT_THAT(html, Not(HasSubstr("<link")));
}

TEST(RunReport, IsAPageWithLanguageTitleAndDescribedPictures) {
  const std::string html = to_html(hostile_report());
  EXPECT_THAT(html, HasSubstr("<html lang=\"en\">"));
  EXPECT_THAT(html, HasSubstr("<meta charset=\"utf-8\">"));
  EXPECT_THAT(html, HasSubstr("<title>"));
  EXPECT_THAT(html, HasSubstr("prefers-color-scheme: dark"));
  EXPECT_THAT(html, HasSubstr("role=\"img\" aria-label="));
  EXPECT_THAT(html, HasSubstr("alt=\""));
  EXPECT_THAT(html, HasSubstr("<caption><span>"));
}

TEST(RunReport, AnEmptyRunGivesAPage) {
  const std::string html = to_html({.title = "nothing"});
  elements_of(html);
  EXPECT_THAT(html, HasSubstr("<h1>nothing</h1>"));
  EXPECT_THAT(html, Not(HasSubstr("<section")));
}

TEST(RunReport, WhatWasNotMeasuredIsADash) {
  RunReport report;
  report.results = {{"validation", 4, 0.75, {}, {}, {}}, {"test", 0, {}, {}, 0.5, {}}};
  const std::string html = to_html(report);
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\">validation</th><td>4</td><td>75.0 %</td><td>-</td></tr>"));
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\">test</th><td>0</td><td>-</td><td>50.0 %</td></tr>"));
  EXPECT_THAT(html, Not(HasSubstr("top-5")));
  EXPECT_THAT(html, Not(HasSubstr("nan")));
}

// Three of "a": two right, one taken for "b"; one of "b", right. Recall of a 2/3, precision of a 1, of b 1/2.
TEST(RunReport, TheMatrixShowsCountsRecallAndPrecision) {
  ConfusionMatrix matrix(2);
  matrix.add(0, 0);
  matrix.add(0, 0);
  matrix.add(0, 1);
  matrix.add(1, 1);
  RunReport report;
  report.confusions.push_back({"Test", {"a", "b"}, matrix});
  const std::string html = to_html(report);
  EXPECT_THAT(html, HasSubstr("<td class=\"cell diagonal strong\" style=\"--share:0.72\">2</td>"
                              "<td class=\"cell\" style=\"--share:0.43\">1</td><td>66.7 %</td>"));
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\">precision</th><td>100 %</td><td>50 %</td>"));
}

TEST(RunReport, ManyClassesBecomeAListOfTheMostFrequentConfusions) {
  ConfusionMatrix matrix(101);
  for (int i = 0; i < 3; ++i) matrix.add(7, 9);
  matrix.add(1, 2);
  std::vector<std::string> labels;
  for (int i = 0; i < 101; ++i) labels.push_back("class" + std::to_string(i));
  RunReport report;
  report.confusions.push_back({"Test", labels, matrix});
  const std::string html = to_html(report);
  const std::size_t first = html.find("<th scope=\"row\">class7</th><td class=\"text\">class9</td><td>3</td>");
  const std::size_t second = html.find("<th scope=\"row\">class1</th><td class=\"text\">class2</td><td>1</td>");
  ASSERT_NE(first, std::string::npos);
  ASSERT_NE(second, std::string::npos);
  EXPECT_LT(first, second);
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\">class100</th>"));
}

TEST(RunReport, RefusesAMatrixWithoutItsLabels) {
  RunReport report;
  report.confusions.push_back({"Test", {"a"}, ConfusionMatrix(2)});
  EXPECT_THROW(to_html(report), InvalidArgument);
}

// The time goes from 170 to 980 of 1000: from 2 s to 12 s, 81 a second. The area of a row is 17 high above 30.
TEST(LabelTimeLine, HasTruthAboveTheAreaOfTheProbability) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  LabelTimeLine line{"a.mp4", 2, 12, {}};
  line.rows.push_back({"wave", {{3, 5}, {11.5, 40}}, {{2, 0}, {4, 1}, {5, nan}, {6, 0.5}, {12, 0.25}}});
  line.rows.push_back({"point", {}, {{2, 1}}});
  const std::string html = label_time_line_html(line);
  elements_of(html);
  EXPECT_THAT(html, HasSubstr("<figcaption>a.mp4</figcaption>"));
  EXPECT_THAT(html, HasSubstr("viewBox=\"0 0 1000 92\""));
  EXPECT_THAT(html, HasSubstr("<rect class=\"truth\" x=\"251.0\" y=\"4.0\" width=\"162.0\" height=\"7\" rx=\"2\">"
                              "<title>wave, true from 3.00 to 5.00 s</title></rect>"));
  EXPECT_THAT(html, HasSubstr("x=\"939.5\" y=\"4.0\" width=\"40.5\""));
  EXPECT_THAT(html, HasSubstr("d=\"M170.0 30.0L170.0 30.0L332.0 13.0L332.0 30.0Z"
                              "M494.0 30.0L494.0 21.5L980.0 25.8L980.0 30.0Z\""));
  EXPECT_THAT(html, HasSubstr("d=\"M170.0 64.0L170.0 47.0L170.0 64.0Z\""));
  EXPECT_THAT(html, HasSubstr("; wave is true 2 times; point is true 0 times"));
}

TEST(RunReport, ClipsThatWereRecognisedSaySo) {
  RunReport report;
  report.worst_clips = {{"a.mp4", 0, 1, "wave", "point", 0.1, {}}};
  report.right_clips = {{"b.mp4", 0, 1, "wave", "wave", 0.9, {}}};
  report.clips_explained = "what lies over them";
  const std::string html = to_html(report);
  EXPECT_THAT(html, HasSubstr("<p><b>wave</b> taken for <b>point</b></p>"));
  EXPECT_THAT(html, HasSubstr("<p><b>wave</b> recognised</p>"));
  EXPECT_THAT(html, HasSubstr("<p>what lies over them</p><ul class=\"clips\">"));
}

TEST(Chart, AnAxisCanBeginAtNothing) {
  Chart chart{"Weights", "frames ago", false, {{"mean", {{0, 0.125}, {1, 0.124}}}}};
  EXPECT_THAT(chart_html(chart), Not(HasSubstr("text-anchor=\"end\">0</text>")));
  chart.from_nothing = true;
  EXPECT_THAT(chart_html(chart), HasSubstr("text-anchor=\"end\">0</text>"));
}

TEST(Chart, NumbersThatAreNoneLeaveAGap) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::string html = chart_html({"Loss", "step", false, {{"train", {{0, 1}, {1, 2}, {2, nan}, {3, 1}, {4, 2}}}}});
  EXPECT_THAT(html, Not(HasSubstr("nan")));
  const std::regex path("<path d=\"M[^\"]*L[^\"]*M[^\"]*L[^\"]*\"/>");
  EXPECT_TRUE(std::regex_search(html, path));
}

TEST(Chart, EmptyConstantAndSinglePointCurvesAreDrawn) {
  for (const std::vector<Point>& points :
       {std::vector<Point>{}, std::vector<Point>{{5, 0.25}}, std::vector<Point>{{0, 3}, {9, 3}},
        std::vector<Point>{{0, 0}, {1, 0}}, std::vector<Point>{{0, 1e300}, {1, -1e300}},
        std::vector<Point>{{0, 1e17}, {1, 1e17 + 16}}}) {
    const std::string html = chart_html({"Loss", "step", false, {{"train", points}}});
    elements_of(html);
    EXPECT_THAT(html, Not(HasSubstr("inf")));
    EXPECT_THAT(html, Not(HasSubstr("nan")));
  }
}

TEST(Chart, TicksAreRoundAndSpanTheRange) {
  EXPECT_THAT(ticks_between(0, 1, 5), ElementsAre(0, 0.2, 0.4, testing::DoubleEq(0.6), 0.8, 1));
  EXPECT_THAT(ticks_between(0.3, 2.2, 4), ElementsAre(0, 0.5, 1, 1.5, 2, 2.5));
  EXPECT_THAT(ticks_between(-30, 70, 4), ElementsAre(-50, 0, 50, 100));
}

TEST(Chart, ThinningKeepsSpikes) {
  std::vector<Point> points;
  for (int i = 0; i < 10000; ++i) points.push_back({i * 1.0, i == 4321 ? 100.0 : i == 8765 ? -100.0 : std::sin(i)});
  const std::vector<Point> thin = thin_out(points, 200);
  EXPECT_LE(thin.size(), 200u);
  EXPECT_TRUE(std::is_sorted(thin.begin(), thin.end(), [](Point a, Point b) { return a.step < b.step; }));
  EXPECT_TRUE(std::any_of(thin.begin(), thin.end(), [](Point point) { return point.step == 4321; }));
  EXPECT_TRUE(std::any_of(thin.begin(), thin.end(), [](Point point) { return point.step == 8765; }));
}

TEST(Html, TextIsEscapedAndBrokenBytesAreReplaced) {
  EXPECT_EQ(escape_html("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
  EXPECT_EQ(escape_html("größe 日本"), "größe 日本");
  EXPECT_EQ(escape_html("a\xff"
                        "b\xc3"),
            "a\ufffdb\ufffd");
  EXPECT_EQ(escape_html("\xed\xa0\x80"), "\ufffd\ufffd\ufffd");  // a surrogate
  EXPECT_EQ(escape_html("\xc0\xaf"), "\ufffd\ufffd");            // overlong
  EXPECT_EQ(escape_html(std::string_view("a\0\x1b\x7f\n", 5)), "a\ufffd\ufffd\ufffd\n");
}

// RFC 4648, section 10.
TEST(Html, Base64) {
  const auto encode = [](std::string_view text) { return base64(std::as_bytes(std::span(text.data(), text.size()))); };
  EXPECT_EQ(encode(""), "");
  EXPECT_EQ(encode("f"), "Zg==");
  EXPECT_EQ(encode("fo"), "Zm8=");
  EXPECT_EQ(encode("foo"), "Zm9v");
  EXPECT_EQ(encode("foob"), "Zm9vYg==");
  EXPECT_EQ(encode("fooba"), "Zm9vYmE=");
  EXPECT_EQ(encode("foobar"), "Zm9vYmFy");
}

TEST(Html, PicturesAreKnownByTheirBytes) {
  const auto uri = [](std::string_view text) { return image_uri(std::as_bytes(std::span(text.data(), text.size()))); };
  EXPECT_THAT(uri("\x89PNG\r\n\x1a\n"), HasSubstr("data:image/png;base64,"));
  EXPECT_THAT(uri("\xff\xd8\xff"), HasSubstr("data:image/jpeg;base64,"));
  EXPECT_EQ(uri("<svg onload=alert(1)>"), "");
}

TEST(Html, NumbersForPeople) {
  EXPECT_EQ(number_for_people(0), "0");
  EXPECT_EQ(number_for_people(0.123456), "0.1235");
  EXPECT_EQ(number_for_people(25957), "25957");
  EXPECT_EQ(number_for_people(0.00001), "1e-05");
  EXPECT_EQ(number_for_people(NAN), "-");
  EXPECT_EQ(percent_for_people(0.935), "93.5 %");
  EXPECT_EQ(percent_for_people(std::nullopt), "-");
}

TEST(ShellCommand, QuotesWhatAShellWouldRead) {
  const std::vector<std::string> arguments = {"longtake", "train", "my recipe.toml", "data.path=$HOME", "it's", ""};
  EXPECT_EQ(shell_command(arguments), "longtake train 'my recipe.toml' 'data.path=$HOME' 'it'\\''s' ''");
}

}  // namespace
}  // namespace longtake::reports
