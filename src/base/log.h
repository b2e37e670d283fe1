// Where longtake's messages to people go. The library prints nothing by itself: a program installs a sink that does.
#pragma once

#include <cstdint>
#include <string_view>

namespace longtake {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

class LogSink {
 public:
  virtual ~LogSink() = default;
  // Takes one message, a sentence without a line's end. May be called from any thread.
  virtual void write(LogLevel level, std::string_view message) const = 0;
};

// Drops everything; the default wherever a sink can be given.
class SilentLog : public LogSink {
 public:
  void write(LogLevel, std::string_view) const override {}
};

inline const LogSink& silent_log() {
  static const SilentLog log;
  return log;
}

}  // namespace longtake
