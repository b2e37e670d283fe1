#include "cli/forecaster.h"

#include <fmt/format.h>

#include "longtake/error.h"
#include "runtime/program.h"

namespace longtake::cli {

OpenedForecaster open_forecaster(const std::string& path, graph::Model model, int threads) {
  OpenedForecaster opened{path, std::make_shared<const graph::Model>(std::move(model)), nullptr};
  try {
    tasks::forecast_protocol_of(*opened.model);
    tasks::forecast_input_of(*opened.model);
    tasks::extrapolation_of(*opened.model);
  } catch (const Error& error) {
    throw BadData(fmt::format("{}: {}", path, error.what()));
  }
  opened.forecasters = std::make_unique<tasks::ForecasterSet>(
      *opened.model, [model = opened.model, threads](const std::string& graph, const graph::InputShapes& sizes) {
        return std::make_unique<runtime::Program>(model, graph,
                                                  runtime::ProgramOptions{.sizes = sizes, .threads = threads});
      });
  return opened;
}

}  // namespace longtake::cli
