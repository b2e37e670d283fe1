// Real recordings. Sums and places were taken with ncdump, h5dump and decoders written for that, not with these
// readers.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "fields/file_series.h"
#include "fields/gaps.h"
#include "fields/made_files.h"
#include "fields/radar_series.h"
#include "fields/regrid.h"

namespace longtake::fields {
namespace {

using testing::ElementsAre;
using namespace test;

class RealData : public testing::Test {
 protected:
  std::filesystem::path need(const std::string& name) {
    const std::filesystem::path path = data_path(name);
    found_ = std::filesystem::exists(path);
    return path;
  }
  bool found_ = false;
};

double sum_of(const Field& field) {
  double sum = 0;
  for (const float value : filled_values(field, 0)) sum += value;
  return sum;
}

// The place of the greatest value.
std::size_t top_of(const Field& field) {
  const std::vector<float> values = filled_values(field, -1e9F);
  return static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

std::unique_ptr<FieldSeries> open_folder(const std::filesystem::path& folder, std::string_view ending) {
  return open_radar(real_files(), list_fields(real_files(), folder, ending));
}

TEST_F(RealData, Fmi) {
  const auto folder = need("radar/fmi_20160928");
  if (!found_) GTEST_SKIP() << "needs " << folder << " (LONGTAKE_DATA)";
  const auto series = open_folder(folder, ".pgm.gz");
  EXPECT_EQ(series->size(), 40U);
  EXPECT_TRUE(find_gaps(series->times(), 300).clean());
  const auto index = static_cast<std::size_t>(std::find(series->times().begin(), series->times().end(), 1475078400) -
                                              series->times().begin());
  const Field field = series->read(index);
  EXPECT_EQ(field.height, 1226);
  EXPECT_EQ(field.width, 760);
  EXPECT_EQ(valid_count(field), 931760 - 226844);
  EXPECT_NEAR(sum_of(field), (26968645 - 64.0 * 704916) / 2, 1);
  EXPECT_EQ(*std::max_element(field.values.begin(), field.values.end(),
                              [](float a, float b) { return !(a >= b) && !std::isnan(b); }),
            50);
  // The north-east corner by Snyder's formulas for 34.903 E, 69.005 N.
  EXPECT_NEAR(field.grid.x.back() + 999.674053 / 2, 378865.975, 0.1);
  EXPECT_NEAR(field.grid.y.front() + 999.62859 / 2, -2170133.261, 0.1);
}

TEST_F(RealData, MeteoSwiss) {
  const auto folder = need("radar/mch_20160711");
  if (!found_) GTEST_SKIP() << "needs " << folder << " (LONGTAKE_DATA)";
  const auto series = open_folder(folder, ".gif");
  EXPECT_EQ(series->size(), 40U);
  EXPECT_TRUE(find_gaps(series->times(), 300).clean());
  const auto index = static_cast<std::size_t>(std::find(series->times().begin(), series->times().end(), 1468279500) -
                                              series->times().begin());
  const Field field = series->read(index);
  EXPECT_EQ(valid_count(field), 454400 - 134667);
  EXPECT_NEAR(sum_of(field), 142849.504, 0.5);
  EXPECT_EQ(top_of(field), 553U * 710 + 129);
  EXPECT_EQ(field.grid.x.front(), 255500);
}

TEST_F(RealData, Bom) {
  const auto folder = need("radar/bom_cscn/2/2018/06/16");
  if (!found_) GTEST_SKIP() << "needs " << folder << " (LONGTAKE_DATA)";
  const auto series = open_folder(folder, ".nc");
  EXPECT_EQ(series->size(), 61U);
  EXPECT_TRUE(find_gaps(series->times(), 360).clean());
  EXPECT_EQ(series->times()[0], 1529143200);
  const Field field = series->read(0);
  EXPECT_EQ(field.unit, "mm/h");
  EXPECT_EQ(field.interval_s, 360);
  EXPECT_EQ(valid_count(field), 262144);
  EXPECT_NEAR(sum_of(field), 77400 * 0.05 * 10, 0.1);
  EXPECT_EQ(top_of(field), 194U * 512 + 235);
  EXPECT_FLOAT_EQ(field.values[194 * 512 + 235], 32);
  EXPECT_EQ(field.grid.projection,
            "+proj=aea +lat_1=-18 +lat_2=-36 +lat_0=-37.852 +lon_0=144.752 +x_0=0 +y_0=0 +a=6378137 +rf=298.257222101 "
            "+units=m +no_defs");
  EXPECT_EQ(field.grid.x.front(), -128000);
  EXPECT_EQ(field.grid.y.front(), 128000);
}

TEST_F(RealData, Knmi) {
  const auto folder = need("radar/knmi_20100826");
  if (!found_) GTEST_SKIP() << "needs " << folder << " (LONGTAKE_DATA)";
  const auto series = open_folder(folder, ".h5");
  EXPECT_EQ(series->size(), 92U);
  const auto index = static_cast<std::size_t>(std::find(series->times().begin(), series->times().end(), 1282803600) -
                                              series->times().begin());
  const Field depth = series->read(index);
  EXPECT_EQ(depth.unit, "mm");
  EXPECT_EQ(depth.height, 765);
  EXPECT_EQ(depth.width, 700);
  const Field field = convert(depth, "mm/h");
  EXPECT_EQ(valid_count(field), 535500 - 398271);
  EXPECT_NEAR(sum_of(field), 566216 * 0.01 * 12, 0.5);
  EXPECT_EQ(top_of(field), 399U * 700 + 392);
  EXPECT_FLOAT_EQ(field.values[399 * 700 + 392], 83 * 0.12F);
  EXPECT_EQ(field.grid.x.front(), 500);
  EXPECT_EQ(field.grid.y.front(), -3650500);
  EXPECT_FLOAT_EQ(static_cast<float>((*field.grid.corners)[0].latitude), 55.974F);
}

TEST_F(RealData, RadarsComeToOneSpacing) {
  const auto folder = need("radar");
  if (!found_) GTEST_SKIP() << "needs " << folder << " (LONGTAKE_DATA)";
  const Field bom = resample(coarsen(open_folder(folder / "bom_cscn/2/2018/06/16", ".nc")->read(0), 4, 4), 2000);
  const Field knmi = resample(convert(open_folder(folder / "knmi_20100826", ".h5")->read(0), "mm/h"), 2000);
  EXPECT_EQ(bom.width, 128);
  EXPECT_EQ(knmi.width, 350);
  EXPECT_EQ(regular_step(bom.grid.x), 2000);
  EXPECT_EQ(regular_step(knmi.grid.y), -2000);
}

TEST_F(RealData, Florence) {
  const auto path = need("cyclone/stageIV_florence2018/test_stageiv_xyt.nc");
  if (!found_) GTEST_SKIP() << "needs " << path << " (LONGTAKE_DATA)";
  const auto series =
      open_netcdf(path, {.variable = "Total_precipitation_surface_1_Hour_Accumulation", .unit = "mm/h"});
  EXPECT_EQ(series->size(), 23U);
  EXPECT_TRUE(find_gaps(series->times(), 3600).clean());
  const Field field = series->read(10);
  EXPECT_EQ(field.time, 1536901200);  // 2018-09-14 05:00
  EXPECT_EQ(field.interval_s, 3600);
  EXPECT_EQ(valid_count(field), 118 * 87);
  EXPECT_NEAR(sum_of(field), 51959.52, 0.5);
  const std::size_t top = top_of(field);
  EXPECT_EQ(top, (117U - 47) * 87 + 62);  // the file has the south first
  EXPECT_FLOAT_EQ(field.values[top], 146.63F);
  EXPECT_FLOAT_EQ(field.grid.latitude[top], 34.31897F);
  EXPECT_FLOAT_EQ(field.grid.longitude[top], -77.3118F);
}

TEST_F(RealData, Storm1996) {
  const auto path = need("cyclone/ncarg_storm1996/Pstorm.cdf");
  if (!found_) GTEST_SKIP() << "needs " << path << " (LONGTAKE_DATA)";
  const NetcdfOptions options{.variable = "p",
                              .unit = "hPa",
                              .file_unit = "Pa",
                              .time_variable = "timestep",
                              .time_units = "hours since 1996-01-05"};
  const auto series = open_netcdf(path, options);
  EXPECT_EQ(series->size(), 64U);
  EXPECT_EQ(series->times()[0], 820800000);
  EXPECT_TRUE(find_gaps(series->times(), 21600).clean());
  const Field field = series->read(0);
  EXPECT_EQ(field.grid.kind, GridKind::kGeographic);
  EXPECT_EQ(field.grid.y.front(), 60);
  EXPECT_EQ(field.grid.x.front(), -140);
  // The file's first row is the last one here: "_, _, _, _, _, _, _, 101515.5".
  const std::size_t south = 32 * 36;
  EXPECT_EQ(std::vector<std::uint8_t>(field.valid.begin() + south, field.valid.begin() + south + 8),
            (std::vector<std::uint8_t>{0, 0, 0, 0, 0, 0, 0, 1}));
  EXPECT_FLOAT_EQ(field.values[south + 7], 1015.155F);
}

}  // namespace
}  // namespace longtake::fields
