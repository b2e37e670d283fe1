// Forecasts of videos as pictures to look at: what was seen above what is forecast, and one after the other.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "longtake/input_spec.h"
#include "longtake/tensor.h"

namespace longtake::reports {

// The pictures that a model's numbers stand for, prepare_frame() backwards: of float32 [frames, channels, height,
// width] uint8 [height, width, 3] RGB each. What lies beyond black and white is cut off there; of frames that were
// standardised, whose own brightness is lost, 0 is gray and 2 white. Throws InvalidArgument for other tensors.
std::vector<Tensor> pictures_of(const Tensor& frames, const InputSpec& spec);

struct FrameFilm {
  std::string title;
  std::vector<Tensor> seen, forecast;  // uint8 [height, width, 3], all of one size, at least one each
  double step_s = 0;                   // from frame to frame; 0 where it is not known
};

// All of them in one picture: those that were seen in the first row, the newest at the right, and the forecast below.
// Throws InvalidArgument where there is none or sizes differ.
Tensor draw_frame_strip(const FrameFilm& film);

// One after the other, each with how long before or after the newest that was seen it is, all of one size as
// media::VideoWriter wants them. Throws as above.
void draw_frame_film(const FrameFilm& film, const std::function<void(const Tensor& picture)>& frame);

}  // namespace longtake::reports
