// The tables [input] and [data] of recipes.
#include "tasks/recipe.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <map>
#include <set>

#include "base/temporary_directory.h"
#include "longtake/error.h"

namespace longtake::tasks {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;

Options input(const std::string& lines) { return parse_toml("[input]\n" + lines, "r.toml").table("input"); }

TEST(ReadInput, TakesEveryKey) {
  const Options recipe = parse_toml(R"([input]
fps = 12.5
width = 320
height = 240
resize = "shorter_side"
crop_width = 227
crop_height = 220
colour = "bgr"
mean = [104, 117, 123]
scale = [1, 0.5, 2]
standardise = true
)",
                                    "r.toml");
  const InputSpec spec = read_input(recipe.table("input"));
  EXPECT_NO_THROW(recipe.check_all_used());
  EXPECT_EQ(spec, (InputSpec{.fps = 12.5,
                             .width = 320,
                             .height = 240,
                             .resize = "shorter_side",
                             .crop_width = 227,
                             .crop_height = 220,
                             .colour = "bgr",
                             .mean = {104, 117, 123},
                             .scale = {1, 0.5, 2},
                             .standardise = true}));
  EXPECT_EQ(read_input(input("")), InputSpec());
}

TEST(ReadInput, NamesKeyAndLineOfWhatMakesNoSense) {
  const auto refused = [](const std::string& lines, const std::string& where) {
    EXPECT_THAT([&] { read_input(input(lines)); }, ThrowsMessage<ConfigError>(StartsWith(where))) << lines;
  };
  refused("fps = -1", "r.toml:2: input.fps");
  refused("fps = 1001", "r.toml:2: input.fps");
  refused("fps = nan", "r.toml:2: input.fps");
  refused("fps = \"fast\"", "r.toml:2: input.fps");
  refused("\nwidth = -5", "r.toml:3: input.width");
  refused("height = 20000", "r.toml:2: input.height");
  refused("width = 10.5", "r.toml:2: input.width");
  refused("crop_width = 227", "r.toml:2: input.crop_width");
  refused("colour = \"rbg\"", "r.toml:2: input.colour");
  refused("resize = \"crop\"", "r.toml:2: input.resize");
  refused("mean = [1, 2]", "r.toml:2: input.mean");
  refused("colour = \"gray\"\nscale = [1, 1, 1]", "r.toml:3: input.scale");
}

TEST(ReadInput, TakesOpticalFlow) {
  const Options recipe = input("fps = 1\nflow = \"tvl1\"\nflow_coding = \"snippets\"\nflow_fps = 15");
  EXPECT_EQ(read_input(recipe), (InputSpec{.fps = 1, .flow = "tvl1", .flow_coding = "snippets", .flow_fps = 15}));
  EXPECT_NO_THROW(recipe.check_all_used());
  EXPECT_EQ(read_input(input("flow = \"video\"")).flow_coding, "lrcn");
  const auto refused = [](const std::string& lines, const std::string& where) {
    EXPECT_THAT([&] { read_input(input(lines)); }, ThrowsMessage<ConfigError>(StartsWith(where))) << lines;
  };
  refused("flow = \"brox\"", "r.toml:2: input.flow");
  refused("flow = \"dis\"\nflow_coding = \"hsv\"", "r.toml:3: input.flow_coding");
  refused("colour = \"gray\"\nflow = \"dis\"", "r.toml:2: input.colour");
  refused("flow = \"dis\"\nflow_fps = 15", "r.toml:3: input.flow_fps");
  refused("fps = 4\nflow = \"dis\"\nflow_fps = 15", "r.toml:4: input.flow_fps");
  const Options alone = input("flow_fps = 15");  // without `flow` it would do nothing
  read_input(alone);
  EXPECT_THROW(alone.check_all_used(), ConfigError);
}

TEST(ReadInput, RefusesACropThatLacksItsWidth) {
  EXPECT_THAT([] { read_input(input("crop_height = 227")); },
              ThrowsMessage<ConfigError>(AllOf(HasSubstr("crop_width"), HasSubstr("crop_height"))));
}

TEST(ReadInput, SuggestsTheRightKeyForAMisspeltOne) {
  const Options recipe = parse_toml("[input]\ncolor = \"gray\"", "r.toml");
  read_input(recipe.table("input"));
  EXPECT_THAT([&] { recipe.check_all_used(); },
              ThrowsMessage<ConfigError>(AllOf(HasSubstr("r.toml:2"), HasSubstr("color"), HasSubstr("\"colour\""))));
}

TEST(ExpandVariables, ReplacesThoseOfTheEnvironment) {
  ASSERT_EQ(::setenv("LONGTAKE_TEST_ROOT", "/videos", 1), 0);
  ASSERT_EQ(::setenv("LONGTAKE_TEST_EMPTY", "", 1), 0);
  ::unsetenv("LONGTAKE_TEST_NOTHING");
  EXPECT_EQ(expand_variables("plain/path"), "plain/path");
  EXPECT_EQ(expand_variables("${LONGTAKE_TEST_ROOT}/a"), "/videos/a");
  EXPECT_EQ(expand_variables("${LONGTAKE_TEST_ROOT:-/other}/${LONGTAKE_TEST_ROOT}"), "/videos//videos");
  EXPECT_EQ(expand_variables("a/${LONGTAKE_TEST_NOTHING:-../data}/b"), "a/../data/b");
  EXPECT_EQ(expand_variables("${LONGTAKE_TEST_EMPTY:-full}"), "full");
  EXPECT_EQ(expand_variables("${LONGTAKE_TEST_NOTHING:-}x"), "x");
  EXPECT_THAT([] { expand_variables("${LONGTAKE_TEST_NOTHING}/a"); },
              ThrowsMessage<ConfigError>(HasSubstr("LONGTAKE_TEST_NOTHING")));
}

// Lists of videos; no reader opens the videos themselves.
class LoadDataset : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) {
    real_files().create_directories((directory_ / name).parent_path());
    real_files().write_atomic(directory_ / name, text);
  }
  // Reads a [data] table in which $ is the directory.
  Dataset load(std::string lines) {
    for (std::size_t at = lines.find('$'); at != std::string::npos; at = lines.find('$')) {
      lines.replace(at, 1, directory_.path().string());
    }
    const Options recipe = parse_toml("[data]\n" + lines, "r.toml");
    Dataset dataset = load_dataset(real_files(), recipe.table("data"));
    recipe.check_all_used();
    return dataset;
  }
  static std::vector<std::string> ids(const Dataset& dataset, std::string_view split) {
    std::vector<std::string> ids;
    for (const DatasetItem& item : dataset.items) {
      if (item.split == split) ids.push_back(item.id);
    }
    return ids;
  }

  TemporaryDirectory directory_;
};

TEST_F(LoadDataset, ReadsFolders) {
  for (const char* name : {"v/test/b/3.mp4", "v/train/a/1.mp4", "v/train/b/2.mp4", "v/test/a/4.mp4"}) write(name, "x");
  const Dataset dataset = load("path = \"$/v\"");
  EXPECT_THAT(dataset.labels, ElementsAre("a", "b"));
  EXPECT_EQ(ids(dataset, kTrainSplit).size(), 2u);
  EXPECT_EQ(ids(dataset, kTestSplit).size(), 2u);
}

TEST_F(LoadDataset, ReadsAManifest) {
  write("list.csv", "path,label,start,end,split\nx.mp4,a,1,2,train\ny.mp4,b,,,test\n");
  const Dataset dataset = load("format = \"manifest\"\npath = \"$/list.csv\"");
  ASSERT_EQ(dataset.items.size(), 2u);
  EXPECT_EQ(dataset.items[0].path, directory_ / "x.mp4");
  EXPECT_EQ(dataset.items[0].start_s, 1);
  EXPECT_EQ(dataset.items[1].split, kTestSplit);
}

TEST_F(LoadDataset, ReadsTheListsOfUcf101) {
  write("classInd.txt", "1 Archery\n2 Bowling\n");
  write("train.txt", "Bowling/v_Bowling_g01_c01.avi 2\n");
  write("test.txt", "Archery/v_Archery_g02_c01.avi\n");
  const Dataset dataset = load(
      "format = \"ucf101\"\nvideos = \"/ucf\"\nclass_index = \"$/classInd.txt\"\ntrain_list = \"$/train.txt\"\n"
      "test_list = \"$/test.txt\"");
  EXPECT_THAT(dataset.labels, ElementsAre("Archery", "Bowling"));
  ASSERT_EQ(dataset.items.size(), 2u);
  EXPECT_EQ(dataset.items[0].label, 1);
  EXPECT_EQ(dataset.items[1].split, kTestSplit);
}

TEST_F(LoadDataset, ReadsTheListsOfHmdb51) {
  write("lists/run_test_split2.txt", "a.avi 1\nb.avi 2\nc.avi 0\n");
  write("lists/run_test_split1.txt", "a.avi 2\n");
  const Dataset dataset = load("format = \"hmdb51\"\nvideos = \"/hmdb\"\nlists = \"$/lists\"\nsplit = 2");
  EXPECT_THAT(dataset.labels, ElementsAre("run"));
  ASSERT_EQ(dataset.items.size(), 2u);
  EXPECT_EQ(dataset.items[0].split, kTrainSplit);
  EXPECT_EQ(dataset.items[1].path, "/hmdb/run/b.avi");
}

TEST_F(LoadDataset, ReadsTheListsOfKinetics) {
  write("k.csv", "label,youtube_id,time_start,time_end,split\nrun,abc,5,15,train\nwalk,def,0,10,validate\n");
  const Dataset dataset = load("format = \"kinetics\"\npath = \"$/k.csv\"\nvideos = \"/k\"\nclass_folders = true");
  ASSERT_EQ(dataset.items.size(), 2u);
  EXPECT_EQ(dataset.items[0].path, "/k/run/abc_000005_000015.mp4");
  EXPECT_EQ(dataset.items[1].split, kValidationSplit);
}

TEST_F(LoadDataset, ReadsIntervalsOfEveryFormat) {
  write("a.json", R"({"database": {"a": {"subset": "training", "annotations": [{"label": "wave", "segment": [0, 1]}]},
                      "b": {"subset": "testing", "annotations": [{"label": "nod", "segment": [0, 1]}]}}})");
  const std::string videos = "videos = \"$/videos\"\n";
  Dataset dataset = load("format = \"activitynet\"\npath = \"$/a.json\"\nextension = \".mkv\"\n" + videos);
  EXPECT_TRUE(dataset.dense);
  EXPECT_EQ(dataset.items[0].path, directory_ / "videos/a.mkv");
  EXPECT_THAT(ids(dataset, "test"), ElementsAre("b"));

  write("multi/class_list.txt", "1 wave\n");
  write("multi/annotations/wave.txt", "a 0.0 1.0\nb 0.5 1.0\n");
  write("test.txt", "a\n");
  dataset = load("format = \"multithumos\"\npath = \"$/multi\"\ntest_list = \"$/test.txt\"\n" + videos);
  EXPECT_THAT(ids(dataset, "test"), ElementsAre("a"));
  EXPECT_EQ(dataset.items.size(), 1U);

  write("val/wave_val.txt", "video_validation_1  0.0  1.0\n");
  write("tst/wave_test.txt", "video_test_1  0.0  1.0\n");
  dataset = load("format = \"thumos14\"\npath = \"$/val\"\ntest_path = \"$/tst\"\n" + videos);
  EXPECT_THAT(ids(dataset, "train"), ElementsAre("video_validation_1"));
  EXPECT_THAT(ids(dataset, "test"), ElementsAre("video_test_1"));

  write("i.csv", "path,label,start,end\na.mp4,1,0,1\na.mp4,2,0.5,2\n");
  dataset = load("format = \"intervals\"\npath = \"$/i.csv\"\nlabels = [\"wave\", \"nod\"]\nfirst_label = 1\n");
  EXPECT_EQ(dataset.items[0].path, directory_ / "a.mp4");
  EXPECT_THAT(dataset.items[0].intervals, ElementsAre(Interval{0, 0, 1}, Interval{1, 0.5, 2}));
  EXPECT_THAT([&] { load("format = \"intervals\"\npath = \"$/i.csv\"\nfirst_label = 1"); },
              ThrowsMessage<ConfigError>(HasSubstr("first_label needs labels")));
  EXPECT_THAT([&] { load("format = \"activitynet\"\npath = \"$/a.json\""); },
              ThrowsMessage<ConfigError>(HasSubstr("videos")));
}

TEST_F(LoadDataset, TakesPathsFromTheEnvironment) {
  write("list.csv", "x.mp4,a\ny.mp4,b\n");
  ASSERT_EQ(::setenv("LONGTAKE_TEST_DATA", directory_.path().c_str(), 1), 0);
  const Options recipe = parse_toml("format = \"manifest\"\npath = \"${LONGTAKE_TEST_DATA}/list.csv\"", "r.toml");
  EXPECT_EQ(load_dataset(real_files(), recipe).items.size(), 2u);
}

TEST_F(LoadDataset, TrainsOnEverythingWhereNoListSaysMore) {
  write("list.csv", "x.mp4,a\ny.mp4,b\n");
  EXPECT_EQ(ids(load("format = \"manifest\"\npath = \"$/list.csv\""), kTrainSplit).size(), 2u);
}

TEST_F(LoadDataset, TakesTheClassesOfTheRecipe) {
  write("list.csv", "x.mp4,a\ny.mp4,b\n");
  const std::string data = "format = \"manifest\"\npath = \"$/list.csv\"\n";
  const Dataset dataset = load(data + "labels = [\"b\", \"c\", \"a\"]");
  EXPECT_THAT(dataset.labels, ElementsAre("b", "c", "a"));
  EXPECT_EQ(dataset.items[0].label, 2);
  EXPECT_EQ(dataset.items[1].label, 0);
  EXPECT_THAT([&] { load(data + "labels = [\"b\", \"c\"]"); }, ThrowsMessage<BadData>(HasSubstr("\"a\"")));
}

TEST_F(LoadDataset, SplitsByPartsOfTheFileNames) {
  write("list.csv", "F01_1.mp4,a\nF01_2.mp4,b\nF02_1.mp4,a\nM01_1.mp4,a\nM02_1.mp4,b\n");
  const Dataset dataset = load(
      "format = \"manifest\"\npath = \"$/list.csv\"\ngroup_pattern = '^([^_]+)_'\ntrain_groups = [\"F01\", \"M01\"]\n"
      "validation_groups = [\"M02\"]\ntest_groups = [\"F02\"]");
  EXPECT_THAT(ids(dataset, kTrainSplit), ElementsAre("F01_1.mp4", "F01_2.mp4", "M01_1.mp4"));
  EXPECT_THAT(ids(dataset, kValidationSplit), ElementsAre("M02_1.mp4"));
  EXPECT_THAT(ids(dataset, kTestSplit), ElementsAre("F02_1.mp4"));
  EXPECT_EQ(dataset.items[0].group, "F01");
}

// 20 items of class a, 10 of b, and 10 of b for testing.
std::string long_manifest() {
  std::string text = "path,label,split\n";
  for (int i = 0; i < 40; ++i) {
    text += std::to_string(i) + ".mp4," + (i < 20 ? "a" : "b") + "," + (i < 30 ? "train" : "test") + "\n";
  }
  return text;
}

TEST_F(LoadDataset, HoldsOutAShareOfEachClassForValidationAlwaysTheSame) {
  write("list.csv", long_manifest());
  const std::string data = "format = \"manifest\"\npath = \"$/list.csv\"\nvalidation_share = ";
  const Dataset dataset = load(data + "0.2");
  std::map<std::pair<std::string, std::int64_t>, int> count;
  for (const DatasetItem& item : dataset.items) ++count[{item.split, item.label}];
  EXPECT_EQ((count[{"train", 0}]), 16);
  EXPECT_EQ((count[{"validation", 0}]), 4);
  EXPECT_EQ((count[{"train", 1}]), 8);
  EXPECT_EQ((count[{"validation", 1}]), 2);
  EXPECT_EQ((count[{"test", 1}]), 10);
  EXPECT_EQ(load(data + "0.2"), dataset);
  // More held out are those and others.
  const auto few = ids(dataset, kValidationSplit), many = ids(load(data + "0.5"), kValidationSplit);
  const std::set<std::string> all(many.begin(), many.end());
  for (const std::string& id : few) EXPECT_TRUE(all.contains(id)) << id;
  EXPECT_EQ(many.size(), 15u);
  EXPECT_TRUE(ids(load(data + "0"), kValidationSplit).empty());
}

TEST_F(LoadDataset, NamesKeyAndLineOfWhatMakesNoSense) {
  write("list.csv", "x.mp4,a\ny.mp4,b\n");
  const std::string data = "format = \"manifest\"\npath = \"$/list.csv\"\n";
  for (const char* share : {"-0.1", "1", "nan"}) {
    EXPECT_THAT([&] { load(data + "validation_share = " + share); },
                ThrowsMessage<ConfigError>(HasSubstr("r.toml:4: data.validation_share")));
  }
  EXPECT_THAT([&] { load("format = \"folder\"\npath = \"$\""); },
              ThrowsMessage<ConfigError>(AllOf(HasSubstr("r.toml:2: data.format"), HasSubstr("folders"))));
  EXPECT_THAT([&] { load("format = \"manifest\""); }, ThrowsMessage<ConfigError>(HasSubstr("data.path")));
  EXPECT_THAT([&] { load("format = \"manifest\"\npath = \"$/absent.csv\""); },
              ThrowsMessage<IoError>(HasSubstr("absent.csv")));
  EXPECT_THAT([&] { load(data + "train_groups = [\"F01\"]"); }, ThrowsMessage<Error>(HasSubstr("F01")));
}

TEST_F(LoadDataset, RefusesAClassThatIsNamedTwice) {
  const Options data = parse_toml("path = \"videos\"\nlabels = [\"wave\", \"bow\", \"wave\"]", "r.toml");
  EXPECT_THAT([&] { read_data(data); },
              ThrowsMessage<ConfigError>(AllOf(HasSubstr("r.toml:2: labels"), HasSubstr("\"wave\" twice"))));
}

TEST_F(LoadDataset, SuggestsTheRightKeyForAMisspeltOne) {
  write("list.csv", "x.mp4,a\ny.mp4,b\n");
  const std::string data = "format = \"manifest\"\npath = \"$/list.csv\"\n";
  const auto suggests = [&](const std::string& wrong, const std::string& right) {
    EXPECT_THAT([&] { load(data + wrong); },
                ThrowsMessage<ConfigError>(AllOf(HasSubstr("r.toml:4"), HasSubstr("\"" + right + "\""))));
  };
  suggests("validation_shar = 0.2", "validation_share");
  suggests("group_patern = \"x\"", "group_pattern");
  suggests("lables = [\"a\", \"b\"]", "labels");
}

TEST_F(LoadDataset, TellsTheClassesWithoutTheDataWhereTheRecipeListsOrCountsThem) {
  const auto labels = [&](const std::string& text) {
    return dataset_labels(real_files(), parse_toml("format = \"manifest\"\npath = \"absent\"\n" + text, "r.toml"));
  };
  EXPECT_THAT(labels("labels = [\"b\", \"a\"]"), ElementsAre("b", "a"));
  EXPECT_THAT(labels("classes = 3"), ElementsAre("class000", "class001", "class002"));
  EXPECT_EQ(labels("classes = 101").size(), 101u);
  EXPECT_THROW(labels("classes = 1"), ConfigError);
  EXPECT_THROW(labels(""), IoError);
  write("list.csv", "x.mp4,b\ny.mp4,a\n");
  EXPECT_THAT(dataset_labels(
                  real_files(),
                  parse_toml("format = \"manifest\"\npath = \"" + (directory_ / "list.csv").string() + "\"", "r.toml")),
              ElementsAre("a", "b"));
}

}  // namespace
}  // namespace longtake::tasks
