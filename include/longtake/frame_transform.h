// What is done to a frame on its way into a model, besides what the InputSpec asks for. The default is what streaming
// uses; training draws one per clip.
#pragma once

namespace longtake {

struct FrameTransform {
  // Where the crop lies in the room it has: 0 is left or top, 1 right or bottom. With room for r whole pixels the
  // intervals (k / (r + 1), (k + 1) / (r + 1)] give offset k, so that 0.5 is floor(r / 2).
  double crop_x = 0.5;
  double crop_y = 0.5;
  bool mirror = false;  // left to right
  // 2 shows half the crop's width and height, enlarged; below 1 it shows more than the crop.
  double zoom = 1.0;
  double rotation_degrees = 0.0;  // clockwise, about the crop's centre
  // Byte values v become contrast * (v - 127.5) + 127.5 + brightness.
  double brightness = 0.0;
  double contrast = 1.0;

  friend bool operator==(const FrameTransform&, const FrameTransform&) = default;
};

}  // namespace longtake
