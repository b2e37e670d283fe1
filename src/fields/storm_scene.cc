// From disturbances to fields.
#include "fields/storm_scene.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <optional>

namespace longtake::fields {
namespace {

constexpr std::int64_t kLongestGapS = 21600;
constexpr double kLeastWind = 15;  // m/s, of what is still a storm
constexpr double kPi = std::numbers::pi;
constexpr double kKilometresPerDegree = kEarthRadiusKm * kPi / 180;

struct StormQuantity {
  const char* name;
  const char* unit;
  // Values are multiples of this power of two, which is below what anyone could measure: they are smaller on the disk.
  double step;
};
constexpr std::array kStormQuantities{
    StormQuantity{"PSL", "Pa", 4},          StormQuantity{"U850", "m s-1", 0x1p-4},
    StormQuantity{"V850", "m s-1", 0x1p-4}, StormQuantity{"PRECT", "m s-1", 0x1p-30},
    StormQuantity{"TS", "K", 0x1p-5},       StormQuantity{"QREFHT", "kg kg-1", 0x1p-16},
    StormQuantity{"T500", "K", 0x1p-5},
};
constexpr std::array<const char*, kStormQuantities.size()> kStormNames{"PSL", "U850",   "V850", "PRECT",
                                                                       "TS",  "QREFHT", "T500"};

GeoPoint moved(const GeoPoint& from, double east_m_s, double north_m_s, double seconds) {
  const double latitude = from.latitude + north_m_s * seconds / 1000 / kKilometresPerDegree;
  const double flat = std::cos((from.latitude + latitude) / 2 * kPi / 180);
  return {from.longitude + east_m_s * seconds / 1000 / (kKilometresPerDegree * std::max(flat, 0.1)), latitude};
}

// Specific humidity in kg/kg of air of that temperature and relative humidity (Bolton 1980, equation 10).
double specific_humidity(double kelvin, double pressure_pa, double relative) {
  const double celsius = kelvin - 273.15;
  const double vapour = relative * 611.2 * std::exp(17.67 * celsius / (celsius + 243.5));
  return 0.622 * vapour / (pressure_pa - 0.378 * vapour);
}

// Everything that is somewhere at one time.
struct Instant {
  std::vector<TropicalCyclone> cyclones;
  std::vector<Low> lows;
  struct Rain {
    GeoPoint centre;
    double radius_km = 0;
    double mm_h = 0;
  };
  std::vector<Rain> showers;
  struct Wake {
    GeoPoint centre;
    double kelvin = 0;
  };
  std::vector<Wake> wakes;  // the cold water that cyclones leave behind
};

constexpr double kWakeKm = 130;
constexpr double kSquaredReach = 16;  // beyond four sigmas nothing could be measured

Instant instant_of(const StormScene& scene, std::int64_t time) {
  Instant instant;
  for (const StormLife& storm : scene.storms) {
    if (const auto cyclone = storm.at(time, scene.cell_km())) instant.cyclones.push_back(*cyclone);
    for (std::int64_t age = 0; age <= 48; age += 6) {
      const std::int64_t then = time - age * 3600;
      const auto place = place_on(*storm.track, then);
      if (!place) continue;
      const double growing = std::min(1.0, 0.25 + static_cast<double>(age) / 16);
      instant.wakes.push_back({*place, -2 * storm.wind_m_s(then, *place) / 40 * growing});
    }
  }
  for (const MovingLow& low : scene.lows) {
    if (const auto here = low.at(time)) instant.lows.push_back(*here);
  }
  for (const Shower& shower : scene.showers) {
    const double age = static_cast<double>(time - shower.start);
    if (age <= 0 || age >= shower.duration_s) continue;
    const double life = std::sin(kPi * age / shower.duration_s);
    instant.showers.push_back({moved(shower.centre, shower.east_m_s, shower.north_m_s, age), shower.radius_km,
                               shower.peak_mm_h * life * life});
  }
  return instant;
}

void add(Influence& sum, const Influence& other) {
  sum.pressure_pa += other.pressure_pa;
  sum.east_m_s += other.east_m_s;
  sum.north_m_s += other.north_m_s;
  sum.rain_mm_h += other.rain_mm_h;
  sum.surface_k += other.surface_k;
  sum.upper_k += other.upper_k;
  sum.humidity += other.humidity;
}

Influence influence_at(const Instant& instant, const GeoPoint& place) {
  Influence sum;
  for (const TropicalCyclone& cyclone : instant.cyclones) add(sum, cyclone.at(place));
  for (const Low& low : instant.lows) add(sum, low.at(place));
  for (const Instant::Rain& shower : instant.showers) {
    const Offset offset = offset_between(shower.centre, place);
    const double squared = offset.east_km * offset.east_km + offset.north_km * offset.north_km;
    const double sigmas = squared / (shower.radius_km * shower.radius_km);
    if (sigmas < kSquaredReach) sum.rain_mm_h += shower.mm_h * std::exp(-sigmas / 2);
  }
  double coldest = 0;
  for (const Instant::Wake& wake : instant.wakes) {
    const Offset offset = offset_between(wake.centre, place);
    const double squared = offset.east_km * offset.east_km + offset.north_km * offset.north_km;
    const double sigmas = squared / (kWakeKm * kWakeKm);
    if (sigmas < kSquaredReach) coldest = std::min(coldest, wake.kelvin * std::exp(-sigmas / 2));
  }
  sum.surface_k += coldest;
  return sum;
}

// A number with mean 0 and variance 1 that belongs to (key, index): the sum of three uniform ones.
double noise_at(std::uint64_t key, std::uint64_t index) {
  return 2 *
         (double{uniform_at(key, 3 * index)} + uniform_at(key, 3 * index + 1) + uniform_at(key, 3 * index + 2) - 1.5);
}

// The values of one cell, in the order of kStormQuantities.
std::array<double, kStormQuantities.size()> cell_values(const Weather& weather, const Influence& influence,
                                                        std::uint64_t key, std::uint64_t cell) {
  const auto noise = [&](std::uint64_t quantity) { return noise_at(key, kStormQuantities.size() * cell + quantity); };
  const double pressure = weather.pressure_pa + influence.pressure_pa + 15 * noise(0);
  // Rain below what a gauge measures is none; where it rains it does so unevenly.
  const double rain = influence.rain_mm_h * std::exp(0.35 * noise(3)) - 0.05;
  const double surface = weather.surface_k + influence.surface_k + 0.1 * noise(4);
  const double humidity = std::min(0.78 + influence.humidity + 0.02 * noise(5), 0.98);
  return {pressure,
          weather.east_m_s + influence.east_m_s + 0.5 * noise(1),
          weather.north_m_s + influence.north_m_s + 0.5 * noise(2),
          std::max(rain, 0.0) / 3.6e6,
          surface,
          specific_humidity(surface - 1, pressure, humidity),
          weather.upper_k + influence.upper_k + 0.2 * noise(6)};
}

}  // namespace

std::optional<GeoPoint> place_on(const Track& track, std::int64_t time) {
  const std::vector<TrackPoint>& points = track.points;
  const auto after = std::lower_bound(points.begin(), points.end(), time,
                                      [](const TrackPoint& point, std::int64_t when) { return point.time < when; });
  if (after == points.end()) return std::nullopt;
  if (after->time == time) return GeoPoint{after->longitude, after->latitude};
  if (after == points.begin() || after->time - (after - 1)->time > kLongestGapS) return std::nullopt;
  const TrackPoint& before = *(after - 1);
  const double share = static_cast<double>(time - before.time) / static_cast<double>(after->time - before.time);
  return along_great_circle({before.longitude, before.latitude}, {after->longitude, after->latitude}, share);
}

StormLife StormLife::draw(const Track& track, Random& random) {
  StormLife life;
  life.track = &track;
  life.peak_m_s = 20 + 40 * std::pow(random.uniform(), 1.6);
  life.shape = random.uniform(1.1, 1.8);
  life.inflow_degrees = random.uniform(5, 20);
  life.wobble_phase = random.uniform(0, 2 * kPi);
  life.band_phase = random.uniform(0, 2 * kPi);
  return life;
}

double StormLife::wind_m_s(std::int64_t time, const GeoPoint& place) const {
  const std::int64_t first = track->points.front().time;
  const std::int64_t length = std::max<std::int64_t>(track->points.back().time - first, 1);
  const double share = static_cast<double>(time - first) / static_cast<double>(length);
  const double age = share < 1.0 / 3 ? 1.5 * share : 0.5 + 0.75 * (share - 1.0 / 3);  // 0.5 at a third
  const double life = 0.4 + 0.6 * std::sin(kPi * age);
  const double days = static_cast<double>(time - first) / 86400;
  const double wobble = 1 + 0.08 * std::sin(2 * kPi * days / 1.3 + wobble_phase);
  const double cold = 1 - 0.5 * std::clamp((std::abs(place.latitude) - 40) / 20, 0.0, 1.0);
  return std::max(kLeastWind, peak_m_s * life * wobble * cold);
}

std::optional<TropicalCyclone> StormLife::at(std::int64_t time, double cell_km) const {
  const std::optional<GeoPoint> place = place_on(*track, time);
  if (!place) return std::nullopt;
  TropicalCyclone cyclone = tropical_cyclone(*place, wind_m_s(time, *place), shape, cell_km);
  cyclone.inflow_degrees = inflow_degrees;
  const double days = static_cast<double>(time - track->points.front().time) / 86400;
  cyclone.band_phase = band_phase + 2 * kPi * days;  // bands go around once a day
  constexpr std::int64_t kAround = 3 * 3600;
  const std::int64_t from = place_on(*track, time - kAround) ? time - kAround : time;
  const std::int64_t to = place_on(*track, time + kAround) ? time + kAround : time;
  if (to == from) return cyclone;
  const Offset way = offset_between(*place_on(*track, from), *place_on(*track, to));
  cyclone.east_m_s = way.east_km * 1000 / static_cast<double>(to - from);
  cyclone.north_m_s = way.north_km * 1000 / static_cast<double>(to - from);
  return cyclone;
}

std::optional<Low> MovingLow::at(std::int64_t time) const {
  const double age = static_cast<double>(time - start);
  if (age <= 0 || age >= duration_s) return std::nullopt;
  Low here = low;
  here.deficit_pa *= std::sin(kPi * age / duration_s);
  here.centre = moved(low.centre, east_m_s, north_m_s, age);
  if (std::abs(here.centre.latitude) > 80) return std::nullopt;
  return here;
}

double StormScene::cell_km() const {
  return grid.y.size() < 2 ? 0 : std::abs(grid.y[1] - grid.y[0]) * kKilometresPerDegree;
}

std::span<const char* const> storm_quantities() { return kStormNames; }

std::vector<Field> draw_frame(const StormScene& scene, const StormBackground& background, std::int64_t frame) {
  const auto height = static_cast<std::int64_t>(scene.grid.y.size());
  const auto width = static_cast<std::int64_t>(scene.grid.x.size());
  std::vector<Field> fields;
  for (const StormQuantity& quantity : kStormQuantities) {
    Field field = empty_field(height, width, "a generated field");
    field.quantity = quantity.name;
    field.unit = quantity.unit;
    field.time = scene.time(frame);
    field.grid = scene.grid;
    fields.push_back(std::move(field));
  }
  const Instant instant = instant_of(scene, scene.time(frame));
  const double elapsed_s = static_cast<double>(frame * scene.step_s);
  for (std::int64_t i = 0; i < height * width; ++i) {
    const GeoPoint place{scene.grid.x[static_cast<std::size_t>(i % width)],
                         scene.grid.y[static_cast<std::size_t>(i / width)]};
    const Weather weather = background.at(scene.view, elapsed_s, place.longitude, place.latitude);
    const auto values = cell_values(weather, influence_at(instant, place), scene.noise_key,
                                    static_cast<std::uint64_t>(frame * height * width + i));
    for (std::size_t k = 0; k < values.size(); ++k) {
      const double step = kStormQuantities[k].step;
      set_cell(fields[k], static_cast<std::size_t>(i), std::round(values[k] / step) * step);
    }
  }
  return fields;
}

}  // namespace longtake::fields
