// Analyses made to repeat, and the mean they are laid over.
#include "fields/storm_background.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "fields/netcdf_series.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

const std::array<std::string, 4> kBackgroundFiles{"Pstorm.cdf", "Tstorm.cdf", "Ustorm.cdf", "Vstorm.cdf"};
constexpr std::array<const char*, 4> kBackgroundVariables{"p", "t", "u", "v"};

// Fills missing cells ring by ring with the means of their neighbours.
void fill_missing(Field& field) {
  while (valid_count(field) < static_cast<std::int64_t>(field.count())) {
    const Field before = field;
    bool filled = false;
    for (std::int64_t i = 0; i < field.height * field.width; ++i) {
      if (before.valid[static_cast<std::size_t>(i)] != 0) continue;
      double sum = 0;
      int count = 0;
      for (std::int64_t y = std::max<std::int64_t>(i / field.width - 1, 0); y <= i / field.width + 1; ++y) {
        for (std::int64_t x = std::max<std::int64_t>(i % field.width - 1, 0); x <= i % field.width + 1; ++x) {
          if (y >= field.height || x >= field.width) continue;
          const auto cell = static_cast<std::size_t>(y * field.width + x);
          if (before.valid[cell] == 0) continue;
          sum += before.values[cell];
          ++count;
        }
      }
      if (count > 0) set_cell(field, static_cast<std::size_t>(i), sum / count);
      filled = filled || count > 0;
    }
    if (!filled) return;
  }
}

// Times without a single value get one between the nearest that have some.
void fill_missing_times(std::vector<Field>& fields, const std::string& where) {
  std::vector<std::size_t> whole;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    fill_missing(fields[i]);
    if (valid_count(fields[i]) > 0) whole.push_back(i);
  }
  if (whole.empty()) throw BadData(where + ": holds no valid cell");
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (valid_count(fields[i]) > 0) continue;
    const auto next = std::upper_bound(whole.begin(), whole.end(), i);
    const std::size_t after = next == whole.end() ? whole.back() : *next;
    const std::size_t before = next == whole.begin() ? after : *(next - 1);
    const double weight = after == before ? 0 : static_cast<double>(i - before) / static_cast<double>(after - before);
    for (std::size_t cell = 0; cell < fields[i].count(); ++cell) {
      fields[i].values[cell] =
          static_cast<float>((1 - weight) * fields[before].values[cell] + weight * fields[after].values[cell]);
    }
  }
}

// Subtracts each row's mean over all times.
void subtract_row_means(std::vector<Field>& fields) {
  const std::int64_t width = fields.front().width;
  for (std::int64_t row = 0; row < fields.front().height; ++row) {
    double sum = 0;
    for (const Field& field : fields) {
      for (std::int64_t x = 0; x < width; ++x) sum += field.values[static_cast<std::size_t>(row * width + x)];
    }
    const double mean = sum / static_cast<double>(width * static_cast<std::int64_t>(fields.size()));
    for (Field& field : fields) {
      for (std::int64_t x = 0; x < width; ++x)
        field.values[static_cast<std::size_t>(row * width + x)] -= static_cast<float>(mean);
    }
  }
}

double smooth_step(double share) {
  share = std::clamp(share, 0.0, 1.0);
  return share * share * (3 - 2 * share);
}

// The first columns, with what lies behind the last blended into their beginning.
void append_repeating(const Field& field, std::int64_t columns, std::vector<float>& out) {
  const std::int64_t blend = field.width - columns;
  for (std::int64_t row = 0; row < field.height; ++row) {
    for (std::int64_t x = 0; x < columns; ++x) {
      const float here = field.values[static_cast<std::size_t>(row * field.width + x)];
      if (x >= blend) {
        out.push_back(here);
        continue;
      }
      const float behind = field.values[static_cast<std::size_t>(row * field.width + columns + x)];
      const double weight = smooth_step((static_cast<double>(x) + 0.5) / static_cast<double>(blend));
      out.push_back(static_cast<float>(weight * here + (1 - weight) * behind));
    }
  }
}

double bump(double latitude, double centre, double width) {
  const double away = (latitude - centre) / width;
  return std::exp(-away * away);
}

// The North Atlantic from August to October: the subtropical high, trade winds and westerlies.
Weather mean_weather(double latitude) {
  Weather mean;
  mean.pressure_pa =
      101250 + 700 * bump(latitude, 34, 13) - 250 * bump(latitude, 8, 8) - 600 * smooth_step((latitude - 40) / 25);
  mean.east_m_s = 8 * bump(latitude, 48, 13) - 7.5 * bump(latitude, 14, 9);
  mean.surface_k = 302 - 0.0095 * std::pow(std::max(latitude - 8, 0.0), 2);
  mean.upper_k = 268 - 0.0085 * std::pow(std::max(latitude - 10, 0.0), 2);
  return mean;
}

}  // namespace

std::span<const std::string> StormBackground::file_names() { return kBackgroundFiles; }

StormBackground StormBackground::read(const Files::Path& folder) {
  StormBackground background;
  Grid grid;
  for (std::size_t quantity = 0; quantity < kQuantities; ++quantity) {
    // Only the distances of the times count, so any date will do where the file has none.
    const auto series = open_netcdf(folder / kBackgroundFiles[quantity], {.variable = kBackgroundVariables[quantity],
                                                                          .time_variable = "timestep",
                                                                          .time_units = "hours since 1996-01-05"});
    std::vector<Field> fields;
    for (std::size_t i = 0; i < series->size(); ++i) fields.push_back(series->read(i));
    const std::string where = (folder / kBackgroundFiles[quantity]).string();
    fill_missing_times(fields, where);
    if (quantity == 0) {
      grid = fields.front().grid;
      const auto step_x = regular_step(grid.x);
      const auto step_y = regular_step(grid.y);
      if (grid.kind != GridKind::kGeographic || !step_x || !step_y || grid.x.size() < 8 || fields.size() < 2) {
        throw BadData(where + ": a background needs two times or more on a regular grid of 8 longitudes or more");
      }
      background.times_ = fields.size();
      background.rows_ = grid.y.size();
      background.columns_ = grid.x.size() - grid.x.size() / 8;
      background.step_s_ = static_cast<double>(series->times()[1] - series->times()[0]);
      background.north_ = grid.y.front();
      background.row_degrees_ = -*step_y;
      background.column_degrees_ = *step_x;
    }
    if (fields.front().grid != grid || fields.size() != background.times_) {
      throw BadData(fmt::format("{}: has another grid, or other times, than {}", where, kBackgroundFiles[0]));
    }
    subtract_row_means(fields);
    for (const Field& field : fields) {
      append_repeating(field, static_cast<std::int64_t>(background.columns_), background.deviations_[quantity]);
    }
  }
  return background;
}

double StormBackground::deviation(Quantity quantity, double time, double row, double column) const {
  const auto t = std::min(static_cast<std::size_t>(time), times_ - 2);
  const auto y = std::min(static_cast<std::size_t>(row), rows_ - 2);
  const auto x = static_cast<std::size_t>(column) % columns_;
  const std::size_t next = (x + 1) % columns_;
  const double dt = time - static_cast<double>(t);
  const double dy = row - static_cast<double>(y);
  const double dx = column - std::floor(column);
  const std::vector<float>& values = deviations_[quantity];
  const auto line = [&](std::size_t when, std::size_t where) {
    const std::size_t begin = (when * rows_ + where) * columns_;
    return (1 - dx) * values[begin + x] + dx * values[begin + next];
  };
  const auto map = [&](std::size_t when) { return (1 - dy) * line(when, y) + dy * line(when, y + 1); };
  return (1 - dt) * map(t) + dt * map(t + 1);
}

Weather StormBackground::at(const BackgroundView& view, double elapsed_s, double longitude, double latitude) const {
  const double side = latitude < 0 ? -1 : 1;
  latitude = std::abs(latitude);
  double time = std::clamp((view.start_s + elapsed_s) / step_s_, 0.0, static_cast<double>(times_ - 1));
  double degrees = longitude + view.roll_degrees;
  if (view.mirrored) {
    time = static_cast<double>(times_ - 1) - time;
    degrees = -degrees;
  }
  double column = degrees / column_degrees_;
  column -= static_cast<double>(columns_) * std::floor(column / static_cast<double>(columns_));
  const double last = static_cast<double>(rows_ - 1);
  const double wanted = (north_ - latitude) / row_degrees_;
  const double row = std::clamp(wanted, 0.0, last);
  const double beyond = (wanted - row) * row_degrees_;  // degrees outside of the analyses
  const double share = kShare * std::exp(-beyond * beyond / 72);

  Weather weather = mean_weather(latitude);
  weather.pressure_pa += share * deviation(kPressure, time, row, column);
  weather.east_m_s += share * deviation(kEast, time, row, column);
  weather.north_m_s += side * (view.mirrored ? -1 : 1) * share * deviation(kNorth, time, row, column);
  const double warmth = share * deviation(kTemperature, time, row, column);
  weather.surface_k += 0.15 * warmth;
  weather.upper_k += 0.3 * warmth;
  return weather;
}

}  // namespace longtake::fields
