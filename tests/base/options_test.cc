#include "base/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "base/temporary_directory.h"
#include "longtake/error.h"

namespace longtake {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

template <class F>
std::string config_error_of(F function) {
  try {
    function();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no ConfigError";
}

constexpr const char* kRecipe = R"(name = "motions"
seed = 7

[model]
hidden_size = 256
dropout = 0.5
peepholes = true
strides = [1, 2]
scales = [1, 0.5]
classes = ["left", "right"]

[model.encoder]
channels = 16
)";

TEST(Options, ReadsEveryType) {
  const Options options = parse_toml(kRecipe, "r.toml");
  EXPECT_EQ(options.get("name", "x"), "motions");
  EXPECT_EQ(options.get<std::uint64_t>("seed", 0), 7u);
  const Options model = options.table("model");
  EXPECT_EQ(model.get("hidden_size", 1), 256);
  EXPECT_EQ(model.get<std::int64_t>("hidden_size", 1), 256);
  EXPECT_EQ(model.get("dropout", 0.0), 0.5);
  EXPECT_EQ(model.get("peepholes", false), true);
  EXPECT_THAT(model.get("strides", std::vector<std::int64_t>{}), ElementsAre(1, 2));
  EXPECT_THAT(model.get("scales", std::vector<double>{}), ElementsAre(1.0, 0.5));
  EXPECT_THAT(model.require<std::vector<std::string>>("classes"), ElementsAre("left", "right"));
  EXPECT_EQ(model.table("encoder").get("channels", 1), 16);
  EXPECT_NO_THROW(options.check_all_used());
}

TEST(Options, AbsentKeysGiveTheDefault) {
  const Options options;
  EXPECT_EQ(options.get("a", 3), 3);
  EXPECT_EQ(options.get("b", "text"), "text");
  EXPECT_EQ(options.table("t").get("c", 0.25), 0.25);
  EXPECT_FALSE(options.has("d"));
}

TEST(Options, WholeNumbersAreAcceptedWhereNumbersAreWanted) {
  EXPECT_EQ(parse_toml("rate = 1", "r").get("rate", 0.5), 1.0);
  EXPECT_THAT(config_error_of([] { parse_toml("size = 1.0", "r").get("size", 1); }),
              HasSubstr("size must be a whole number of at most 32 bits, but is the number 1.0"));
}

TEST(Options, WrongTypesNameFileLineKeyFoundAndWanted) {
  const Options model = parse_toml("\n[model]\nhidden_size = \"abc\"\nstrides = [1, \"x\"]\n", "a.toml").table("model");
  EXPECT_EQ(config_error_of([&] { model.get<std::int64_t>("hidden_size", 1); }),
            "a.toml:3: model.hidden_size must be a whole number, but is the text \"abc\"");
  EXPECT_EQ(config_error_of([&] { model.get("strides", std::vector<std::int64_t>{}); }),
            "a.toml:4: model.strides must be an array of whole numbers, but is the array [1, \"x\"]");
  EXPECT_EQ(config_error_of([&] { model.table("hidden_size"); }),
            "a.toml:3: model.hidden_size must be a table, but is the text \"abc\"");
  EXPECT_THAT(config_error_of([&] { model.get("hidden_size", true); }), HasSubstr("must be true or false"));
}

TEST(Options, NumbersMustFitTheirType) {
  const Options options = parse_toml("big = 2147483648\nminus = -1\nnot_a_number = nan", "r");
  EXPECT_THAT(config_error_of([&] { options.get("big", 1); }), HasSubstr("at most 32 bits"));
  EXPECT_EQ(options.get<std::int64_t>("big", 1), 2147483648);
  EXPECT_THAT(config_error_of([&] { options.get<std::uint64_t>("minus", 1); }), HasSubstr("not negative"));
  EXPECT_THAT(config_error_of([&] { options.get("not_a_number", 1.0); }), HasSubstr("must be a number"));
}

TEST(Options, MissingMandatoryKeysAreNamed) {
  const Options options = parse_toml("[data]\nx = 1", "a.toml");
  EXPECT_EQ(config_error_of([&] { options.table("data").require<std::string>("train"); }),
            "a.toml:1: data.train is missing; it must be a text in quotes");
}

TEST(Options, UnknownKeysSuggestTheNearestKnownOne) {
  const Options options = parse_toml("[model]\nhiden_size = 3\n", "a.toml");
  options.table("model").get("hidden_size", 1);
  options.table("model").get("layers", 1);
  EXPECT_EQ(config_error_of([&] { options.check_all_used(); }),
            "a.toml:2: unknown key \"hiden_size\" in [model]; did you mean \"hidden_size\"?");
}

TEST(Options, UnknownTablesAndAllUnknownKeysAreReported) {
  const Options options = parse_toml("sed = 1\n[modle]\nx = 1\n", "a.toml");
  options.get("seed", 1);
  options.table("model");
  EXPECT_EQ(config_error_of([&] { options.check_all_used(); }),
            "a.toml:2: unknown key \"modle\"; did you mean \"model\"?\n"
            "a.toml:1: unknown key \"sed\"; did you mean \"seed\"?");
}

TEST(Options, IgnoredTablesMayHoldAnything) {
  const Options options = parse_toml("[train]\nanything = 1\n", "a.toml");
  options.ignore("train");
  EXPECT_NO_THROW(options.check_all_used());
}

TEST(Options, CopiesShareWhatWasAsked) {
  const Options options = parse_toml("a = 1", "r");
  const Options copy = options;
  copy.get("a", 0);
  EXPECT_NO_THROW(options.check_all_used());
}

TEST(Options, KeysListsAFreeTable) {
  EXPECT_THAT(parse_toml("b = 1\na = 2\n[c]\n", "r").keys(), ElementsAre("a", "b", "c"));
}

TEST(Options, ChoicesAreChecked) {
  const std::vector<std::string> choices = {"sgd", "adam"};
  const Options options = parse_toml("[train]\noptimizer = \"adamm\"", "a.toml");
  EXPECT_EQ(Options().get_choice("optimizer", "sgd", choices), "sgd");
  EXPECT_EQ(config_error_of([&] { options.table("train").get_choice("optimizer", "sgd", choices); }),
            "a.toml:2: train.optimizer has an unknown value \"adamm\"; did you mean \"adam\"?");
}

TEST(Options, OverridesAreTypedAsToml) {
  Options options = parse_toml(kRecipe, "r.toml");
  const Options before = options;
  for (const char* assignment : {"model.hidden_size=64", "model.dropout=0.1", "model.peepholes=false",
                                 "model.strides=[3]", "name=lips", "model.encoder.channels = 8", "new.section.word=a b",
                                 "new.quoted=\"12\"", "new.date=2020-01-01", "new.empty=", "new.path=/a#1"}) {
    options.set_override(assignment);
  }
  const Options model = options.table("model");
  EXPECT_EQ(model.get("hidden_size", 1), 64);
  EXPECT_EQ(model.get("dropout", 0.0), 0.1);
  EXPECT_EQ(model.get("peepholes", true), false);
  EXPECT_THAT(model.get("strides", std::vector<std::int64_t>{}), ElementsAre(3));
  EXPECT_EQ(options.get("name", ""), "lips");
  EXPECT_EQ(model.table("encoder").get("channels", 1), 8);
  EXPECT_EQ(options.table("new").table("section").get("word", ""), "a b");
  EXPECT_EQ(options.table("new").get("quoted", ""), "12");
  EXPECT_EQ(options.table("new").get("date", ""), "2020-01-01");
  EXPECT_EQ(options.table("new").get("empty", "x"), "");
  EXPECT_EQ(options.table("new").get("path", ""), "/a#1");
  EXPECT_EQ(before.table("model").get("hidden_size", 1), 256) << "a copy keeps its own values";
}

TEST(Options, BadOverridesAreExplained) {
  Options options = parse_toml(kRecipe, "r.toml");
  EXPECT_THAT(config_error_of([&] { options.set_override("model.hidden_size"); }), HasSubstr("section.key=value"));
  EXPECT_THAT(config_error_of([&] { options.set_override("model..x=1"); }), HasSubstr("is empty"));
  EXPECT_THAT(config_error_of([&] { options.set_override("name.x=1"); }), HasSubstr("r.toml:1 is no table"));
  EXPECT_THAT(config_error_of([&] { options.set_override("model.strides=[1,"); }), HasSubstr("override model.strides"));
  EXPECT_THAT(config_error_of([&] { options.set_override("a=[1]\nb=2"); }), HasSubstr("more than one value"));
  options.set_override("model.hidden_size=many");
  EXPECT_EQ(config_error_of([&] { options.table("model").get("hidden_size", 1); }),
            "override model.hidden_size=many: model.hidden_size must be a whole number of at most 32 bits, but is the "
            "text \"many\"");
}

TEST(Options, AMisspeltOverrideIsAnUnknownKey) {
  Options options;
  options.set_override("modle.x=1");
  options.table("model");
  EXPECT_EQ(config_error_of([&] { options.check_all_used(); }),
            "override modle.x=1: unknown key \"modle\"; did you mean \"model\"?");
}

TEST(Options, SyntaxErrorsNameFileLineAndColumn) {
  EXPECT_THAT(config_error_of([] { parse_toml("a = 1\nb = = 2\n", "a.toml"); }), HasSubstr("a.toml:2:5: "));
  EXPECT_THAT(config_error_of([] { parse_toml("a = 1\na = 2\n", "a.toml"); }), HasSubstr("a.toml:2:"));
  EXPECT_THAT(config_error_of([] { parse_toml("a = \"\xff\"", "a.toml"); }), HasSubstr("a.toml:1:"));
}

TEST(Options, DatesAndNestedArraysAreRefused) {
  EXPECT_THAT(config_error_of([] { parse_toml("a = 2020-01-01", "a.toml"); }), HasSubstr("put it in quotes"));
  EXPECT_THAT(config_error_of([] { parse_toml("a = [[1]]", "a.toml"); }), HasSubstr("a.toml:1: a is an array of"));
  EXPECT_THAT(config_error_of([] { parse_toml("[[a]]\nb = 1", "a.toml"); }), HasSubstr("a is an array of"));
}

TEST(Options, HostileNestingAndLengthAreErrors) {
  std::string deep;
  for (std::size_t i = 0; i < kRecipeDots; ++i) deep += "a.";
  EXPECT_THAT(config_error_of([&] { parse_toml(deep + "a=1", "a.toml"); }), HasSubstr("nested too deeply"));
  EXPECT_THAT(config_error_of([&] { parse_toml("[" + deep + ".a]", "a.toml"); }), HasSubstr("8001 dots"));
  EXPECT_THAT(config_error_of([&] { parse_toml("a=" + std::string(9999, '['), "a.toml"); }), HasSubstr("nested"));
  EXPECT_THAT(config_error_of([&] { parse_toml(std::string(kRecipeBytes + 1, '\n'), "a.toml"); }),
              HasSubstr("at most 1048576"));
  EXPECT_THAT(config_error_of([&] { Options().set_override(deep + "a.a=1"); }), HasSubstr("8001 dots"));
  EXPECT_THAT(config_error_of([&] { Options().set_override(deep + "a=1"); }), HasSubstr("nested too deeply"));
}

TEST(Options, ResolvedRecipeHoldsValuesAndDefaults) {
  Options options = parse_toml("[model]\nhidden_size = 8\n", "r");
  options.table("model").get("hidden_size", 256);
  options.table("model").get("dropout", 0.5);
  options.table("train").get("epochs", 10);
  options.get("name", "run");
  EXPECT_EQ(options.to_toml(), R"(name = "run"

[model]
dropout = 0.5
hidden_size = 8

[train]
epochs = 10
)");
}

TEST(Options, WrittenTomlReadsBackTheSame) {
  const Options options;
  const std::string text = "tab\t quote\" back\\slash ' new\nline \x01 \x7f \xc3\xa9";
  const std::vector<double> numbers = {0.1, 1e-7, 1e300, -0.0, 3.0, 1e22, 5e-324, 1.0 / 3.0};
  options.get("text", text);
  options.get("numbers", numbers);
  options.get("infinite", -std::numeric_limits<double>::infinity());
  options.get("whole", std::numeric_limits<std::int64_t>::min());
  options.get("empty", std::vector<std::string>{});
  options.table("a b").table("\"c\".d").get("flag", true);
  const std::string written = options.to_toml();
  const Options again = parse_toml(written, "written");
  EXPECT_EQ(again.to_toml(), written);
  EXPECT_EQ(again.get("text", ""), text);
  EXPECT_EQ(again.get("numbers", std::vector<double>{}), numbers);
  EXPECT_EQ(again.get("infinite", 0.0), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(again.get<std::int64_t>("whole", 0), std::numeric_limits<std::int64_t>::min());
  EXPECT_TRUE(again.get("empty", std::vector<std::string>{"x"}).empty());
  EXPECT_TRUE(again.table("a b").table("\"c\".d").get("flag", false));
}

TEST(Options, LoadsFromAFile) {
  const TemporaryDirectory directory;
  real_files().write_atomic(directory / "r.toml", "a = ");
  EXPECT_THAT(config_error_of([&] { load_toml(real_files(), directory / "r.toml"); }),
              HasSubstr((directory / "r.toml").string() + ":1:"));
  EXPECT_THROW(load_toml(real_files(), directory / "missing.toml"), IoError);
}

}  // namespace
}  // namespace longtake
