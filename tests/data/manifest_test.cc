#include "data/manifest.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/random.h"
#include "longtake/error.h"

namespace longtake {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;

Dataset parse(std::string_view text) { return parse_manifest(text, "list.csv", "/data"); }

// The text must be refused with a message that begins with `start` and says `reason`.
void expect_refused(std::string_view text, const std::string& start, const std::string& reason) {
  EXPECT_THAT([&] { parse(text); }, ThrowsMessage<BadData>(AllOf(StartsWith(start), HasSubstr(reason)))) << text;
}

TEST(Manifest, ReadsLinesWithoutHeader) {
  const Dataset dataset = parse("b/x.mp4,walk\na.mp4,run,0.5,2.25\n/abs/c.mp4,run,,,val\n");
  EXPECT_THAT(dataset.labels, ElementsAre("run", "walk"));
  ASSERT_EQ(dataset.items.size(), 3U);
  EXPECT_EQ(dataset.items[0].path, "/data/b/x.mp4");
  EXPECT_EQ(dataset.items[0].id, "b/x.mp4");
  EXPECT_EQ(dataset.items[0].label, 1);
  EXPECT_FALSE(dataset.items[0].start_s.has_value());
  EXPECT_EQ(dataset.items[1].start_s, 0.5);
  EXPECT_EQ(dataset.items[1].end_s, 2.25);
  EXPECT_EQ(dataset.items[1].id, "a.mp4#0.5-2.25");
  EXPECT_EQ(dataset.items[2].path, "/abs/c.mp4");
  EXPECT_EQ(dataset.items[2].split, "validation");
}

TEST(Manifest, ReadsColumnsInTheOrderOfTheHeader) {
  const Dataset dataset = parse("label,split,path,group\nwalk,train,a.mp4,F01\n");
  EXPECT_EQ(dataset.items[0].path, "/data/a.mp4");
  EXPECT_EQ(dataset.items[0].split, "train");
  EXPECT_EQ(dataset.items[0].group, "F01");
}

TEST(Manifest, QuotesKeepCommasSpacesAndQuotes) {
  const Dataset dataset = parse("\"a, b.mp4\",\"say \"\"hi\"\"\"\n \" c.mp4\" , walk \n");
  EXPECT_EQ(dataset.items[0].path, "/data/a, b.mp4");
  EXPECT_EQ(dataset.labels[0], "say \"hi\"");
  EXPECT_EQ(dataset.items[1].id, " c.mp4");
  EXPECT_EQ(dataset.labels[1], "walk");
}

TEST(Manifest, DoesNotMindHowLinesEnd) {
  const Dataset unix_lines = parse("path,label\na.mp4,run\nb.mp4,walk\n");
  EXPECT_EQ(parse("path,label\r\na.mp4,run\r\nb.mp4,walk\r\n"), unix_lines);
  EXPECT_EQ(parse("path,label\ra.mp4,run\rb.mp4,walk"), unix_lines);
  EXPECT_EQ(parse("\xEF\xBB\xBFpath,label\n\n  \na.mp4,run\nb.mp4,walk"), unix_lines);
}

TEST(Manifest, CountsBlankLinesAndBothLineEndsInMessages) {
  expect_refused("path,label\n\na.mp4,\n", "list.csv:3: ", "the label is empty");
  expect_refused("path,label\r\n\r\na.mp4,\r\n", "list.csv:3: ", "the label is empty");
}

TEST(Manifest, FixedLabelsKeepTheirOrder) {
  const Dataset dataset = parse_manifest("a.mp4,run\n", "list.csv", "", {"walk", "run"});
  EXPECT_THAT(dataset.labels, ElementsAre("walk", "run"));
  EXPECT_EQ(dataset.items[0].label, 1);
  EXPECT_THAT(
      [] {
        parse_manifest("a.mp4,rum\n", "list.csv", "", {"walking", "running", "rung"});
      },
      ThrowsMessage<BadData>(AllOf(StartsWith("list.csv:1: "), HasSubstr("unknown class \"rum\""))));
}

TEST(Manifest, PartsOfOneVideoAreItemsOfTheirOwn) {
  EXPECT_EQ(parse("a.mp4,run,0,1\na.mp4,walk,1,2\na.mp4,run,2,\n").items.size(), 3U);
}

TEST(Manifest, RefusesWithLineReasonAndRemedy) {
  expect_refused("", "list.csv: ", "path,label");
  expect_refused("path,label\n", "list.csv: ", "path,label");
  expect_refused("a.mp4\n", "list.csv:1: ", "1 fields; path,label");
  expect_refused("a.mp4,run,1\n", "list.csv:1: ", "3 fields");
  expect_refused("a.mp4,run\n,walk\n", "list.csv:2: ", "the path is empty");
  expect_refused("path,labell\n", "list.csv:1: ", "did you mean \"label\"?");
  expect_refused("path,path,label\n", "list.csv:1: ", "twice");
  expect_refused("path,start\n", "list.csv:1: ", "no column \"label\"");
  expect_refused("path,label\na.mp4,run,1\n", "list.csv:2: ", "3 fields where the header has 2");
  expect_refused("a.mp4,run,zero,1\n", "list.csv:1: start", "is not a number");
  expect_refused("a.mp4,run,0,1e999\n", "list.csv:1: end", "out of range");
  expect_refused("a.mp4,run,nan,1\n", "list.csv:1: start", "");
  expect_refused("a.mp4,run,-1,2\n", "list.csv:1: ", "start is -1 s; a time from 0 on");
  expect_refused("a.mp4,run,3,2\n", "list.csv:1: ", "ends at 2 s, which is not after its start at 3 s");
  expect_refused("a.mp4,run,2,2\n", "list.csv:1: ", "not after its start");
  expect_refused("a.mp4,run,,,tset\n", "list.csv:1: ", "\"tset\" is no split");
  expect_refused("a.mp4,run\nb.mp4,run\na.mp4,walk\n", "list.csv:3: ", "listed already at list.csv:1");
  expect_refused("\"a.mp4,run\n", "list.csv:1: ", "a quote does not end");
  expect_refused("\"a\".mp4,run\n", "list.csv:1: ", "between a closing quote and the next comma");
  expect_refused(std::string("a\0b.mp4,run\n", 12), "list.csv:1: ", "zero byte");
  expect_refused("a.mp4,run\n" + std::string(100000, 'x') + ",walk\n", "list.csv:2: ", "100005 characters");
}

TEST(Manifest, WrittenOnesReadBackTheSame) {
  Random random(5);
  const std::string letters = "ab ,\"é;'#";
  const auto word = [&] {
    std::string text = "w";
    for (int i = 0; i < 6; ++i) text += letters[random.below(letters.size())];
    return text + "w";
  };
  for (int round = 0; round < 100; ++round) {
    Dataset dataset;
    dataset.labels = {"label " + word(), "other,\"label\""};
    for (int i = 0; i < 5; ++i) {
      DatasetItem item;
      const std::string name = fmt::format("folder/{}{}.mp4", i, word());
      item.path = std::filesystem::path("/data") / name;
      item.label = static_cast<std::int64_t>(random.below(2));
      if (random.below(2) == 0) item.start_s = random.uniform(0, 10);
      if (random.below(2) == 0) item.end_s = random.uniform(10, 20);
      if (random.below(2) == 0) item.split = "train";
      if (random.below(2) == 0) item.group = word();
      dataset.items.push_back(item);
    }
    Dataset read = parse_manifest(write_manifest(dataset, "/data"), "written", "/data", dataset.labels);
    for (DatasetItem& item : read.items) {
      EXPECT_THAT(item.id, StartsWith("folder/"));
      item.id.clear();
    }
    EXPECT_EQ(read, dataset);
  }
}

TEST(Manifest, AnyBytesAreReadOrRefusedButNeverCrash) {
  Random random(11);
  const std::string_view pieces[] = {"path", "label", ",",  "\"", "\n",    "\r",  "a.mp4",
                                     "1",    "-",     "e9", " ",  "train", "\xFF"};
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (std::uint64_t i = random.below(30); i > 0; --i) text += pieces[random.below(std::size(pieces))];
    try {
      const Dataset dataset = parse(text);
      EXPECT_FALSE(dataset.items.empty());
      for (const DatasetItem& item : dataset.items) {
        EXPECT_LT(static_cast<std::size_t>(item.label), dataset.labels.size());
      }
    } catch (const BadData& error) {
      EXPECT_THAT(error.what(), StartsWith("list.csv:"));
    }
  }
}

}  // namespace
}  // namespace longtake
