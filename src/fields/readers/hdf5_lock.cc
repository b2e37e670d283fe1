// The mutex around HDF5.
#include "fields/readers/hdf5_lock.h"

#include <hdf5.h>

namespace longtake::fields::readers {
namespace {

std::recursive_mutex& hdf5_mutex() {
  static std::recursive_mutex mutex;
  return mutex;
}

}  // namespace

Hdf5Lock::Hdf5Lock() : lock_(hdf5_mutex()) { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

}  // namespace longtake::fields::readers
