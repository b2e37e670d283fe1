#include "cli/nowcast_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/text.h"
#include "cli/cli.h"
#include "fields/calendar.h"
#include "fields/netcdf_writer.h"
#include "media/image.h"
#include "media/video_writer.h"
#include "reports/field_film.h"

namespace longtake::cli {

namespace {

using Json = nlohmann::ordered_json;
using fields::Field;

constexpr double kFilmFps = 3;
// Leads shown in the picture beside the newest that was seen.
constexpr std::size_t kMostPanels = 8;

std::string minutes_after(const tasks::Nowcast& nowcast, const Field& field) {
  return fmt::format("+{:g} min", static_cast<double>(*field.time - nowcast.time) / 60);
}

reports::FieldScale scale_of(const tasks::Nowcast& nowcast) {
  std::vector<Field> all = nowcast.recent;
  all.insert(all.end(), nowcast.forecast.begin(), nowcast.forecast.end());
  return reports::scale_for(all);
}

Tensor picture_of(const tasks::Nowcast& nowcast, const std::string& title) {
  std::vector<reports::FieldPanel> panels{{.title = "seen", .field = &nowcast.recent.back()}};
  const std::size_t leads = nowcast.forecast.size();
  const std::size_t stride = (leads + kMostPanels - 2) / (kMostPanels - 1);
  for (std::size_t lead = stride - 1; lead < leads; lead += stride) {
    panels.push_back({.title = "forecast",
                      .field = &nowcast.forecast[lead],
                      .note = minutes_after(nowcast, nowcast.forecast[lead])});
  }
  return reports::draw_fields(panels, scale_of(nowcast), {.title = title});
}

void write_film(const tasks::Nowcast& nowcast, const std::string& title, const std::string& path) {
  const reports::ForecastFilm film{
      .seen = nowcast.recent,
      .truth = {},
      .forecasts = {{"forecast", nowcast.forecast}, {"extrapolation", nowcast.extrapolation}}};
  std::optional<media::VideoWriter> writer;
  reports::draw_film(film, scale_of(nowcast), {.title = title}, [&](const Tensor& picture) {
    if (!writer) {
      writer.emplace(path, static_cast<int>(picture.size(1)), static_cast<int>(picture.size(0)),
                     media::VideoWriterOptions{.fps = kFilmFps});
    }
    writer->write(picture);
  });
  writer->finish();
}

void write_netcdf(const tasks::Nowcast& nowcast, const std::string& model, const std::string& path) {
  fields::NetcdfContents contents{.variables = {nowcast.forecast, nowcast.extrapolation},
                                  .reference_times = {nowcast.time},
                                  .attributes = {{"title", "nowcast"}, {"source", model}}};
  for (Field& field : contents.variables[1]) field.quantity += "_by_extrapolation";
  fields::write_netcdf(real_files(), path, contents);
}

Json json_of(const Field& field, const tasks::Nowcast& nowcast, const std::vector<float>& thresholds) {
  double sum = 0, most = 0;
  std::int64_t count = 0;
  std::vector<std::int64_t> reached(thresholds.size(), 0);
  for (std::size_t i = 0; i < field.count(); ++i) {
    if (field.valid[i] == 0) continue;
    const double value = field.values[i];
    most = count++ == 0 ? value : std::max(most, value);
    sum += value;
    for (std::size_t t = 0; t < thresholds.size(); ++t) reached[t] += value >= thresholds[t] ? 1 : 0;
  }
  Json json{{"minutes", static_cast<double>(*field.time - nowcast.time) / 60},
            {"time", fields::format_time(*field.time)},
            {"mean", count > 0 ? Json(sum / static_cast<double>(count)) : Json(nullptr)},
            {"most", count > 0 ? Json(most) : Json(nullptr)},
            {"share_at_least", Json::object()}};
  for (std::size_t t = 0; t < thresholds.size(); ++t) {
    json["share_at_least"][fmt::format("{:g}", thresholds[t])] =
        count > 0 ? Json(static_cast<double>(reached[t]) / static_cast<double>(count)) : Json(nullptr);
  }
  return json;
}

}  // namespace

std::vector<std::string> parse_kinds(const std::string& words, const std::vector<std::string>& known) {
  std::vector<std::string> kinds;
  for (const std::string_view word : split(words, ',')) {
    if (std::find(known.begin(), known.end(), word) == known.end()) {
      throw ConfigError(fmt::format("--write \"{}\" is none of {}", word, fmt::join(known, ", ")));
    }
    kinds.emplace_back(word);
  }
  return kinds;
}

std::vector<std::string> write_nowcast(const tasks::Nowcast& nowcast, const std::string& name, const std::string& model,
                                       const NowcastOutput& output) {
  std::vector<std::string> written;
  if (output.folder.empty()) return written;
  const auto path = [&](const char* ending) {
    return (std::filesystem::path(output.folder) / (name + ending)).string();
  };
  for (const std::string& kind : output.kinds) {
    written.push_back(path(kind == "netcdf" ? ".nc" : kind == "png" ? ".png" : ".mp4"));
    if (kind == "netcdf") write_netcdf(nowcast, model, written.back());
    if (kind == "png") media::write_png(written.back(), picture_of(nowcast, name));
    if (kind == "mp4") write_film(nowcast, name, written.back());
  }
  return written;
}

std::string nothing_measured(const std::string& source, std::int64_t time) {
  return fmt::format("warning: {}: in the field of {} nothing was measured; it counts as missing", source,
                     fields::format_time(time));
}

std::string too_few_fields(const std::string& source, const graph::Model& model, const std::string& of) {
  return fmt::format(
      "{}: the model sees {} frames, {:g} minutes apart, before it forecasts; {} there are not so many without a gap",
      source, tasks::forecast_protocol_of(model).seen, tasks::forecast_input_of(model).step_s / 60, of);
}

std::string nowcast_line(const tasks::Nowcast& nowcast, const std::string& source, const std::vector<float>& thresholds,
                         const std::vector<std::string>& files) {
  Json json{{"type", "nowcast"},     {"source", source},           {"time", fields::format_time(nowcast.time)},
            {"seen", nowcast.seen},  {"missing", nowcast.missing}, {"unit", nowcast.forecast.front().unit},
            {"leads", Json::array()}};
  for (const Field& field : nowcast.forecast) json["leads"].push_back(json_of(field, nowcast, thresholds));
  if (!files.empty()) json["files"] = files;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string nowcast_end_line(const std::string& source, std::int64_t fields, std::int64_t skipped,
                             std::int64_t nowcasts) {
  const Json json{
      {"type", "end"}, {"source", source}, {"fields", fields}, {"skipped", skipped}, {"nowcasts", nowcasts}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace longtake::cli
