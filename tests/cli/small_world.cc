#include "cli/small_world.h"

#include <fmt/format.h>

#include <stdexcept>

#include "base/options.h"
#include "cli/programs.h"
#include "data/motions.h"
#include "graph/model_file.h"
#include "media/clips.h"
#include "models/registry.h"
#include "tasks/classify.h"
#include "tasks/recipe.h"

namespace longtake::test {

void make_clips(const std::string& directory, int train, int test) {
  const Outcome made = run({"data", "make", "motions", directory, "--size", "32", "--frames", "8", "--train",
                            std::to_string(train), "--test", std::to_string(test)});
  if (made.code != 0) throw std::runtime_error("cannot make clips: " + made.err);
}

std::string recipe_text(const std::string& clips, const std::string& extra) {
  return fmt::format(R"([model]
name = "lrcn"
encoder = "small_cnn"
encoder_dropout = 0.2
hidden_size = 6
lstm_dropout = 0.2
initialiser = "scaled"
aggregation = "linear"

[model.small_cnn]
channels = [4, 6]
kernels = [3, 3]
features = 8
difference = true

[input]
fps = 15.0
width = 18
height = 18
crop_width = 16
crop_height = 16
colour = "gray"
standardise = true

[data]
format = "folders"
path = "{}"

[augment]
crop = true
mirror = false

[train]
epochs = 1
batch_size = 8
optimizer = "adam"
learning_rate = 2e-3
{}

[evaluate]
clip = 0
crops = 1

[events]
on = 0.3
off = 0.2
)",
                     clips, extra);
}

graph::Model small_model() {
  const Options recipe = parse_toml(recipe_text("nowhere"), "recipe");
  graph::Model model =
      models::build(recipe.table("model"), {tasks::read_input(recipe.table("input")), motion_labels()});
  tasks::read_protocol(recipe.table("evaluate"), model);
  graph::initialise(model, 1);
  return model;
}

SmallWorld::SmallWorld() {
  make_clips(path("clips"), 2, 1);
  media::write_file(path("recipe.toml"), recipe_text(path("clips")));
  graph::save_model(small_model(), model());
}

std::string SmallWorldTest::recipe_with(const std::string& from, const std::string& to) {
  std::string text = recipe_text(path("clips"));
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  media::write_file(path("changed.toml"), text);
  return path("changed.toml");
}

}  // namespace longtake::test
