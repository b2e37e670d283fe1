// How reflectivity and rain belong together.
#pragma once

namespace longtake::fields {

// Z = a R^b with Z in mm^6/m^3 (dBZ = 10 log10 Z) and the rain rate R in mm/h.
struct ZRelation {
  double a = 200;
  double b = 1.6;

  friend bool operator==(const ZRelation&, const ZRelation&) = default;
};

inline constexpr ZRelation kMarshallPalmer{200, 1.6};
inline constexpr ZRelation kFmi{223, 1.53};
inline constexpr ZRelation kHko{58.53, 1.56};
inline constexpr ZRelation kMeteoSwiss{316, 1.5};

}  // namespace longtake::fields
