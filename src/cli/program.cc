#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>

#include "base/files.h"
#include "cli/cli.h"
#include "longtake/error.h"

namespace longtake::cli {

namespace {

// A signal's handler reaches nothing but variables.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
std::atomic<bool> interrupted_flag = false;

void on_signal(int signal) {
  if (interrupted_flag.exchange(true)) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}

class TerminalLog final : public LogSink {
 public:
  explicit TerminalLog(bool verbose) : verbose_(verbose) {}

  void write(LogLevel level, std::string_view message) const override {
    if (level == LogLevel::kDebug && !verbose_) return;
    const char* prefix = level == LogLevel::kError ? "error: " : level == LogLevel::kWarning ? "warning: " : "";
    tell(prefix + std::string(message));
  }

 private:
  bool verbose_;
};

int fail(const std::string& message, int code) {
  tell("longtake: " + message);
  return code;
}

}  // namespace

const std::atomic<bool>& interrupted() { return interrupted_flag; }

void tell(const std::string& line) { fmt::print(stderr, "{}\n", line); }

void put(const std::string& text) {
  if (text.empty()) return;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    if (errno == EPIPE) throw OutputClosed();
    throw IoError(fmt::format("standard output: {}", std::strerror(errno)));
  }
}

std::unique_ptr<LogSink> terminal_log(bool verbose) { return std::make_unique<TerminalLog>(verbose); }

int core_count() { return static_cast<int>(std::max(1u, std::thread::hardware_concurrency())); }

reports::Progress terminal_progress(const std::string& what, const std::string& unit, std::int64_t total) {
  using SteadyClock = std::chrono::steady_clock;
  return {{.what = what, .unit = unit, .total = total, .terminal = reports::terminal_traits(STDERR_FILENO)},
          [] { return std::chrono::duration<double>(SteadyClock::now().time_since_epoch()).count(); },
          [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }};
}

Options load_recipe(const std::string& path, const std::vector<std::string>& overrides) {
  Options recipe = load_toml(real_files(), path);
  for (const std::string& override : overrides) recipe.set_override(override);
  return recipe;
}

int run_program(CLI::App& app, const Run& run, int argc, char** argv) {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and version end up here too, with exit code 0; CLI11's own codes above 100 are not ours.
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  try {
    return run();
  } catch (const OutputClosed&) {
    return kFailed;  // whoever read it has seen enough
  } catch (const ConfigError& error) {
    return fail(error.what(), kUsage);
  } catch (const Error& error) {
    return fail(error.what(), kFailed);
  } catch (const std::bad_alloc&) {
    return fail("out of memory", kFailed);
  } catch (const std::exception& error) {
    return fail(fmt::format("unexpected: {}", error.what()), kFailed);
  }
}

}  // namespace longtake::cli
