// Progress of long work for people: how far, how fast, how long to go. On a terminal one line that is drawn again in
// place; elsewhere (a log file, a pipe) a plain line every now and then.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace longtake::reports {

// What the output can show.
struct TerminalTraits {
  bool redraws = false;  // a terminal that can return to the line's begin
  bool colour = false;
  int columns = 80;
};

// The traits of an open file descriptor: a terminal is one unless TERM is "dumb"; NO_COLOR (https://no-color.org), set
// to anything but nothing, turns colours off.
TerminalTraits terminal_traits(int descriptor);
// The same from what was found out, for tests. A null pointer stands for a variable that is not set.
TerminalTraits terminal_traits(bool is_terminal, const char* term, const char* no_color, int columns);

class Progress {
 public:
  using Clock = std::function<double()>;                      // seconds that never go back
  using Output = std::function<void(std::string_view text)>;  // takes the text as it is

  struct Options {
    std::string what;                   // "training", "reading clips"
    std::string unit;                   // "steps", "frames"; the rate is in these per second
    std::optional<std::int64_t> total;  // of units; without it there is no share and no ETA
    std::int64_t start = 0;             // units that were done before, by the run that is resumed
    double redraw_s = 0.1;              // between two drawings on a terminal
    double plain_s = 10;                // between two plain lines
    TerminalTraits terminal;
  };

  // The clock is read now. Nothing is written before the first update().
  Progress(Options options, Clock clock, Output output);

  // So many units are done by now. `detail` ("loss 0.43") is shown behind the numbers. Cheap where nothing is drawn.
  void update(std::int64_t done, std::string_view detail = {});

  // A message for people that must not be drawn over: writes it as a line of its own.
  void message(std::string_view text);

  // Leaves a last plain line with the time it took. Further calls do nothing.
  void finish();

 private:
  struct Sample {
    double time_s;
    std::int64_t done;
  };

  void draw(double now_s);
  std::string line(double now_s, int columns) const;
  std::string numbers(double now_s) const;
  double rate(double now_s) const;
  void clear_line();

  Options options_;
  Clock clock_;
  Output output_;
  double start_s_;
  double next_draw_s_;
  std::deque<Sample> samples_;  // of the last kRateWindow seconds, the first of them before
  std::int64_t done_;
  std::string detail_;
  bool line_open_ = false;
  bool finished_ = false;
};

// "0:07", "12:34", "1:02:03", "2 d 03:04:05"
std::string duration_text(double seconds);

}  // namespace longtake::reports
