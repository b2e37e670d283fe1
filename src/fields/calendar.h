// Time as fields and tracks state it: ISO 8601 and its looser relatives, and CF's "hours since 1900-01-01" in the
// calendars of climate models. Everything becomes seconds since 1970-01-01 00:00:00 UTC.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace longtake::fields {

// A date and time as written, before a calendar gives it a meaning.
struct DateTime {
  std::int64_t year = 1970;
  std::int64_t month = 1;
  std::int64_t day = 1;
  double second_of_day = 0;
  double offset_s = 0;  // of the time zone: east positive
};

// Reads "2001-12-31T23:00:00Z", "1979-1-1", "2018-06-16 10:00:00.5 UTC", "1996-01-05 06:00 -5:00" and the digits
// "YYYYMMDD[HH[MM[SS]]]". Without a time zone it is UTC. Throws BadData that starts with `where`.
DateTime parse_date_time(std::string_view text, std::string_view where);

// Seconds since 1970-01-01 00:00:00 UTC in the Gregorian calendar, rounded; BadData for a day that the calendar lacks.
std::int64_t utc_seconds(const DateTime& time, std::string_view where);
std::int64_t utc_seconds(std::int64_t year, std::int64_t month, std::int64_t day, std::int64_t hour,
                         std::int64_t minute, std::string_view where);
// The same for text: utc_seconds(parse_date_time(text)).
std::int64_t parse_time(std::string_view text, std::string_view where);

// "2018-06-16T10:00:00Z"
std::string format_time(std::int64_t seconds);

// CF conventions 4.4: the units attribute "UNIT since DATE" with a calendar.
class TimeUnits {
 public:
  // The unit may be seconds, minutes, hours, days or weeks. Calendars: standard and gregorian (Julian before
  // 1582-10-15), proleptic_gregorian, and noleap or 365_day, whose dates keep their names: its 1 March is the 1 March
  // of UTC. Throws BadData for units that are none, and Unsupported for months, years and other calendars.
  TimeUnits(std::string_view units, std::string_view calendar, const std::string& where);

  // Rounded to seconds. Throws BadData for values that are not finite or lie beyond the calendar's years.
  std::int64_t to_utc(double value) const;

 private:
  std::string where_;
  double unit_s_ = 1;
  double origin_s_ = 0;  // noleap: seconds since year 0 of that calendar; otherwise since 1970
  bool no_leap_ = false;
};

}  // namespace longtake::fields
