#include "cli/storm_model.h"

#include <fmt/format.h>

#include "fields/coding.h"
#include "longtake/error.h"
#include "runtime/program.h"

namespace longtake::cli {

StormModel open_storm_model(const std::string& path, graph::Model model, int threads) {
  StormModel opened{path, std::make_shared<const graph::Model>(std::move(model)), {}};
  try {
    tasks::track_protocol_of(*opened.model);
    fields::check_field_spec(tasks::storm_input_of(*opened.model));
  } catch (const Error& error) {
    throw BadData(fmt::format("{}: {}", path, error.what()));
  }
  opened.executors = [model = opened.model, threads](const std::string& graph, const graph::InputShapes& sizes) {
    return std::make_unique<runtime::Program>(model, graph,
                                              runtime::ProgramOptions{.sizes = sizes, .threads = threads});
  };
  return opened;
}

}  // namespace longtake::cli
