// Writes H.264 in MP4 that every browser plays. The same frames always give the same bytes.
#pragma once

#include <memory>
#include <string>

#include "longtake/tensor.h"

namespace longtake::media {

struct VideoWriterOptions {
  double fps = 25.0;
  // Constant quality, 0 (lossless) to 51 (worst); 18 is hardly told from the original.
  int crf = 18;
  // Frames between key frames at most: what a seek may have to decode. 0 leaves it to the encoder.
  int key_frame_interval = 0;
  // Frames come with their own times. `fps` then only says how long the last one lasts.
  bool variable_rate = false;
  // For pictures that are numbers, such as coded flow: red, green and blue are kept in full, where a video for the eye
  // has half the colour's width and height. With crf 0 every byte comes back. Needs libx264; few browsers play it.
  bool full_colour = false;
};

class VideoWriter {
 public:
  // Pictures are width x height. H.264 needs even sizes unless in full colour, so an odd one gains a row or column that
  // repeats the edge.
  // Writes to a temporary name beside `path` until finish(). Throws InvalidArgument, IoError (cannot write there) or
  // Unsupported (FFmpeg has neither libx264 nor mpeg4).
  VideoWriter(const std::string& path, int width, int height, const VideoWriterOptions& options = {});
  VideoWriter(VideoWriter&&) noexcept;
  VideoWriter& operator=(VideoWriter&&) noexcept;
  // Without finish() nothing is left behind.
  ~VideoWriter();

  // Adds a frame, uint8 [height, width, 3] RGB or [height, width, 1] gray, at the next instant of the steady rate.
  void write(const Tensor& image);
  // Adds a frame that is shown from `time_s` on; needs options.variable_rate. Times must rise by at least 1/90000 s.
  void write(const Tensor& image, double time_s);
  // Completes the file and gives it its name. Throws IoError where the disk is full; then the old file is untouched.
  void finish();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace longtake::media
