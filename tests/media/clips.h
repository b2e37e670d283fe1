// Clips for the tests of media: made on the fly, with every frame carrying its number so that it is known again after
// lossy compression, scaling and turning grey.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/temporary_directory.h"
#include "longtake/tensor.h"
#include "longtake/video_reader.h"

namespace longtake::media {

// A picture that carries `number` (0..255) as eight vertical bars, the lowest bit on the left: white is 1.
Tensor numbered_picture(int number, int width = 64, int height = 48);
int number_in(const Tensor& image);

// H.264 in MP4 with frames 0, 1, 2, ...
void write_numbered_clip(const std::string& path, int frames, double fps, int width = 64, int height = 48);
// The same with the frames' own times.
void write_numbered_clip(const std::string& path, const std::vector<double>& times_s);

struct Sample {
  std::int64_t index = 0;
  double time_s = 0.0;
  int number = 0;
  bool repeated = false;
};
std::vector<Sample> read_samples(VideoReader& reader);
std::vector<Sample> read_samples(const std::string& path, const VideoOptions& options = {});
std::vector<int> numbers_of(const std::vector<Sample>& samples);
std::vector<std::int64_t> indices_of(const std::vector<Sample>& samples);
std::vector<double> times_of(const std::vector<Sample>& samples);

// The mean of one channel in the part of the picture given by fractions of its size.
double mean(const Tensor& image, int channel, double left = 0, double top = 0, double right = 1, double bottom = 1);

// Runs the ffmpeg program; false where it is missing or fails.
bool run_ffmpeg(const std::string& arguments);

std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& bytes);

// Where the real recordings are.
std::string data_path(const std::string& name);

}  // namespace longtake::media

// Skips the test where the recording NAME is absent.
#define REQUIRE_DATA(name)                                                \
  if (!std::filesystem::exists(::longtake::media::data_path(name))) {     \
    GTEST_SKIP() << ::longtake::media::data_path(name) << " is not here"; \
  }

// Fails the test where the ffmpeg program cannot make its input.
#define FFMPEG(arguments) ASSERT_TRUE(::longtake::media::run_ffmpeg(arguments)) << arguments
