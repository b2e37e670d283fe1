// longtake models: what there is.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/cli.h"
#include "models/registry.h"

namespace longtake::cli {

namespace {

int list_models(bool json) {
  if (json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const models::Entry& entry : models::registry()) {
      list.push_back({{"name", entry.name},
                      {"paper", entry.paper},
                      {"year", entry.year},
                      {"task", entry.task},
                      {"summary", entry.summary}});
    }
    put(list.dump(2) + "\n");
    return kDone;
  }
  for (const models::Entry& entry : models::registry()) {
    put(fmt::format("{:<14} {:<10} {}  {}\n{:<14} {}\n", entry.name, entry.task, entry.year, entry.paper, "",
                    entry.summary));
  }
  return kDone;
}

}  // namespace

void add_models(CLI::App& app, Run& run) {
  CLI::App* verb = app.add_subcommand("models", "List the models, their papers and tasks");
  auto json = std::make_shared<bool>(false);
  verb->add_flag("--json", *json, "As JSON");
  verb->footer("Example:\n  longtake models --json");
  verb->callback([&run, json] { run = [json] { return list_models(*json); }; });
}

}  // namespace longtake::cli
