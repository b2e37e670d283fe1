// dlopen() beside the program.
#include "base/library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "longtake/error.h"

namespace longtake {

void* symbol_of_library(const std::string& name, const std::string& symbol, const std::string& without) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) throw IoError(fmt::format("/proc/self/exe: {}", error.message()));
  const std::string path = (self.parent_path() / LONGTAKE_LIBRARY_FOLDER / name).lexically_normal();
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* address = library == nullptr ? nullptr : dlsym(library, symbol.c_str());
  if (address == nullptr) throw Unsupported(fmt::format("{}: {}", without, dlerror()));
  return address;
}

}  // namespace longtake
