// Libraries of longtake's own that are opened when they are first needed: linked into a program, whatever they bring
// along would be loaded at every start.
#pragma once

#include <string>

namespace longtake {

// The address of `symbol` in the library `name`, such as "liblongtake_flow_opencv.so", which stays loaded. It lies at
// the same place beside the program where that is built and where it is installed, which may be moved.
//
// Throws Unsupported that begins with `without`, what cannot be done where there is no such library; IoError where the
// system does not tell where the program lies.
void* symbol_of_library(const std::string& name, const std::string& symbol, const std::string& without);

}  // namespace longtake
