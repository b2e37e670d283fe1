#include <gmock/gmock.h>

#include "fields/calendar.h"
#include "fields/file_series.h"
#include "fields/gaps.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using testing::ThrowsMessage;

// Seconds from `date -u -d ... +%s`.
TEST(Times, ReadTheWaysTheyAreWritten) {
  constexpr std::int64_t kTime = 1529143200;  // 2018-06-16 10:00:00 UTC
  for (const char* text : {"2018-06-16T10:00:00Z", "2018-06-16 10:00:00", "2018-06-16 10:00:00 UTC", "2018-6-16 10",
                           "2018-06-16T10:00", "2018-06-16 12:00:00 +02:00", "2018-06-16 05:00 -5", "2018061610",
                           "201806161000", "20180616100000", "2018-06-16T10:00:00.0Z", " 2018-06-16 10:0:0.0 "}) {
    EXPECT_EQ(parse_time(text, "test"), kTime) << text;
  }
  EXPECT_EQ(parse_time("1900-01-01", "test"), -2208988800);
  EXPECT_EQ(format_time(kTime), "2018-06-16T10:00:00Z");
  EXPECT_EQ(format_time(-1), "1969-12-31T23:59:59Z");
}

TEST(Times, RefuseWhatIsNone) {
  for (const char* text : {"", "soon", "2018-13-01", "2018-02-30", "2018-00-10", "2018-06-16T25:00", "2018-06-16 10:60",
                           "2018-06-16T10:00:00 MESZ", "2018/06/16", "201806", "2018061610000000", "2018-06-16X10",
                           "99999-01-01", "2018-06-16 10:00:00+99", "2018-06-"}) {
    EXPECT_THAT([&] { parse_time(text, "line 3"); }, ThrowsMessage<BadData>(StartsWith("line 3"))) << text;
  }
}

TEST(TimeUnits, CountFromTheirOrigin) {
  EXPECT_EQ(TimeUnits("Hour since 2001-12-31T23:00:00Z", "proleptic_gregorian", "t").to_utc(146406), 1536901200);
  EXPECT_EQ(TimeUnits("seconds since 1970-01-01 00:00:00 UTC", "", "t").to_utc(1529143200), 1529143200);
  EXPECT_EQ(TimeUnits("days since 1858-11-17", "standard", "t").to_utc(59215.0000000005), 1609459200);  // 2021-01-01
  EXPECT_EQ(TimeUnits("minutes since 2000-01-01 00:00:0.0", "gregorian", "t").to_utc(1.5), 946684890);
}

// cftime: num2date(738000, "days since 0001-01-01", "standard") is two days before the proleptic one.
TEST(TimeUnits, OfTheStandardCalendarAreJulianBefore1582) {
  const std::int64_t standard = TimeUnits("days since 1-1-1", "standard", "t").to_utc(738000);
  const std::int64_t proleptic = TimeUnits("days since 1-1-1", "proleptic_gregorian", "t").to_utc(738000);
  EXPECT_EQ(proleptic - standard, 2 * 86400);
  EXPECT_EQ(format_time(proleptic), "2021-07-30T00:00:00Z");
  // The day after 4 October 1582 was the 15th.
  EXPECT_EQ(TimeUnits("days since 1582-10-4", "standard", "t").to_utc(1),
            TimeUnits("days since 1582-10-15", "standard", "t").to_utc(0));
}

TEST(TimeUnits, OfTheNoLeapCalendarKeepTheNamesOfDays) {
  const TimeUnits units("days since 2000-01-01", "noleap", "t");
  EXPECT_EQ(format_time(units.to_utc(58)), "2000-02-28T00:00:00Z");
  EXPECT_EQ(format_time(units.to_utc(59)), "2000-03-01T00:00:00Z");
  EXPECT_EQ(format_time(units.to_utc(365.25)), "2001-01-01T06:00:00Z");
  EXPECT_THROW(TimeUnits("days since 2000-02-29", "365_day", "t"), BadData);
}

TEST(TimeUnits, RefuseWhatTheyCannotMean) {
  EXPECT_THROW(TimeUnits("K", "", "t"), BadData);
  EXPECT_THROW(TimeUnits("", "", "t"), BadData);
  EXPECT_THROW(TimeUnits("parsecs since 2000-01-01", "", "t"), BadData);
  EXPECT_THROW(TimeUnits("months since 2000-01-01", "", "t"), Unsupported);
  EXPECT_THROW(TimeUnits("days since 2000-01-01", "360_day", "t"), Unsupported);
  EXPECT_THROW(TimeUnits("days since 2000-01-01", "", "t").to_utc(1e300), BadData);
  EXPECT_THROW(TimeUnits("days since 2000-01-01", "", "t").to_utc(std::nan("")), BadData);
}

constexpr std::int64_t kStep = 300;
std::vector<std::int64_t> at_steps(std::initializer_list<int> steps) {
  std::vector<std::int64_t> times;
  for (const int step : steps) times.push_back(1'000'000 + step * kStep);
  return times;
}

TEST(Gaps, AreFoundWithDoublesAndDisorder) {
  EXPECT_TRUE(find_gaps(at_steps({0, 1, 2, 3}), kStep).clean());
  const TimeFindings findings = find_gaps(at_steps({0, 2, 1, 5, 5, 6}), kStep);
  EXPECT_THAT(findings.order, ElementsAre(0, 2, 1, 3, 5));
  EXPECT_THAT(findings.duplicates, ElementsAre(4));
  EXPECT_THAT(findings.disorder, ElementsAre(2));
  EXPECT_THAT(findings.gaps, ElementsAre(TimeGap{1, 3, 2}));
  EXPECT_THAT(findings.irregular, IsEmpty());
  EXPECT_EQ(findings.summary(), "1 gap (2 frames), 1 duplicate, 1 frame out of order");
  EXPECT_EQ(find_gaps({}, kStep).summary(), "no gaps");
}

TEST(Gaps, FramesOffTheStepsAreTold) {
  std::vector<std::int64_t> times = at_steps({0, 1, 2});
  times[1] += 7;
  EXPECT_THAT(find_gaps(times, kStep).irregular, ElementsAre(1, 2));
  EXPECT_TRUE(find_gaps(times, kStep, 10).clean());
  times = at_steps({0, 1});
  times.insert(times.begin() + 1, times[0] + 1);
  EXPECT_THAT(find_gaps(times, kStep, 10).irregular, ElementsAre(1));
  EXPECT_THROW(find_gaps(times, 0), InvalidArgument);
  EXPECT_THROW(find_gaps(times, 300, 150), InvalidArgument);
}

TEST(Sequences, EndAtGaps) {
  const auto all = sequences(at_steps({0, 1, 4, 5}), {.step_s = kStep, .policy = GapPolicy::kSplit}, "list");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_THAT(all[0].frames, ElementsAre(0U, 1U));
  EXPECT_THAT(all[1].frames, ElementsAre(2U, 3U));
  EXPECT_EQ(all[1].time(1), 1'000'000 + 5 * kStep);
}

TEST(Sequences, FillGapsUpToTheirMost) {
  const auto all =
      sequences(at_steps({7, 0, 1, 3, 3}), {.step_s = kStep, .policy = GapPolicy::kFill, .most_missing = 2}, "list");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_THAT(all[0].frames, ElementsAre(1U, 2U, std::nullopt, 3U));
  EXPECT_THAT(all[1].frames, ElementsAre(0U));
}

TEST(Sequences, AreRefusedWithTheFirstFault) {
  const GapOptions strict{.step_s = kStep, .policy = GapPolicy::kError};
  EXPECT_EQ(sequences(at_steps({0, 1, 2}), strict, "list").size(), 1U);
  EXPECT_THAT(
      [&] {
        sequences(at_steps({0, 1, 4}), strict, "radar");
      },
      ThrowsMessage<BadData>(AllOf(StartsWith("radar: "), HasSubstr("1 gap (2 frames)"),
                                   HasSubstr("1970-01-12T13:51:40Z and 1970-01-12T14:06:40Z"))));
  EXPECT_THROW(sequences(at_steps({0, 1, 1}), strict, "radar"), BadData);
  EXPECT_THROW(sequences(at_steps({1, 0}), strict, "radar"), BadData);
}

TEST(Sequences, MissingFramesAreFieldsWithoutAValue) {
  const auto read = [](const Files::Path& path) {
    Field field = empty_field(2, 3, path.string());
    std::fill(field.valid.begin(), field.valid.end(), std::uint8_t{1});
    std::fill(field.values.begin(), field.values.end(), 1.0F);
    return field;
  };
  std::int64_t next = 0;
  const auto series =
      file_series({"a", "b"}, read, [&](const Files::Path&) { return std::optional(next++ * 2 * kStep); });
  const auto all = sequences(series->times(), {.step_s = kStep, .policy = GapPolicy::kFill}, "list");
  ASSERT_EQ(all.size(), 1U);
  const Field like = series->read(0);
  const Field missing = read_frame(*series, all[0], 1, like);
  EXPECT_EQ(valid_count(missing), 0);
  EXPECT_EQ(missing.time, kStep);
  EXPECT_EQ(read_frame(*series, all[0], 2, like).time, 2 * kStep);
  EXPECT_THROW(read_frame(*series, all[0], 3, like), InvalidArgument);
}

TEST(Gaps, RemarksSayWhichFileIsUsedAndWhatLiesOffTheSteps) {
  const std::vector<std::int64_t> times{0, 600, 600, 1380, 1800};
  const auto file = [](std::size_t i) { return std::string(1, static_cast<char>('a' + i)); };
  EXPECT_THAT(remarks(find_gaps(times, 600), times, file),
              ElementsAre("1970-01-01T00:10:00Z is there more than once: b is used, c is not",
                          "d of 1970-01-01T00:23:00Z lies off the steps, and 1 more"));
  EXPECT_THAT(remarks(find_gaps({{0, 600}}, 600), {{0, 600}}, file), testing::IsEmpty());
}

TEST(FileSeries, HasOneGrid) {
  const auto read = [](const Files::Path& path) {
    Field field = empty_field(2, path == "b" ? 4 : 3, "test");
    field.time = path == "b" ? 60 : 0;
    return field;
  };
  const auto series = file_series({"a", "b"}, read, nullptr);
  EXPECT_THAT(series->times(), ElementsAre(0, 60));
  series->read(0);
  EXPECT_THAT([&] { series->read(1); },
              ThrowsMessage<BadData>(HasSubstr("b: 2 x 4 cells (height x width) where a has 2 x 3")));
  EXPECT_THROW(series->read(2), InvalidArgument);
  EXPECT_EQ(series->file(1), "b");
  const auto timeless = [](const Files::Path&) { return empty_field(1, 1, "test"); };
  EXPECT_THROW(file_series({"a"}, timeless, nullptr), BadData);
  EXPECT_THROW(concatenate({}), InvalidArgument);
}

TEST(FieldSizes, BeyondTheLimitsAreRefused) {
  EXPECT_THROW(empty_field(0, 5, "f"), BadData);
  EXPECT_THROW(empty_field(5, -1, "f"), BadData);
  EXPECT_THROW(empty_field(kLongestSide + 1, 1, "f"), BadData);
  EXPECT_THROW(empty_field(kLongestSide, kLongestSide, "f"), BadData);
}

TEST(FieldCells, WithoutAFiniteValueAreMissing) {
  Field field = empty_field(1, 4, "f");
  set_cell(field, 0, 2);
  set_cell(field, 1, std::nan(""));
  set_cell(field, 2, 1e300);
  EXPECT_EQ(field.valid, (std::vector<std::uint8_t>{1, 0, 0, 0}));
  EXPECT_THAT(filled_values(field, -1), ElementsAre(2, -1, -1, -1));
  EXPECT_EQ(field, Field(field));
}

}  // namespace
}  // namespace longtake::fields
