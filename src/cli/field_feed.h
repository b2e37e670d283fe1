// Files of fields as verbs take them: what a user says of a source, and its fields one after the other.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tasks/field_sequence.h"

namespace longtake::cli {

// A source on the command line: its path, and "key=value" as in [data.series.NAME] of a recipe. Throws ConfigError.
tasks::FieldSource field_source(const std::string& path, const std::vector<std::string>& settings);

// The fields of a source whose times lie in [from, until], in the order of time; each goes to `use`. Throws what its
// readers throw, who name the file, and what `use` throws with the source and the time before it.
void for_fields(const tasks::FieldSource& source, std::optional<std::int64_t> from, std::optional<std::int64_t> until,
                const std::function<void(const fields::Field&)>& use);

// The times of a source that are not later than `until`, rising, each once.
std::vector<std::int64_t> times_of(const tasks::FieldSource& source, std::optional<std::int64_t> until);

// A folder that grows: gives every file once, when it has not changed for a look.
class FolderWatch {
 public:
  explicit FolderWatch(tasks::FieldSource source) : source_(std::move(source)) {}

  // New files since the last look, sorted by path. A file is given when its size and time of writing are those of the
  // look before, or at once with `settled`.
  std::vector<Files::Path> look(bool settled);

 private:
  tasks::FieldSource source_;
  std::map<Files::Path, std::pair<std::uintmax_t, std::int64_t>> waiting_;
  std::set<Files::Path> given_;
};

}  // namespace longtake::cli
