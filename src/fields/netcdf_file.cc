// What can be asked of an open NetCDF file whatever opened it.
#include "fields/netcdf_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "longtake/error.h"

namespace longtake::fields {

const NetcdfVariable* NetcdfFile::find(std::string_view name) const {
  const auto found = std::find_if(variables().begin(), variables().end(),
                                  [&](const NetcdfVariable& variable) { return variable.name == name; });
  return found == variables().end() ? nullptr : &*found;
}

const NetcdfVariable& NetcdfFile::get(std::string_view name) const {
  if (const NetcdfVariable* variable = find(name)) return *variable;
  std::vector<std::string> names;
  for (const NetcdfVariable& variable : variables()) {
    std::vector<std::string> sizes;
    for (const NetcdfDimension& dimension : variable.dimensions) {
      sizes.push_back(fmt::format("{} {}", dimension.name, dimension.size));
    }
    names.push_back(fmt::format("{}({})", variable.name, join(sizes, ", ")));
  }
  throw InvalidArgument(fmt::format("{}: no variable \"{:.60}\"; the file has {}", where(), name,
                                    names.empty() ? "none" : join(names, ", ")));
}

std::vector<double> NetcdfFile::read(const NetcdfVariable& variable) const {
  std::vector<std::size_t> count;
  for (const NetcdfDimension& dimension : variable.dimensions)
    count.push_back(static_cast<std::size_t>(dimension.size));
  return read(variable, std::vector<std::size_t>(count.size(), 0), count);
}

}  // namespace longtake::fields
