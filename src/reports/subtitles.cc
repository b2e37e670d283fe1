#include "reports/subtitles.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "reports/html.h"
#include "reports/result_text.h"
#include "reports/utf8.h"

namespace longtake::reports {
namespace {

// The clock of both formats. Times that no video has are brought into what it can show.
std::int64_t milliseconds(double time_s) {
  constexpr double kLongest = 1e12;
  return std::isnan(time_s) ? 0 : std::llround(std::clamp(time_s, 0.0, kLongest) * 1000);
}

std::string clock_text(std::int64_t time_ms, SubtitleKind kind) {
  return fmt::format("{:02}:{:02}:{:02}{}{:03}", time_ms / 3600000, time_ms / 60000 % 60, time_ms / 1000 % 60,
                     kind == SubtitleKind::kWebVtt ? '.' : ',', time_ms % 1000);
}

bool starts_before(const tasks::Event& a, const tasks::Event& b) {
  return a.start_s != b.start_s ? a.start_s < b.start_s : a.label < b.label;
}

std::string without_markup(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const CodePoint point = next_code_point(text);
    switch (point.value) {
      case '<':
        out += "\u2039";
        break;
      case '>':
        out += "\u203a";
        break;
      case '{':
        out += '(';
        break;
      case '}':
        out += ')';
        break;
      default:
        out += point.text;
    }
  }
  return out;
}

}  // namespace

std::string subtitle_time(double time_s, SubtitleKind kind) { return clock_text(milliseconds(time_s), kind); }

std::string subtitle_text(std::string_view label, SubtitleKind kind) {
  // An empty line would end the cue, so all white space and controls are spaces.
  std::string line;
  while (!label.empty()) {
    const CodePoint point = next_code_point(label);
    const bool breaks = is_control(point.value) || point.value == 0x2028 || point.value == 0x2029;
    line += breaks ? std::string_view(" ") : point.text;
  }
  return kind == SubtitleKind::kWebVtt ? escape_html(line) : without_markup(line);
}

std::string SubtitleWriter::cue(const tasks::Event& event) {
  const std::int64_t start = milliseconds(event.start_s);
  const std::int64_t end = std::max(milliseconds(event.end_s), start + 1);  // a cue must not be empty
  std::string out = kind_ == SubtitleKind::kSubRip ? fmt::format("{}\n", ++cues_) : std::string();
  out += fmt::format("{} --> {}\n{}", clock_text(start, kind_), clock_text(end, kind_),
                     subtitle_text(label_at(labels_, event.label), kind_));
  if (std::isfinite(event.peak)) out += fmt::format(" {:.0f} %", 100 * event.peak);
  return out + "\n\n";
}

std::string SubtitleWriter::head() { return kind_ == SubtitleKind::kWebVtt ? "WEBVTT\n\n" : ""; }

std::string SubtitleWriter::video(const tasks::VideoResult& result) {
  std::vector<tasks::Event> events = result.events;
  std::stable_sort(events.begin(), events.end(), starts_before);
  std::string out;
  for (const tasks::Event& event : events) out += cue(event);
  return out;
}

void SubtitleWriter::take(std::span<const tasks::EventEdge> edges) {
  for (const tasks::EventEdge& edge : edges) {
    if (edge.start) {
      open_.push_back(edge.event);
    } else {
      std::erase_if(open_, [&](const tasks::Event& event) { return event.label == edge.event.label; });
      ended_.push_back(edge.event);
    }
  }
  std::stable_sort(ended_.begin(), ended_.end(), starts_before);
}

std::string SubtitleWriter::ready_cues() {
  double first_open = std::numeric_limits<double>::infinity();
  for (const tasks::Event& event : open_) first_open = std::min(first_open, event.start_s);
  std::string out;
  auto event = ended_.begin();
  for (; event != ended_.end() && event->start_s <= first_open; ++event) out += cue(*event);
  ended_.erase(ended_.begin(), event);
  return out;
}

std::string SubtitleWriter::frame(std::string_view, const tasks::FrameScores&, std::span<const tasks::EventEdge> edges,
                                  const std::optional<LiveCounters>&) {
  take(edges);
  return ready_cues();
}

std::string SubtitleWriter::finish(const tasks::VideoResult&, std::span<const tasks::EventEdge> edges,
                                   const std::optional<LiveCounters>&) {
  take(edges);
  open_.clear();
  return ready_cues();
}

}  // namespace longtake::reports
