// Checks of contents, each with the name of the variable that is wrong.
#include "fields/netcdf_contents.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <functional>
#include <span>

#include "longtake/error.h"

namespace longtake::fields {
namespace {

constexpr std::size_t kLongestName = 256;

// What NetCDF and CF take for a name.
bool is_name(const std::string& name) {
  const auto fits = [](unsigned char letter) { return std::isalnum(letter) != 0 || letter == '_'; };
  return !name.empty() && name.size() <= kLongestName && std::isalpha(static_cast<unsigned char>(name.front())) != 0 &&
         std::all_of(name.begin(), name.end(), fits);
}

void check_name(const Field& field, std::span<const std::vector<Field>> others) {
  constexpr std::array kTaken{
      "time", "time_bounds", "bounds",    "forecast_reference_time", "forecast_period", "latitude", "longitude",
      "x",    "y",           "projection"};
  const std::string& name = field.quantity;
  if (!is_name(name)) {
    refuse_contents(field, "a variable's name is letters, digits and underscores, and begins with a letter");
  }
  if (std::find(kTaken.begin(), kTaken.end(), name) != kTaken.end()) {
    refuse_contents(field, "a coordinate has that name");
  }
  for (const std::vector<Field>& other : others) {
    if (other.front().quantity == name) refuse_contents(field, "two variables have that name");
  }
}

void check_grid(const Field& field) {
  const Grid& grid = field.grid;
  check_size(field.height, field.width, field.quantity);
  const auto cells = static_cast<std::size_t>(field.height * field.width);
  if (field.values.size() != cells || field.valid.size() != cells) {
    refuse_contents(field, fmt::format("{} values and {} marks of validity for {} x {} cells", field.values.size(),
                                       field.valid.size(), field.height, field.width));
  }
  const bool axes = grid.kind == GridKind::kProjected || grid.kind == GridKind::kGeographic;
  const bool all = grid.kind == GridKind::kCurvilinear;
  if (axes && (grid.y.size() != static_cast<std::size_t>(field.height) ||
               grid.x.size() != static_cast<std::size_t>(field.width))) {
    refuse_contents(field, fmt::format("axes of {} and {} for {} x {} cells", grid.y.size(), grid.x.size(),
                                       field.height, field.width));
  }
  if (all && (grid.longitude.size() != cells || grid.latitude.size() != cells)) {
    refuse_contents(field, fmt::format("{} longitudes and {} latitudes for {} cells", grid.longitude.size(),
                                       grid.latitude.size(), cells));
  }
  const auto is_finite = [](double value) { return std::isfinite(value); };
  const bool ordered = std::adjacent_find(grid.x.begin(), grid.x.end(), std::greater_equal<>()) == grid.x.end() &&
                       std::adjacent_find(grid.y.begin(), grid.y.end(), std::less_equal<>()) == grid.y.end();
  if (!ordered || !std::all_of(grid.x.begin(), grid.x.end(), is_finite) ||
      !std::all_of(grid.y.begin(), grid.y.end(), is_finite)) {
    refuse_contents(field, "its columns must run from west to east and its rows from north to south");
  }
}

void check_like_first(const Field& field, const Field& of_variable, const Field& of_file) {
  if (field.quantity != of_variable.quantity || field.unit != of_variable.unit) {
    refuse_contents(of_variable,
                    fmt::format("its fields are of \"{:.60}\" in \"{:.60}\" and of \"{:.60}\" in \"{:.60}\"",
                                of_variable.quantity, of_variable.unit, field.quantity, field.unit));
  }
  if (field.height != of_file.height || field.width != of_file.width || field.grid != of_file.grid) {
    refuse_contents(field,
                    fmt::format("a field of {} x {} cells (height x width) is on another grid than the first, of "
                                "{} x {}",
                                field.height, field.width, of_file.height, of_file.width));
  }
}

void check_rising(const std::vector<double>& times, const Field& field, const char* what) {
  const auto fault = std::adjacent_find(times.begin(), times.end(), std::greater_equal<>());
  if (fault != times.end()) {
    refuse_contents(field, fmt::format("{} must rise, but {} comes after {} (seconds)", what, fault[1], fault[0]));
  }
}

void find_leads(const NetcdfContents& contents, const Field& field, NetcdfInstants& instants) {
  const std::vector<double>& times = instants.times;
  instants.references.assign(contents.reference_times.begin(), contents.reference_times.end());
  check_rising(instants.references, field, "reference times");
  const std::size_t references = instants.references.size();
  if (times.size() % references != 0) {
    refuse_contents(field, fmt::format("{} fields for {} reference times", times.size(), references));
  }
  const std::size_t leads = times.size() / references;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const double lead = times[i] - instants.references[i / leads];
    if (i < leads) instants.leads.push_back(lead);
    if (lead != instants.leads[i % leads]) {
      refuse_contents(field, fmt::format("field {} is {} s after its reference time, where the first forecast has {} s",
                                         i, lead, instants.leads[i % leads]));
    }
  }
  check_rising(instants.leads, field, "lead times");
}

bool has_interval(const Field& field) { return field.interval_s.has_value(); }

}  // namespace

void refuse_contents(const Field& field, const std::string& why) {
  throw InvalidArgument(fmt::format("\"{:.60}\" cannot be written as NetCDF: {}", field.quantity, why));
}

NetcdfInstants instants_of(const NetcdfContents& contents) {
  const std::vector<Field>& first = contents.variables.front();
  NetcdfInstants instants;
  instants.has_time = first.size() > 1 || first.front().time.has_value() || !contents.reference_times.empty();
  for (const std::vector<Field>& fields : contents.variables) {
    if (fields.size() != first.size()) {
      refuse_contents(fields.front(), fmt::format("{} fields where \"{:.60}\" has {}", fields.size(),
                                                  first.front().quantity, first.size()));
    }
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (instants.has_time && !fields[i].time) refuse_contents(fields[i], fmt::format("field {} has no time", i));
      if (fields[i].time != first[i].time) refuse_contents(fields[i], fmt::format("field {} has another time", i));
    }
  }
  if (!instants.has_time) return instants;
  for (const Field& field : first) instants.times.push_back(static_cast<double>(*field.time));
  if (contents.reference_times.empty()) {
    check_rising(instants.times, first.front(), "times");
  } else {
    find_leads(contents, first.front(), instants);
  }
  return instants;
}

void check_contents(const NetcdfContents& contents) {
  const std::vector<std::vector<Field>>& variables = contents.variables;
  if (variables.empty()) throw InvalidArgument("a NetCDF file of fields needs at least one variable");
  for (std::size_t i = 0; i < variables.size(); ++i) {
    if (variables[i].empty()) throw InvalidArgument(fmt::format("variable {} of a NetCDF file has no fields", i));
    check_name(variables[i].front(), std::span(variables).first(i));
    for (const Field& field : variables[i]) {
      check_like_first(field, variables[i].front(), variables.front().front());
      check_grid(field);
    }
  }
  for (const auto& [name, value] : contents.attributes) {
    if (!is_name(name)) throw InvalidArgument(fmt::format("\"{:.60}\" is no name for an attribute of NetCDF", name));
  }
}

bool has_intervals(const std::vector<Field>& fields) {
  return !fields.empty() && std::all_of(fields.begin(), fields.end(), has_interval);
}

const std::vector<Field>* accumulating(const NetcdfContents& contents) {
  const std::vector<Field>* found = nullptr;
  for (const std::vector<Field>& fields : contents.variables) {
    if (std::none_of(fields.begin(), fields.end(), has_interval)) continue;
    if (!has_intervals(fields)) refuse_contents(fields.front(), "only some of its fields have an interval");
    if (!fields.front().time) refuse_contents(fields.front(), "an interval without a time");
    if (found == nullptr) found = &fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const double interval = *fields[i].interval_s;
      if (!(interval > 0) || interval != std::floor(interval)) {
        refuse_contents(fields[i], fmt::format("an interval of {} s; whole seconds above 0 are wanted", interval));
      }
      if (interval != *(*found)[i].interval_s) refuse_contents(fields[i], "variables differ in their intervals");
    }
  }
  return found;
}

}  // namespace longtake::fields
