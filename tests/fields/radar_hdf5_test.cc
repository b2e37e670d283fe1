#include "fields/radar_hdf5.h"

#include <gmock/gmock.h>

#include "base/temporary_directory.h"
#include "fields/made_files.h"
#include "fields/radar_series.h"
#include "fields/units.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;
using namespace test;

MadeHdf5 knmi_file() {
  MadeHdf5 file;
  file.groups = {
      {"/overview",
       {{"product_datetime_start", "26-AUG-2010;00:00:00.000"}, {"product_datetime_end", "26-AUG-2010;00:05:00.000"}}},
      {"/image1", {{"image_geo_parameter", "ACCUMULATED_PRECIPITATION_[MM]"}}},
      {"/image1/calibration",
       {{"calibration_formulas", "GEO = 0.010000 * PV + 0.5"},
        {"calibration_missing_data", 65535},
        {"calibration_out_of_image", 65534}}}};
  file.dataset = "/image1/image_data";
  file.sizes = {2, 2};
  file.values = {0, 100, 65534, 65535};
  return file;
}

MadeHdf5 odim_file() {
  MadeHdf5 file;
  file.groups = {{"/", {{"Conventions", "ODIM_H5/V2_2"}}},
                 {"/what", {{"object", "COMP"}, {"date", "20160928"}, {"time", "160000"}}},
                 {"/where",
                  {{"projdef", "+proj=stere +lat_0=90"},
                   {"xscale", 2000.0},
                   {"yscale", 1000.0},
                   {"UL_lon", 1.0},
                   {"UL_lat", 60.0},
                   {"UR_lon", 9.0},
                   {"UR_lat", 60.5},
                   {"LR_lon", 8.0},
                   {"LR_lat", 50.0},
                   {"LL_lon", 2.0},
                   {"LL_lat", 50.5}}},
                 {"/dataset1/what",
                  {{"startdate", "20160928"}, {"starttime", "155500"}, {"enddate", "20160928"}, {"endtime", "160000"}}},
                 {"/dataset1/data1/what",
                  {{"quantity", "DBZH"}, {"gain", 0.5}, {"offset", -32.0}, {"nodata", 255.0}, {"undetect", 0.0}}}};
  file.dataset = "/dataset1/data1/data";
  file.sizes = {1, 4};
  file.values = {0, 64, 84, 255};
  return file;
}

class RadarHdf5 : public testing::Test {
 protected:
  Field read(const MadeHdf5& file, const RadarHdf5Options& options = {}) {
    const std::filesystem::path path = folder_ / "made.h5";
    write_hdf5(path, file);
    return read_radar_hdf5(path, options);
  }
  void expect_refused(const MadeHdf5& file, const std::string& reason) {
    EXPECT_THAT([&] { read(file); }, ThrowsMessage<BadData>(HasSubstr(reason)));
  }
  TemporaryDirectory folder_;
};

TEST_F(RadarHdf5, ReadsKnmi) {
  const Field field = read(knmi_file());
  EXPECT_EQ(field.valid, (std::vector<std::uint8_t>{1, 1, 0, 0}));
  EXPECT_FLOAT_EQ(field.values[1], 1.5F);
  EXPECT_EQ(field.unit, "mm");
  EXPECT_EQ(field.quantity, "accumulated_precipitation");
  EXPECT_EQ(field.time, 1282781100);
  EXPECT_EQ(field.interval_s, 300);
  EXPECT_FLOAT_EQ(convert(field, "mm/h").values[1], 18);
}

TEST_F(RadarHdf5, ReadsTheFormulasOfKnmi) {
  MadeHdf5 file = knmi_file();
  AttributeValue& formula = file.groups["/image1/calibration"]["calibration_formulas"];
  formula = "GEO=0.5*PV+-32.0";
  EXPECT_EQ(read(file).values[1], 18);
  formula = "GEO=0.5*PV-32";
  EXPECT_EQ(read(file).values[1], 18);
  formula = "GEO=2*PV";
  EXPECT_EQ(read(file).values[1], 200);
  for (const char* bad : {"", "0.5*PV", "GEO=PV", "GEO=x*PV+1", "GEO=1*PV+", "GEO=1*PV*2", "GEO=1*PV+1e999"}) {
    formula = bad;
    EXPECT_THROW(read(file), BadData) << bad;
  }
}

TEST_F(RadarHdf5, RefusesKnmiThatIsNotWhole) {
  MadeHdf5 file = knmi_file();
  file.dataset.clear();
  expect_refused(file, "/image1/image_data: there is no such dataset");
  file = knmi_file();
  file.groups.erase("/image1/calibration");
  expect_refused(file, "calibration_formulas: there is none");
  file = knmi_file();
  file.groups["/overview"]["product_datetime_end"] = "2010-08-26 00:05:00";
  expect_refused(file, "26-AUG-2010;00:05:00.000 is wanted");
  file = knmi_file();
  file.sizes = {4};
  expect_refused(file, "has not two dimensions");
}

TEST_F(RadarHdf5, ReadsOdim) {
  const Field field = read(odim_file());
  EXPECT_EQ(field.valid, (std::vector<std::uint8_t>{1, 1, 1, 0}));
  EXPECT_THAT(filled_values(field, 99), ElementsAre(-32, 0, 10, 99));  // undetect is no rain, nodata is not known
  EXPECT_EQ(rain_rate(field.values[0]), 0);
  EXPECT_EQ(field.unit, "dBZ");
  EXPECT_EQ(field.time, 1475078400);
  EXPECT_EQ(field.interval_s, 300);
  EXPECT_EQ(field.grid.projection, "+proj=stere +lat_0=90");
  EXPECT_THAT(field.grid.x, ElementsAre(1000, 3000, 5000, 7000));
  EXPECT_FALSE(field.grid.absolute);
  EXPECT_EQ((*field.grid.corners)[2], (GeoPoint{8, 50}));
}

TEST_F(RadarHdf5, UndetectOfRainIsZeroAndAttributesAreInherited) {
  MadeHdf5 file = odim_file();
  file.groups["/dataset1/what"]["gain"] = 0.1;
  file.groups["/dataset1/data1/what"] = {{"quantity", "ACRR"}, {"nodata", 255.0}, {"undetect", 0.0}, {"offset", -1.0}};
  const Field field = read(file, {.quantity = "ACRR"});
  EXPECT_EQ(field.values[0], 0);
  EXPECT_FLOAT_EQ(field.values[1], 5.4F);
  EXPECT_EQ(field.unit, "mm");
}

TEST_F(RadarHdf5, AQuantityThatIsNotThereListsWhatIs) {
  EXPECT_THAT([&] { read(odim_file(), {.quantity = "RATE"}); },
              ThrowsMessage<InvalidArgument>(AllOf(HasSubstr("\"RATE\""), HasSubstr("the file has DBZH"))));
  EXPECT_THAT([&] { read(knmi_file(), {.quantity = "RATE"}); },
              ThrowsMessage<InvalidArgument>(HasSubstr("the file has accumulated_precipitation")));
}

TEST_F(RadarHdf5, RefusesOdimThatIsNotAComposite) {
  MadeHdf5 file = odim_file();
  file.groups["/what"]["object"] = "PVOL";
  EXPECT_THROW(read(file), Unsupported);
  file = odim_file();
  file.groups.erase("/dataset1/what");
  file.groups.erase("/dataset1/data1/what");
  file.dataset = "/other";
  expect_refused(file, "has no /dataset1/data1");
  file = odim_file();
  file.groups["/what"]["date"] = "2016-09-28";
  expect_refused(file, "YYYYMMDD is wanted");
  file = odim_file();
  file.groups["/"].clear();
  EXPECT_THROW(read(file), Unsupported);
}

TEST_F(RadarHdf5, AllMissingFramesHaveNoValue) {
  MadeHdf5 file = knmi_file();
  file.values.assign(4, 65535);
  EXPECT_EQ(valid_count(read(file)), 0);
}

TEST_F(RadarHdf5, HugeSizesAreRefusedBeforeMemoryIsTaken) {
  MadeHdf5 file = knmi_file();
  file.sizes = {90000, 90000};
  file.values.clear();
  expect_refused(file, "90000 x 90000 cells");
  file.sizes = {1ULL << 40, 1ULL << 40};
  expect_refused(file, "cells (height x width)");
}

TEST_F(RadarHdf5, CutOffAnywhereIsAnErrorAndPrintsNothing) {
  read(knmi_file());
  const std::string bytes = read_bytes(folder_ / "made.h5");
  testing::internal::CaptureStderr();
  expect_errors_when_cut(bytes, [&](const std::string& part) {
    write_bytes(folder_ / "cut.h5", part);
    read_radar_hdf5(folder_ / "cut.h5");
  });
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_THROW(read_radar_hdf5(folder_ / "none.h5"), IoError);
}

TEST_F(RadarHdf5, ASeriesRefusesOtherSizesAndMixtures) {
  MadeHdf5 file = knmi_file();
  write_hdf5(folder_ / "a.h5", file);
  file.sizes = {4, 1};
  file.groups["/overview"]["product_datetime_end"] = "26-AUG-2010;00:10:00.000";
  write_hdf5(folder_ / "b.h5", file);
  const auto series = open_radar(real_files(), {folder_ / "a.h5", folder_ / "b.h5"});
  EXPECT_THAT(series->times(), ElementsAre(1282781100, 1282781400));
  series->read(0);
  EXPECT_THAT([&] { series->read(1); }, ThrowsMessage<BadData>(HasSubstr("4 x 1 cells")));
  EXPECT_THROW(open_radar(real_files(), {folder_ / "a.h5", folder_ / "a.gif"}), InvalidArgument);
  EXPECT_THROW(open_radar(real_files(), {folder_ / "a.mp4"}), InvalidArgument);
  EXPECT_THROW(open_radar(real_files(), {}), InvalidArgument);
  EXPECT_THROW(open_radar(real_files(), {folder_ / "a.h5"}, {.netcdf = {.variable = "rain"}}), InvalidArgument);
  EXPECT_THROW(open_radar(real_files(), {folder_ / "a.pgm"}, {.hdf5 = {.quantity = "RATE"}}), InvalidArgument);
}

}  // namespace
}  // namespace longtake::fields
