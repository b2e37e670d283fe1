#include "reports/sample_clips.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/html.h"

namespace longtake::reports {

namespace {

std::string film_of(const SampleClip& clip) {
  std::string film;
  for (std::size_t i = 0; i < clip.thumbnails.size(); ++i) {
    const std::string uri = image_uri(clip.thumbnails[i]);
    if (uri.empty()) continue;
    film += fmt::format("<img src=\"{}\" alt=\"{}\">", uri,
                        escape_html(fmt::format("{}, picture {} of {}", clip.truth, i + 1, clip.thumbnails.size())));
  }
  return film.empty() ? film : "<div class=\"film\">" + film + "</div>";
}

std::string clip_html(const SampleClip& clip) {
  std::string out = "<li>" + film_of(clip) + "<div class=\"words\">";
  if (clip.predicted == clip.truth) {
    out += fmt::format("<p><b>{}</b> recognised</p>", escape_html(clip.truth));
  } else {
    out += fmt::format("<p><b>{}</b> taken for <b>{}</b></p>", escape_html(clip.truth), escape_html(clip.predicted));
  }
  const double probability = std::isfinite(clip.truth_probability) ? std::clamp(clip.truth_probability, 0.0, 1.0) : 0;
  out +=
      fmt::format("<div class=\"bar\" aria-hidden=\"true\"><i style=\"width:{:.1f}%\"></i></div>", 100 * probability);
  out += fmt::format("<p>{} for the truth</p>", percent_for_people(clip.truth_probability));
  out += "<p class=\"path\">" + escape_html(clip.path);
  if (clip.end_s > clip.start_s) out += fmt::format(", {:.2f} to {:.2f} s", clip.start_s, clip.end_s);
  return out + "</p></div></li>";
}

}  // namespace

std::string sample_clips_html(std::string_view id, std::string_view title, std::string_view explanation,
                              std::span<const SampleClip> clips) {
  if (clips.empty()) return {};
  std::string out = open_section(id, title);
  if (!explanation.empty()) out += "<p>" + escape_html(explanation) + "</p>";
  out += "<ul class=\"clips\">";
  for (const SampleClip& clip : clips) out += clip_html(clip);
  return out + "</ul></section>\n";
}

}  // namespace longtake::reports
