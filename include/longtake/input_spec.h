// How an input of a model wants to be fed: the sampling contract that travels inside the model file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace longtake {

// One channel of gridded fields, such as a radar's rain. Numbers are converted to `unit`, and those from `low` to
// `high` become 0 to 1; what lies beyond is cut off there. What is missing becomes 0.
struct FieldChannel {
  std::string variable;       // its name in NetCDF files; radar files hold one quantity, whatever its name
  std::string unit = "dBZ";   // as CF writes it: "dBZ", "mm/h", "Pa", "m s-1"
  double low = 0, high = 60;  // in that unit
  friend bool operator==(const FieldChannel&, const FieldChannel&) = default;
};

struct InputSpec {
  // "video", "tensor", or "fields": gridded fields of radars and climate models, for which `fields` and what follows it
  // stand in the place of fps, resize, crop, colour, mean, scale and flow.
  std::string kind = "video";
  double fps = 0;          // frames per second by time stamp; 0 takes every frame
  std::int64_t width = 0;  // frames are resized to this before cropping; 0 keeps the native size
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

  std::vector<FieldChannel> fields;  // the first channels, in this order
  bool validity = false;             // a last channel, 1 where the first field was measured and 0 where it is missing
  double step_s = 0;                 // seconds from frame to frame
  double spacing = 0;                // of the grid, in its own units: metres or degrees; 0 takes any
  double z_a = 200, z_b = 1.6;       // Z = a R^b between dBZ and mm/h in the channels

  bool measures_flow() const { return !flow.empty() && flow != "video"; }
  bool has_fields() const { return kind == "fields"; }
  std::int64_t channels() const {
    if (has_fields()) return static_cast<std::int64_t>(fields.size()) + (validity ? 1 : 0);
    return colour == "gray" ? 1 : 3;
  }
  friend bool operator==(const InputSpec&, const InputSpec&) = default;
};

}  // namespace longtake
