#include "reports/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "reports/utf8.h"

namespace longtake::reports {
namespace {

constexpr double kRateWindow = 20;       // s; speed is that of the recent past, since it changes on a busy machine
constexpr double kSampleInterval = 0.5;  // s, between two of its samples
constexpr int kBarColumns = 20;
constexpr int kLeastColumns = 20;
constexpr std::string_view kClearLine = "\r\x1b[K";

std::string number(double value) {
  if (value >= 99.95) return fmt::format("{:.0f}", value);
  return value >= 9.995 ? fmt::format("{:.1f}", value) : fmt::format("{:.2f}", value);
}

std::string bar(double share, bool colour) {
  const int filled = static_cast<int>(std::floor(share * kBarColumns));
  const std::string full(filled, '=');
  const std::string head = filled < kBarColumns ? ">" : "";
  const std::string rest(std::max(0, kBarColumns - filled - 1), ' ');
  return colour ? fmt::format("\x1b[36m[{}{}\x1b[0m{}\x1b[36m]\x1b[0m", full, head, rest)
                : fmt::format("[{}{}{}]", full, head, rest);
}

}  // namespace

TerminalTraits terminal_traits(bool is_terminal, const char* term, const char* no_color, int columns) {
  TerminalTraits traits;
  traits.redraws = is_terminal && term != nullptr && std::string_view(term) != "dumb";
  traits.colour = traits.redraws && (no_color == nullptr || *no_color == '\0');
  if (columns >= kLeastColumns) traits.columns = columns;
  return traits;
}

TerminalTraits terminal_traits(int descriptor) {
  winsize size{};
  const bool sized = ::ioctl(descriptor, TIOCGWINSZ, &size) == 0;
  return terminal_traits(::isatty(descriptor) == 1, std::getenv("TERM"), std::getenv("NO_COLOR"),
                         sized ? size.ws_col : 0);
}

std::string duration_text(double seconds) {
  constexpr double kLongest = 1e9;
  const auto all = static_cast<std::int64_t>(std::isfinite(seconds) ? std::clamp(seconds, 0.0, kLongest) + 0.5 : 0);
  const std::int64_t days = all / 86400, hours = all / 3600 % 24, minutes = all / 60 % 60, rest = all % 60;
  if (days > 0) return fmt::format("{} d {:02}:{:02}:{:02}", days, hours, minutes, rest);
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, minutes, rest);
  return fmt::format("{}:{:02}", minutes, rest);
}

Progress::Progress(Options options, Clock clock, Output output)
    : options_(std::move(options)),
      clock_(std::move(clock)),
      output_(std::move(output)),
      start_s_(clock_()),
      // A log's first line comes after the pause, too: short work leaves only its last line.
      next_draw_s_(start_s_ + (options_.terminal.redraws ? 0 : options_.plain_s)),
      done_(options_.start) {
  samples_.push_back({start_s_, done_});
}

void Progress::update(std::int64_t done, std::string_view detail) {
  if (finished_) return;
  const double now_s = clock_();
  done_ = done;
  if (now_s - samples_.back().time_s >= kSampleInterval) samples_.push_back({now_s, done});
  while (samples_.size() > 2 && now_s - samples_[1].time_s >= kRateWindow) samples_.pop_front();
  detail_ = detail;
  if (now_s >= next_draw_s_) draw(now_s);
}

double Progress::rate(double now_s) const {
  const Sample& first = samples_.front();
  return now_s > first.time_s ? static_cast<double>(done_ - first.done) / (now_s - first.time_s) : 0;
}

std::string Progress::numbers(double now_s) const {
  std::string out = options_.total ? fmt::format("{}/{}", done_, *options_.total) : fmt::format("{}", done_);
  if (!options_.unit.empty()) out += " " + options_.unit;
  const double speed = rate(now_s);
  if (speed > 0) {
    out += fmt::format("  {}/s", number(speed));
    if (options_.total && *options_.total > done_) {
      out += "  ETA " + duration_text(static_cast<double>(*options_.total - done_) / speed);
    }
  }
  if (!detail_.empty()) out += "  " + on_one_line(detail_);
  return out;
}

std::string Progress::line(double now_s, int columns) const {
  const bool shared = options_.total && *options_.total > 0;
  const double share =
      shared ? std::clamp(static_cast<double>(done_) / static_cast<double>(*options_.total), 0.0, 1.0) : 0;
  std::string head = on_one_line(options_.what);
  if (shared) head += fmt::format(" {:3.0f}%", std::floor(100 * share));
  const std::string tail = numbers(now_s);
  const int needed = columns_of(head) + columns_of(tail) + 2;
  if (shared && columns > 0 && needed + kBarColumns + 4 <= columns) {
    return head + " " + bar(share, options_.terminal.colour) + " " + tail;
  }
  const std::string plain = head + "  " + tail;
  return columns > 0 ? std::string(fitting_prefix(plain, columns - 1)) : plain;
}

void Progress::draw(double now_s) {
  next_draw_s_ = now_s + (options_.terminal.redraws ? options_.redraw_s : options_.plain_s);
  if (options_.terminal.redraws) {
    // In one piece, so that it does not flicker.
    output_(fmt::format("{}{}", kClearLine, line(now_s, options_.terminal.columns)));
    line_open_ = true;
  } else {
    output_(line(now_s, 0) + "\n");
  }
}

void Progress::clear_line() {
  if (line_open_) output_(kClearLine);
  line_open_ = false;
}

void Progress::message(std::string_view text) {
  const bool was_open = line_open_;
  clear_line();
  output_(fmt::format("{}\n", text));
  if (was_open) draw(clock_());
}

void Progress::finish() {
  if (finished_) return;
  finished_ = true;
  clear_line();
  const double passed_s = clock_() - start_s_;
  std::string out = fmt::format("{}  {}", on_one_line(options_.what), done_);
  if (options_.total && *options_.total != done_) out += fmt::format(" of {}", *options_.total);
  if (!options_.unit.empty()) out += " " + options_.unit;
  out += " in " + duration_text(passed_s);
  if (passed_s > 0 && done_ > options_.start) {
    out += fmt::format("  {}/s", number(static_cast<double>(done_ - options_.start) / passed_s));
  }
  if (!detail_.empty()) out += "  " + on_one_line(detail_);
  output_(out + "\n");
}

}  // namespace longtake::reports
