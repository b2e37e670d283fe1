#include "media/clips.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "media/video_writer.h"

namespace longtake::media {

Tensor numbered_picture(int number, int width, int height) {
  Tensor image(DType::kUint8, {height, width, 3});
  auto pixels = image.data<std::uint8_t>();
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int bit = x * 8 / width;
      for (int c = 0; c < 3; ++c) pixels[(y * width + x) * 3 + c] = (number >> bit & 1) != 0 ? 255 : 0;
    }
  }
  return image;
}

int number_in(const Tensor& image) {
  int number = 0;
  for (int bit = 0; bit < 8; ++bit) {
    const double left = (bit + 0.25) / 8;
    if (mean(image, 0, left, 0.25, left + 0.5 / 8, 0.75) > 127.0) number |= 1 << bit;
  }
  return number;
}

void write_numbered_clip(const std::string& path, int frames, double fps, int width, int height) {
  VideoWriterOptions options;
  options.fps = fps;
  options.key_frame_interval = 8;
  VideoWriter writer(path, width, height, options);
  for (int i = 0; i < frames; ++i) writer.write(numbered_picture(i, width, height));
  writer.finish();
}

void write_numbered_clip(const std::string& path, const std::vector<double>& times_s) {
  VideoWriter writer(path, 64, 48, {.fps = 10.0, .variable_rate = true});
  for (std::size_t i = 0; i < times_s.size(); ++i) writer.write(numbered_picture(static_cast<int>(i)), times_s[i]);
  writer.finish();
}

std::vector<Sample> read_samples(VideoReader& reader) {
  std::vector<Sample> samples;
  Frame frame;
  while (reader.read(frame)) samples.push_back({frame.index, frame.time_s, number_in(frame.image), frame.repeated});
  return samples;
}

std::vector<Sample> read_samples(const std::string& path, const VideoOptions& options) {
  VideoReader reader = VideoReader::open(path, options);
  return read_samples(reader);
}

std::vector<int> numbers_of(const std::vector<Sample>& samples) {
  std::vector<int> numbers;
  for (const Sample& sample : samples) numbers.push_back(sample.number);
  return numbers;
}

std::vector<std::int64_t> indices_of(const std::vector<Sample>& samples) {
  std::vector<std::int64_t> indices;
  for (const Sample& sample : samples) indices.push_back(sample.index);
  return indices;
}

std::vector<double> times_of(const std::vector<Sample>& samples) {
  std::vector<double> times;
  for (const Sample& sample : samples) times.push_back(sample.time_s);
  return times;
}

double mean(const Tensor& image, int channel, double left, double top, double right, double bottom) {
  const auto height = static_cast<double>(image.size(0));
  const auto width = static_cast<double>(image.size(1));
  const std::int64_t channels = image.size(2);
  const auto pixels = image.data<std::uint8_t>();
  double sum = 0.0;
  double count = 0.0;
  for (auto y = static_cast<std::int64_t>(top * height); y < static_cast<std::int64_t>(bottom * height); ++y) {
    for (auto x = static_cast<std::int64_t>(left * width); x < static_cast<std::int64_t>(right * width); ++x) {
      sum += pixels[(y * image.size(1) + x) * channels + channel];
      count += 1.0;
    }
  }
  return sum / count;
}

bool run_ffmpeg(const std::string& arguments) {
  return std::system(fmt::format("ffmpeg -nostdin -v error -y {} 2>/dev/null", arguments).c_str()) == 0;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string data_path(const std::string& name) {
  const char* root = std::getenv("LONGTAKE_DATA");
  return std::string(root != nullptr ? root : "../shared/data") + "/" + name;
}

}  // namespace longtake::media
