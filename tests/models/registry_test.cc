// The list of models, and what every line of it must hold.
#include "models/registry.h"

#include <gmock/gmock.h>

#include <set>

#include "longtake/error.h"

namespace longtake::models {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

class Registry : public testing::TestWithParam<const Entry*> {
 protected:
  const Entry& entry() const { return *GetParam(); }
  Options tiny() const { return tiny_options(entry()); }
  Purpose purpose() const { return {entry().tiny_input, {"left", "right"}}; }
};

TEST_P(Registry, IsListedWithPaperYearAndTask) {
  EXPECT_NE(std::string(entry().paper), "");
  EXPECT_NE(std::string(entry().summary), "");
  EXPECT_NE(std::string(entry().task), "");
  EXPECT_GE(entry().year, 1990);
  EXPECT_LE(entry().year, 2100);
  EXPECT_EQ(&find(entry().name), &entry());
}

TEST_P(Registry, BuildsAtItsTinyOptions) {
  const Options options = tiny();
  const graph::Model model = build(options, purpose());
  options.check_all_used();
  EXPECT_EQ(model.name, entry().name);
  EXPECT_EQ(model.task, entry().task);
  EXPECT_EQ(model.labels, purpose().labels);
  EXPECT_TRUE(model.weights.empty());
  EXPECT_GT(model.parameter_count(), 0);
  EXPECT_LT(model.parameter_count(), 100000);
}

// The resolved options, defaults included, build the same model again.
TEST_P(Registry, BuildsFromItsResolvedOptions) {
  const Options options = tiny();
  const graph::Model model = build(options, purpose());
  const graph::Model again = build(parse_toml(options.to_toml(), "resolved"), purpose());
  EXPECT_EQ(again.parameters, model.parameters);
}

TEST_P(Registry, NamesTheRightKeyForAMisspeltOne) {
  for (const std::string& key : tiny().keys()) {
    if (key == "name") continue;
    Options options = tiny();
    options.set_override(key + "x=1");
    build(options, purpose());
    EXPECT_THAT([&] { options.check_all_used(); },
                ThrowsMessage<ConfigError>(AllOf(HasSubstr(key + "x"), HasSubstr("\"" + key + "\""))));
  }
}

std::vector<const Entry*> entries() {
  std::vector<const Entry*> entries;
  for (const Entry& entry : registry()) entries.push_back(&entry);
  return entries;
}

INSTANTIATE_TEST_SUITE_P(Models, Registry, testing::ValuesIn(entries()),
                         [](const auto& info) { return std::string(info.param->name); });

TEST(RegistryOfModels, HasEveryNameOnce) {
  std::set<std::string> names;
  for (const Entry& entry : registry()) EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
}

TEST(RegistryOfModels, SuggestsTheNearestName) {
  EXPECT_THAT([] { find("lrnc"); }, ThrowsMessage<ConfigError>(AllOf(HasSubstr("lrnc"), HasSubstr("\"lrcn\""))));
}

Purpose two_classes() { return {{.width = 16, .height = 16, .colour = "gray"}, {"left", "right"}}; }

void expect_refused(const std::string& toml, const Purpose& purpose, const std::string& reason) {
  EXPECT_THAT([&] { build(parse_toml(toml, "recipe.toml"), purpose); }, ThrowsMessage<Error>(HasSubstr(reason)))
      << toml;
}

TEST(RegistryOfModels, RefusesOptionsThatMakeNoSense) {
  expect_refused("name = \"lrcn\"\nencoder = \"small_cnn\"\nlstm_layers = 0", two_classes(),
                 "recipe.toml:3: lstm_layers");
  expect_refused("name = \"lrcn\"\nencoder = \"resnet\"", two_classes(), "small_cnn, caffenet_hybrid");
  expect_refused("name = \"lrcn\"\nencoder = \"small_cnn\"\naggregation = \"average\"", two_classes(), "\"average\"");
  expect_refused("name = \"lrcn\"\nencoder = \"small_cnn\"\nhidden_size = \"many\"", two_classes(), "recipe.toml:3");
  expect_refused("name = \"lrcn\"\nencoder = \"small_cnn\"\nhidden_size = -3", two_classes(),
                 "recipe.toml:3: hidden_size");
  expect_refused("name = \"lrcn\"\nencoder = \"small_cnn\"\nsmall_cnn = { channels = [4], kernels = [3, 3] }",
                 two_classes(), "kernels");
  expect_refused("name = \"lrcn\"\nencoder = \"small_cnn\"", {{.colour = "gray"}, {"left", "right"}}, "input");
  expect_refused("name = \"lrcn\"\nencoder = \"small_cnn\"", {two_classes().input, {"left"}}, "two classes");
}

TEST(RegistryOfModels, RefusesForecastersThatDoNotFitTogether) {
  const std::string levels = "name = \"trajectory_gru\"\nhidden = [3, 2]\n";
  expect_refused(levels, two_classes(), "links needs 2 numbers, one for each of hidden");
  // 7 x 7 at a stride of 5 sees 64 x 64 as 12 x 12, which comes back as 60 x 60.
  expect_refused("name = \"trajectory_gru\"", {{.width = 64, .height = 64, .colour = "gray"}, {}},
                 "back to 60 x 60, but it came from 64 x 64");
  expect_refused("name = \"trajectory_gru\"\ncell = \"lstm\"", two_classes(), "trajectory, gru");
  expect_refused("name = \"trajectory_gru\"\nhidden_kernels = [5, 4, 3]", two_classes(), "hidden_kernels");
  expect_refused("name = \"trajectory_gru\"\nhidden = []", two_classes(), "hidden needs at least one level");
  expect_refused("name = \"storm_tracker\"\nhidden = [4, 2]", two_classes(), "hidden must end with 1");
  expect_refused("name = \"storm_tracker\"\nkernel = 4", two_classes(), "kernel must be odd");
  expect_refused("name = \"storm_forecaster\"\nhidden = [4, 0]", two_classes(), "hidden must be at least 1");
}

}  // namespace
}  // namespace longtake::models
