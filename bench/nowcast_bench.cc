// Does a new frame of a live nowcast cost the same, however many came before? Follows a made up feed of rain with a
// model of a recipe, untrained: nothing that is timed depends on its weights.
//   nowcast_bench RECIPE FRAMES
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <vector>

#include "base/options.h"
#include "base/text.h"
#include "fields/field.h"
#include "models/registry.h"
#include "runtime/program.h"
#include "tasks/forecast_data.h"
#include "tasks/nowcast.h"
#include "worker.h"

namespace longtake::bench {

namespace {

graph::Model make_nowcaster(const std::string& path) {
  Options recipe = load_toml(real_files(), path);
  graph::Model model = models::build(recipe.table("model"),
                                     {tasks::read_field_input(recipe.table("input")), std::vector<std::string>{}});
  tasks::read_extrapolation(recipe.table("extrapolation"), model);
  tasks::read_forecast_finish(recipe.table("forecast"), model);
  graph::initialise(model, 1);
  return model;
}

// Showers that move to the east, on a grid of the model's own size.
fields::Field shower(const InputSpec& input, std::int64_t frame) {
  fields::Field field = fields::empty_field(input.height, input.width, "nowcast_bench");
  field.quantity = "rain_rate";
  field.unit = "mm/h";
  field.time = static_cast<std::int64_t>(input.step_s) * frame;
  field.grid.kind = fields::GridKind::kProjected;
  for (std::int64_t x = 0; x < input.width; ++x) field.grid.x.push_back(input.spacing * static_cast<double>(x));
  for (std::int64_t y = 0; y < input.height; ++y) field.grid.y.push_back(-input.spacing * static_cast<double>(y));
  for (std::int64_t i = 0; i < input.height * input.width; ++i) {
    const std::int64_t row = i / input.width, column = i % input.width;
    const double wave =
        std::sin(0.2 * static_cast<double>(column - 2 * frame)) * std::cos(0.15 * static_cast<double>(row));
    fields::set_cell(field, static_cast<std::size_t>(i), std::max(0.0, 8 * wave));
  }
  return field;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void follow(const std::string& recipe, std::int64_t frames) {
  const auto model = std::make_shared<const graph::Model>(make_nowcaster(recipe));
  const InputSpec& input = tasks::forecast_input_of(*model);
  tasks::ForecasterSet forecasters(*model, [&](const std::string& graph, const graph::InputShapes& sizes) {
    return std::make_unique<runtime::Program>(model, graph, runtime::ProgramOptions{.sizes = sizes, .threads = 1});
  });
  const tasks::ForecastProtocol protocol = tasks::forecast_protocol_of(*model);
  tasks::Nowcaster nowcaster(forecasters, *model, {.name = "showers"}, {.horizon = protocol.forecast});
  constexpr std::int64_t kBlock = 100;
  std::vector<double> block;
  double first = 0;
  fmt::print("{:>10} {:>12} {:>10} {:>14} {:>12}\n", "frames", "ms a frame", "to first", "state, bytes", "peak, MB");
  for (std::int64_t frame = 0; frame < frames; ++frame) {
    const fields::Field field = shower(input, frame);
    const auto start = std::chrono::steady_clock::now();
    const auto nowcasts = nowcaster.push(field);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    if (!nowcasts.empty()) block.push_back(took.count());
    if (static_cast<std::int64_t>(block.size()) < kBlock) continue;
    const double now = median(block);
    if (first == 0) first = now;
    fmt::print("{:>10} {:>12.2f} {:>10.3f} {:>14} {:>12.1f}\n", frame + 1, now, now / first, nowcaster.state_bytes(),
               peak_megabytes());
    block.clear();
  }
}

}  // namespace

}  // namespace longtake::bench

int main(int argc, char** argv) {
  try {
    if (argc != 3) throw longtake::ConfigError("usage: nowcast_bench RECIPE FRAMES");
    longtake::bench::follow(argv[1], longtake::parse_int64(argv[2], "FRAMES"));
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "nowcast_bench: {}\n", error.what());
    return 2;
  }
}
