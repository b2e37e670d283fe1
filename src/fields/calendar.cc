// Calendars of calendar.h.
#include "fields/calendar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cmath>
#include <tuple>

#include "base/text.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

constexpr std::int64_t kDay = 86400;
constexpr std::int64_t kLastYear = 9999;
constexpr std::int64_t kFirstSecond = -62167219200;  // 0000-01-01T00:00:00Z
constexpr std::int64_t kLastSecond = 253402300799;   // 9999-12-31T23:59:59Z
constexpr std::array<int, 12> kDaysOfMonth{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

[[noreturn]] void refuse_time(std::string_view text, std::string_view where) {
  throw BadData(fmt::format("{}: \"{:.60}\" is no time; 2018-06-16T10:00:00Z or 2018061610 is wanted", where, text));
}

// Takes digits off the front: at least one and at most `most`.
std::int64_t take_digits(std::string_view& rest, std::size_t most, std::string_view text, std::string_view where) {
  std::size_t count = 0;
  std::int64_t value = 0;
  while (count < most && count < rest.size() && std::isdigit(static_cast<unsigned char>(rest[count])) != 0) {
    value = value * 10 + (rest[count++] - '0');
  }
  if (count == 0) refuse_time(text, where);
  rest.remove_prefix(count);
  return value;
}

bool take(std::string_view& rest, char wanted) {
  if (rest.empty() || rest.front() != wanted) return false;
  rest.remove_prefix(1);
  return true;
}

// "HH[:MM[:SS[.fff]]]" in seconds.
double take_clock(std::string_view& rest, std::string_view text, std::string_view where) {
  const std::int64_t hour = take_digits(rest, 2, text, where);
  const std::int64_t minute = take(rest, ':') ? take_digits(rest, 2, text, where) : 0;
  double second = take(rest, ':') ? static_cast<double>(take_digits(rest, 2, text, where)) : 0;
  if (take(rest, '.')) {
    double place = 0.1;
    for (; !rest.empty() && std::isdigit(static_cast<unsigned char>(rest.front())) != 0; rest.remove_prefix(1)) {
      second += place * (rest.front() - '0');
      place /= 10;
    }
  }
  if (hour > 24 || minute > 59 || second >= 61) {
    throw BadData(fmt::format("{}: \"{:.60}\" has no time of a day", where, text));
  }
  return static_cast<double>(hour * 3600 + minute * 60) + second;
}

double take_zone(std::string_view rest, std::string_view text, std::string_view where) {
  rest = trim(rest);
  for (const std::string_view name : {"Z", "z", "UTC", "utc", "GMT"}) {
    if (rest == name) return 0;
  }
  if (rest.empty()) return 0;
  const bool east = take(rest, '+');
  if (!east && !take(rest, '-')) {
    throw BadData(fmt::format("{}: \"{:.60}\" ends in \"{:.20}\", which is no time zone; Z or +01:00 is wanted", where,
                              text, rest));
  }
  std::int64_t hours = take_digits(rest, 2, text, where);
  std::int64_t minutes = 0;
  if (take(rest, ':') || !rest.empty()) minutes = take_digits(rest, 2, text, where);
  if (!rest.empty() || hours > 18 || minutes > 59) {
    throw BadData(fmt::format("{}: \"{:.60}\" has no time zone; Z or +01:00 is wanted", where, text));
  }
  return (east ? 1.0 : -1.0) * static_cast<double>(hours * 3600 + minutes * 60);
}

// YYYYMMDD[HH[MM[SS]]]
DateTime parse_compact(std::string_view text, std::string_view where) {
  DateTime time;
  std::string_view rest = text;
  time.year = take_digits(rest, 4, text, where);
  time.month = take_digits(rest, 2, text, where);
  time.day = take_digits(rest, 2, text, where);
  std::array<std::int64_t, 3> clock{};
  for (std::int64_t& part : clock) {
    if (!rest.empty()) part = take_digits(rest, 2, text, where);
  }
  if (!rest.empty() || clock[0] > 24 || clock[1] > 59 || clock[2] > 60) {
    throw BadData(fmt::format("{}: \"{:.60}\" is no time; YYYYMMDD[HH[MM[SS]]] is wanted", where, text));
  }
  time.second_of_day = static_cast<double>(clock[0] * 3600 + clock[1] * 60 + clock[2]);
  return time;
}

[[noreturn]] void refuse_date(const DateTime& time, std::string_view calendar, std::string_view where) {
  throw BadData(fmt::format("{}: {}-{}-{} is no day of the {} calendar (years 0 to {})", where, time.year, time.month,
                            time.day, calendar, kLastYear));
}

double gregorian_seconds(const DateTime& time, std::string_view where) {
  using std::chrono::day, std::chrono::month, std::chrono::sys_days, std::chrono::year, std::chrono::year_month_day;
  const year_month_day date(year(static_cast<int>(std::clamp<std::int64_t>(time.year, -1, kLastYear + 1))),
                            month(static_cast<unsigned>(time.month)), day(static_cast<unsigned>(time.day)));
  if (!date.ok() || time.year < 0 || time.year > kLastYear) refuse_date(time, "Gregorian", where);
  const auto days = sys_days(date).time_since_epoch().count();
  return static_cast<double>(days * kDay) + time.second_of_day - time.offset_s;
}

bool before_gregorian(const DateTime& time) {
  return std::tuple(time.year, time.month, time.day) <
         std::tuple<std::int64_t, std::int64_t, std::int64_t>(1582, 10, 15);
}

// Days of the Julian calendar since 1970-01-01 Gregorian, by its day number (Meeus, Astronomical Algorithms, ch. 7).
double julian_seconds(const DateTime& time, std::string_view where) {
  const bool leap = time.year % 4 == 0;
  const bool ok = time.year >= 0 && time.month >= 1 && time.month <= 12 && time.day >= 1 &&
                  time.day <= kDaysOfMonth[time.month - 1] + (leap && time.month == 2 ? 1 : 0);
  if (!ok) refuse_date(time, "Julian", where);
  const std::int64_t year = time.month > 2 ? time.year : time.year - 1;
  const std::int64_t month = time.month > 2 ? time.month : time.month + 12;
  // Day 0 of this count is JD -0.5; 1970-01-01 00:00 is JD 2440587.5.
  const auto days = static_cast<std::int64_t>(std::floor(365.25 * static_cast<double>(year + 4716))) +
                    static_cast<std::int64_t>(std::floor(30.6001 * static_cast<double>(month + 1))) + time.day - 1524;
  return static_cast<double>((days - 2440588) * kDay) + time.second_of_day - time.offset_s;
}

// Seconds since the start of year 0 of a calendar whose years all have 365 days.
double no_leap_seconds(const DateTime& time, std::string_view where) {
  const bool ok = time.year >= 0 && time.year <= kLastYear && time.month >= 1 && time.month <= 12 && time.day >= 1 &&
                  time.day <= kDaysOfMonth[time.month - 1];
  if (!ok) refuse_date(time, "noleap", where);
  std::int64_t days = time.year * 365 + time.day - 1;
  for (std::int64_t i = 0; i + 1 < time.month; ++i) days += kDaysOfMonth[i];
  return static_cast<double>(days * kDay) + time.second_of_day - time.offset_s;
}

DateTime no_leap_date(std::int64_t seconds) {
  std::int64_t days = seconds / kDay;
  DateTime time;
  time.second_of_day = static_cast<double>(seconds - days * kDay);
  time.year = days / 365;
  days -= time.year * 365;
  time.month = 1;
  while (days >= kDaysOfMonth[time.month - 1]) days -= kDaysOfMonth[time.month++ - 1];
  time.day = days + 1;
  return time;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return lower;
}

double seconds_of_unit(const std::string& unit, std::string_view units, const std::string& where) {
  struct Name {
    std::string_view name;
    double seconds;
  };
  constexpr std::array kNames{
      Name{"s", 1},         Name{"sec", 1},     Name{"second", 1},        Name{"min", 60},  Name{"minute", 60},
      Name{"h", 3600},      Name{"hr", 3600},   Name{"hour", 3600},       Name{"d", 86400}, Name{"day", 86400},
      Name{"week", 604800}, Name{"msec", 1e-3}, Name{"millisecond", 1e-3}};
  for (const Name& name : kNames) {
    if (unit == name.name || unit == fmt::format("{}s", name.name)) return name.seconds;
  }
  if (unit.starts_with("month") || unit.starts_with("year")) {
    throw Unsupported(fmt::format("{}: the time is in \"{:.60}\", and {} differ in length; give it in days or hours",
                                  where, units, unit));
  }
  throw BadData(fmt::format("{}: \"{:.60}\" is no unit of time; \"hours since 1900-01-01\" is wanted", where, units));
}

}  // namespace

DateTime parse_date_time(std::string_view text, std::string_view where) {
  const std::string_view trimmed = trim(text);
  const bool digits = std::all_of(trimmed.begin(), trimmed.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  if (digits && trimmed.size() >= 8) return parse_compact(trimmed, where);
  std::string_view rest = trimmed;
  DateTime time;
  time.year = take_digits(rest, 4, text, where);
  if (!take(rest, '-')) refuse_time(text, where);
  time.month = take_digits(rest, 2, text, where);
  if (!take(rest, '-')) refuse_time(text, where);
  time.day = take_digits(rest, 2, text, where);
  if (rest.empty()) return time;
  if (!take(rest, 'T') && !take(rest, ' ')) refuse_time(text, where);
  rest = trim(rest);
  if (rest.empty() || std::isdigit(static_cast<unsigned char>(rest.front())) == 0) {
    time.offset_s = take_zone(rest, text, where);
    return time;
  }
  time.second_of_day = take_clock(rest, text, where);
  time.offset_s = take_zone(rest, text, where);
  return time;
}

std::int64_t utc_seconds(const DateTime& time, std::string_view where) {
  const std::int64_t seconds = std::llround(gregorian_seconds(time, where));
  if (seconds < kFirstSecond || seconds > kLastSecond) refuse_date(time, "Gregorian", where);
  return seconds;
}

std::int64_t utc_seconds(std::int64_t year, std::int64_t month, std::int64_t day, std::int64_t hour,
                         std::int64_t minute, std::string_view where) {
  if (hour < 0 || hour > 24 || minute < 0 || minute > 59) {
    throw BadData(fmt::format("{}: {}:{} is no time of a day", where, hour, minute));
  }
  return utc_seconds({year, month, day, static_cast<double>(hour * 3600 + minute * 60)}, where);
}

std::int64_t parse_time(std::string_view text, std::string_view where) {
  return utc_seconds(parse_date_time(text, where), where);
}

std::string format_time(std::int64_t seconds) {
  using std::chrono::floor, std::chrono::sys_seconds, std::chrono::year_month_day;
  const sys_seconds time{std::chrono::seconds(seconds)};
  const auto days = floor<std::chrono::days>(time);
  const year_month_day date(days);
  const std::int64_t clock = (time - days).count();
  return fmt::format("{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock / 3600,
                     clock / 60 % 60, clock % 60);
}

TimeUnits::TimeUnits(std::string_view units, std::string_view calendar, const std::string& where) : where_(where) {
  const std::string lower = lower_case(units);
  const std::size_t since = lower.find(" since ");
  if (since == std::string::npos) {
    throw BadData(
        fmt::format("{}: the units \"{:.60}\" say no time; \"hours since 1900-01-01\" is wanted", where, units));
  }
  unit_s_ = seconds_of_unit(std::string(trim(std::string_view(lower).substr(0, since))), units, where);
  const DateTime origin = parse_date_time(units.substr(since + 7), where);
  const std::string name = lower_case(trim(calendar));
  if (name.empty() || name == "standard" || name == "gregorian") {
    origin_s_ = before_gregorian(origin) ? julian_seconds(origin, where) : gregorian_seconds(origin, where);
  } else if (name == "proleptic_gregorian") {
    origin_s_ = gregorian_seconds(origin, where);
  } else if (name == "noleap" || name == "365_day") {
    no_leap_ = true;
    origin_s_ = no_leap_seconds(origin, where);
  } else {
    throw Unsupported(
        fmt::format("{}: the calendar \"{:.40}\" is not known; standard, gregorian, proleptic_gregorian, "
                    "noleap and 365_day are",
                    where, calendar));
  }
}

std::int64_t TimeUnits::to_utc(double value) const {
  const double seconds = origin_s_ + value * unit_s_;
  // In the years 0 to 9999, counted from the year 0 where there are no leap days.
  const double first = no_leap_ ? 0 : static_cast<double>(kFirstSecond);
  const double last = no_leap_ ? 365.0 * kDay * (kLastYear + 1) - 1 : static_cast<double>(kLastSecond);
  if (!(seconds >= first && seconds <= last)) {
    throw BadData(fmt::format("{}: {} lies outside the years 0 to {}", where_, value, kLastYear));
  }
  const std::int64_t rounded = std::llround(seconds);
  if (!no_leap_) return rounded;
  return utc_seconds(no_leap_date(rounded), where_);
}

}  // namespace longtake::fields
