#include <gmock/gmock.h>

#include "base/temporary_directory.h"
#include "fields/made_files.h"
#include "fields/netcdf_series.h"
#include "fields/regrid.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;
using namespace test;

// Two times of 2 x 3 packed numbers, south first, longitudes from 0 to 240.
MadeNetcdf climate_file() {
  MadeNetcdf file;
  file.dimensions = {{"time", 2}, {"lat", 2}, {"lon", 3}};
  file.variables = {{"time", 'd', {"time"}, {0, 6}, {{"units", "hours since 2000-01-01"}, {"calendar", "standard"}}},
                    {"lat", 'f', {"lat"}, {10, 20}, {{"units", "degrees_north"}}},
                    {"lon", 'f', {"lon"}, {0, 120, 240}, {{"units", "degrees_east"}}},
                    {"pressure",
                     's',
                     {"time", "lat", "lon"},
                     {0, 1, 2, 3, 4, -99, 10, 11, 12, 13, 14, 15},
                     {{"units", "hPa"}, {"scale_factor", 0.5}, {"add_offset", 1000.0}, {"_FillValue", short{-99}}}}};
  return file;
}

class Netcdf : public testing::Test {
 protected:
  std::filesystem::path write(const MadeNetcdf& file) {
    const std::filesystem::path path = folder_ / "made.nc";
    write_netcdf(path, file);
    return path;
  }
  std::unique_ptr<FieldSeries> open(const MadeNetcdf& file, const NetcdfOptions& options) {
    return open_netcdf(write(file), options);
  }
  TemporaryDirectory folder_;
};

MadeVariable& made_variable(MadeNetcdf& file, const std::string& name) {
  for (MadeVariable& variable : file.variables) {
    if (variable.name == name) return variable;
  }
  throw std::runtime_error(name);
}

TEST_F(Netcdf, UnpacksAndPutsNorthFirst) {
  for (const bool netcdf4 : {false, true}) {
    MadeNetcdf file = climate_file();
    file.netcdf4 = netcdf4;
    const auto series = open(file, {.variable = "pressure"});
    EXPECT_THAT(series->times(), ElementsAre(946684800, 946706400));
    const Field first = series->read(0);
    EXPECT_THAT(filled_values(first, -1), ElementsAre(1001.5F, 1002, -1, 1000, 1000.5F, 1001));
    EXPECT_EQ(first.valid, (std::vector<std::uint8_t>{1, 1, 0, 1, 1, 1}));
    EXPECT_EQ(first.unit, "hPa");
    EXPECT_EQ(first.quantity, "pressure");
    EXPECT_EQ(first.grid.kind, GridKind::kGeographic);
    EXPECT_THAT(first.grid.y, ElementsAre(20, 10));
    EXPECT_EQ(series->read(1).values[3], 1005);
    EXPECT_EQ(series->read(1).time, 946706400);
    EXPECT_THROW(series->read(2), InvalidArgument);
  }
}

TEST_F(Netcdf, AWrongNameListsWhatThereIs) {
  EXPECT_THAT(
      [&] { open(climate_file(), {.variable = "presure"}); },
      ThrowsMessage<InvalidArgument>(AllOf(HasSubstr("made.nc"), HasSubstr("no variable \"presure\""),
                                           HasSubstr("pressure(time 2, lat 2, lon 3)"), HasSubstr("lat(lat 2)"))));
  EXPECT_THAT([&] { open(climate_file(), {.variable = "pressure", .time_variable = "when"}); },
              ThrowsMessage<InvalidArgument>(HasSubstr("no variable \"when\"")));
}

TEST_F(Netcdf, UnitsAreConvertedOrRefused) {
  EXPECT_EQ(open(climate_file(), {.variable = "pressure", .unit = "Pa"})->read(0).values[3], 100000);
  EXPECT_THAT(
      [&] { open(climate_file(), {.variable = "pressure", .unit = "mm/h"}); },
      ThrowsMessage<InvalidArgument>(AllOf(HasSubstr("pressure"), HasSubstr("\"hPa\""), HasSubstr("\"mm/h\""))));
  MadeNetcdf file = climate_file();
  made_variable(file, "pressure").attributes.erase("units");
  EXPECT_THAT([&] { open(file, {.variable = "pressure", .unit = "Pa"}); },
              ThrowsMessage<InvalidArgument>(HasSubstr("states no unit")));
  EXPECT_EQ(open(file, {.variable = "pressure", .unit = "Pa", .file_unit = "hPa"})->read(0).values[3], 100000);
}

TEST_F(Netcdf, EveryWayOfMissingIsMissing) {
  MadeNetcdf file = climate_file();
  MadeVariable& variable = made_variable(file, "pressure");
  variable.attributes = {{"missing_value", std::vector<double>{0, 1}}, {"valid_range", std::vector<short>{0, 12}}};
  variable.values[2] = -32767;  // the library's own fill value
  const auto series = open(file, {.variable = "pressure"});
  EXPECT_EQ(series->read(0).valid, (std::vector<std::uint8_t>{1, 1, 0, 0, 0, 0}));
  EXPECT_EQ(series->read(1).valid, (std::vector<std::uint8_t>{0, 0, 0, 1, 1, 1}));
}

TEST_F(Netcdf, BoundsOfAnotherTypeAreOfTheValues) {
  MadeNetcdf file = climate_file();
  MadeVariable& variable = made_variable(file, "pressure");
  variable.attributes["valid_max"] = 1001.0;
  EXPECT_EQ(open(file, {.variable = "pressure"})->read(0).valid, (std::vector<std::uint8_t>{0, 0, 0, 1, 1, 1}));
}

TEST_F(Netcdf, FloatsThatAreNaNOrTheirFillAreMissing) {
  MadeNetcdf file = climate_file();
  MadeVariable& variable = made_variable(file, "pressure");
  variable.type = 'f';
  variable.attributes = {{"_FillValue", 1e20F}};
  variable.values = {1, 1e20F, std::nan(""), 7, 2, 3, 1e20F, 1e20F, 1e20F, 1e20F, 1e20F, 1e20F};
  const auto series = open(file, {.variable = "pressure"});
  EXPECT_EQ(series->read(0).valid, (std::vector<std::uint8_t>{1, 1, 1, 1, 0, 0}));
  EXPECT_EQ(valid_count(series->read(1)), 0);
  variable.type = 'd';
  variable.attributes.clear();
  variable.values.assign(12, INFINITY);
  EXPECT_EQ(valid_count(open(file, {.variable = "pressure"})->read(0)), 0);
}

TEST_F(Netcdf, SignedBytesMayStandForUnsignedOnes) {
  MadeNetcdf file = climate_file();
  MadeVariable& variable = made_variable(file, "pressure");
  variable.type = 'b';
  variable.attributes = {{"_Unsigned", "true"}, {"missing_value", short{-1}}};
  variable.values = {-128, -1, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_THAT(filled_values(open(file, {.variable = "pressure"})->read(0), 999), ElementsAre(0, 0, 0, 128, 999, 5));
}

TEST_F(Netcdf, GoesAroundTheGlobe) {
  const auto series = open(climate_file(), {.variable = "pressure", .west = -180});
  const Field field = series->read(1);
  EXPECT_THAT(field.grid.x, ElementsAre(-120, 0, 120));
  EXPECT_THAT(field.values, ElementsAre(1007.5F, 1006.5F, 1007, 1006, 1005, 1005.5F));
  EXPECT_EQ(turn_longitudes(field, 0), open(climate_file(), {.variable = "pressure"})->read(1));
  EXPECT_EQ(turn_longitudes(field, -180), field);
}

TEST_F(Netcdf, TransposesAndChoosesALevel) {
  MadeNetcdf file;
  file.dimensions = {{"lon", 3}, {"level", 2}, {"lat", 2}};
  file.variables = {{"lat", 'f', {"lat"}, {20, 10}, {{"units", "degrees_north"}}},
                    {"lon", 'f', {"lon"}, {3, 2, 1}, {{"units", "degrees_east"}}},
                    {"u", 'f', {"lon", "level", "lat"}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, {}}};
  EXPECT_THAT([&] { open(file, {.variable = "u"}); },
              ThrowsMessage<InvalidArgument>(HasSubstr("dimension \"level\" of 2")));
  EXPECT_THROW(open(file, {.variable = "u", .indices = {{"level", 2}}}), InvalidArgument);
  const Field field = open(file, {.variable = "u", .indices = {{"level", 1}}})->read(0);
  EXPECT_THAT(field.values, ElementsAre(10, 6, 2, 11, 7, 3));
  EXPECT_FALSE(field.time.has_value());
}

TEST_F(Netcdf, OtherCalendarsAndUnitsOfTime) {
  MadeNetcdf file = climate_file();
  MadeVariable& time = made_variable(file, "time");
  time.attributes = {{"units", "days since 2000-02-28"}, {"calendar", "noleap"}};
  time.values = {0, 1};
  EXPECT_THAT(open(file, {.variable = "pressure"})->times(), ElementsAre(951696000, 951696000 + 2 * 86400));
  time.attributes = {{"units", "K"}};
  EXPECT_THROW(open(file, {.variable = "pressure"}), BadData);
  EXPECT_THAT(open(file, {.variable = "pressure", .time_units = "minutes since 1970-01-01"})->times(),
              ElementsAre(0, 60));
  time.attributes = {{"units", "days since 2000-02-28"}, {"calendar", "360_day"}};
  EXPECT_THROW(open(file, {.variable = "pressure"}), Unsupported);
}

TEST_F(Netcdf, DepthsKnowTheirInterval) {
  MadeNetcdf file = climate_file();
  MadeVariable& rain = made_variable(file, "pressure");
  rain.attributes = {{"units", "kg m-2"}, {"cell_methods", "time: sum (interval: 30 minutes)"}};
  EXPECT_EQ(open(file, {.variable = "pressure", .unit = "mm/h"})->read(0).values[3], 0);
  EXPECT_EQ(open(file, {.variable = "pressure", .unit = "mm/h"})->read(0).values[4], 2);
  EXPECT_EQ(open(file, {.variable = "pressure"})->read(0).interval_s, 1800);
  file.dimensions.emplace_back("two", 2);
  made_variable(file, "time").attributes["bounds"] = "time_bounds";
  file.variables.push_back({"time_bounds", 'd', {"time", "two"}, {-6, 0, 3, 6}, {}});
  const auto series = open(file, {.variable = "pressure", .unit = "mm/h"});
  EXPECT_EQ(series->read(0).interval_s, 21600);
  EXPECT_EQ(series->read(1).interval_s, 10800);
  EXPECT_FLOAT_EQ(series->read(1).values[3], 10.0F / 3);
}

TEST_F(Netcdf, ADepthWithoutAnIntervalIsNoRateAtOnce) {
  MadeNetcdf file = climate_file();
  made_variable(file, "pressure").attributes = {{"units", "mm"}};
  EXPECT_THAT([&] { open(file, {.variable = "pressure", .unit = "mm/h"}); },
              ThrowsMessage<InvalidArgument>(AllOf(HasSubstr("\"mm\""), HasSubstr("\"mm/h\""), HasSubstr("interval"))));
  const NetcdfOptions options{.variable = "pressure", .unit = "mm/h", .conversion = {.interval_s = 1800}};
  EXPECT_EQ(open(file, options)->read(0).values[4], 2);
}

TEST_F(Netcdf, TheTimeMayHaveAnotherNameThanItsDimension) {
  MadeNetcdf file = climate_file();
  file.dimensions[0].first = "step";
  for (MadeVariable& variable : file.variables) {
    if (variable.dimensions[0] == "time") variable.dimensions[0] = "step";
  }
  EXPECT_THAT([&] { open(file, {.variable = "pressure"}); },
              ThrowsMessage<InvalidArgument>(HasSubstr("\"step\" of 2")));
  EXPECT_THAT(open(file, {.variable = "pressure", .time_variable = "time"})->times(),
              ElementsAre(946684800, 946706400));
}

TEST_F(Netcdf, WholeNumbersNearTheMissingOneStay) {
  MadeNetcdf file = climate_file();
  MadeVariable& variable = made_variable(file, "pressure");
  variable.type = 'i';
  variable.attributes = {{"_FillValue", 2147483647}};
  variable.values.assign(12, 2147483600);
  variable.values[3] = 2147483647;
  EXPECT_EQ(open(file, {.variable = "pressure"})->read(0).valid, (std::vector<std::uint8_t>{0, 1, 1, 1, 1, 1}));
}

TEST_F(Netcdf, ProjectionsBecomeProjStrings) {
  MadeNetcdf file;
  file.dimensions = {{"y", 2}, {"x", 2}};
  file.variables = {{"y", 'd', {"y"}, {0, 1}, {{"units", "km"}, {"standard_name", "projection_y_coordinate"}}},
                    {"x", 'd', {"x"}, {5, 6}, {{"units", "km"}, {"standard_name", "projection_x_coordinate"}}},
                    {"rain", 'd', {"y", "x"}, {1, 2, 3, 4}, {{"grid_mapping", "map"}}},
                    {"map",
                     'i',
                     {},
                     {},
                     {{"grid_mapping_name", "lambert_conformal_conic"},
                      {"standard_parallel", std::vector<double>{30, 60}},
                      {"latitude_of_projection_origin", 45.0},
                      {"longitude_of_central_meridian", 10.0},
                      {"earth_radius", 6371200.0}}}};
  const Field field = open(file, {.variable = "rain"})->read(0);
  EXPECT_EQ(field.grid.projection,
            "+proj=lcc +lat_1=30 +lat_2=60 +lat_0=45 +lon_0=10 +a=6371200 +b=6371200 +units=m +no_defs");
  EXPECT_EQ(field.grid.kind, GridKind::kProjected);
  EXPECT_THAT(field.grid.x, ElementsAre(5000, 6000));
  EXPECT_THAT(field.grid.y, ElementsAre(1000, 0));
}

TEST_F(Netcdf, RefusesAxesThatTurn) {
  MadeNetcdf file = climate_file();
  made_variable(file, "lon").values = {0, 120, 60};
  EXPECT_THAT([&] { open(file, {.variable = "pressure"}); }, ThrowsMessage<BadData>(HasSubstr("lon is not monotonic")));
}

TEST_F(Netcdf, RefusesScalesThatAreNone) {
  MadeNetcdf file = climate_file();
  made_variable(file, "pressure").attributes["scale_factor"] = std::vector<double>{1, 2};
  EXPECT_THROW(open(file, {.variable = "pressure"})->read(0), BadData);
  EXPECT_THROW(open(file, {.variable = "time"}), BadData);
}

// A classic file is only as long as its header says, and reading behind its end gives zeros that would pass for no
// rain.
TEST_F(Netcdf, CutOffAnywhereIsAnError) {
  for (const int kind : {0, 1, 2}) {
    MadeNetcdf file = climate_file();
    file.netcdf4 = kind == 1;
    if (kind == 2) file.dimensions[0].second = 0;  // records
    const std::string bytes = read_bytes(write(file));
    const std::filesystem::path path = folder_ / "cut.nc";
    expect_errors_when_cut(bytes, [&](const std::string& part) {
      write_bytes(path, part);
      const auto series = open_netcdf(path, {.variable = "pressure"});
      for (std::size_t i = 0; i < series->size(); ++i) series->read(i);
    });
  }
}

TEST_F(Netcdf, HugeSizesAreRefusedBeforeMemoryIsTaken) {
  MadeNetcdf file;
  file.dimensions = {{"lat", 60000}, {"lon", 60000}};
  file.netcdf4 = true;
  file.variables = {{"rain", 'b', {"lat", "lon"}, {}, {}}};
  EXPECT_THAT([&] { open(file, {.variable = "rain"}); }, ThrowsMessage<BadData>(HasSubstr("60000 x 60000 cells")));
}

TEST_F(Netcdf, FilesThatAreNoneAreTold) {
  EXPECT_THROW(open_netcdf(folder_ / "missing.nc", {.variable = "rain"}), IoError);
  EXPECT_THROW(open_netcdf(folder_.path(), {.variable = "rain"}), IoError);
  write_bytes(folder_ / "text.nc", "not a NetCDF file at all");
  EXPECT_THAT([&] { open_netcdf(folder_ / "text.nc", {.variable = "rain"}); },
              ThrowsMessage<BadData>(HasSubstr("is no NetCDF file")));
}

}  // namespace
}  // namespace longtake::fields
