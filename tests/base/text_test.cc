#include "base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "longtake/error.h"

namespace longtake {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Text, TrimTakesWhiteSpaceFromBothEndsOnly) {
  EXPECT_EQ(trim("  a b\t\r\n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Text, SplitKeepsEmptyParts) {
  EXPECT_THAT(split("a,,b", ','), ElementsAre("a", "", "b"));
  EXPECT_THAT(split("", ','), ElementsAre(""));
  EXPECT_THAT(split("a,", ','), ElementsAre("a", ""));
}

TEST(Text, JoinIsTheReverseOfSplit) {
  EXPECT_EQ(join(std::vector<std::string>{"a", "", "b"}, ","), "a,,b");
  EXPECT_EQ(join(std::vector<std::string>{}, ","), "");
}

TEST(Text, NumbersMustFillTheWholeText) {
  EXPECT_EQ(parse_int64("-9223372036854775808", "x"), INT64_MIN);
  EXPECT_EQ(parse_double("1e-3", "x"), 0.001);
  for (const char* text : {"", " 1", "1 ", "+1", "1.5", "0x10", "one", "9223372036854775808"}) {
    EXPECT_THROW(parse_int64(text, "x"), BadData) << text;
  }
  for (const char* text : {"", " 1", "1,5", "1e999", "nan", "inf", "1.0f"}) {
    EXPECT_THROW(parse_double(text, "x"), BadData) << text;
  }
}

TEST(Text, NumberErrorsSayWhereAndWhat) {
  try {
    parse_int64("1o", "list.csv:3: start");
    FAIL();
  } catch (const BadData& error) {
    EXPECT_STREQ(error.what(), "list.csv:3: start: \"1o\" is not a whole number");
  }
}

TEST(Text, EditDistanceCountsSingleSlips) {
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);  // the textbook's example
  EXPECT_EQ(edit_distance("kernel", "kenrel"), 1u);   // two neighbours swapped
  EXPECT_EQ(edit_distance("same", "same"), 0u);
}

TEST(Text, KnowsUtf8) {
  for (const char* text : {"", "left", "l\u00e4nks", "\u4e2d\u6587", "\xF0\x9F\x8E\xAC"})
    EXPECT_TRUE(is_utf8(text)) << text;
  // A lone continuation, a cut sequence, an overlong slash, a surrogate, and beyond the last character.
  for (const char* text : {"\x80", "a\xC3", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF"}) {
    EXPECT_FALSE(is_utf8(text));
  }
  EXPECT_EQ(as_utf8("bad\xFF\xC3\xA4\xC3"), "bad?\xC3\xA4?");
}

TEST(Text, NearestSuggestsOnlyWhatIsNear) {
  const std::vector<std::string> names = {"hidden_size", "learning_rate", "layers"};
  EXPECT_EQ(nearest("hiden_size", names), "hidden_size");
  EXPECT_EQ(nearest("layer", names), "layers");
  EXPECT_EQ(nearest("momentum", names), "");
  EXPECT_EQ(nearest("", names), "");
  EXPECT_EQ(nearest("x", std::vector<std::string>{}), "");
}

TEST(Text, UnknownNamesGetASuggestionOrTheList) {
  const std::vector<std::string> names = {"hidden_size", "layers"};
  EXPECT_EQ(unknown_name_message("key", "hiden_size", "[model]", names),
            "unknown key \"hiden_size\" in [model]; did you mean \"hidden_size\"?");
  EXPECT_EQ(unknown_name_message("model", "resnet", "", names), "unknown model \"resnet\"; known: hidden_size, layers");
}

TEST(Text, LongNamesAreCutInMessages) {
  const std::string message = unknown_name_message("key", std::string(1000000, 'x'), "", {});
  EXPECT_LT(message.size(), 200u);
}

}  // namespace
}  // namespace longtake
