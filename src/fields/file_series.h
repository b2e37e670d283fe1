// A series out of files of one field each, such as a folder of radar composites.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "fields/field.h"

namespace longtake::fields {

using FieldReader = std::function<Field(const Files::Path&)>;
using TimeReader = std::function<std::optional<std::int64_t>(const Files::Path&)>;

// The files in the order given. `read` is called when a field is asked for. A file's time comes from `time_of`, which
// should be quick (a name); where that says nothing, the file is read for it. Throws BadData for files without a time,
// and, when it is read, for a field whose size differs from the first one's: resample() such files before they are
// mixed.
std::unique_ptr<FieldSeries> file_series(std::vector<Files::Path> paths, FieldReader read, const TimeReader& time_of);

// One series after the other, with the same check of sizes. Throws InvalidArgument for an empty list.
std::unique_ptr<FieldSeries> concatenate(std::vector<std::unique_ptr<FieldSeries>> parts);

// The regular files of a folder whose names end in `ending` (".pgm.gz"), sorted by name. Throws BadData where there are
// none.
std::vector<Files::Path> list_fields(const Files& files, const Files::Path& folder, std::string_view ending);

}  // namespace longtake::fields
