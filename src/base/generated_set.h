// What the makers of generated sets share.
#pragma once

#include <string>

#include "base/files.h"

namespace longtake {

// Is the set that `description` tells of already whole in `directory`? The file `description_name` there says how a set
// was made, and `last_name` is written when all else is. A directory that is empty, or holds the same set unfinished,
// gives false. Throws InvalidArgument, which names the kind of set, for one that holds anything else.
bool is_complete_set(const Files& files, const Files::Path& directory, const std::string& set,
                     const std::string& description_name, const std::string& description, const std::string& last_name);

}  // namespace longtake
