#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <span>
#include <thread>

#include "base/files.h"
#include "base/text.h"
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

// Standard error that is full or closed loses its text, never the work that it is about.
void write_error(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

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

// No argument of any verb is of use when it is empty; a script's variable that was never set makes such ones.
void check_arguments(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (*argv[i] != '\0') continue;
    throw ConfigError(fmt::format("argument {}, after \"{}\", is empty", i, i == 1 ? "longtake" : argv[i - 1]));
  }
}

// Whether words that are no verb may follow, too.
bool takes_words(const CLI::App& app) {
  return !app.get_options([](const CLI::Option* option) { return option->get_positional(); }).empty();
}

// What is wrong with a word that stands where a verb is wanted; empty where no word does.
std::string unknown_verb(const CLI::App& app, std::span<char* const> words) {
  const CLI::App* last = &app;
  for (const char* word : words) {
    const auto verbs = last->get_subcommands([](const CLI::App*) { return true; });
    if (verbs.empty() || *word == '-' || takes_words(*last)) return "";
    const auto found =
        std::find_if(verbs.begin(), verbs.end(), [&](const CLI::App* verb) { return verb->check_name(word); });
    if (found == verbs.end()) {
      std::vector<std::string> names;
      for (const CLI::App* verb : verbs) names.push_back(verb->get_name());
      return unknown_name_message("verb", word, "", names);
    }
    last = *found;
  }
  return "";
}

}  // namespace

const std::atomic<bool>& interrupted() { return interrupted_flag; }

void tell(const std::string& line) { write_error(line + "\n"); }

void put(const std::string& text) {
  if (text.empty()) return;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    if (errno == EPIPE) throw OutputClosed();
    throw IoError(fmt::format("standard output: {}", std::strerror(errno)));
  }
}

std::unique_ptr<LogSink> terminal_log(bool verbose) { return std::make_unique<TerminalLog>(verbose); }

CLI::Validator whole_number(std::int64_t least, std::int64_t most) {
  const bool open = most == std::numeric_limits<std::int64_t>::max();
  const std::string wanted = open ? fmt::format("a whole number of at least {}", least)
                                  : fmt::format("a whole number from {} to {}", least, most);
  return {[=](const std::string& text) -> std::string {
            try {
              const std::int64_t number = parse_int64(text, "");
              if (number >= least && number <= most) return "";
            } catch (const BadData&) {
              // The message below says it.
            }
            return fmt::format("\"{}\" is not {}", text, wanted);
          },
          ""};
}

CLI::Validator number(double least, double most) {
  return {[=](const std::string& text) -> std::string {
            try {
              const double value = parse_double(text, "");
              if (value >= least && value <= most) return "";
            } catch (const BadData&) {
              // The message below says it.
            }
            return fmt::format("\"{}\" is not a number from {} to {}", text, least, most);
          },
          ""};
}

int core_count() { return static_cast<int>(std::max(1u, std::thread::hardware_concurrency())); }

void add_precise(CLI::App& verb) {
  const auto choose = [] {
    const char* chosen = std::getenv("LONGTAKE_KERNELS");
    const std::string others = chosen == nullptr || *chosen == '\0' ? "" : std::string(chosen) + ",";
    setenv("LONGTAKE_KERNELS", (others + "precise").c_str(), 1);
  };
  verb.add_flag_callback("--precise", choose,
                         "Convolutions sum in order: slower, with a fifth of the error (LONGTAKE_KERNELS=precise)");
}

void add_weight_format(CLI::App& verb) {
  const auto choose = [](const std::string& format) { setenv("LONGTAKE_WEIGHT_FORMAT", format.c_str(), 1); };
  verb.add_option_function<std::string>("--weight-format", choose,
                                        "Keep the weights of LSTMs, GRUs and fully connected layers as float32, "
                                        "float16 or int8; without it as the model's file does (LONGTAKE_WEIGHT_FORMAT)")
      ->check(CLI::IsMember({"float32", "float16", "int8"}));
}

reports::Progress terminal_progress(const std::string& what, const std::string& unit, std::int64_t total) {
  using SteadyClock = std::chrono::steady_clock;
  return {{.what = what, .unit = unit, .total = total, .terminal = reports::terminal_traits(STDERR_FILENO)},
          [] { return std::chrono::duration<double>(SteadyClock::now().time_since_epoch()).count(); },
          write_error};
}

Options load_recipe(const std::string& path, const std::vector<std::string>& overrides) {
  Options recipe = load_toml(real_files(), path);
  for (const std::string& override : overrides) recipe.set_override(override);
  return recipe;
}

int run_program(CLI::App& app, const Run& run, int argc, char** argv) {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  // The write then fails, which is reported.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    check_arguments(argc, argv);
    app.parse(argc, argv);
    return run();
  } catch (const CLI::ParseError& error) {
    const std::string problem = unknown_verb(app, std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
    if (error.get_exit_code() != 0 && !problem.empty()) return fail(problem, kUsage);
    // Help and version end up here too, with exit code 0; CLI11's own codes above 100 are not ours.
    return app.exit(error) == 0 ? kDone : kUsage;
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
