// Stretches of frames, as models that forecast or track are trained and tested on: some frames are seen, the others are
// what should come of them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/random.h"
#include "longtake/tensor.h"
#include "tasks/extrapolation.h"

namespace longtake::tasks {

struct Window {
  std::string id;   // of messages: where it comes from and when it begins
  Tensor frames;    // float32 [frames, channels, height, width], as the model sees them
  Tensor targets;   // float32 [frames, target channels, height, width]: what is true of each frame
  Tensor valid;     // uint8 [frames, height, width], 1 where the target counts; empty where all of them do
  Tensor advected;  // float32 [forecast, target channels + 1, height, width], where it is asked for; else empty
};

// What a window is cut for.
struct WindowShape {
  std::int64_t seen = 10;
  std::int64_t forecast = 10;  // frames after them; 0 for a model that tracks, which answers to those that are seen
  bool advected = false;       // with the extrapolation of the frames that are seen
  ExtrapolationOptions extrapolation;

  std::int64_t frames() const { return seen + forecast; }
  // The first frame that the model's answers are about.
  std::int64_t first_answer() const { return forecast > 0 ? seen : 0; }
};

// The windows of one split. It belongs to one thread.
class WindowSource {
 public:
  virtual ~WindowSource() = default;
  virtual std::int64_t size() const = 0;
  // The window `index`. Without `random` it is the one for tests, whole, and always the same; with it, one of the
  // model's own size, cut out, turned and mirrored as the recipe allows. Throws BadData or IoError for what cannot be
  // read.
  virtual Window read(std::int64_t index, Random* random) = 0;
};

struct StormData;

// The splits of a recipe's [data]; null where there is none.
struct ForecastData {
  std::unique_ptr<WindowSource> train, validation, test;
  std::vector<std::string> facts;     // about the data, for people: "fmi: 40 frames of 306 x 190, 2 missing"
  std::shared_ptr<StormData> storms;  // where the data is of storms: the sequences that the windows are of
};
using ForecastDataOpener = std::function<ForecastData(const Files& files, const WindowShape& shape)>;

// The part `height` x `width` from (`top`, `left`) on, of all that a window has. Throws InvalidArgument where that
// leaves it.
Window crop_window(const Window& window, std::int64_t top, std::int64_t left, std::int64_t height, std::int64_t width);
// The same in its middle.
Window crop_middle(const Window& window, std::int64_t height, std::int64_t width);
// The same of maps on their own: float32 [..., height, width].
Tensor crop_middle(const Tensor& maps, std::int64_t height, std::int64_t width);

// Mirrored left to right, and top to bottom, and then with rows for columns: the eight ways to lay a square.
Window turn_window(Window window, bool mirror_x, bool mirror_y, bool transpose);

// Adds the extrapolation of the first `seen` frames, computed on the window itself. Does nothing where it is there or
// not asked for.
void add_advected(Window& window, const WindowShape& shape, Extrapolator& extrapolator);

}  // namespace longtake::tasks
