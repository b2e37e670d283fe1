#include "tasks/array_windows.h"

#include <fmt/format.h>

#include <algorithm>

#include "longtake/error.h"
#include "tasks/array_videos.h"

namespace longtake::tasks {

namespace {

class ArrayWindows final : public WindowSource {
 public:
  ArrayWindows(const Files& files, const Files::Path& path, const InputSpec& spec, const ArrayOptions& options,
               const WindowShape& shape)
      : videos_(files, path, spec, options.frames_first), shape_(shape), extrapolator_(shape.extrapolation) {
    sequences_ = videos_.sequences();
    if (options.sequences > 0) sequences_ = std::min(sequences_, options.sequences);
    if (videos_.frames() >= shape.frames()) return;
    throw BadData(fmt::format("{}: its sequences have {} frames, but {} are seen and {} forecast{}", videos_.name(),
                              videos_.frames(), shape.seen, shape.forecast,
                              videos_.shape()[0] == shape.frames() && !options.frames_first
                                  ? "; data.frames_first = true where frames come first"
                                  : ""));
  }

  std::int64_t size() const override { return sequences_; }

  Window read(std::int64_t index, Random* random) override {
    if (index < 0 || index >= sequences_) {
      throw InvalidArgument(fmt::format("{}: there is no sequence {}", videos_.name(), index));
    }
    const std::int64_t room = videos_.frames() - shape_.frames();
    const std::int64_t start = random == nullptr || room == 0 ? 0 : static_cast<std::int64_t>(random->below(room + 1));
    Window window{.id = fmt::format("{}, sequence {}", videos_.name(), index), .valid = Tensor(DType::kUint8, {0})};
    window.frames = videos_.read(index, start, shape_.frames());
    window.targets = window.frames;
    add_advected(window, shape_, extrapolator_);
    return window;
  }

 private:
  ArrayVideos videos_;
  WindowShape shape_;
  Extrapolator extrapolator_;
  std::int64_t sequences_ = 0;
};

}  // namespace

std::unique_ptr<WindowSource> array_windows(const Files& files, const Files::Path& path, const InputSpec& spec,
                                            const ArrayOptions& options, const WindowShape& shape) {
  return std::make_unique<ArrayWindows>(files, path, spec, options, shape);
}

}  // namespace longtake::tasks
