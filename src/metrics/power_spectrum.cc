// A discrete Fourier transform for sides of any length, and sums over rings, for power_spectrum.h.
#include "metrics/power_spectrum.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

#include "longtake/error.h"
#include "metrics/lead_means.h"

namespace longtake {
namespace {

using Complex = std::complex<double>;

std::size_t smallest_factor(std::size_t number) {
  for (std::size_t factor = 2; factor * factor <= number; ++factor) {
    if (number % factor == 0) return factor;
  }
  return number;
}

// The transform of a fixed length: by its prime factors (Cooley and Tukey 1965), and directly where a prime is left.
class FourierTransform {
 public:
  explicit FourierTransform(std::size_t size) : roots_(size), terms_(size) {
    for (std::size_t i = 0; i < size; ++i) {
      roots_[i] = std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(size));
    }
  }

  void forward(const std::vector<Complex>& values, std::vector<Complex>& result) {
    result.resize(values.size());
    transform(values.data(), 1, roots_.size(), result.data());
  }

 private:
  // Of the `size` values that are `step` apart; size * step is the whole length, so roots_[step] is their first root.
  void transform(const Complex* values, std::size_t step, std::size_t size, Complex* result) {
    const std::size_t factor = smallest_factor(size), part = size / factor;
    for (std::size_t i = 0; i < factor; ++i) {
      if (part > 1) {
        transform(values + i * step, step * factor, part, result + i * part);
      } else {
        result[i] = values[i * step];
      }
    }
    for (std::size_t k = 0; k < part; ++k) {
      for (std::size_t i = 0; i < factor; ++i) terms_[i] = result[i * part + k];
      for (std::size_t to = k; to < size; to += part) {
        Complex sum = terms_[0];
        std::size_t root = 0;
        for (std::size_t i = 1; i < factor; ++i) {
          root += to;
          if (root >= size) root -= size;
          sum += terms_[i] * roots_[root * step];
        }
        result[to] = sum;
      }
    }
  }

  std::vector<Complex> roots_;  // e^(-2 pi i k / size)
  std::vector<Complex> terms_;  // what is being combined
};

std::vector<double> taper_row(std::int64_t size, Taper taper) {
  std::vector<double> row(static_cast<std::size_t>(size), 1.0);
  if (taper == Taper::kNone) return row;
  for (std::size_t i = 0; i < row.size(); ++i) {
    row[i] = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * (static_cast<double>(i) + 0.5) / static_cast<double>(size));
  }
  return row;
}

double sum_of_squares(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return sum;
}

void check_grid(std::int64_t height, std::int64_t width) {
  if (height < 1 || width < 1 || std::max(height, width) < 2) {
    throw InvalidArgument(fmt::format("a spectrum of {} x {} cells; 2 along a side are wanted", height, width));
  }
}

std::size_t ring_count(std::int64_t height, std::int64_t width) {
  return static_cast<std::size_t>(std::max(height, width) / 2);
}

// Calls visit(row, column, ring, weight) for the half of the spectrum that says all of a real field; `weight` is 2 for
// what has a twin in the other half. Rings count from 0.
template <class Visit>
void visit_rings(std::int64_t height, std::int64_t width, const Visit& visit) {
  const auto longer = static_cast<double>(std::max(height, width));
  const std::size_t rings = ring_count(height, width);
  for (std::int64_t column = 0; column <= width / 2; ++column) {
    const double across = static_cast<double>(column) / static_cast<double>(width);
    const double weight = column == 0 || 2 * column == width ? 1 : 2;
    for (std::int64_t row = 0; row < height; ++row) {
      const double down = static_cast<double>(std::min(row, height - row)) / static_cast<double>(height);
      // A little more than a half, so that rounding does not decide where an exact half goes.
      const auto wave = static_cast<std::size_t>(std::hypot(down, across) * longer + 0.5 + 1e-9);
      if (wave >= 1 && wave <= rings) visit(row, column, wave - 1, weight);
    }
  }
}

std::vector<double> ring_sizes(std::int64_t height, std::int64_t width) {
  std::vector<double> sizes(ring_count(height, width));
  visit_rings(height, width,
              [&](std::int64_t, std::int64_t, std::size_t ring, double weight) { sizes[ring] += weight; });
  return sizes;
}

// The field without its mean, faded out; 0 where a cell is missing. [height, width]
std::vector<double> prepared(std::span<const float> field, const FieldPair& grid, Taper taper) {
  double sum = 0;
  for (std::size_t cell = 0; cell < field.size(); ++cell) sum += grid.counts(cell) ? field[cell] : 0;
  const double mean = sum / static_cast<double>(counted_cells(grid));
  const std::vector<double> down = taper_row(grid.height, taper), across = taper_row(grid.width, taper);
  std::vector<double> values(field.size());
  for (std::size_t cell = 0; cell < field.size(); ++cell) {
    if (grid.counts(cell)) {
      values[cell] = (field[cell] - mean) * down[cell / across.size()] * across[cell % across.size()];
    }
  }
  return values;
}

// Columns 0 to width / 2 of the transform, each [height].
std::vector<std::vector<Complex>> half_spectrum(const std::vector<double>& values, std::size_t height,
                                                std::size_t width) {
  FourierTransform along_rows(width), along_columns(height);
  std::vector<std::vector<Complex>> columns(width / 2 + 1, std::vector<Complex>(height));
  std::vector<Complex> line(width), result;
  for (std::size_t row = 0; row < height; ++row) {
    std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(row * width), width, line.begin());
    along_rows.forward(line, result);
    for (std::size_t column = 0; column < columns.size(); ++column) columns[column][row] = result[column];
  }
  for (std::vector<Complex>& column : columns) {
    along_columns.forward(column, result);
    column.swap(result);
  }
  return columns;
}

// The power of each ring, over all its coefficients. `field` is one of the pair.
std::vector<double> ring_totals(std::span<const float> field, const FieldPair& pair, Taper taper) {
  const auto columns = half_spectrum(prepared(field, pair, taper), static_cast<std::size_t>(pair.height),
                                     static_cast<std::size_t>(pair.width));
  const double scale = sum_of_squares(taper_row(pair.height, taper)) * sum_of_squares(taper_row(pair.width, taper));
  std::vector<double> totals(ring_count(pair.height, pair.width));
  visit_rings(pair.height, pair.width, [&](std::int64_t row, std::int64_t column, std::size_t ring, double weight) {
    totals[ring] +=
        weight * std::norm(columns[static_cast<std::size_t>(column)][static_cast<std::size_t>(row)]) / scale;
  });
  return totals;
}

void add_all(std::vector<double>& to, const std::vector<double>& values) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += values[i];
}

}  // namespace

std::vector<double> radial_power(std::span<const float> field, std::int64_t height, std::int64_t width, Taper taper,
                                 std::span<const std::uint8_t> valid) {
  const FieldPair pair{.forecast = field, .truth = field, .height = height, .width = width, .valid = valid};
  check_grid(height, width);
  check_pair(pair);
  if (counted_cells(pair) == 0) return {};
  std::vector<double> power = ring_totals(field, pair, taper);
  const std::vector<double> sizes = ring_sizes(height, width);
  for (std::size_t ring = 0; ring < power.size(); ++ring) power[ring] /= sizes[ring];
  return power;
}

PowerSpectra::PowerSpectra(std::int64_t leads, std::int64_t height, std::int64_t width, Taper taper)
    : leads_(leads), height_(height), width_(width), taper_(taper) {
  if (leads < 1) throw InvalidArgument(fmt::format("spectra of {} leads; at least 1 is wanted", leads));
  check_grid(height, width);
  sizes_ = ring_sizes(height, width);
  totals_.resize(static_cast<std::size_t>(leads),
                 {.forecast = std::vector<double>(sizes_.size()), .truth = std::vector<double>(sizes_.size())});
}

void PowerSpectra::add(std::int64_t lead, const FieldPair& pair) {
  Totals& to = totals_[lead_index(lead, leads_)];
  check_pair(pair);
  if (pair.height != height_ || pair.width != width_) {
    throw InvalidArgument(
        fmt::format("a field of {} x {} among spectra of {} x {} cells", pair.height, pair.width, height_, width_));
  }
  if (counted_cells(pair) == 0) return;
  add_all(to.forecast, ring_totals(pair.forecast, pair, taper_));
  add_all(to.truth, ring_totals(pair.truth, pair, taper_));
  ++to.frames;
}

void PowerSpectra::merge(const PowerSpectra& other) {
  if (other.leads_ != leads_ || other.height_ != height_ || other.width_ != width_ || other.taper_ != taper_) {
    throw InvalidArgument("spectra of different leads, grids or tapers cannot be merged");
  }
  for (std::size_t lead = 0; lead < totals_.size(); ++lead) {
    add_all(totals_[lead].forecast, other.totals_[lead].forecast);
    add_all(totals_[lead].truth, other.totals_[lead].truth);
    totals_[lead].frames += other.totals_[lead].frames;
  }
}

const PowerSpectra::Totals& PowerSpectra::at(std::int64_t lead) const { return totals_[lead_index(lead, leads_)]; }

std::int64_t PowerSpectra::frames(std::int64_t lead) const { return at(lead).frames; }

std::vector<double> PowerSpectra::wavelengths() const {
  std::vector<double> wavelengths;
  const auto longer = static_cast<double>(std::max(height_, width_));
  for (std::size_t ring = 0; ring < sizes_.size(); ++ring)
    wavelengths.push_back(longer / static_cast<double>(ring + 1));
  return wavelengths;
}

std::vector<double> PowerSpectra::mean_power(const std::vector<double>& totals, std::int64_t frames) const {
  std::vector<double> power;
  for (std::size_t ring = 0; frames > 0 && ring < totals.size(); ++ring) {
    power.push_back(totals[ring] / (sizes_[ring] * static_cast<double>(frames)));
  }
  return power;
}

std::vector<double> PowerSpectra::forecast_power(std::int64_t lead) const {
  return mean_power(at(lead).forecast, frames(lead));
}

std::vector<double> PowerSpectra::truth_power(std::int64_t lead) const {
  return mean_power(at(lead).truth, frames(lead));
}

std::optional<double> PowerSpectra::ratio(std::int64_t lead, double shortest, double longest) const {
  const Totals& totals = at(lead);
  const std::vector<double> lengths = wavelengths();
  double forecast = 0, truth = 0;
  for (std::size_t ring = 0; ring < lengths.size(); ++ring) {
    if (lengths[ring] < shortest || lengths[ring] >= longest) continue;
    forecast += totals.forecast[ring];
    truth += totals.truth[ring];
  }
  if (truth == 0) return std::nullopt;
  return forecast / truth;
}

}  // namespace longtake
