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

namespace {

std::unique_ptr<fields::FieldSeries> open_series(const tasks::FieldSource& source) {
  return fields::open_radar(real_files(), tasks::field_files(real_files(), source), source.radar);
}

// Indices by time, each time once, within the bounds.
std::vector<std::size_t> order_of(const std::vector<std::int64_t>& times, std::optional<std::int64_t> from,
                                  std::optional<std::int64_t> until) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < times.size(); ++i) {
    if ((!from || times[i] >= *from) && (!until || times[i] <= *until)) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return times[a] < times[b]; });
  const auto same = [&](std::size_t a, std::size_t b) { return times[a] == times[b]; };
  order.erase(std::unique(order.begin(), order.end(), same), order.end());
  return order;
}

}  // namespace

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

void for_fields(const tasks::FieldSource& source, std::optional<std::int64_t> from, std::optional<std::int64_t> until,
                const std::function<void(const fields::Field&)>& use) {
  const auto series = open_series(source);
  for (const std::size_t i : order_of(series->times(), from, until)) {
    const fields::Field field = series->read(i);
    if (!field.time) throw BadData(fmt::format("{}: {} has no time", source.name, field.quantity));
    const auto named = [&](const Error& error) {
      return fmt::format("{}: the field of {}: {}", source.name, fields::format_time(*field.time), error.what());
    };
    try {
      use(field);
    } catch (const BadData& error) {
      throw BadData(named(error));
    } catch (const InvalidArgument& error) {
      throw InvalidArgument(named(error));
    }
  }
}

std::vector<std::int64_t> times_of(const tasks::FieldSource& source, std::optional<std::int64_t> until) {
  const auto series = open_series(source);
  std::vector<std::int64_t> times;
  for (const std::size_t i : order_of(series->times(), std::nullopt, until)) times.push_back(series->times()[i]);
  return times;
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
