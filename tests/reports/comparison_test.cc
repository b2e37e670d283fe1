#include "reports/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "longtake/error.h"

namespace longtake::reports {
namespace {

using testing::HasSubstr;
using testing::Not;

ComparedRun run(const std::string& path, const std::string& model, const std::string& recipe, double test) {
  return {.path = path, .model = model, .recipe = recipe, .parameters = 12, .figures = {{"test", test}}};
}

TEST(Spread, IsThatOfASample) {
  const Spread spread = spread_of({0.5, 0.7, 0.9});
  EXPECT_DOUBLE_EQ(spread.mean, 0.7);
  EXPECT_NEAR(spread.deviation.value(), 0.2, 1e-15);
  EXPECT_FALSE(spread_of({0.5}).deviation.has_value());
  EXPECT_EQ(spread_of({}).runs, 0);
}

TEST(Comparison, PutsRunsOfOneRecipeIntoARow) {
  ComparedRun more = run("c", "gru", "x", 0.6);
  more.figures["test-shuffled"] = 0.4;
  const Comparison compared = compare({run("a", "lstm", "y", 0.5), more, run("b", "lstm", "y", 0.7)});
  ASSERT_EQ(compared.rows.size(), 2U);
  EXPECT_EQ(compared.rows[0].name, "lstm");
  EXPECT_EQ(compared.rows[0].runs.size(), 2U);
  EXPECT_DOUBLE_EQ(compared.rows[0].figures.at("test").mean, 0.6);
  EXPECT_THAT(compared.figures, testing::ElementsAre("test", "test-shuffled"));
  EXPECT_EQ(text_of(compared.rows[0].figures.at("test")), "60.0 ± 14.1 %");
  const std::string table = comparison_table(compared);
  EXPECT_THAT(table, HasSubstr("60.0 %"));  // a single run has no spread
  EXPECT_THAT(table, HasSubstr("-"));       // the LSTM was not seen shuffled
}

TEST(Comparison, TellsApartRowsOfOneModel) {
  const Comparison compared = compare({run("runs/a", "lstm", "x", 0.5), run("runs/b", "lstm", "y", 0.7)});
  ASSERT_EQ(compared.rows.size(), 2U);
  EXPECT_EQ(compared.rows[0].name, "lstm (runs/a)");
}

TEST(Comparison, RefusesARunTwiceAndMeansOfDifferentEvaluations) {
  EXPECT_THROW(compare({run("a", "lstm", "x", 0.5), run("a", "lstm", "x", 0.5)}), InvalidArgument);
  ComparedRun one = run("a", "lstm", "x", 0.5), other = run("b", "lstm", "x", 0.5);
  one.conditions["test"] = "whole video";
  other.conditions["test"] = "3-frame clips";
  EXPECT_THROW(compare({one, other}), InvalidArgument);
  other.conditions["test"] = "whole video";
  EXPECT_EQ(compare({one, other}).rows.size(), 1U);
}

TEST(Comparison, RefusesACopyOfARun) {
  ComparedRun one = run("a", "lstm", "x", 0.5), copy = run("b", "lstm", "x", 0.5);
  one.content = copy.content = "0123";
  EXPECT_THAT(
      [&] {
        compare({one, copy});
      },
      testing::ThrowsMessage<InvalidArgument>(testing::AllOf(HasSubstr("b holds"), HasSubstr("as a,"))));
  copy.content = "4567";
  EXPECT_EQ(compare({one, copy}).rows.front().runs.size(), 2U);
}

TEST(Comparison, EscapesWhatItShows) {
  const std::string page = comparison_html(compare({run("<b>", "lstm", "<script>", 0.5)}), "longtake compare '<b>'");
  EXPECT_THAT(page, Not(HasSubstr("<script>")));
  EXPECT_THAT(page, HasSubstr("&lt;b&gt;"));
}

}  // namespace
}  // namespace longtake::reports
