// One at a time: Debian's HDF5, which NetCDF-4 is written in too, is not thread-safe. Private to the readers.
#pragma once

#include <mutex>

namespace longtake::fields::readers {

// Whoever calls HDF5 or NetCDF holds one. It may be nested within a thread. Taking it also switches off HDF5's own
// printing of errors.
class Hdf5Lock {
 public:
  Hdf5Lock();

 private:
  std::unique_lock<std::recursive_mutex> lock_;
};

}  // namespace longtake::fields::readers
