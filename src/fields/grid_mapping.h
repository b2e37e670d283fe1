// A projection in the terms of the CF conventions, appendix F. Private to fields.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace longtake::fields {

struct GridMapping {
  std::string name;                                                 // "polar_stereographic"
  std::vector<std::pair<std::string, std::vector<double>>> values;  // attributes that are numbers, in CF's order
};

// Of a PROJ string such as "+proj=stere +lat_0=90 +lon_0=25 +lat_ts=60 +a=6371288". Its name is empty where CF has none
// for the projection or the string is none; then there are no values either.
GridMapping grid_mapping_of(const std::string& projection);

}  // namespace longtake::fields
