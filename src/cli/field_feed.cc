#include "cli/field_feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include "cli/cli.h"
#include "fields/calendar.h"
#include "longtake/error.h"
#include "tasks/forecast_data.h"

namespace longtake::cli {

tasks::FieldSource field_source(const std::string& path, const std::vector<std::string>& settings) {
  Options options;
  for (const std::string& setting : settings) options.set_override(setting);
  if (options.has("path")) throw ConfigError("--series path=...: the source itself is the path");
  options.set_override("path=" + path);
  const std::string name = std::filesystem::path(path).lexically_normal().filename().string();
  tasks::FieldSource source = tasks::read_field_source(options, name.empty() ? path : name);
  options.check_all_used();
  source.path = path;
  return source;
}

FieldFeed::FieldFeed(const tasks::FieldSource& source) : paths_(tasks::field_files(real_files(), source)) {
  fields::check_radar(paths_, source.radar);
  series_.resize(paths_.size());
  for (std::size_t file = 0; file < paths_.size(); ++file) {
    try {
      series_[file] = fields::open_radar(real_files(), {paths_[file]}, source.radar);
    } catch (const Error& error) {
      pass_over(file, error.what());
    }
  }
  if (problems_.size() == paths_.size()) throw BadData(problems_.front());
}

void FieldFeed::pass_over(std::size_t file, const std::string& why, std::optional<std::int64_t> time) {
  const std::string path = paths_[file].string();
  const std::string field = time ? fmt::format("the field of {}: ", fields::format_time(*time)) : "";
  problems_.push_back(why.find(path) != std::string::npos ? why : fmt::format("{}: {}{}", path, field, why));
  series_[file] = nullptr;
}

std::vector<FieldFeed::Entry> FieldFeed::entries(std::optional<std::int64_t> from,
                                                 std::optional<std::int64_t> until) const {
  std::vector<Entry> entries;
  for (std::size_t file = 0; file < series_.size(); ++file) {
    if (series_[file] == nullptr) continue;
    const std::vector<std::int64_t>& times = series_[file]->times();
    for (std::size_t i = 0; i < times.size(); ++i) {
      const bool within = (!from || times[i] >= *from) && (!until || times[i] <= *until);
      if (within && !dropped_.contains(times[i])) entries.push_back({times[i], file, i});
    }
  }
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.time < b.time; });
  return entries;
}

std::vector<std::int64_t> FieldFeed::times(std::optional<std::int64_t> until) const {
  std::vector<std::int64_t> times;
  for (const Entry& entry : entries(std::nullopt, until)) times.push_back(entry.time);
  times.erase(std::unique(times.begin(), times.end()), times.end());
  return times;
}

void FieldFeed::each(std::optional<std::int64_t> from, std::optional<std::int64_t> until,
                     const std::function<void(const fields::Field&)>& use) {
  std::optional<std::int64_t> used;
  for (const Entry& entry : entries(from, until)) {
    if (series_[entry.file] == nullptr || used == entry.time) continue;
    try {
      const fields::Field field = series_[entry.file]->read(entry.index);
      if (!field.time) throw BadData(fmt::format("{} has no time", field.quantity));
      use(field);
      used = entry.time;
    } catch (const Error& error) {
      pass_over(entry.file, error.what(), entry.time);
    }
  }
}

void FieldFeed::drop(std::int64_t time) { dropped_.insert(time); }

std::vector<std::string> FieldFeed::remarks(std::int64_t from, std::int64_t until) const {
  const std::int64_t step_s = tasks::usual_distance_s(times(until));
  if (step_s < 1) return {};
  const std::vector<Entry> known = entries(from, until);
  std::vector<std::int64_t> times;
  for (const Entry& entry : known) times.push_back(entry.time);
  const std::int64_t tolerance_s = std::min(tasks::SequenceOptions().tolerance_s, (step_s - 1) / 2);
  return fields::remarks(fields::find_gaps(times, step_s, tolerance_s), times,
                         [&](std::size_t i) { return paths_[known[i].file].string(); });
}

std::vector<Files::Path> FolderWatch::look(bool settled) {
  std::vector<Files::Path> ready;
  std::vector<Files::Path> paths;
  try {
    paths = tasks::field_files(real_files(), source_);
  } catch (const BadData&) {
    return ready;  // nothing has come yet
  }
  for (const Files::Path& path : paths) {
    if (given_.contains(path)) continue;
    std::error_code gone;
    const std::uintmax_t size = std::filesystem::file_size(path, gone);
    const auto written = std::filesystem::last_write_time(path, gone);
    if (gone) continue;
    const std::pair now{size, static_cast<std::int64_t>(written.time_since_epoch().count())};
    const auto before = waiting_.find(path);
    if (settled || (before != waiting_.end() && before->second == now)) {
      ready.push_back(path);
      given_.insert(path);
      waiting_.erase(path);
    } else {
      waiting_[path] = now;
    }
  }
  return ready;
}

}  // namespace longtake::cli
