#include "reports/table.h"

#include <gtest/gtest.h>

#include "longtake/error.h"

namespace longtake::reports {
namespace {

TEST(Table, ColumnsAreAligned) {
  EXPECT_EQ(aligned_table({{"name", Align::kLeft}, {"count", Align::kRight}}, {{"a", "7"}, {"long name", "1234567"}}),
            "name         count\n"
            "a                7\n"
            "long name  1234567\n");
}

TEST(Table, WidthsAreThoseOfATerminal) {
  EXPECT_EQ(aligned_table({{"", Align::kLeft}, {"", Align::kLeft}}, {{"日本", "a"}, {"größe", "b"}, {"e\u0301", "c"}}),
            "日本   a\n"
            "größe  b\n"
            "e\u0301      c\n");
}

TEST(Table, ShortRowsAndLineEndsInCellsDoNoHarm) {
  EXPECT_EQ(aligned_table({{"a", Align::kLeft}, {"b", Align::kLeft}}, {{"x"}, {"two\nlines\x1b", "y"}}),
            "a           b\n"
            "x\n"
            "two lines   y\n");
  EXPECT_THROW(aligned_table({{"a", Align::kLeft}}, {{"x", "y"}}), InvalidArgument);
  EXPECT_EQ(aligned_table({}, {}), "");
}

}  // namespace
}  // namespace longtake::reports
