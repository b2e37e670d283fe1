#include "reports/frame_film.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "longtake/error.h"
#include "reports/canvas.h"

namespace longtake::reports {

namespace {

constexpr Colour kStripPage{255, 255, 255}, kStripInk{28, 32, 38}, kStripSoftInk{98, 105, 115};
constexpr Colour kSeenMark{120, 126, 136}, kForecastMark{196, 78, 30};
constexpr int kStripMargin = 12, kStripGap = 6, kStripLine = 20;
// Small frames are enlarged to about that many pixels.
constexpr std::int64_t kStripPixels = 128, kFilmPixels = 384;
constexpr int kNamesRoom = 70;

struct StripFonts {
  Font title{11, 1.8};
  Font small{8, 1.2};
};

const Tensor& checked_film(const FrameFilm& film) {
  if (film.seen.empty() || film.forecast.empty()) throw InvalidArgument("a film of a forecast needs frames of both");
  const Tensor& first = film.seen.front();
  for (const auto* frames : {&film.seen, &film.forecast}) {
    for (const Tensor& frame : *frames) {
      if (frame.dtype() == DType::kUint8 && frame.shape().size() == 3 && frame.size(2) == 3 &&
          frame.shape() == first.shape()) {
        continue;
      }
      throw InvalidArgument(fmt::format("a film has pictures [height, width, 3] of one size, not {} and {}",
                                        to_string(first.shape()), to_string(frame.shape())));
    }
  }
  return first;
}

int enlargement(const Tensor& frame, std::int64_t pixels) {
  return static_cast<int>(std::max<std::int64_t>(1, pixels / std::max(frame.size(0), frame.size(1))));
}

// "+3", or "+0.12 s" where frames have a rate; 0 is the newest that was seen.
std::string frame_step_text(const FrameFilm& film, std::int64_t step) {
  if (step == 0) return "0";
  if (film.step_s > 0) return fmt::format("{:+.3g} s", static_cast<double>(step) * film.step_s);
  return fmt::format("{:+}", step);
}

float inverse_of(const std::vector<double>& values, std::size_t channel, double otherwise) {
  return static_cast<float>(values.empty() ? otherwise : values.at(channel));
}

}  // namespace

std::vector<Tensor> pictures_of(const Tensor& frames, const InputSpec& spec) {
  const Shape& shape = frames.shape();
  if (frames.dtype() != DType::kFloat32 || shape.size() != 4 || shape[1] != spec.channels() || spec.has_fields()) {
    throw InvalidArgument(fmt::format("numbers {} are no pictures of {} channels", to_string(shape), spec.channels()));
  }
  const std::int64_t channels = shape[1], area = shape[2] * shape[3];
  std::vector<Tensor> pictures;
  for (std::int64_t i = 0; i < shape[0]; ++i) {
    Tensor picture(DType::kUint8, {shape[2], shape[3], 3});
    const auto to = picture.data<std::uint8_t>();
    for (std::int64_t c = 0; c < 3; ++c) {
      const std::int64_t channel = channels == 1 ? 0 : spec.colour == "bgr" ? 2 - c : c;
      const float* from = frames.data<float>().data() + (i * channels + channel) * area;
      const auto index = static_cast<std::size_t>(channel);
      const float mean = spec.standardise ? 127.5F : inverse_of(spec.mean, index, 0);
      const float scale = spec.standardise ? 1 / 63.75F : inverse_of(spec.scale, index, 1);
      for (std::int64_t pixel = 0; pixel < area; ++pixel) {
        const float value = scale == 0 ? mean : from[pixel] / scale + mean;
        to[pixel * 3 + c] = static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0F, 255.0F)));
      }
    }
    pictures.push_back(std::move(picture));
  }
  return pictures;
}

Tensor draw_frame_strip(const FrameFilm& film) {
  const Tensor& first = checked_film(film);
  const StripFonts fonts;
  const int factor = enlargement(first, kStripPixels);
  const int width = static_cast<int>(first.size(1)) * factor, height = static_cast<int>(first.size(0)) * factor;
  const int columns = static_cast<int>(std::max(film.seen.size(), film.forecast.size()));
  const int left = kStripMargin + kNamesRoom, row = height + kStripLine;
  Canvas canvas(left + columns * (width + kStripGap) - kStripGap + kStripMargin,
                2 * kStripMargin + kStripLine + 2 * row + kStripGap, kStripPage);
  canvas.text(fonts.title, {kStripMargin, kStripMargin + 11}, film.title, kStripInk, canvas.width() - 2 * kStripMargin);
  const auto draw = [&](const std::vector<Tensor>& frames, const char* name, int top, int first_column,
                        std::int64_t first_step) {
    canvas.text(fonts.small, {kStripMargin, top + height / 2.0}, name, kStripInk, kNamesRoom);
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const int x = left + (first_column + static_cast<int>(i)) * (width + kStripGap);
      canvas.picture(frames[i], factor, x, top);
      canvas.text(fonts.small, {static_cast<double>(x), top + height + 13.0},
                  frame_step_text(film, first_step + static_cast<std::int64_t>(i)), kStripSoftInk, width);
    }
  };
  const int top = kStripMargin + kStripLine;
  const int seen = static_cast<int>(film.seen.size());
  draw(film.seen, "seen", top, columns - seen, 1 - seen);
  draw(film.forecast, "forecast", top + row + kStripGap, 0, 1);
  return std::move(canvas.image());
}

void draw_frame_film(const FrameFilm& film, const std::function<void(const Tensor& picture)>& frame) {
  const Tensor& first = checked_film(film);
  const StripFonts fonts;
  const int factor = enlargement(first, kFilmPixels);
  const int width = static_cast<int>(first.size(1)) * factor, height = static_cast<int>(first.size(0)) * factor;
  const auto seen = static_cast<std::int64_t>(film.seen.size());
  const auto all = seen + static_cast<std::int64_t>(film.forecast.size());
  for (std::int64_t i = 0; i < all; ++i) {
    const bool ahead = i >= seen;
    Canvas canvas(width + 2 * kStripMargin, height + 2 * kStripMargin + 2 * kStripLine, kStripPage);
    const double room = width;
    canvas.text(fonts.title, {kStripMargin, kStripMargin + 11}, film.title, kStripInk, room);
    canvas.text(fonts.small, {kStripMargin, kStripMargin + kStripLine + 10},
                fmt::format("{} {}", ahead ? "forecast" : "seen", frame_step_text(film, i + 1 - seen)),
                ahead ? kForecastMark : kStripSoftInk, room);
    const int top = kStripMargin + 2 * kStripLine;
    canvas.rectangle(kStripMargin - 3, top - 3, kStripMargin + width + 3, top + height + 3,
                     ahead ? kForecastMark : kSeenMark);
    canvas.picture(ahead ? film.forecast[static_cast<std::size_t>(i - seen)] : film.seen[static_cast<std::size_t>(i)],
                   factor, kStripMargin, top);
    frame(canvas.image());
  }
}

}  // namespace longtake::reports
