// Intervals of dense sets: what each format says, what is refused where, and what becomes of frames.
#include <gmock/gmock.h>

#include "base/temporary_directory.h"
#include "data/activitynet.h"
#include "data/check.h"
#include "data/interval_csv.h"
#include "data/multithumos.h"
#include "data/thumos14.h"
#include "longtake/error.h"
#include "media/clips.h"

namespace longtake {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using testing::ThrowsMessage;

using Names = std::vector<std::string>;

void write_file(const std::filesystem::path& path, std::string_view text) {
  real_files().create_directories(path.parent_path());
  real_files().write_atomic(path, text);
}

template <class Read>
void expect_annotations_refused(const Read& read, const std::string& start, const std::string& reason) {
  EXPECT_THAT(read, ThrowsMessage<BadData>(AllOf(StartsWith(start), HasSubstr(reason))));
}

// Ten frames of 0.1 s, whose middles are 0.05, 0.15, ...: from 0.25 to 0.45 is frames 2, 3, 4 with both ends included,
// and from 0.26 to 0.44 only frame 3.
TEST(Rasterise, TakesFramesWhoseMiddleLiesInTheIntervalWithBothEnds) {
  std::vector<double> times;
  for (int i = 0; i < 10; ++i) times.push_back(i / 8.0);
  const std::vector<double> centres = frame_centres(times, 8);
  EXPECT_DOUBLE_EQ(centres[0], 1.0 / 16);
  const std::vector<Interval> intervals{{0, 5.0 / 16, 9.0 / 16}, {1, 0.32, 0.56}, {1, 1.1, 9}};
  const Tensor targets = rasterise(intervals, centres, 3);
  ASSERT_EQ(targets.shape(), (Shape{10, 3}));
  std::string rows[3];
  for (std::size_t i = 0; i < 30; ++i) rows[i % 3] += targets.data<std::uint8_t>()[i] != 0 ? '1' : '0';
  EXPECT_EQ(rows[0], "0011100000");
  EXPECT_EQ(rows[1], "0001000001");  // the last frame's middle is 19/16 s
  EXPECT_EQ(rows[2], "0000000000");
  EXPECT_THROW(rasterise(intervals, centres, 1), InvalidArgument);
}

TEST(FrameCentres, OfEveryFrameLieHalfWayToTheNext) {
  EXPECT_THAT(frame_centres(std::vector{1.0, 1.5, 3.0}, 0), ElementsAre(1.25, 2.25, 3.75));
  EXPECT_THAT(frame_centres(std::vector{1.0}, 0), ElementsAre(1.0));
  EXPECT_THAT(frame_centres(std::vector<double>{}, 10), IsEmpty());
}

constexpr const char* kActivityNet = R"({"version": "1.3", "database": {
  "b": {"subset": "validation", "duration": 9.5, "annotations": [
    {"label": "wave", "segment": [4, 5.5]},
    {"label": "point", "segment": [1.5, 8]},
    {"label": "wave", "segment": [0, 2]}]},
  "a": {"subset": "training", "annotations": [{"label": "bow", "segment": [0, 1]}]},
  "kept_back": {"subset": "testing", "annotations": []}
}})";

std::string changed(std::string text, std::string_view from, std::string_view to) {
  text.replace(text.find(from), from.size(), to);
  return text;
}

TEST(ActivityNet, ReadsIntervalsByVideoWithSubsetAsSplit) {
  const Dataset dataset = parse_activitynet(kActivityNet, "a.json");
  EXPECT_TRUE(dataset.dense);
  EXPECT_EQ(dataset.labels, (Names{"bow", "point", "wave"}));
  ASSERT_EQ(dataset.items.size(), 2U);
  EXPECT_EQ(dataset.items[0].id, "a");
  EXPECT_EQ(dataset.items[0].split, "train");
  EXPECT_EQ(dataset.items[1].split, "validation");
  EXPECT_EQ(dataset.items[1].label, kNoLabel);
  EXPECT_THAT(dataset.items[1].intervals, ElementsAre(Interval{2, 0, 2}, Interval{1, 1.5, 8}, Interval{2, 4, 5.5}));
  EXPECT_THAT(dataset.warnings, ElementsAre(AllOf(StartsWith("a.json:7: "), HasSubstr("left out"))));
}

TEST(ActivityNet, TakesGivenClassesInTheirOrder) {
  const Dataset dataset = parse_activitynet(kActivityNet, "a.json", {"wave", "point", "bow", "nod"});
  EXPECT_EQ(dataset.items[0].intervals[0].label, 2);
  EXPECT_EQ(dataset.labels.size(), 4U);
}

TEST(ActivityNet, RefusesWithLineAndReason) {
  const auto refused = [](const std::string& text, const std::string& start, const std::string& reason,
                          const Names& labels = {}) {
    expect_annotations_refused([&] { parse_activitynet(text, "a.json", labels); }, "a.json:" + start + ": ", reason);
  };
  const std::string text = kActivityNet;
  refused(changed(text, "[4, 5.5]", "[4, 3.5]"), "3", "ends at 3.5 s, before its start at 4 s");
  refused(changed(text, "[1.5, 8]", "[1.5, 18]"), "4", "lies outside the video, which has 9.5 s");
  refused(changed(text, "[1.5, 8]", "[9.5, 9.6]"), "4", "lies outside the video");
  refused(changed(text, "[0, 2]", "[-1, 2]"), "5", "starts at -1 s");
  refused(changed(text, "[0, 2]", "[2]"), "5", "start and end in seconds");
  refused(changed(text, "[0, 2]", "[0, \"2\"]"), "5", "is not a number of seconds");
  refused(changed(text, "\"bow\"", "7"), "6", "is not the name of a class");
  refused(changed(text, "training", "practice"), "6", "is no split");
  refused(changed(text, "9.5", "0"), "2", "a video of 0 s");
  refused(changed(text, "\"a\"", "\"b\""), "6", "the key \"b\" is there twice");
  refused(changed(text, "[]", "{}"), "7", "\"annotations\" is not an array");
  refused(changed(text, "\"a\"", "\"../a\""), "6", "\"../a\" is no name of a video below the folder");
  refused(changed(text, "\"a\"", "\"a\\u0000b\""), "6", "holds a NUL character");
  refused(changed(text, "database", "videos"), "1", "has no \"database\"");
  refused(text.substr(0, 200), "5", "it is no JSON");
  refused(std::string(100, '['), "1", "nested more than");
  refused(R"({"database": {}})", "1", "no video in it has annotations");
  refused(text, "3", "unknown class \"wave\"; did you mean \"waves\"?", {"waves", "point", "bow"});
}

TEST(ActivityNet, CutsWhatEndsALittleAfterTheVideoAndSaysSo) {
  const Dataset dataset = parse_activitynet(changed(kActivityNet, "[1.5, 8]", "[1.5, 10]"), "a.json");
  EXPECT_THAT(dataset.items[1].intervals, testing::Contains(Interval{1, 1.5, 9.5}));
  EXPECT_THAT(dataset.warnings, testing::Contains(StartsWith("a.json:4: the interval ends at 10 s, but the video")));
}

TEST(ActivityNet, MergesOverlapsOfOneClassAndNamesBothLines) {
  const Dataset dataset = parse_activitynet(changed(kActivityNet, "[4, 5.5]", "[1, 5.5]"), "a.json");
  EXPECT_THAT(dataset.items[1].intervals, ElementsAre(Interval{2, 0, 5.5}, Interval{1, 1.5, 8}));
  EXPECT_THAT(dataset.warnings,
              testing::Contains(AllOf(StartsWith("a.json:3: \"wave\" from 1 s to 5.5 s in b overlaps with a.json:5"))));
}

TEST(ActivityNet, KeepsIntervalsOfOneClassThatOnlyTouch) {
  const Dataset dataset = parse_activitynet(changed(kActivityNet, "[4, 5.5]", "[2, 5.5]"), "a.json");
  EXPECT_THAT(dataset.items[1].intervals, ElementsAre(Interval{2, 0, 2}, Interval{1, 1.5, 8}, Interval{2, 2, 5.5}));
}

TEST(ActivityNet, WritesWhatItReads) {
  Dataset dataset = parse_activitynet(changed(kActivityNet, "wave", "wa\\\"ve"), "a.json");
  dataset.warnings.clear();
  EXPECT_EQ(parse_activitynet(write_activitynet(dataset, std::vector{2.0, 9.5}), "b.json"), dataset);
}

TEST(LocateVideos, GivesPathsAndSplitsByFolderAndWarnsOfVideosWithoutAnnotation) {
  const TemporaryDirectory directory;
  write_file(directory / "videos/train/v_a.mp4", "x");
  write_file(directory / "videos/train/v_b.mp4", "x");
  write_file(directory / "videos/train/notes.txt", "x");
  write_file(directory / "a.json", R"({"database": {
    "train/a": {"annotations": [{"label": "bow", "segment": [0, 1]}]},
    "test/c.webm": {"annotations": [{"label": "bow", "segment": [0, 1]}]}}})");
  const Dataset dataset =
      read_activitynet(real_files(), directory / "a.json", {}, {.videos = directory / "videos", .prefix = "v_"});
  EXPECT_EQ(dataset.items[0].path, directory / "videos/test/v_c.webm");
  EXPECT_EQ(dataset.items[0].split, "test");
  EXPECT_EQ(dataset.items[1].path, directory / "videos/train/v_a.mp4");
  EXPECT_EQ(dataset.items[1].split, "train");
  EXPECT_THAT(dataset.warnings,
              ElementsAre((directory / "videos/train/v_b.mp4").string() + ": no annotation names this video"));
}

TEST(LocateVideos, TakesSplitsFromListsAndLeavesOutTheRest) {
  const TemporaryDirectory directory;
  write_file(directory / "a.json", kActivityNet);
  write_file(directory / "train.txt", "b\nnobody\n");
  const VideoPlaces places{.videos = directory.path(), .train_list = directory / "train.txt"};
  const Dataset dataset = read_activitynet(real_files(), directory / "a.json", {}, places);
  ASSERT_EQ(dataset.items.size(), 1U);
  EXPECT_EQ(dataset.items[0].split, "train");
  EXPECT_THAT(dataset.warnings, testing::Contains(AllOf(StartsWith((directory / "train.txt").string() + ":2: "),
                                                        HasSubstr("no annotation names"))));
  write_file(directory / "test.txt", "a\nb\n");
  expect_annotations_refused(
      [&] {
        read_activitynet(real_files(), directory / "a.json", {},
                         {.videos = "", .train_list = directory / "train.txt", .test_list = directory / "test.txt"});
      },
      (directory / "test.txt").string() + ":2: ", "listed already at");
}

TEST(IntervalLines, RefuseNamesThatLeadElsewhere) {
  for (const std::string name : {"../a", "/etc/a", "a/../../b", "a/"}) {
    expect_annotations_refused([&] { parse_multithumos_class("b 1 2\n" + name + " 1 2\n", "Dive.txt", "Dive", {}); },
                               "Dive.txt:2: ", "below the folder of the videos");
  }
}

class MultiThumosTest : public testing::Test {
 protected:
  MultiThumosTest() {
    write_file(directory_ / "class_list.txt", "1 Dive\n2 Run\n");
    write_file(directory_ / "annotations/Dive.txt",
               "video_validation_0000051 67.5 75.9\r\nvideo_validation_0000051  80.0\t81.2\r\n");
    write_file(directory_ / "annotations/Run.txt", "video_test_0000004 0.2 1.1\nvideo_validation_0000051 60.0 68.0\n");
  }
  Dataset read() const { return read_multithumos(real_files(), directory_.path(), {.videos = "/videos"}); }

  TemporaryDirectory directory_;
};

TEST_F(MultiThumosTest, ReadsClassesIntervalsAndSplits) {
  const Dataset dataset = read();
  EXPECT_EQ(dataset.labels, (Names{"Dive", "Run"}));
  ASSERT_EQ(dataset.items.size(), 2U);
  EXPECT_EQ(dataset.items[0].path, "/videos/video_test_0000004.mp4");
  EXPECT_EQ(dataset.items[0].split, "test");
  EXPECT_EQ(dataset.items[1].split, "train");
  EXPECT_THAT(dataset.items[1].intervals,
              ElementsAre(Interval{1, 60, 68}, Interval{0, 67.5, 75.9}, Interval{0, 80, 81.2}));
}

TEST_F(MultiThumosTest, RefusesWithFileLineAndReason) {
  const std::string run = (directory_ / "annotations/Run.txt").string();
  const auto refused = [&](std::string_view text, const std::string& start, const std::string& reason) {
    write_file(run, text);
    expect_annotations_refused([&] { read(); }, start, reason);
  };
  refused("a 1.0 2.0\na 3.0 2.0\n", run + ":2: ", "before its start at 3 s");
  refused("a 1.0\n", run + ":1: ", "is no video, start and end");
  refused("a 1,0 2\n", run + ":1: start", "not a number");
  write_file(run, "a 1 2\n");
  write_file(directory_ / "annotations/Dyve.txt", "a 1 2\n");
  expect_annotations_refused([&] { read(); }, (directory_ / "annotations/Dyve.txt").string(), "did you mean \"Dive\"?");
  real_files().remove(directory_ / "annotations/Dyve.txt");
  real_files().remove(run);
  expect_annotations_refused([&] { read(); }, (directory_ / "class_list.txt").string(),
                             "the class \"Run\" has no file");
}

TEST(MultiThumosClasses, CountFromZeroOrOneWithoutGaps) {
  EXPECT_EQ(parse_multithumos_classes("0 Dive\n1 Run fast\n", "c.txt"), (Names{"Dive", "Run fast"}));
  const auto refused = [](std::string_view text, const std::string& start, const std::string& reason) {
    expect_annotations_refused([&] { parse_multithumos_classes(text, "c.txt"); }, start, reason);
  };
  refused("7 Dive\n", "c.txt:1: ", "classes count from 0 or 1");
  refused("1 Dive\n3 Run\n", "c.txt:2: ", "class number 3 where 2 is wanted");
  refused("1 Dive\n2 Dive\n", "c.txt:2: ", "listed twice");
  refused("Dive\n", "c.txt:1: ", "is not a number and a class");
  refused("", "c.txt: ", "a line per class");
}

TEST(Thumos14, ReadsFilesPerClassAndLeavesOutTheAmbiguous) {
  const TemporaryDirectory directory;
  write_file(directory / "val/Dive_val.txt", "video_validation_0000051  67.5  75.9\n");
  write_file(directory / "val/Ambiguous_val.txt", "video_validation_0000051  1.5  2.9\n");
  write_file(directory / "val/readme.txt", "hello");
  write_file(directory / "test/CliffDiving_test.txt", "video_test_0000004 1.5 2.0\n");
  const Dataset dataset = read_thumos14(real_files(), {directory / "val", directory / "test"}, {.videos = "/v"});
  EXPECT_EQ(dataset.labels, (Names{"CliffDiving", "Dive"}));
  EXPECT_EQ(dataset.items[0].split, "test");
  EXPECT_THAT(dataset.items[1].intervals, ElementsAre(Interval{1, 67.5, 75.9}));
  EXPECT_THAT(dataset.warnings, ElementsAre(HasSubstr("readme.txt: it is no <Class>_val.txt")));
  expect_annotations_refused(
      [&] {
        read_thumos14(real_files(), {directory.path() / "val" / "..", directory.path()}, {});
      },
      (directory.path() / "val" / "..").string(), "files such as");
}

TEST(IntervalCsv, ReadsSeveralRowsAVideoAndVideosWithout) {
  const Dataset dataset = parse_interval_csv(
      "end,label,path,start,split\n2.5,wave,a.mp4,1,train\n4,point,\"b, "
      "c.mp4\",2,\n3,point,a.mp4,1,\n,,quiet.mp4,,val\n",
      "i.csv");
  EXPECT_EQ(dataset.labels, (Names{"point", "wave"}));
  ASSERT_EQ(dataset.items.size(), 3U);
  EXPECT_THAT(dataset.items[0].intervals, ElementsAre(Interval{0, 1, 3}, Interval{1, 1, 2.5}));
  EXPECT_EQ(dataset.items[1].id, "b, c.mp4");
  EXPECT_THAT(dataset.items[2].intervals, IsEmpty());
  EXPECT_EQ(dataset.items[2].split, "validation");
}

TEST(IntervalCsv, CountsNumberedClassesFromZeroOrOne) {
  const std::string text = "path,label,start,end\na,1,0,1\na,2,2,3\n";
  const Names labels{"bow", "nod"};
  EXPECT_EQ(parse_interval_csv(text, "i.csv", {labels, 1}).items[0].intervals[1].label, 1);
  expect_annotations_refused(
      [&] {
        parse_interval_csv(text, "i.csv", {labels, 0});
      },
      "i.csv:3: ", "class 2 is not among the 2 classes 0 to 1; first_label = 1");
  expect_annotations_refused(
      [&] {
        parse_interval_csv("path,label,start,end\na,0,0,1\n", "i.csv", {labels, 1});
      },
      "i.csv:2: ", "first_label = 0 would count them from 0");
  EXPECT_THROW(parse_interval_csv(text, "i.csv", {{}, 1}), InvalidArgument);
  EXPECT_THROW(parse_interval_csv(text, "i.csv", {labels, 2}), InvalidArgument);
}

TEST(IntervalCsv, RefusesWithLineAndReason) {
  const auto refused = [](std::string_view rows, const std::string& start, const std::string& reason) {
    expect_annotations_refused([&] { parse_interval_csv("path,label,start,end,split\n" + std::string(rows), "i.csv"); },
                               start, reason);
  };
  refused("a,wave,2,1,\n", "i.csv:2: ", "before its start");
  refused("a,wave,2,,\n", "i.csv:2: end", "not a number");
  refused("a,,1,2,\n", "i.csv:2: ", "the class is empty");
  refused(",wave,1,2,\n", "i.csv:2: ", "the path is empty");
  refused("a,wave,1,2\n", "i.csv:2: ", "4 fields where the header has 5");
  refused("a,wave,1,2,train\na,wave,3,4,test\n", "i.csv:3: ", "is of split test here, but of train before");
  refused("", "i.csv: ", "a header and a row");
  expect_annotations_refused([] { parse_interval_csv("path,label,start\na,b,1\n", "i.csv"); },
                             "i.csv:1: ", "no column \"end\"");
  expect_annotations_refused([] { parse_interval_csv("path,lable,start,end\na,b,1,2\n", "i.csv"); },
                             "i.csv:1: ", "did you mean \"label\"?");
}

TEST(DenseDataset, IsSummarisedSelectedAndAligned) {
  const Dataset dataset = parse_activitynet(kActivityNet, "a.json");
  const SplitSummary summary = summarise(dataset).at("validation");
  EXPECT_EQ(summary.items, 1);
  EXPECT_EQ(summary.intervals, 3);
  EXPECT_THAT(summary.items_per_label, ElementsAre(0, 1, 1));
  EXPECT_THAT(describe(dataset), HasSubstr("validation: 1 items, 3 intervals"));
  EXPECT_TRUE(select_split(dataset, "train").dense);
  const Dataset aligned = align_labels(dataset, Names{"wave", "bow", "point"});
  EXPECT_TRUE(aligned.dense);
  EXPECT_THAT(aligned.items[1].intervals, ElementsAre(Interval{0, 0, 2}, Interval{2, 1.5, 8}, Interval{0, 4, 5.5}));
  EXPECT_THAT([&] { align_labels(dataset, Names{"wave", "point"}); }, ThrowsMessage<BadData>(HasSubstr("\"bow\"")));
}

TEST(CheckOfDenseDataset, FindsMissingVideosAndIntervalsOutsideOfThem) {
  const TemporaryDirectory directory;
  for (const char* name : {"good.mp4", "short.mp4", "late.mp4"}) {
    media::write_numbered_clip((directory / name).string(), 20, 10);
  }
  write_file(
      directory / "i.csv",
      "path,label,start,end\ngood.mp4,wave,0,2.3\nshort.mp4,wave,1,4\nlate.mp4,wave,2.5,2.6\nnone.mp4,wave,0,1\n");
  const Dataset dataset = read_interval_csv(real_files(), directory / "i.csv", {}, {});
  ThreadPool threads(2);
  for (const bool quick : {false, true}) {
    const CheckReport report = check(dataset, {.first_frame_only = quick}, threads);
    EXPECT_EQ(report.readable, 1);
    EXPECT_EQ(report.mislabelled, 2);
    EXPECT_EQ(report.unreadable, 1);
    EXPECT_FALSE(report.all_good());
    EXPECT_EQ(report.items[1].state, FileState::kMislabelled);
    EXPECT_THAT(report.items[1].reason, HasSubstr("from 2.5 s to 2.6 s lies outside the video, which ends at 2.00 s"));
  }
}

}  // namespace
}  // namespace longtake
