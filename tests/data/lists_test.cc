// The split lists of UCF101, HMDB51 and Kinetics, and folders.
#include <gmock/gmock.h>

#include "base/files.h"
#include "base/temporary_directory.h"
#include "data/folders.h"
#include "data/kinetics.h"
#include "data/split_lists.h"
#include "longtake/error.h"

namespace longtake {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;

void write(const std::filesystem::path& path, std::string_view text) {
  real_files().create_directories(path.parent_path());
  real_files().write_atomic(path, text);
}

const std::vector<std::string> kUcfLabels{"ApplyEyeMakeup", "ApplyLipstick", "Archery"};

std::vector<DatasetItem> parse_ucf(std::string_view text, const Ucf101Lists& lists = {}) {
  return parse_split_list(text, "list.txt", kUcfLabels, "train", lists);
}

void expect_ucf_refused(std::string_view text, const std::string& start, const std::string& reason,
                        const Ucf101Lists& lists = {}) {
  EXPECT_THAT([&] { parse_ucf(text, lists); }, ThrowsMessage<BadData>(AllOf(StartsWith(start), HasSubstr(reason))))
      << text;
}

TEST(Ucf101, ReadsItsOwnListsWithCrlf) {
  const TemporaryDirectory directory;
  write(directory / "classInd.txt", "1 ApplyEyeMakeup\r\n2 ApplyLipstick\r\n3 Archery\r\n");
  write(directory / "trainlist01.txt",
        "ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi 1\r\nArchery/v_Archery_g09_c02.avi 3\r\n");
  write(directory / "testlist01.txt", "ApplyLipstick/v_ApplyLipstick_g01_c01.avi\r\n");
  const Dataset dataset = read_ucf101(real_files(), {.videos = "/ucf",
                                                     .class_index = directory / "classInd.txt",
                                                     .train_list = directory / "trainlist01.txt",
                                                     .test_list = directory / "testlist01.txt"});
  EXPECT_EQ(dataset.labels, kUcfLabels);
  ASSERT_EQ(dataset.items.size(), 3U);
  EXPECT_EQ(dataset.items[1].path, "/ucf/Archery/v_Archery_g09_c02.avi");
  EXPECT_EQ(dataset.items[1].label, 2);
  EXPECT_EQ(dataset.items[1].group, "g09");
  EXPECT_EQ(dataset.items[1].split, "train");
  EXPECT_EQ(dataset.items[2].label, 1);
  EXPECT_EQ(dataset.items[2].split, "test");
}

TEST(Ucf101, ReadsListsOfLrcnThatCountFromZero) {
  const std::vector<DatasetItem> items =
      parse_ucf("Archery/v_Archery_g09_c02 2\nv_ApplyEyeMakeup_g08_c01 0\n", {.videos = "/ucf", .first_label = 0});
  EXPECT_EQ(items[0].path, "/ucf/Archery/v_Archery_g09_c02.avi");
  EXPECT_EQ(items[0].label, 2);
  EXPECT_EQ(items[1].label, 0);
}

// Flow is kept as MP4 beside the AVI that UCF101's own lists name.
TEST(Ucf101, TakesFilesOfAnotherExtensionThanTheListsName) {
  const std::string text = "Archery/v_Archery_g09_c02.avi 3\nArchery/v_Archery_g09_c03 3\n";
  const std::vector<DatasetItem> flow = parse_ucf(text, {.videos = "/flow", .extension = ".mp4"});
  EXPECT_EQ(flow[0].path, "/flow/Archery/v_Archery_g09_c02.mp4");
  EXPECT_EQ(flow[1].path, "/flow/Archery/v_Archery_g09_c03.mp4");
  EXPECT_EQ(parse_ucf("Archery/a.mkv 3\n", {.videos = "/ucf"})[0].path, "/ucf/Archery/a.mkv");
}

TEST(Ucf101, RefusesWithLineAndReason) {
  expect_ucf_refused("", "list.txt: ", "a line per video");
  expect_ucf_refused("Archery/a.avi 4\n", "list.txt:1: ", "class 4 is not among the 3 classes 1 to 3");
  expect_ucf_refused("Archery/a.avi 0\n", "list.txt:1: ", "class 0 is not among");
  expect_ucf_refused("Archery/a.avi -1\n", "list.txt:1: ", "class -1 is not among");
  expect_ucf_refused("Archery/a.avi 99999999999999999999\n", "list.txt:1: ", "out of range");
  expect_ucf_refused("Archery/a.avi 2\n", "list.txt:1: ", "the folder is of \"Archery\"");
  expect_ucf_refused("Archry/a.avi\n", "list.txt:1: ", "did you mean \"Archery\"?");
  expect_ucf_refused("a.avi\n", "list.txt:1: ", "neither a class number nor a class folder");
  expect_ucf_refused("Archery/a.avi 3\nArchery/a.avi\n", "list.txt:2: ", "listed already at list.txt:1");
  expect_ucf_refused("Archery/ 3\n", "list.txt:1: ", "names no file");
}

TEST(Ucf101, RefusesAVideoThatIsInTrainAndTest) {
  const TemporaryDirectory directory;
  write(directory / "classInd.txt", "1 Archery\n");
  write(directory / "train.txt", "Archery/a.avi 1\n");
  write(directory / "test.txt", "Archery/a.avi\n");
  const Ucf101Lists lists{.videos = "",
                          .class_index = directory / "classInd.txt",
                          .train_list = directory / "train.txt",
                          .test_list = directory / "test.txt"};
  EXPECT_THAT([&] { read_ucf101(real_files(), lists); }, ThrowsMessage<BadData>(HasSubstr("listed already")));
}

TEST(ClassIndex, MustCountFromOne) {
  EXPECT_THAT(parse_class_index("1 A\n2 B C\n", "i"), ElementsAre("A", "B C"));
  EXPECT_THAT([] { parse_class_index("0 A\n", "i.txt"); },
              ThrowsMessage<BadData>(HasSubstr("i.txt:1: class number 0 where 1 is wanted")));
  EXPECT_THAT([] { parse_class_index("1 A\n3 B\n", "i.txt"); }, ThrowsMessage<BadData>(StartsWith("i.txt:2: ")));
  EXPECT_THAT([] { parse_class_index("1 A\n2 A\n", "i.txt"); }, ThrowsMessage<BadData>(HasSubstr("listed twice")));
  EXPECT_THAT([] { parse_class_index("Archery\n", "i.txt"); }, ThrowsMessage<BadData>(HasSubstr("not a number")));
  EXPECT_THROW(parse_class_index("\n\n", "i.txt"), BadData);
}

TEST(Hmdb51, ReadsOneSplitAndLeavesUnusedVideosOut) {
  const TemporaryDirectory directory;
  write(directory / "wave_test_split1.txt", "w_0.avi 1 \nw_1.avi 2 \nw_2.avi 0 \n");
  write(directory / "brush_hair_test_split1.txt", "April_09_brush_hair.avi 2\n");
  write(directory / "wave_test_split2.txt", "w_0.avi 2\n");
  const Dataset dataset = read_hmdb51(real_files(), {.videos = "/hmdb", .lists = directory.path(), .split = 1});
  EXPECT_THAT(dataset.labels, ElementsAre("brush_hair", "wave"));
  ASSERT_EQ(dataset.items.size(), 3U);
  EXPECT_EQ(dataset.items[0].path, "/hmdb/brush_hair/April_09_brush_hair.avi");
  EXPECT_EQ(dataset.items[1].split, "train");
  EXPECT_EQ(dataset.items[2].split, "test");
  EXPECT_EQ(dataset.items[2].label, 1);
  EXPECT_THAT([&] { read_hmdb51(real_files(), {.videos = "", .lists = directory.path(), .split = 3}); },
              ThrowsMessage<BadData>(HasSubstr("no list of split 3")));
}

TEST(Hmdb51, RefusesOtherNumbers) {
  EXPECT_THAT([] { parse_hmdb51_list("a.avi 3\n", "l.txt", "v", 0); }, ThrowsMessage<BadData>(StartsWith("l.txt:1: ")));
  EXPECT_THAT([] { parse_hmdb51_list("a.avi\n", "l.txt", "v", 0); }, ThrowsMessage<BadData>(HasSubstr("1 (train)")));
  EXPECT_THAT([] { parse_hmdb51_list("a.avi 1\na.avi 2\n", "l.txt", "v", 0); },
              ThrowsMessage<BadData>(HasSubstr("listed already at l.txt:1")));
}

constexpr std::string_view kKineticsHeader = "label,youtube_id,time_start,time_end,split\n";

Dataset parse_k(const std::string& lines, const KineticsOptions& options = {.videos = "/k"}) {
  return parse_kinetics(std::string(kKineticsHeader) + lines, "k.csv", options);
}

TEST(Kinetics, NamesFilesByIdAndTimes) {
  const Dataset dataset = parse_k("\"riding a bike\",-abc_1,7,17,train\nabseiling,xyz,123456,123466,validate\n");
  EXPECT_THAT(dataset.labels, ElementsAre("abseiling", "riding a bike"));
  EXPECT_EQ(dataset.items[0].path, "/k/-abc_1_000007_000017.mp4");
  EXPECT_EQ(dataset.items[0].label, 1);
  EXPECT_FALSE(dataset.items[0].start_s.has_value());  // the file is cut already
  EXPECT_EQ(dataset.items[1].path, "/k/xyz_123456_123466.mp4");
  EXPECT_EQ(dataset.items[1].split, "validation");
}

TEST(Kinetics, CanHaveAFolderPerClass) {
  const Dataset dataset =
      parse_k("riding a bike,abc,7,17,train\n", {.videos = "/k", .class_folders = true, .labels = {}});
  EXPECT_EQ(dataset.items[0].path, "/k/riding a bike/abc_000007_000017.mp4");
}

TEST(Kinetics, IgnoresOtherColumns) {
  const Dataset dataset = parse_kinetics("is_cc,label,youtube_id,time_start,time_end,split\n0,a,b,1,2,test\n", "k", {});
  EXPECT_EQ(dataset.items[0].path, "b_000001_000002.mp4");
}

TEST(Kinetics, RefusesWithLineAndReason) {
  const auto refused = [](const std::string& line, const std::string& reason) {
    EXPECT_THAT([&] { parse_k(line); }, ThrowsMessage<BadData>(AllOf(StartsWith("k.csv:2: "), HasSubstr(reason))))
        << line;
  };
  refused("a,b,1,2\n", "4 fields where the header has 5");
  refused("a,b,-1,2,train\n", "-1 is no time in seconds");
  refused("a,b,1.5,2,train\n", "is not a whole number");
  refused("a,b,5,5,train\n", "not after its start");
  refused("a,b,9,5,train\n", "not after its start");
  refused("a,b,0,1000000,train\n", "1000000 is no time");
  refused("a,../b,1,2,train\n", "no id of a video");
  refused("a,,1,2,train\n", "no id of a video");
  refused(",b,1,2,train\n", "the label is empty");
  refused("a,b,1,2,tarin\n", "is no split");
  EXPECT_THAT([] { parse_k("a,b,1,2,test\na,b,1,2,test\n"); },
              ThrowsMessage<BadData>(HasSubstr("listed already at k.csv:2")));
  EXPECT_THAT([] { parse_k(""); }, ThrowsMessage<BadData>(HasSubstr("nothing in it")));
  EXPECT_THAT([] { parse_kinetics("a,b,1,2,train\nc,d,1,2,train\n", "k.csv", {}); },
              ThrowsMessage<BadData>(HasSubstr("the header has no column \"label\"")));
}

TEST(Folders, SortedNamesAreTheLabels) {
  const TemporaryDirectory directory;
  write(directory / "walk/b.mp4", "");
  write(directory / "walk/a.MP4", "");
  write(directory / "walk/notes.txt", "");
  write(directory / "walk/.hidden.mp4", "");
  write(directory / "run/c.avi", "");
  write(directory / ".git/d.mp4", "");
  write(directory / "README.md", "");
  const Dataset dataset = read_class_folders(real_files(), directory.path());
  EXPECT_THAT(dataset.labels, ElementsAre("run", "walk"));
  ASSERT_EQ(dataset.items.size(), 3U);
  EXPECT_EQ(dataset.items[0].id, "run/c.avi");
  EXPECT_EQ(dataset.items[0].path, directory / "run/c.avi");
  EXPECT_EQ(dataset.items[1].id, "walk/a.MP4");
  EXPECT_EQ(dataset.items[2].label, 1);
  EXPECT_EQ(dataset.items[2].split, "");
}

TEST(Folders, SplitFoldersShareTheLabels) {
  const TemporaryDirectory directory;
  write(directory / "train/walk/a.mp4", "");
  write(directory / "train/run/a.mp4", "");
  write(directory / "val/walk/a.mp4", "");
  write(directory / "test/swim/a.mp4", "");
  const Dataset dataset = read_class_folders(real_files(), directory.path());
  EXPECT_THAT(dataset.labels, ElementsAre("run", "swim", "walk"));
  EXPECT_EQ(select_split(dataset, "train").items.size(), 2U);
  EXPECT_EQ(select_split(dataset, "validation").items[0].label, 2);
  EXPECT_EQ(select_split(dataset, "test").items[0].id, "test/swim/a.mp4");
}

TEST(Folders, AClassMayBeCalledTest) {
  const TemporaryDirectory directory;
  write(directory / "test/a.mp4", "");
  write(directory / "train/a.mp4", "");  // a train on rails
  EXPECT_THAT(read_class_folders(real_files(), directory.path()).labels, ElementsAre("test", "train"));
}

TEST(Folders, SayWhatIsMissing) {
  const TemporaryDirectory directory;
  EXPECT_THAT([&] { read_class_folders(real_files(), directory.path()); },
              ThrowsMessage<BadData>(HasSubstr("one per class is wanted")));
  EXPECT_THROW(read_class_folders(real_files(), directory / "missing"), IoError);
  write(directory / "walk/notes.txt", "");
  EXPECT_THAT([&] { read_class_folders(real_files(), directory.path()); },
              ThrowsMessage<BadData>(HasSubstr("class \"walk\" holds no video file")));
}

}  // namespace
}  // namespace longtake
