#include "cli/predict_forecast.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

#include "cli/cli.h"
#include "cli/field_feed.h"
#include "cli/nowcast_output.h"
#include "fields/calendar.h"
#include "longtake/error.h"

namespace longtake::cli {

namespace {

// The newest nowcast of a source, and what there is to tell about its fields.
class SourceNowcast {
 public:
  SourceNowcast(const OpenedForecaster& opened, const tasks::FieldSource& source, std::optional<std::int64_t> until,
                std::int64_t horizon)
      : opened_(opened), source_(source), until_(until), horizon_(horizon), feed_(source) {}

  // After the newest field that can be used and has a measurement. Throws BadData where there is none, or where what
  // lies before it does not suffice.
  tasks::Nowcast newest() {
    for (auto times = feed_.times(until_); !times.empty(); times = feed_.times(until_)) {
      if (!follow(times)) continue;
      tell_problems();
      if (nowcast_) return std::move(*nowcast_);
      throw BadData(too_few_fields(source_.name, *opened_.model, "up to " + fields::format_time(times.back())));
    }
    if (!empty_.empty()) tell_unreadable();
    throw BadData(why_nothing());
  }

  bool partial() const { return !feed_.problems().empty(); }

 private:
  // False where the newest of `times` cannot be used; it is then no longer there.
  bool follow(const std::vector<std::int64_t>& times) {
    const InputSpec& spec = tasks::forecast_input_of(*opened_.model);
    const std::int64_t seen = tasks::forecast_protocol_of(*opened_.model).seen;
    // Steps are counted so that the newest frame is at one.
    const auto step_s = static_cast<std::int64_t>(spec.step_s);
    const std::int64_t newest = times.back(), first = newest - (seen - 1) * step_s;
    tasks::NowcastOptions options{.horizon = horizon_, .first = first};
    options.usual_distance_s = tasks::usual_distance_s(times);
    tasks::Nowcaster nowcaster(*opened_.forecasters, *opened_.model, source_, options);
    // What lies at the first step is made from the fields around it.
    const auto after = std::upper_bound(times.begin(), times.end(), first);
    const std::int64_t from = after == times.begin() ? first : *(after - 1);
    nowcast_.reset();
    feed_.each(from, newest, [&](const fields::Field& field) {
      for (tasks::Nowcast& nowcast : nowcaster.push(field)) nowcast_ = std::move(nowcast);
      if (nowcaster.newest() != field.time) empty_.insert(*field.time);
    });
    if (empty_.contains(newest)) feed_.drop(newest);
    if (nowcaster.newest() != newest) return false;
    remarks_ = feed_.remarks(from, newest);
    return true;
  }

  void tell_unreadable() const {
    for (const std::string& problem : feed_.problems()) tell(fmt::format("longtake: {}", problem));
  }

  void tell_problems() const {
    tell_unreadable();
    for (const std::int64_t time : empty_) tell(nothing_measured(source_.name, time));
    for (const std::string& remark : remarks_) tell(fmt::format("warning: {}", remark));
  }

  std::string why_nothing() const {
    const std::size_t problems = feed_.problems().size();
    if (problems == 0 && empty_.empty()) {
      return fmt::format("{}: has no field{}", source_.name, until_ ? " of that time or before it" : "");
    }
    if (!empty_.empty()) {
      return fmt::format("{}: in none of the fields that can be read{} anything was measured", source_.name,
                         until_ ? " up to that time" : "");
    }
    return feed_.problems().front() +
           (problems > 1 ? fmt::format("; {} more cannot be used either", problems - 1) : "");
  }

  const OpenedForecaster& opened_;
  const tasks::FieldSource& source_;
  std::optional<std::int64_t> until_;
  std::int64_t horizon_;
  FieldFeed feed_;
  std::optional<tasks::Nowcast> nowcast_;
  std::set<std::int64_t> empty_;  // times of fields in which nothing was measured
  std::vector<std::string> remarks_;
};

// Names of files; sources with the same name would overwrite each other.
void check_names(const std::vector<tasks::FieldSource>& sources) {
  std::set<std::string> names;
  for (const tasks::FieldSource& source : sources) {
    if (!names.insert(source.name).second) {
      throw ConfigError(
          fmt::format("two sources are called {}; give them one by one, with a folder each", source.name));
    }
  }
}

}  // namespace

int predict_forecast(const OpenedForecaster& opened, const ForecastPredictOptions& options) {
  const InputSpec& spec = tasks::forecast_input_of(*opened.model);
  const NowcastOutput output{options.output, parse_kinds(options.write)};
  const std::int64_t horizon =
      options.horizon > 0 ? options.horizon : tasks::forecast_protocol_of(*opened.model).forecast;
  std::optional<std::int64_t> until;
  if (!options.at.empty()) {
    until = as_usage("", [&] { return fields::parse_time(options.at, "--at"); });
  }
  std::vector<tasks::FieldSource> sources;
  for (const std::string& path : options.sources) sources.push_back(field_source(path, options.series));
  if (!output.folder.empty()) {
    check_names(sources);
    real_files().create_directories(output.folder);
  }
  std::int64_t skipped = 0;
  for (const tasks::FieldSource& source : sources) {
    if (interrupted()) break;
    try {
      SourceNowcast found(opened, source, until, horizon);
      const tasks::Nowcast nowcast = found.newest();
      skipped += found.partial() ? 1 : 0;
      const auto files = write_nowcast(nowcast, source.name, opened.path, output);
      put(nowcast_line(nowcast, source.path, tasks::MeasureOptions::usual(spec).thresholds, files));
      for (const std::string& file : files) tell(file);
    } catch (const Error& error) {
      if (sources.size() == 1) throw;
      tell(fmt::format("longtake: {}", error.what()));
      ++skipped;
    }
  }
  return skipped > 0 || interrupted() ? kPartial : kDone;
}

}  // namespace longtake::cli
