// Numbers of NumPy 1.24's fft2 over the fields of sample_fields.h, and waves whose power is known.
#include "metrics/power_spectrum.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "longtake/error.h"
#include "metrics/sample_fields.h"

namespace longtake {
namespace {

void expect_powers(const std::vector<double>& powers, const std::vector<double>& expected, double scale = 1) {
  ASSERT_EQ(powers.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(powers[i], expected[i] * scale, 1e-10 * expected[i] * scale) << "ring " << i + 1;
  }
}

// amplitude * cos(2 pi (down row / height + across column / width)) + offset
std::vector<float> wave(std::int64_t height, std::int64_t width, double down, double across, double amplitude,
                        double offset = 0) {
  std::vector<float> values;
  for (std::int64_t row = 0; row < height; ++row) {
    for (std::int64_t column = 0; column < width; ++column) {
      const double turns = down * static_cast<double>(row) / static_cast<double>(height) +
                           across * static_cast<double>(column) / static_cast<double>(width);
      values.push_back(static_cast<float>(amplitude * std::cos(2 * std::numbers::pi * turns) + offset));
    }
  }
  return values;
}

TEST(RadialPower, AgreesWithNumpyOnSidesOfAnyLength) {
  expect_powers(radial_power(sample_pattern(12, 12, 37, 11, 3, 101), 12, 12),
                {0.0223089699656, 0.0456232719745, 0.0224731289278, 0.0840868897887, 0.0904607300941, 0.109433113782});
  expect_powers(radial_power(sample_truth(), 16, 19),
                {0.00304148911626, 0.021798566732, 0.0526218930897, 0.0615625857232, 0.0335642496807, 0.0649558028974,
                 0.0897413188352, 0.0821882616883, 0.0799631858832});
  expect_powers(radial_power(sample_pattern(13, 17, 37, 11, 3, 101), 13, 17),
                {0.00222110666502, 0.0142393952879, 0.0420124035632, 0.0340316808286, 0.0366034514167, 0.132396437485,
                 0.081407471847, 0.0777906226678});
  const std::vector<double> of_line{0.110264047611, 0.0339589586704, 0.0218391428817};
  const std::vector<float> line = sample_pattern(1, 7, 37, 11, 3, 101);
  expect_powers(radial_power(line, 1, 7), of_line);
  expect_powers(radial_power(line, 7, 1), of_line);
}

// NumPy's numbers are over the number of cells; the squares of the taper are 3/8 in the mean along either side.
TEST(RadialPower, AgreesWithNumpyBehindATaper) {
  expect_powers(radial_power(sample_truth(), 16, 19, Taper::kHann),
                {0.00302754168334, 0.00299708665104, 0.00358641214761, 0.0060244621102, 0.00317384252642,
                 0.00806957597125, 0.0115554716371, 0.011569589632, 0.0133031969343},
                64.0 / 9);
}

// A wave of amplitude A has two coefficients A H W / 2, so a power of A^2 H W / 4 each, in a ring by its frequency. In
// 24 x 36 cells, 2 turns down are 2/24 a cell, ring 3 of 36; (4, 6) is hypot(1/6, 1/6) a cell, ring 8.485.
TEST(RadialPower, OfAWaveIsInTheRingOfItsWavelength) {
  const struct {
    double down, across;
    std::size_t ring;
  } cases[] = {{0, 3, 3}, {2, 0, 3}, {4, 6, 8}, {12, 0, 18}, {0, 18, 18}};
  const std::vector<double> sizes = [] {  // coefficients by ring, counted one by one
    std::vector<double> count(19);
    for (int row = -12; row < 12; ++row) {
      for (int column = -18; column < 18; ++column) {
        const auto ring = static_cast<std::size_t>(std::floor(std::hypot(1.5 * row, 1.0 * column) + 0.5));
        if (ring <= 18) ++count[ring];
      }
    }
    return count;
  }();
  for (const auto& [down, across, ring] : cases) {
    const std::vector<double> power = radial_power(wave(24, 36, down, across, 2, 5), 24, 36);
    ASSERT_EQ(power.size(), 18U);
    const bool shortest = down == 12 || across == 18;  // one coefficient A H W, its own twin
    const double total = shortest ? 4.0 * 24 * 36 : 2 * 4.0 * 24 * 36 / 4;
    for (std::size_t i = 1; i <= 18; ++i) {
      EXPECT_NEAR(power[i - 1] * sizes[i], i == ring ? total : 0, 1e-3) << down << ", " << across << " ring " << i;
    }
  }
}

TEST(RadialPower, OfAConstantOrMissingFieldIsNone) {
  for (const double power : radial_power(std::vector<float>(30, 0.1F), 5, 6)) EXPECT_EQ(power, 0);
  EXPECT_TRUE(radial_power(std::vector<float>(4), 2, 2, Taper::kNone, std::vector<std::uint8_t>(4)).empty());
}

TEST(RadialPower, FillsMissingCellsWithTheMeanOfTheOthers) {
  std::vector<float> field = sample_truth();
  const std::vector<std::uint8_t> valid = sample_mask();
  double sum = 0;
  for (std::size_t i = 0; i < field.size(); ++i) sum += valid[i] != 0 ? field[i] : 0;
  std::vector<float> filled = field;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (valid[i] != 0) continue;
    filled[i] = static_cast<float>(sum / 261);
    field[i] = std::nanf("");
  }
  const std::vector<double> expected = radial_power(filled, 16, 19);
  const std::vector<double> power = radial_power(field, 16, 19, Taper::kNone, valid);
  for (std::size_t i = 0; i < power.size(); ++i) EXPECT_NEAR(power[i], expected[i], 1e-6);
}

// The forecast has a long wave whole and half of a short one, so a quarter of its power. Wavelengths 8 and 2.667.
SampleFields half_smoothed() {
  const std::vector<float> longer = wave(16, 16, 2, 0, 1), shorter = wave(16, 16, 0, 6, 1);
  SampleFields fields{longer, longer, 16, 16, {}};
  for (std::size_t i = 0; i < longer.size(); ++i) {
    fields.truth[i] += shorter[i];
    fields.forecast[i] += 0.5F * shorter[i];
  }
  return fields;
}

TEST(PowerSpectra, TellWhichWavelengthsWereSmoothedAway) {
  PowerSpectra spectra(1, 16, 16);
  const SampleFields fields = half_smoothed();
  spectra.add(0, fields.pair());
  EXPECT_NEAR(*spectra.ratio(0, 4, 100), 1, 1e-6);
  EXPECT_NEAR(*spectra.ratio(0, 2, 4), 0.25, 1e-6);
  EXPECT_NEAR(*spectra.ratio(0, 2, 100), (1 + 0.25) / 2, 1e-6);
  EXPECT_EQ(spectra.wavelengths().front(), 16);
  EXPECT_EQ(spectra.wavelengths().back(), 2);
  expect_powers(spectra.truth_power(0), radial_power(fields.truth, 16, 16));
  expect_powers(spectra.forecast_power(0), radial_power(fields.forecast, 16, 16));
}

TEST(PowerSpectra, TakeBandsFromTheShortestToBelowTheLongest) {
  PowerSpectra spectra(1, 16, 16);
  spectra.add(0, half_smoothed().pair());
  EXPECT_NEAR(*spectra.ratio(0, 16.0 / 6, 16.0 / 5), 0.25, 1e-6);
  EXPECT_NEAR(*spectra.ratio(0, 16.0 / 6, 8), 0.25, 1e-6);       // the long wave of 8 is not in it
  EXPECT_NEAR(*spectra.ratio(0, 16.0 / 6, 8.001), 0.625, 1e-6);  // and here it is
  EXPECT_FALSE(spectra.ratio(0, 100, 200).has_value());          // no ring
  EXPECT_FALSE(PowerSpectra(1, 16, 16).ratio(0, 2, 100).has_value());
}

TEST(PowerSpectra, OfDryOrMissingFramesHaveNoRatio) {
  PowerSpectra spectra(2, 2, 3);
  SampleFields fields{std::vector<float>(6, 1), std::vector<float>(6), 2, 3, {}};
  spectra.add(0, fields.pair());
  fields.valid.assign(6, 0);
  spectra.add(1, fields.pair());
  EXPECT_FALSE(spectra.ratio(0, 2, 100).has_value());
  EXPECT_EQ(spectra.frames(0), 1);
  EXPECT_EQ(spectra.frames(1), 0);
  EXPECT_TRUE(spectra.truth_power(1).empty());
}

TEST(PowerSpectra, MergedShardsEqualTheWhole) {
  PowerSpectra whole(2, 16, 19, Taper::kHann), first = whole, second = whole;
  const SampleFields one = unlike_fields(), other = like_fields();
  for (PowerSpectra* spectra : {&whole, &first}) spectra->add(0, one.pair());
  for (PowerSpectra* spectra : {&whole, &second}) {
    spectra->add(0, other.pair());
    spectra->add(1, one.pair());
  }
  EXPECT_NE(first, whole);
  first.merge(second);
  EXPECT_EQ(first, whole);
}

TEST(PowerSpectra, RefuseWhatDoesNotFit) {
  EXPECT_THROW(PowerSpectra(0, 4, 4), InvalidArgument);
  EXPECT_THROW(PowerSpectra(1, 1, 1), InvalidArgument);
  EXPECT_THROW(PowerSpectra(1, 0, 4), InvalidArgument);
  EXPECT_THROW(radial_power(std::vector<float>(1), 1, 1), InvalidArgument);
  EXPECT_THROW(radial_power(std::vector<float>(5), 2, 3), InvalidArgument);
  EXPECT_THROW(radial_power(std::vector<float>(2, std::nanf("")), 1, 2), InvalidArgument);
  PowerSpectra spectra(1, 2, 3);
  EXPECT_THROW(spectra.add(0, sample_row({1, 2, 3}, {1, 2, 3}).pair()), InvalidArgument);
  EXPECT_THROW(spectra.add(1, SampleFields{std::vector<float>(6), std::vector<float>(6), 2, 3, {}}.pair()),
               InvalidArgument);
  EXPECT_THROW(spectra.merge(PowerSpectra(1, 3, 2)), InvalidArgument);
  EXPECT_THROW(spectra.merge(PowerSpectra(1, 2, 3, Taper::kHann)), InvalidArgument);
  EXPECT_THROW(spectra.merge(PowerSpectra(2, 2, 3)), InvalidArgument);
  EXPECT_EQ(spectra, PowerSpectra(1, 2, 3));
}

}  // namespace
}  // namespace longtake
