#include "reports/forecast_film.h"

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <optional>

#include "base/files.h"
#include "media/video_writer.h"
#include "reports/field_film.h"

namespace longtake::reports {

namespace {

constexpr double kFilmFps = 3;

// A file's name that nobody else uses, removed at the end.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& ending)
      : path_(std::filesystem::temp_directory_path() /
              ("longtake-" + std::to_string(getpid()) + "-" + std::to_string(next()) + ending)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  static int next() {
    static std::atomic<int> count = 0;
    return ++count;
  }
  std::filesystem::path path_;
};

}  // namespace

std::vector<std::byte> forecast_film(const tasks::ForecastSample& sample, const std::string& name) {
  const TemporaryFile file(".mp4");
  ForecastFilm film{.seen = sample.seen, .truth = sample.truth, .forecasts = {{name, sample.forecast}}};
  if (!sample.extrapolation.empty()) film.forecasts.push_back({"extrapolation", sample.extrapolation});
  std::vector<fields::Field> all = sample.seen;
  all.insert(all.end(), sample.truth.begin(), sample.truth.end());
  const FieldScale scale = sample.seen.front().unit.empty() ? continuous_scale(0, 1, "") : scale_for(all);
  std::optional<media::VideoWriter> writer;
  draw_film(film, scale, {.title = sample.id, .map_pixels = 320}, [&](const Tensor& picture) {
    if (!writer) {
      writer.emplace(file.path().string(), static_cast<int>(picture.size(1)), static_cast<int>(picture.size(0)),
                     media::VideoWriterOptions{.fps = kFilmFps, .crf = 23});
    }
    writer->write(picture);
  });
  writer->finish();
  const auto input = real_files().open(file.path());
  std::vector<std::byte> bytes(input->size());
  input->read(0, bytes);
  return bytes;
}

}  // namespace longtake::reports
