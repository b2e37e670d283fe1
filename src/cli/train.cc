// longtake train: starts longtake-train, which has LibTorch, with the same arguments.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "cli/cli.h"
#include "cli/train_options.h"
#include "longtake/error.h"

namespace longtake::cli {

namespace {

int start_trainer(std::span<char* const> words) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) throw IoError(fmt::format("/proc/self/exe: {}", error.message()));
  const std::string trainer = (self.parent_path() / "longtake-train").string();
  // LibTorch's threads would spin while they wait, and on a machine that does anything else a step then takes many
  // times as long. The library reads this as it is loaded, so it is set before; a value of the user's own stays.
  setenv("OMP_WAIT_POLICY", "passive", 0);
  std::vector<char*> argv{const_cast<char*>(trainer.c_str())};
  argv.insert(argv.end(), words.begin(), words.end());
  argv.push_back(nullptr);
  execv(trainer.c_str(), argv.data());
  throw Unsupported(fmt::format("{}: {}; this longtake was built without training (LONGTAKE_TRAINING)", trainer,
                                std::strerror(errno)));
}

}  // namespace

void add_train(CLI::App& app, Run& run, std::span<char* const> words) {
  CLI::App* verb = app.add_subcommand("train", kTrainSummary);
  auto options = std::make_shared<TrainOptions>();
  add_train_options(*verb, *options);
  // The trainer gets the words behind the verb as they were typed. `options`, which only the parsing needs, stays.
  verb->callback([&run, words, options] { run = [words] { return start_trainer(words.subspan(1)); }; });
}

}  // namespace longtake::cli
