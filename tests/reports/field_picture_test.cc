// Pictures of fields: the colours of cells, and what may be asked for.
#include "reports/field_picture.h"

#include <gmock/gmock.h>

#include <cmath>
#include <vector>

#include "fields/units.h"
#include "longtake/error.h"
#include "reports/field_film.h"

namespace longtake::reports {
namespace {

using fields::Field;
using testing::HasSubstr;
using testing::ThrowsMessage;

// `values` in rows of `width`; NaN is missing.
Field made_field(std::int64_t width, const std::vector<double>& values, const std::string& unit = "mm/h") {
  Field field = fields::empty_field(static_cast<std::int64_t>(values.size()) / width, width, "test");
  for (std::size_t i = 0; i < values.size(); ++i) fields::set_cell(field, i, values[i]);
  field.quantity = "rain_rate";
  field.unit = unit;
  field.time = 1475074800;  // 2016-09-28 15:00
  return field;
}

Colour pixel(const Tensor& picture, std::int64_t x, std::int64_t y) {
  const std::uint8_t* at = picture.data<std::uint8_t>().data() + (y * picture.size(1) + x) * 3;
  return {at[0], at[1], at[2]};
}

// How many pixels of the left `share` of the picture, where the maps are, have that colour.
std::int64_t count_colour(const Tensor& picture, Colour colour, double share) {
  std::int64_t count = 0;
  for (std::int64_t y = 0; y < picture.size(0); ++y) {
    for (std::int64_t x = 0; x < static_cast<std::int64_t>(static_cast<double>(picture.size(1)) * share); ++x) {
      if (pixel(picture, x, y) == colour) ++count;
    }
  }
  return count;
}

double lightness(Colour colour) { return 0.2126 * colour.red + 0.7152 * colour.green + 0.0722 * colour.blue; }

TEST(FieldScale, StepsBeginAtTheirValue) {
  const FieldScale scale = rain_scale();
  EXPECT_EQ(scale.colour(0), scale.nothing);
  EXPECT_EQ(scale.colour(0.0999), scale.nothing);
  EXPECT_EQ(scale.colour(0.1), scale.colours[0]);
  EXPECT_EQ(scale.colour(4.999), scale.colours[3]);
  EXPECT_EQ(scale.colour(5), scale.colours[4]);
  EXPECT_EQ(scale.colour(1e6), scale.colours.back());
}

TEST(FieldScale, MoreIsDarkerAndNothingIsTheColourOfMissing) {
  for (const FieldScale& scale : {rain_scale(), reflectivity_scale(), continuous_scale(0, 1, "1")}) {
    ASSERT_EQ(scale.values.size(), scale.colours.size());
    for (std::size_t i = 1; i < scale.colours.size(); ++i) {
      EXPECT_LT(lightness(scale.colours[i]), lightness(scale.colours[i - 1]) - 2) << scale.unit << " " << i;
      EXPECT_GT(scale.values[i], scale.values[i - 1]);
    }
    for (const Colour colour : scale.colours) EXPECT_NE(colour, kMissingColour);
    EXPECT_NE(scale.nothing, kMissingColour);
  }
  const FieldScale winds = diverging_scale(40, "m s-1");
  for (std::size_t i = 1; i <= 4; ++i) {
    EXPECT_LT(lightness(winds.colours[4 + i]), lightness(winds.colours[3 + i]));
    EXPECT_LT(lightness(winds.colours[4 - i]), lightness(winds.colours[5 - i]));
  }
  EXPECT_EQ(winds.colour(0), (Colour{252, 252, 252}));
}

TEST(FieldScale, GoesOverBetweenItsValuesWhereItHasNoSteps) {
  const FieldScale scale = continuous_scale(0, 6, "K");
  EXPECT_EQ(scale.colour(-1), (Colour{255, 254, 247}));
  EXPECT_EQ(scale.colour(0.5), (Colour{255, 242, 209}));  // half way from (255, 254, 247) to (254, 230, 170)
  EXPECT_EQ(scale.colour(6), (Colour{42, 14, 58}));
  EXPECT_EQ(scale.colour(7), (Colour{42, 14, 58}));
  EXPECT_THROW(continuous_scale(1, 1, "K"), InvalidArgument);
  EXPECT_THROW(continuous_scale(0, std::nan(""), "K"), InvalidArgument);
  EXPECT_THROW(diverging_scale(0, "K"), InvalidArgument);
}

TEST(FieldScale, SuitsTheQuantity) {
  const auto scale_of = [](const std::string& quantity, const std::string& unit, double low, double high) {
    Field field = made_field(3, {low, high, std::nan("")}, unit);
    field.quantity = quantity;
    return scale_for(std::span(&field, 1));
  };
  EXPECT_EQ(scale_of("precipitation", "mm/h", 0, 3).values, rain_scale().values);
  EXPECT_EQ(scale_of("PRECT", "m s-1", 0, 1e-6).unit, "mm/h");
  EXPECT_EQ(scale_of("reflectivity", "dBZ", -32, 50).values, reflectivity_scale().values);
  EXPECT_EQ(scale_of("storm_density", "1", 0, 0.2).values.back(), 1);
  EXPECT_EQ(scale_of("U850", "m s-1", -10, 30).values.front(), -30);
  const FieldScale pressure = scale_of("PSL", "Pa", 98000, 103000);
  EXPECT_EQ(pressure.unit, "hPa");
  EXPECT_DOUBLE_EQ(pressure.values.front(), 980);
  EXPECT_DOUBLE_EQ(pressure.values.back(), 1030);
  const FieldScale constant = scale_of("TS", "K", 300, 300);
  EXPECT_LT(constant.values.front(), 300);
  EXPECT_GT(constant.values.back(), 300);
  EXPECT_EQ(scale_of("TS", "K", std::nan(""), std::nan("")).values.front(), 0);  // nothing to show
  EXPECT_THROW(scale_for({}), InvalidArgument);
}

TEST(FieldPicture, EveryCellIsASquareOfItsColour) {
  // 100 pixels for 4 cells: squares of 25.
  const Tensor picture =
      draw_field(made_field(4, {0, 0.1, 1, 120, std::nan(""), 5, 5, 5}), rain_scale(), {.map_pixels = 100});
  ASSERT_EQ(picture.size(2), 3);
  const FieldScale scale = rain_scale();
  const double maps = 120.0 / static_cast<double>(picture.size(1));
  EXPECT_EQ(count_colour(picture, scale.colours[0], maps), 625);
  EXPECT_EQ(count_colour(picture, scale.colours[2], maps), 625);
  EXPECT_EQ(count_colour(picture, scale.colours[9], maps), 625);
  EXPECT_EQ(count_colour(picture, scale.colours[4], maps), 3 * 625);
  EXPECT_EQ(count_colour(picture, kMissingColour, maps), 625);
}

TEST(FieldPicture, LargeFieldsAreMeansOfTheirValidCells) {
  // 64 cells on 32 pixels: each pixel is the mean of 2 x 2 cells, missing where three of them are.
  std::vector<double> values(64 * 64, 0);
  const auto block = [&](std::size_t row, std::size_t column, std::vector<double> cells) {
    values[row * 64 + column] = cells[0];
    values[row * 64 + column + 1] = cells[1];
    values[(row + 1) * 64 + column] = cells[2];
    values[(row + 1) * 64 + column + 1] = cells[3];
  };
  const double missing = std::nan("");
  block(10, 10, {8, 0, 0, 0});
  block(20, 20, {missing, missing, 12, 8});
  block(30, 30, {missing, missing, missing, 60});
  const Tensor picture = draw_field(made_field(64, values), rain_scale(), {.map_pixels = 32});
  const double maps = 52.0 / static_cast<double>(picture.size(1));
  EXPECT_EQ(count_colour(picture, rain_scale().colours[3], maps), 1);  // 2 mm/h
  EXPECT_EQ(count_colour(picture, rain_scale().colours[5], maps), 1);  // 10 mm/h
  EXPECT_EQ(count_colour(picture, kMissingColour, maps), 1);
  EXPECT_EQ(count_colour(picture, rain_scale().colours[8], maps), 0);
}

TEST(FieldPicture, ConvertsToTheUnitOfItsScale) {
  const Field reflectivity = made_field(1, {23.01029995663981}, "dBZ");  // Z = 200: 1 mm/h
  const Tensor picture = draw_field(reflectivity, rain_scale(), {.map_pixels = 20});
  const double maps = 38.0 / static_cast<double>(picture.size(1));
  EXPECT_EQ(count_colour(picture, rain_scale().colours[2], maps) + count_colour(picture, rain_scale().colours[1], maps),
            400);
  EXPECT_THROW(draw_field(made_field(1, {300}, "K"), rain_scale(), {}), InvalidArgument);
}

TEST(FieldPicture, MarksStormsOnDegrees) {
  Field field = made_field(20, std::vector<double>(400, 0));
  field.grid.kind = fields::GridKind::kGeographic;
  for (int i = 0; i < 20; ++i) {
    field.grid.x.push_back(170.5 + i);
    field.grid.y.push_back(29.5 - i);
  }
  const auto draw = [&](const std::vector<GeoPoint>& marks) {
    const std::vector<FieldPanel> panels{{.title = "a", .field = &field, .marks = marks}};
    return draw_fields(panels, rain_scale(), {.map_pixels = 200});
  };
  const Tensor plain = draw({});
  EXPECT_EQ(draw({{0, 20}}), plain);       // not on the map
  EXPECT_NE(draw({{-172.5, 20}}), plain);  // 187.5 E, on the other side of the antimeridian
  EXPECT_EQ(draw({{-172.5, 20}}), draw({{187.5, 20}}));
}

TEST(FieldPicture, RefusesWhatCannotBeDrawn) {
  const Field small = made_field(2, {0, 0, 0, 0});
  const Field large = made_field(3, {0, 0, 0});
  const auto refused = [](const std::vector<FieldPanel>& panels, const FieldPictureOptions& options,
                          const std::string& reason) {
    EXPECT_THAT([&] { draw_fields(panels, rain_scale(), options); }, ThrowsMessage<InvalidArgument>(HasSubstr(reason)));
  };
  refused({}, {}, "at least one field");
  refused({{.title = "empty"}}, {}, "at least one field");
  refused({{.field = &small}, {.field = &large}}, {}, "2 x 2");
  refused({{.field = &small}}, {.map_pixels = 15}, "15 pixels");
  refused({{.field = &small}}, {.columns = 0}, "0 columns");
}

TEST(ForecastFilm, HasAPictureForEachTimeAllOfOneSize) {
  ForecastFilm film;
  for (int i = 0; i < 3; ++i) film.seen.push_back(made_field(2, {0.0 + i, 0, 0, 0}));
  film.truth = {made_field(2, {9, 0, 0, 0}), made_field(2, {9, 9, 0, 0})};
  film.forecasts = {{"forecast", {made_field(2, {1, 1, 1, 1}), made_field(2, {2, 2, 2, 2})}},
                    {"persistence", {film.seen[2], film.seen[2]}}};
  std::vector<Tensor> pictures;
  const auto keep = [&](const Tensor& picture) { pictures.push_back(picture); };
  draw_film(film, rain_scale(), {.map_pixels = 40}, keep);
  ASSERT_EQ(pictures.size(), 5U);
  for (const Tensor& picture : pictures) EXPECT_EQ(picture.shape(), pictures[0].shape());
  // The second forecast is a map of 2 mm/h, all four cells of 400 pixels, which nothing else shows.
  const double maps = 1 - 100.0 / static_cast<double>(pictures[0].size(1));
  EXPECT_EQ(count_colour(pictures[4], rain_scale().colours[3], maps) -
                count_colour(pictures[3], rain_scale().colours[3], maps),
            4 * 400);

  film.truth.pop_back();
  EXPECT_THAT([&] { draw_film(film, rain_scale(), {}, keep); },
              ThrowsMessage<InvalidArgument>(HasSubstr("\"truth\" has 1 fields where \"forecast\" has 2")));
  film.truth.clear();
  pictures.clear();
  draw_film(film, rain_scale(), {}, keep);
  EXPECT_EQ(pictures.size(), 5U);
  film.seen.clear();
  EXPECT_THROW(draw_film(film, rain_scale(), {}, keep), InvalidArgument);
  film = {.seen = {made_field(1, {0})}};
  EXPECT_THROW(draw_film(film, rain_scale(), {}, keep), InvalidArgument);
}

}  // namespace
}  // namespace longtake::reports
