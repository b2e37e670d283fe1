// Sequences of climate fields with storms, small enough for tests, as files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace longtake::test {

struct SmallStorms {
  std::int64_t train = 4, validation = 2, test = 2;  // sequences
  std::int64_t frames = 8;
  std::int64_t height = 12, width = 16;  // cells of 2 degrees, from 60 W and 40 N on
  bool calm = false;                     // without any storm
};

// Writes manifest.csv, SPLIT/N.nc with PSL (Pa, 101000 but for 3000 less in the middle of a storm) and U850 (m s-1, 0),
// every six hours, and SPLIT/N.csv: a storm that moves west by a cell and north by half a cell a frame.
void write_small_storms(const std::filesystem::path& folder, const SmallStorms& storms = {});

}  // namespace longtake::test
