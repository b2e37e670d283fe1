#include "worker.h"

#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <numeric>
#include <sstream>

#include "longtake/error.h"

namespace longtake::bench {

namespace {

// More than a third-level cache holds.
constexpr std::size_t kColdFloats = std::size_t{32} << 20;

std::string time_calls(const Work& work, int calls, bool cold) {
  using Clock = std::chrono::steady_clock;
  static std::vector<float> other;
  if (cold) other.resize(kColdFloats, 1.0f);
  volatile float sink = 0;
  std::string line;
  for (int i = -1; i < calls; ++i) {
    if (cold) sink = std::accumulate(other.begin(), other.end(), sink + 0.0f);
    const auto start = Clock::now();
    work.call();
    const std::chrono::duration<double, std::milli> passed = Clock::now() - start;
    if (i >= 0) line += fmt::format("{:.6f} ", passed.count());
  }
  return line;
}

}  // namespace

// Not getrusage(): its maximum counts what the parent held when it started this process.
double peak_megabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1024;
  }
  throw Error("/proc/self/status has no VmHWM");
}

void serve(const Work& work) {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string verb, argument, mode;
    words >> verb >> argument >> mode;
    std::string answer = "done";
    if (verb == "check") {
      save_safetensors(real_files(), argument, work.check());
    } else if (verb == "time") {
      answer = time_calls(work, std::stoi(argument), mode == "cold");
    } else if (verb == "memory") {
      answer = fmt::format("{:.1f}", peak_megabytes());
    } else {
      throw InvalidArgument("a worker does not know: " + line);
    }
    std::cout << answer << std::endl;
  }
}

}  // namespace longtake::bench
