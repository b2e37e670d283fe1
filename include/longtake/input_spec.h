// How an input of a model wants to be fed: the sampling contract that travels inside the model file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace longtake {

struct InputSpec {
  std::string kind = "video";  // "video" or "tensor"
  double fps = 0;              // frames per second by time stamp; 0 takes every frame
  std::int64_t width = 0;      // frames are resized to this before cropping; 0 keeps the native size
  std::int64_t height = 0;
  std::string resize = "stretch";  // "stretch" or "shorter_side" (the shorter side gets min(width, height))
  std::int64_t crop_width = 0;     // what the model sees; 0 takes the resized frame
  std::int64_t crop_height = 0;
  std::string colour = "rgb";  // "rgb", "bgr" or "gray": the order of the channels
  std::vector<double> mean;    // per channel, subtracted from byte values 0..255; empty is 0
  std::vector<double> scale;   // per channel, multiplied afterwards; empty is 1
  bool standardise = false;    // then each frame gets mean 0 and deviation 1 over all its numbers

  // Optical flow in place of pictures: a picture of three channels whose red is the motion to the right and whose green
  // the motion down, before `colour` orders them. Empty: the pictures themselves. "dis", "farneback" or "tvl1":
  // measured by that method between resized pictures, and coded. "video": the source is a video of coded flow.
  std::string flow;
  std::string flow_coding = "lrcn";  // "lrcn" or "snippets", see flow/coding.h
  // The flow of a frame leads from the picture 1 / flow_fps seconds before to it. 0 takes the frame before; else it is
  // a whole multiple of fps.
  double flow_fps = 0;

  bool measures_flow() const { return !flow.empty() && flow != "video"; }
  std::int64_t channels() const { return colour == "gray" ? 1 : 3; }
  friend bool operator==(const InputSpec&, const InputSpec&) = default;
};

}  // namespace longtake
