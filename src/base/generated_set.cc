#include "base/generated_set.h"

#include <fmt/format.h>

#include "longtake/error.h"

namespace longtake {

bool is_complete_set(const Files& files, const Files::Path& directory, const std::string& set,
                     const std::string& description_name, const std::string& description,
                     const std::string& last_name) {
  const Files::Path path = directory / description_name;
  const bool same = files.exists(path) && files.size(path) == description.size() && files.read(path) == description;
  if (same) return files.exists(directory / last_name);
  if (!files.list(directory).empty()) {
    throw InvalidArgument(
        fmt::format("{} is not empty and does not hold this set of {}; name an empty directory, or remove it first",
                    directory.string(), set));
  }
  return false;
}

}  // namespace longtake
