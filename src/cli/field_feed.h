// Files of fields as verbs take them: what a user says of a source, and its fields one after the other.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tasks/field_sequence.h"

namespace longtake::cli {

// A source on the command line: its path, and "key=value" as in [data.series.NAME] of a recipe. Throws ConfigError.
tasks::FieldSource field_source(const std::string& path, const std::vector<std::string>& settings);

// The fields of a source, one after the other. A file that cannot be read, or a field of which cannot be used, is a
// problem and passed over: the others may be good.
class FieldFeed {
 public:
  // Opens every file. Throws BadData and IoError where there are none, InvalidArgument as fields::check_radar(), and
  // BadData of the first problem where no file could be opened.
  explicit FieldFeed(const tasks::FieldSource& source);

  // Of the fields that are there, rising, each once, not later than `until`.
  std::vector<std::int64_t> times(std::optional<std::int64_t> until) const;

  // The fields whose times lie in [from, until], in the order of time, each once, the first by its path; each goes to
  // `use`, whose errors are the file's.
  void each(std::optional<std::int64_t> from, std::optional<std::int64_t> until,
            const std::function<void(const fields::Field&)>& use);
  // The field of that time is not used again.
  void drop(std::int64_t time);

  // On the times in [from, until]: which are there more than once, and the first off the steps.
  std::vector<std::string> remarks(std::int64_t from, std::int64_t until) const;

  // A message each, of the files that were passed over.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  struct Entry {
    std::int64_t time = 0;
    std::size_t file = 0, index = 0;  // in its series
  };

  std::vector<Entry> entries(std::optional<std::int64_t> from, std::optional<std::int64_t> until) const;
  void pass_over(std::size_t file, const std::string& why, std::optional<std::int64_t> time = std::nullopt);

  std::vector<Files::Path> paths_;
  std::vector<std::unique_ptr<fields::FieldSeries>> series_;  // of each file; none of one that was passed over
  std::set<std::int64_t> dropped_;
  std::vector<std::string> problems_;
};

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
