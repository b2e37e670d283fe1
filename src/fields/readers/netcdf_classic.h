// Where the variables of a classic NetCDF file lie in it. Private to the readers.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/files.h"

namespace longtake::fields::readers {

struct ClassicVariable {
  std::uint64_t begin = 0;          // of its first byte in the file
  bool record = false;              // whether its outermost dimension is the unlimited one
  std::uint64_t record_stride = 0;  // bytes from one record to the next
};

// By the variables' names; empty for a file that is not classic NetCDF (CDF-1, CDF-2 or CDF-5). libnetcdf reads zeros,
// which would pass for values, where such a file has been cut off: this is for asking whether it was. Throws BadData
// that begins with `where` for a header that is cut off or none.
std::map<std::string, ClassicVariable> classic_variables(const InputFile& file, const std::string& where);

}  // namespace longtake::fields::readers
