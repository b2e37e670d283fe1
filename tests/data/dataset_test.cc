#include "data/dataset.h"

#include <gmock/gmock.h>

#include "data/groups.h"
#include "longtake/error.h"

namespace longtake {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Property;
using testing::Throws;
using testing::ThrowsMessage;

DatasetItem item(const std::string& id, std::int64_t label, const std::string& split = "") {
  DatasetItem made;
  made.id = id;
  made.path = "videos/" + id;
  made.label = label;
  made.split = split;
  return made;
}

Dataset small_dataset() {
  return {{"jump", "run", "walk"},
          {item("F01_1.mp4", 0, "train"), item("F01_2.mp4", 1, "train"), item("F02_1.mp4", 0, "train"),
           item("M01_1.mp4", 1, "test")}};
}

TEST(SplitName, KnowsWhatListsCallThem) {
  EXPECT_EQ(parse_split_name("train", ""), "train");
  EXPECT_EQ(parse_split_name("Validate", ""), "validation");
  EXPECT_EQ(parse_split_name("val", ""), "validation");
  EXPECT_EQ(parse_split_name("TESTING", ""), "test");
  EXPECT_THAT([] { parse_split_name("trian", "list.csv:7"); },
              ThrowsMessage<BadData>(HasSubstr("list.csv:7: \"trian\" is no split")));
}

TEST(SelectSplit, KeepsTheLabelsAndTheOrder) {
  const Dataset train = select_split(small_dataset(), "train");
  EXPECT_THAT(train.labels, ElementsAre("jump", "run", "walk"));
  ASSERT_EQ(train.items.size(), 3U);
  EXPECT_EQ(train.items[2].id, "F02_1.mp4");
}

TEST(SelectSplit, SaysWhichSplitsThereAre) {
  EXPECT_THAT([] { select_split(small_dataset(), "validation"); },
              ThrowsMessage<InvalidArgument>(HasSubstr("its splits are: test, train")));
}

TEST(AlignLabels, LooksUpNamesInTheModel) {
  const std::vector<std::string> model{"walk", "run", "swim", "jump"};
  const Dataset aligned = align_labels(small_dataset(), model);
  EXPECT_EQ(aligned.labels, model);
  EXPECT_EQ(aligned.items[0].label, 3);
  EXPECT_EQ(aligned.items[1].label, 1);
}

TEST(AlignLabels, NamesTheLabelsThatTheModelDoesNotKnow) {
  const std::vector<std::string> model{"walk", "jump"};
  EXPECT_THAT([&] { align_labels(small_dataset(), model); },
              ThrowsMessage<BadData>(
                  AllOf(HasSubstr("do not match the model"), HasSubstr("\"run\""), HasSubstr("\"walk\", \"jump\""))));
}

TEST(AlignLabels, DoesNotMindUnknownLabelsWithoutItems) {
  const std::vector<std::string> model{"jump", "run"};  // nothing is labelled "walk"
  EXPECT_NO_THROW(align_labels(small_dataset(), model));
}

TEST(Summarise, CountsPerSplitClassAndGroup) {
  const Dataset dataset = with_groups(small_dataset(), "^([^_]+)_");
  const auto summary = summarise(dataset);
  ASSERT_EQ(summary.size(), 2U);
  EXPECT_EQ(summary.at("train").items, 3);
  EXPECT_THAT(summary.at("train").items_per_label, ElementsAre(2, 1, 0));
  EXPECT_EQ(summary.at("train").items_per_group.at("F01"), 2);
  EXPECT_THAT(describe(dataset), AllOf(HasSubstr("4 items of 3 classes"), HasSubstr("train: 3 items of 2 groups")));
}

TEST(Groups, SplitBySpeakerLeavesUnlistedOnesOut) {
  const Dataset grouped = with_groups(small_dataset(), "^([^_]+)_");
  EXPECT_EQ(grouped.items[3].group, "M01");
  const Dataset split = split_by_groups(grouped, {.train = {"F01"}, .validation = {}, .test = {"M01"}});
  ASSERT_EQ(split.items.size(), 3U);
  EXPECT_EQ(split.items[0].split, "train");
  EXPECT_EQ(split.items[2].split, "test");
}

TEST(Groups, RefuseAGroupInTwoSplitsOrInNone) {
  const Dataset grouped = with_groups(small_dataset(), "^([^_]+)_");
  EXPECT_THAT(
      [&] {
        split_by_groups(grouped, {{"F01"}, {}, {"F01"}});
      },
      ThrowsMessage<InvalidArgument>(HasSubstr("\"F01\" is listed for both train and test")));
  EXPECT_THAT(
      [&] {
        split_by_groups(grouped, {{"F0l"}, {}, {}});
      },
      ThrowsMessage<InvalidArgument>(HasSubstr("did you mean \"F01\"?")));
}

TEST(Groups, RefusePatternsThatCannotWork) {
  EXPECT_THAT([] { with_groups(small_dataset(), "(F0"); },
              ThrowsMessage<InvalidArgument>(HasSubstr("is no regular expression")));
  EXPECT_THAT([] { with_groups(small_dataset(), "F"); }, ThrowsMessage<InvalidArgument>(HasSubstr("captures nothing")));
  EXPECT_THAT([] { with_groups(small_dataset(), "(F[0-9]+)"); },
              ThrowsMessage<BadData>(HasSubstr("videos/M01_1.mp4: the group pattern")));
}

TEST(FilterByName, KeepsWhatMatches) {
  EXPECT_EQ(filter_by_name(small_dataset(), "_1\\.mp4$").items.size(), 3U);
  EXPECT_THROW(filter_by_name(small_dataset(), "zebra"), InvalidArgument);
}

}  // namespace
}  // namespace longtake
