// longtake completion: a script with which the shell completes verbs and options, made from the program itself.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "cli/cli.h"
#include "longtake/error.h"

namespace longtake::cli {

namespace {

constexpr std::array kShells = {"bash", "zsh"};

// The words that may follow each verb: "data make" -> "motions --help".
void collect(const CLI::App* app, const std::string& path, std::map<std::string, std::string>& words) {
  std::string& own = words[path];
  for (const CLI::App* verb : app->get_subcommands([](const CLI::App*) { return true; })) {
    own += verb->get_name() + " ";
    collect(verb, path.empty() ? verb->get_name() : path + " " + verb->get_name(), words);
  }
  for (const CLI::Option* option : app->get_options()) {
    for (const std::string& name : option->get_lnames()) own += "--" + name + " ";
  }
}

int print_completion(const CLI::App* app, const std::string& shell) {
  if (std::find(kShells.begin(), kShells.end(), shell) == kShells.end()) {
    throw ConfigError("the shell must be bash or zsh");
  }
  std::map<std::string, std::string> words;
  collect(app, "", words);
  for (const char* known : kShells) words["completion"] += fmt::format("{} ", known);
  if (shell == "zsh") put("autoload -U +X bashcompinit && bashcompinit\n");
  put("_longtake() {\n"
      "  local current=\"${COMP_WORDS[COMP_CWORD]}\" path=\"\" word\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case \"${path:+$path }$word\" in\n");
  for (const auto& [path, next] : words) {
    if (!path.empty()) put(fmt::format("      '{0}') path='{0}' ;;\n", path));
  }
  put("    esac\n  done\n  local words=\"\"\n  case \"$path\" in\n");
  for (const auto& [path, next] : words) put(fmt::format("    '{}') words='{}' ;;\n", path, next));
  put("  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "  [[ $current == -* || ${#COMPREPLY[@]} -gt 0 ]] || COMPREPLY=($(compgen -f -- \"$current\"))\n"
      "}\n"
      "complete -o filenames -F _longtake longtake\n");
  return kDone;
}

}  // namespace

void add_completion(CLI::App& app, Run& run) {
  CLI::App* verb = app.add_subcommand("completion", "Print a script that completes verbs and options in the shell");
  auto shell = std::make_shared<std::string>("bash");
  verb->add_option("shell", *shell, "bash or zsh")->capture_default_str();
  verb->footer("Example:\n  source <(longtake completion bash)");
  verb->callback([&app, &run, shell] { run = [&app, shell] { return print_completion(&app, *shell); }; });
}

}  // namespace longtake::cli
