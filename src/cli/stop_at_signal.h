// Makes a stop request of a signal, for what waits for a source.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "cli/cli.h"
#include "longtake/video_reader.h"

namespace longtake::cli {

// A signal's handler may not request a stop itself.
class StopAtSignal {
 public:
  StopAtSignal() : thread_([stop = stop_](const std::stop_token& over) mutable { watch(stop, over); }) {}
  std::stop_token token() const { return stop_.get_token(); }

 private:
  static void watch(std::stop_source& stop, const std::stop_token& over) {
    constexpr std::chrono::milliseconds kBetweenLooks{50};
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any never;
    while (!interrupted() && !over.stop_requested()) never.wait_for(lock, over, kBetweenLooks, [] { return false; });
    if (interrupted()) stop.request_stop();
  }

  std::stop_source stop_;
  std::jthread thread_;
};

// The next frame; false at the end, and where a signal ended the wait for it.
inline bool read_unless_stopped(VideoReader& reader, Frame& frame, const std::stop_token& stop) {
  try {
    return reader.read(frame);
  } catch (const IoError&) {
    if (stop.stop_requested()) return false;
    throw;
  }
}

}  // namespace longtake::cli
