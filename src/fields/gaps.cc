// The rules of gaps.h.
#include "fields/gaps.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "fields/calendar.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

std::string counted(std::size_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

// The first thing that is wrong, for a message.
std::string first_fault(const TimeFindings& findings, std::span<const std::int64_t> times) {
  if (!findings.gaps.empty()) {
    const TimeGap& gap = findings.gaps.front();
    return fmt::format("{} missing between {} and {}", counted(static_cast<std::size_t>(gap.missing), "frame"),
                       format_time(times[gap.before]), format_time(times[gap.after]));
  }
  if (!findings.duplicates.empty()) {
    const std::size_t i = findings.duplicates.front();
    return fmt::format("frame {} is a second one of {}", i, format_time(times[i]));
  }
  if (!findings.disorder.empty()) {
    const std::size_t i = findings.disorder.front();
    return fmt::format("frame {} of {} comes after one of {}", i, format_time(times[i]), format_time(times[i - 1]));
  }
  const std::size_t i = findings.irregular.front();
  return fmt::format("frame {} of {} lies off the steps", i, format_time(times[i]));
}

}  // namespace

std::string TimeFindings::summary() const {
  std::vector<std::string> parts;
  if (!gaps.empty()) {
    std::int64_t missing = 0;
    for (const TimeGap& gap : gaps) missing += gap.missing;
    parts.push_back(
        fmt::format("{} ({})", counted(gaps.size(), "gap"), counted(static_cast<std::size_t>(missing), "frame")));
  }
  if (!duplicates.empty()) parts.push_back(counted(duplicates.size(), "duplicate"));
  if (!disorder.empty()) parts.push_back(fmt::format("{} out of order", counted(disorder.size(), "frame")));
  if (!irregular.empty()) parts.push_back(fmt::format("{} off the steps", counted(irregular.size(), "frame")));
  return parts.empty() ? "no gaps" : fmt::format("{}", fmt::join(parts, ", "));
}

std::vector<std::string> remarks(const TimeFindings& findings, std::span<const std::int64_t> times,
                                 const std::function<std::string(std::size_t)>& file) {
  std::vector<std::string> remarks;
  for (const std::size_t i : findings.duplicates) {
    const auto used = static_cast<std::size_t>(std::find(times.begin(), times.end(), times[i]) - times.begin());
    remarks.push_back(
        fmt::format("{} is there more than once: {} is used, {} is not", format_time(times[i]), file(used), file(i)));
  }
  if (!findings.irregular.empty()) {
    const std::size_t i = findings.irregular.front();
    remarks.push_back(
        fmt::format("{} of {} lies off the steps{}", file(i), format_time(times[i]),
                    findings.irregular.size() > 1 ? fmt::format(", and {} more", findings.irregular.size() - 1) : ""));
  }
  return remarks;
}

TimeFindings find_gaps(std::span<const std::int64_t> times, std::int64_t step_s, std::int64_t tolerance_s) {
  if (step_s <= 0 || tolerance_s < 0 || tolerance_s * 2 >= step_s) {
    throw InvalidArgument(
        fmt::format("a step of {} s with a tolerance of {} s; a step above 0 and a tolerance below "
                    "half of it are wanted",
                    step_s, tolerance_s));
  }
  TimeFindings findings;
  std::vector<std::size_t> sorted(times.size());
  std::iota(sorted.begin(), sorted.end(), std::size_t{0});
  std::stable_sort(sorted.begin(), sorted.end(), [&](std::size_t a, std::size_t b) { return times[a] < times[b]; });
  for (std::size_t i = 1; i < times.size(); ++i) {
    if (times[i] < times[i - 1]) findings.disorder.push_back(i);
  }
  for (const std::size_t i : sorted) {
    if (findings.order.empty()) {
      findings.order.push_back(i);
      continue;
    }
    const std::size_t before = findings.order.back();
    if (times[i] == times[before]) {
      findings.duplicates.push_back(i);
      continue;
    }
    const std::int64_t distance = times[i] - times[before];
    const std::int64_t steps = (distance + step_s / 2) / step_s;
    if (std::abs(distance - steps * step_s) > tolerance_s || steps == 0) {
      findings.irregular.push_back(i);
    } else if (steps > 1) {
      findings.gaps.push_back({before, i, steps - 1});
    }
    findings.order.push_back(i);
  }
  std::sort(findings.duplicates.begin(), findings.duplicates.end());
  return findings;
}

std::vector<FrameSequence> sequences(std::span<const std::int64_t> times, const GapOptions& options,
                                     const std::string& name) {
  const TimeFindings findings = find_gaps(times, options.step_s, options.tolerance_s);
  if (options.policy == GapPolicy::kError && !findings.clean()) {
    throw BadData(fmt::format("{}: frames do not come every {} s: {}; first, {}", name, options.step_s,
                              findings.summary(), first_fault(findings, times)));
  }
  std::vector<FrameSequence> all;
  std::size_t gap = 0;  // both lists are in the order of time, as the frames are
  std::size_t off = 0;
  for (std::size_t k = 0; k < findings.order.size(); ++k) {
    const std::size_t i = findings.order[k];
    std::int64_t missing = 0;
    if (gap < findings.gaps.size() && findings.gaps[gap].after == i) missing = findings.gaps[gap++].missing;
    const bool irregular = off < findings.irregular.size() && findings.irregular[off] == i;
    if (irregular) ++off;
    const bool fills = options.policy == GapPolicy::kFill && missing <= options.most_missing;
    if (all.empty() || irregular || (missing > 0 && !fills)) {
      all.push_back({times[i], options.step_s, {i}});
      continue;
    }
    std::vector<std::optional<std::size_t>>& frames = all.back().frames;
    frames.insert(frames.end(), static_cast<std::size_t>(missing), std::nullopt);
    frames.emplace_back(i);
  }
  return all;
}

Field read_frame(const FieldSeries& series, const FrameSequence& sequence, std::size_t i, const Field& like) {
  check_index(i, sequence.frames.size());
  if (!sequence.frames[i]) return missing_field(like, sequence.time(i));
  Field field = series.read(*sequence.frames[i]);
  check_same_size(like, field);
  return field;
}

}  // namespace longtake::fields
