// What fields say where the library of NetCDF, HDF5, GIF and PNG is not there, and that all else works.
#include <gmock/gmock.h>

#include "fields/fmi.h"
#include "fields/hko7.h"
#include "fields/meteoswiss.h"
#include "fields/netcdf_writer.h"
#include "fields/radar_series.h"
#include "fields/track_readers.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

template <class Call>
void expect_unsupported(Call call) {
  EXPECT_THAT(call, ThrowsMessage<Unsupported>(
                        AllOf(HasSubstr("built with LONGTAKE_FIELDS"), HasSubstr("liblongtake_fields_readers.so"))));
}

TEST(WithoutReaders, WhatNeedsThemSaysWhatIsMissing) {
  expect_unsupported([] { open_netcdf("a.nc", {.variable = "p"}); });
  expect_unsupported([] { open_radar(real_files(), {"a.nc"}); });
  expect_unsupported([] { read_netcdf_tracks("a.nc", {}); });
  expect_unsupported([] { read_radar_hdf5("a.h5"); });
  expect_unsupported([] { time_of_radar_hdf5("a.h5"); });
  expect_unsupported([] { parse_meteoswiss("GIF89a", "a.gif"); });
  expect_unsupported([] { parse_hko7("PNG", "", 0, "a.png"); });
  Field field = empty_field(1, 1, "test");
  field.quantity = "rain";
  expect_unsupported([&] { encode_netcdf({.variables = {{field}}}); });
}

TEST(WithoutReaders, OtherFormatsAreRead) {
  EXPECT_THAT(parse_fmi("P5 2 1 255 \x40\x42", "a.pgm").values, ElementsAre(0, 1));
}

}  // namespace
}  // namespace longtake::fields
