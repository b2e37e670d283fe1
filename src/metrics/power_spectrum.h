// How the power of a field spreads over wavelengths, which tells a forecast that is right in its large shapes and has
// lost the small ones (a smooth one scores well on errors and cannot be compared with an extrapolation) from one that
// is as rough as truth.
//
// The two-dimensional spectrum is averaged over directions in rings, as pysteps' rapsd does. With L the longer side of
// the grid in cells, ring k = 1 to L/2 (rounded down) holds what has a frequency of (k - 1/2)/L to (k + 1/2)/L cycles a
// cell, halves going up, so about a wavelength of L/k cells; the shortest is 2. The corners of the spectrum beyond are
// left out. Rings are by true frequency on grids that are not square, too (there rapsd counts in indices).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "metrics/field_pair.h"

namespace longtake {

// What is done about the edges, where the transform takes the field to go on at the other side.
enum class Taper : std::uint8_t {
  kNone,  // nothing: a step from edge to edge shows as power at all wavelengths (pysteps)
  kHann,  // the field fades out towards the edges: for fields that have much there; the longest wavelengths blur
};

// The mean power of each ring [max(height, width) / 2], longest wavelength first: |F|^2 over the sum of the squared
// taper (over the number of cells without one), with the field's mean taken away first. `valid` as in FieldPair:
// missing cells are filled with the mean; empty when no cell counts. Sides may have any length; those with small prime
// factors are fast. Throws InvalidArgument as check_pair(), and when neither side has 2 cells.
std::vector<double> radial_power(std::span<const float> field, std::int64_t height, std::int64_t width,
                                 Taper taper = Taper::kNone, std::span<const std::uint8_t> valid = {});

// Spectra of forecast and truth by lead, pooled over frames. A value: a shard fills its own, and merge() gives what one
// would have that had seen all. Missing cells are filled in both fields; a frame of which no cell counts is left out.
class PowerSpectra {
 public:
  // All fields are on this grid. Throws InvalidArgument on less than 1 lead, and as radial_power() on the grid.
  PowerSpectra(std::int64_t leads, std::int64_t height, std::int64_t width, Taper taper = Taper::kNone);

  // Throws InvalidArgument as check_pair(), on another grid and when there is no such lead.
  void add(std::int64_t lead, const FieldPair& pair);
  // Throws InvalidArgument when leads, grid or taper differ.
  void merge(const PowerSpectra& other);

  std::int64_t leads() const { return leads_; }
  std::int64_t frames(std::int64_t lead) const;
  // Wavelengths of the rings in cells, longest first. Multiply by the grid's spacing for kilometres.
  std::vector<double> wavelengths() const;
  // Mean power by ring, as radial_power(), over frames; empty when there are none.
  std::vector<double> forecast_power(std::int64_t lead) const;
  std::vector<double> truth_power(std::int64_t lead) const;
  // The power of all that has a wavelength in [shortest, longest) cells in the forecasts over that in truth: 1 where
  // they are as rough, 0 where all is smoothed away. Nothing when no ring is in the band or truth has no power there.
  std::optional<double> ratio(std::int64_t lead, double shortest, double longest) const;

  friend bool operator==(const PowerSpectra&, const PowerSpectra&) = default;

 private:
  struct Totals {  // by ring, over coefficients and frames
    std::vector<double> forecast;
    std::vector<double> truth;
    std::int64_t frames = 0;
    friend bool operator==(const Totals&, const Totals&) = default;
  };

  const Totals& at(std::int64_t lead) const;
  std::vector<double> mean_power(const std::vector<double>& totals, std::int64_t frames) const;

  std::int64_t leads_;
  std::int64_t height_;
  std::int64_t width_;
  Taper taper_;
  std::vector<double> sizes_;  // coefficients by ring
  std::vector<Totals> totals_;
};

}  // namespace longtake
