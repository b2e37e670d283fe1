#include "fields/netcdf_writer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "base/faulty_files.h"
#include "base/temporary_directory.h"
#include "fields/grid_mapping.h"
#include "fields/made_files.h"
#include "fields/netcdf_file.h"
#include "fields/netcdf_series.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;
using namespace test;

// 2 x 3 cells from `first` on, one of them missing.
Field small_field(const std::string& quantity, const std::string& unit, std::optional<std::int64_t> time,
                  double first) {
  Field field = empty_field(2, 3, "test");
  for (std::size_t i = 0; i < field.count(); ++i) set_cell(field, i, first + 0.1 * static_cast<double>(i));
  set_cell(field, 4, std::nan(""));
  field.quantity = quantity;
  field.unit = unit;
  field.time = time;
  field.grid.kind = GridKind::kGeographic;
  field.grid.x = {-100.25, -99.75, -99.25};
  field.grid.y = {54.5, 53.5};
  return field;
}

Field projected_field(std::int64_t time) {
  Field field = small_field("rain_rate", "mm/h", time, 0);
  field.grid.kind = GridKind::kProjected;
  field.grid.projection = "+proj=stere +lat_0=90 +lon_0=25 +lat_ts=60 +x_0=380886.31 +a=6371288 +b=6371288 +units=m";
  field.grid.x = {500, 1500, 2500};
  field.grid.y = {7001000.5, 7000000.5};
  return field;
}

class NetcdfWriter : public testing::Test {
 protected:
  void write(const NetcdfContents& contents) { write_netcdf(real_files(), path_, contents); }
  std::vector<Field> read(const NetcdfOptions& options) {
    const auto series = open_netcdf(path_, options);
    std::vector<Field> fields;
    for (std::size_t i = 0; i < series->size(); ++i) fields.push_back(series->read(i));
    return fields;
  }
  void expect_same(const std::vector<Field>& fields) {
    write({.variables = {fields}});
    EXPECT_EQ(read({.variable = fields.front().quantity}), fields);
  }
  void expect_refused(const std::vector<std::vector<Field>>& variables, const std::string& reason) {
    EXPECT_THAT([&] { encode_netcdf({.variables = variables}); }, ThrowsMessage<InvalidArgument>(HasSubstr(reason)));
  }
  TemporaryDirectory folder_;
  std::filesystem::path path_ = folder_ / "out.nc";
};

TEST_F(NetcdfWriter, EveryVariableReadsBackWithTheSameBits) {
  const std::vector<Field> pressure{small_field("PSL", "Pa", -86400, 101325.7), small_field("PSL", "Pa", 0, 99999.9),
                                    small_field("PSL", "Pa", 3600, 1e-42)};
  const std::vector<Field> wind{small_field("U850", "m s-1", -86400, -30), small_field("U850", "m s-1", 0, 0),
                                small_field("U850", "m s-1", 3600, 3.4e38)};
  write({.variables = {pressure, wind}});
  EXPECT_EQ(read({.variable = "PSL"}), pressure);
  EXPECT_EQ(read({.variable = "U850"}), wind);
}

TEST_F(NetcdfWriter, EveryKindOfGridReadsBackTheSame) {
  expect_same({projected_field(0), projected_field(300)});

  Field from_edge = projected_field(600);
  from_edge.grid.absolute = false;
  from_edge.grid.y = {-500, -1500};
  from_edge.grid.corners = {{{0.5, 55.97}, {10.856, 55.388}, {9.009, 48.895}, {-0.25, 49.36}}};
  expect_same({from_edge});

  Field curvilinear = small_field("U850", "m s-1", 0, 1);
  curvilinear.grid = {.kind = GridKind::kCurvilinear};
  curvilinear.grid.longitude = {10, 11, 12, 10.5F, 11.5F, 12.5F};
  curvilinear.grid.latitude = {60, 60.1F, 60.2F, 59, 59.1F, 59.2F};
  expect_same({curvilinear});

  Field unknown = small_field("reflectivity", "dBZ", 0, -32);
  unknown.grid = {};
  expect_same({unknown});

  Field single = small_field("PSL", "Pa", std::nullopt, 0);
  expect_same({single});
}

TEST_F(NetcdfWriter, IntervalsBecomeBoundsOfTime) {
  std::vector<Field> rain{small_field("rain", "mm", 3600, 0), small_field("rain", "mm", 10800, 5)};
  rain[0].interval_s = 3600;
  rain[1].interval_s = 7200;
  const std::vector<Field> wind{small_field("U850", "m s-1", 3600, 0), small_field("U850", "m s-1", 10800, 5)};
  write({.variables = {rain, wind}});
  EXPECT_EQ(read({.variable = "rain"}), rain);
  EXPECT_EQ(read({.variable = "U850"}), wind);  // an instant, though time has bounds
  EXPECT_EQ(read({.variable = "rain", .unit = "mm/h"})[1].values[0], 2.5F);
  const std::unique_ptr<const NetcdfFile> opened = open_netcdf_file(path_);
  const NetcdfFile& file = *opened;
  EXPECT_EQ(file.text(file.get("rain"), "cell_methods"), "time: sum");
  EXPECT_THAT(file.read(file.get("time_bounds")), ElementsAre(0, 3600, 3600, 10800));
}

TEST_F(NetcdfWriter, ForecastsHaveAReferenceTimeAndLeadTimes) {
  std::vector<Field> forecasts;
  for (const std::int64_t reference : {0, 300}) {
    for (const std::int64_t lead : {300, 600, 900}) {
      forecasts.push_back(projected_field(reference + lead));
      forecasts.back().values[0] = static_cast<float>(reference + lead) / 7;
      forecasts.back().interval_s = 300;
    }
  }
  write({.variables = {forecasts}, .reference_times = {0, 300}});
  const std::vector<Field> first(forecasts.begin(), forecasts.begin() + 3);
  const std::vector<Field> second(forecasts.begin() + 3, forecasts.end());
  EXPECT_EQ(read({.variable = "rain_rate", .indices = {{"forecast_reference_time", 0}}}), first);
  EXPECT_EQ(read({.variable = "rain_rate", .indices = {{"forecast_reference_time", 1}}}), second);
  EXPECT_THAT([&] { read({.variable = "rain_rate"}); },
              ThrowsMessage<InvalidArgument>(HasSubstr("\"forecast_reference_time\" of 2")));
  {
    const std::unique_ptr<const NetcdfFile> opened = open_netcdf_file(path_);
    const NetcdfFile& file = *opened;
    EXPECT_THAT(file.read(file.get("forecast_period")), ElementsAre(300, 600, 900));
    EXPECT_THAT(file.read(file.get("time")), ElementsAre(300, 600, 900, 600, 900, 1200));
    EXPECT_EQ(file.text(file.get("rain_rate"), "coordinates"), "time");
  }
  write({.variables = {first}, .reference_times = {0}});
  EXPECT_EQ(read({.variable = "rain_rate"}), first);  // a single reference time needs no index
}

TEST_F(NetcdfWriter, CoordinatesAndVariablesHaveTheAttributesOfTheConventions) {
  write({.variables = {{small_field("PSL", "hPa", 0, 1000)}, {small_field("TS", "mm", 0, 0)}}});
  const std::unique_ptr<const NetcdfFile> opened = open_netcdf_file(path_);
  const NetcdfFile& file = *opened;
  const auto expect = [&](const char* name, const std::map<const char*, std::string>& attributes) {
    for (const auto& [attribute, value] : attributes) EXPECT_EQ(file.text(file.get(name), attribute), value) << name;
  };
  expect("time", {{"standard_name", "time"}, {"axis", "T"}, {"units", "seconds since 1970-01-01 00:00:00"}});
  expect("latitude", {{"standard_name", "latitude"}, {"axis", "Y"}, {"units", "degrees_north"}});
  expect("longitude", {{"standard_name", "longitude"}, {"axis", "X"}, {"units", "degrees_east"}});
  expect("PSL", {{"standard_name", "air_pressure_at_mean_sea_level"}, {"units", "hPa"}});
  EXPECT_EQ(file.text(file.get("TS"), "standard_name"), std::nullopt);  // millimetres are no temperature
  EXPECT_THAT(file.numbers(file.get("PSL"), "_FillValue"), ElementsAre(double{9.9692099683868690e+36F}));
}

TEST_F(NetcdfWriter, ProjectionsAreTheirProjStringAndCfsTerms) {
  write({.variables = {{projected_field(0)}}});
  const std::unique_ptr<const NetcdfFile> opened = open_netcdf_file(path_);
  const NetcdfFile& file = *opened;
  const NetcdfVariable& mapping = file.get(*file.text(file.get("rain_rate"), "grid_mapping"));
  EXPECT_EQ(file.text(mapping, "grid_mapping_name"), "polar_stereographic");
  EXPECT_EQ(file.text(mapping, "proj4_params"), projected_field(0).grid.projection);
  EXPECT_THAT(file.numbers(mapping, "straight_vertical_longitude_from_pole"), ElementsAre(25));
  EXPECT_THAT(file.numbers(mapping, "standard_parallel"), ElementsAre(60));
  EXPECT_THAT(file.numbers(mapping, "semi_major_axis"), ElementsAre(6371288));

  EXPECT_EQ(grid_mapping_of("+proj=lcc +lat_1=30 +lat_2=65 +lon_0=10 +ellps=WGS84").name, "lambert_conformal_conic");
  EXPECT_EQ(grid_mapping_of("+proj=stere +lat_0=52").name, "stereographic");
  EXPECT_EQ(grid_mapping_of("+proj=somerc +lat_0=46.95").name, "");  // CF has no Swiss oblique Mercator
  EXPECT_EQ(grid_mapping_of("epsg:3067").name, "");
}

TEST_F(NetcdfWriter, TheSameContentsGiveTheSameBytesAndNoRainIsSmall) {
  NetcdfContents contents{.attributes = {{"title", "dry"}}};
  Field dry = empty_field(512, 512, "test");
  for (std::size_t i = 0; i < dry.count(); ++i) set_cell(dry, i, 0);
  dry.quantity = "rain_rate";
  for (std::int64_t i = 0; i < 8; ++i) {
    dry.time = 300 * i;
    contents.variables.resize(1);
    contents.variables[0].push_back(dry);
  }
  const std::vector<std::byte> bytes = encode_netcdf(contents);
  EXPECT_EQ(bytes, encode_netcdf(contents));
  EXPECT_LT(bytes.size(), 100'000);  // of 8 MiB of numbers
}

TEST_F(NetcdfWriter, AFailingDiskLeavesTheOldFileOrTheWholeNewOne) {
  const std::vector<Field> before{small_field("PSL", "Pa", 0, 1)};
  const std::vector<Field> after{small_field("PSL", "Pa", 0, 2)};
  for (const Fault fault : {Fault::kNoSpace, Fault::kShortWrite, Fault::kPowerLoss}) {
    for (int n = 0;; ++n) {
      write({.variables = {before}});
      const FaultyFiles files(fault, n);
      bool whole = true;
      try {
        write_netcdf(files, path_, {.variables = {after}});
      } catch (const IoError&) {
        whole = false;
      }
      const std::vector<Field> now = read({.variable = "PSL"});
      EXPECT_TRUE(now == after || (!whole && now == before));
      if (!files.failed()) {
        EXPECT_EQ(now, after);
        break;
      }
    }
  }
}

TEST_F(NetcdfWriter, RefusesWhatIsNoFile) {
  const Field good = small_field("PSL", "Pa", 0, 1);
  const auto changed = [&](const auto& change) {
    Field field = good;
    change(field);
    return field;
  };
  expect_refused({}, "at least one variable");
  expect_refused({{good}, {}}, "variable 1");
  expect_refused({{good}, {good}}, "two variables");
  for (const char* name : {"", "2m", "air temperature", "../PSL", "latitude", "time"}) {
    expect_refused({{changed([&](Field& field) { field.quantity = name; })}}, fmt::format("\"{}\" cannot", name));
  }
  expect_refused({{good, changed([](Field& field) { field.unit = "hPa", field.time = 1; })}}, "\"hPa\"");
  expect_refused({{good, changed([](Field& field) { field.grid.x[0] -= 1, field.time = 1; })}}, "another grid");
  expect_refused({{good, good}}, "times must rise, but 0 comes after 0");
  expect_refused({{good, changed([](Field& field) { field.time.reset(); })}}, "field 1 has no time");
  expect_refused({{good}, {small_field("TS", "K", 1, 1)}}, "\"TS\" cannot be written as NetCDF: field 0 has another");
  expect_refused({{good}, {small_field("TS", "K", 0, 1), small_field("TS", "K", 1, 1)}},
                 "2 fields where \"PSL\" has 1");
  expect_refused({{changed([](Field& field) { field.values[0] = std::numeric_limits<float>::infinity(); })}}, "cell 0");
  expect_refused({{changed([](Field& field) { field.values[1] = 9.9692099683868690e+36F; })}}, "cell 1");
  expect_refused({{changed([](Field& field) { field.values.pop_back(); })}}, "5 values and 6 marks");
  expect_refused({{changed([](Field& field) { field.grid.x.pop_back(); })}}, "axes of 2 and 2 for 2 x 3 cells");
  expect_refused({{changed([](Field& field) { std::swap(field.grid.y[0], field.grid.y[1]); })}}, "north to south");
  expect_refused({{changed([](Field& field) { field.interval_s = 0.5; })}}, "an interval of 0.5 s");
  EXPECT_THROW(encode_netcdf({.variables = {{changed([](Field& field) { field.height = 0; })}}}), BadData);
}

TEST_F(NetcdfWriter, RefusesForecastsThatDoNotLineUp) {
  const auto refused = [&](std::vector<std::int64_t> references, const std::vector<std::int64_t>& times,
                           const std::string& reason) {
    NetcdfContents contents{.reference_times = std::move(references)};
    contents.variables.resize(1);
    for (const std::int64_t time : times) contents.variables[0].push_back(small_field("PSL", "Pa", time, 1));
    EXPECT_THAT([&] { encode_netcdf(contents); }, ThrowsMessage<InvalidArgument>(HasSubstr(reason)));
  };
  refused({0, 300}, {300, 600, 900}, "3 fields for 2 reference times");
  refused({0, 300}, {300, 600, 600, 901}, "field 3 is 601 s after its reference time");
  refused({300, 0}, {600, 300}, "reference times must rise");
  refused({0}, {600, 300}, "lead times must rise");
}

}  // namespace
}  // namespace longtake::fields
