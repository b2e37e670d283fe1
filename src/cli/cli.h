// What the programs have in common: how a verb is made known, exit codes, where text goes, interruption.
#pragma once

#include <CLI/CLI.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/options.h"
#include "longtake/error.h"
#include "reports/progress.h"

namespace longtake::cli {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;    // used wrongly: arguments, recipe
inline constexpr int kPartial = 3;  // finished, but inputs were skipped or read in part

// Runs the verb that was chosen on the command line and returns the exit code. Set by the verb's callback.
using Run = std::function<int()>;

// Adds a verb to the program: its options, its help with examples, and what it runs. One function a file.
void add_models(CLI::App& app, Run& run);
void add_inspect(CLI::App& app, Run& run);
void add_data(CLI::App& app, Run& run);
void add_flow(CLI::App& app, Run& run);
// `words` are all arguments of the program, the first of which names the verb.
void add_train(CLI::App& app, Run& run, std::span<char* const> words);
void add_evaluate(CLI::App& app, Run& run);
void add_predict(CLI::App& app, Run& run);
void add_stream(CLI::App& app, Run& run);
void add_compare(CLI::App& app, Run& run);
void add_extract(CLI::App& app, Run& run);
void add_export(CLI::App& app, Run& run);
void add_bench(CLI::App& app, Run& run);
void add_completion(CLI::App& app, Run& run);

// Parses the arguments, runs, and turns what goes wrong into a message on standard error and an exit code.
int run_program(CLI::App& app, const Run& run, int argc, char** argv);

// Becomes true at the first SIGINT or SIGTERM; the second ends the program at once.
const std::atomic<bool>& interrupted();

// Standard output has lost its reader, as in `longtake ... | head -1`. run_program() then ends without a word.
struct OutputClosed {};

// Text for people, on standard error; results, on standard output. A full standard output is IoError, a closed one
// OutputClosed; that nobody can be told is no reason to stop.
void tell(const std::string& line);
void put(const std::string& text);

// Tells messages of the library: warnings and errors, and with `verbose` the rest.
std::unique_ptr<LogSink> terminal_log(bool verbose);

// --precise of a verb that runs models: as LONGTAKE_KERNELS=precise.
void add_precise(CLI::App& verb);
// --weight-format of a verb that runs models: as LONGTAKE_WEIGHT_FORMAT.
void add_weight_format(CLI::App& verb);

// Progress of `total` units on standard error, drawn in place on a terminal, else as plain lines.
reports::Progress terminal_progress(const std::string& what, const std::string& unit, std::int64_t total);

int core_count();

// Accepts whole numbers from `least` to `most`. CLI11 itself makes the nearest number that fits of one too large.
CLI::Validator whole_number(std::int64_t least, std::int64_t most = std::numeric_limits<std::int64_t>::max());
// Accepts numbers from `least` to `most`, and no "nan", which CLI11's own Range lets pass.
CLI::Validator number(double least, double most);

// A recipe with its overrides "section.key=value".
Options load_recipe(const std::string& path, const std::vector<std::string>& overrides);

// Runs `read`, which takes in a recipe, and makes of a ConfigError one that tells the recipe's name and, where a key
// seems to be misspelt, the right one.
template <class Read>
auto in_recipe(const std::string& path, const Options& recipe, const Read& read) {
  try {
    return read();
  } catch (const ConfigError& error) {
    const std::string message = error.what();
    const bool named = message.find(path) != std::string::npos;
    throw ConfigError((named ? "" : path + ": ") + message + recipe.misspelling_hint());
  }
}

// Runs `read`, and makes of an InvalidArgument, where the user gave the argument, a ConfigError that begins with
// `what`.
template <class Read>
decltype(auto) as_usage(const std::string& what, const Read& read) {
  try {
    return read();
  } catch (const InvalidArgument& error) {
    throw ConfigError(what + error.what());
  }
}

}  // namespace longtake::cli
