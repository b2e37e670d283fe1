#include "reports/field_film.h"

#include <fmt/format.h>

#include <utility>

#include "longtake/error.h"

namespace longtake::reports {

namespace {

void check_film(const ForecastFilm& film) {
  if (film.seen.empty()) throw InvalidArgument("a film of a forecast needs at least one field that was seen");
  if (film.forecasts.empty()) throw InvalidArgument("a film of a forecast needs at least one forecast");
  const NamedFields& first = film.forecasts.front();
  const auto check = [&](const std::string& name, std::size_t fields) {
    if (fields == first.fields.size()) return;
    throw InvalidArgument(
        fmt::format("\"{}\" has {} fields where \"{}\" has {}", name, fields, first.name, first.fields.size()));
  };
  for (const NamedFields& forecast : film.forecasts) check(forecast.name, forecast.fields.size());
  if (!film.truth.empty()) check("truth", film.truth.size());
}

// "+30 min", "+6 h", or the number of steps where fields have no times.
std::string lead_text(const fields::Field& seen, const fields::Field& forecast, std::size_t step) {
  if (!seen.time || !forecast.time) return fmt::format("+{}", step + 1);
  const double minutes = static_cast<double>(*forecast.time - *seen.time) / 60;
  return minutes < 180 ? fmt::format("+{:g} min", minutes) : fmt::format("+{:g} h", minutes / 60);
}

}  // namespace

void draw_film(const ForecastFilm& film, const FieldScale& scale, const FieldPictureOptions& options,
               const std::function<void(const Tensor& picture)>& frame) {
  check_film(film);
  const std::size_t leads = film.forecasts.front().fields.size();
  for (std::size_t i = 0; i < film.seen.size() + leads; ++i) {
    const bool ahead = i >= film.seen.size();
    const std::size_t lead = ahead ? i - film.seen.size() : 0;
    std::vector<FieldPanel> panels{{.title = "seen", .field = &film.seen[ahead ? film.seen.size() - 1 : i]}};
    const auto add = [&](const std::string& title, const std::vector<fields::Field>& fields) {
      FieldPanel panel{.title = title};
      if (ahead) {
        panel.field = &fields[lead];
        panel.note = lead_text(film.seen.back(), film.forecasts.front().fields[lead], lead);
      }
      panels.push_back(std::move(panel));
    };
    if (!film.truth.empty()) add("truth", film.truth);
    for (const NamedFields& forecast : film.forecasts) add(forecast.name, forecast.fields);
    frame(draw_fields(panels, scale, options));
  }
}

}  // namespace longtake::reports
