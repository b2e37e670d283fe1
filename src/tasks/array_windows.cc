#include "tasks/array_windows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "data/npy.h"
#include "longtake/error.h"
#include "longtake/prepare.h"

namespace longtake::tasks {

namespace {

class ArrayWindows final : public WindowSource {
 public:
  ArrayWindows(const Files& files, const Files::Path& path, const InputSpec& spec, const ArrayOptions& options,
               const WindowShape& shape)
      : file_(files, path), spec_(spec), options_(options), shape_(shape), extrapolator_(shape.extrapolation) {
    const Shape& sizes = file_.header().shape;
    if (spec.has_fields()) throw InvalidArgument(fmt::format("{}: an array of videos is no field", file_.name()));
    if (file_.header().dtype != DType::kUint8 && file_.header().dtype != DType::kFloat32) {
      throw BadData(
          fmt::format("{}: holds {}; uint8 or float32 is wanted", file_.name(), name_of(file_.header().dtype)));
    }
    if (sizes.size() != 4 && sizes.size() != 5) {
      throw BadData(
          fmt::format("{}: is an array {}; [sequences, frames, height, width] is wanted, or the same with "
                      "channels",
                      file_.name(), to_string(sizes)));
    }
    frames_ = sizes[options.frames_first ? 0 : 1];
    sequences_ = sizes[options.frames_first ? 1 : 0];
    if (options.sequences > 0) sequences_ = std::min(sequences_, options.sequences);
    picture_ = {sizes[2], sizes[3], sizes.size() == 5 ? sizes[4] : 1};
    if (frames_ < shape.frames()) {
      throw BadData(fmt::format("{}: its sequences have {} frames, but {} are seen and {} forecast{}", file_.name(),
                                frames_, shape.seen, shape.forecast,
                                sizes[0] == shape.frames() && !options.frames_first
                                    ? "; data.frames_first = true where frames come first"
                                    : ""));
    }
    seen_ = file_.header().dtype == DType::kUint8 ? prepared_shape(spec, picture_)
                                                  : Shape{picture_[2], picture_[0], picture_[1]};
    if (seen_[0] != spec.channels()) {
      throw BadData(
          fmt::format("{}: its pictures have {} channels, the input {}", file_.name(), seen_[0], spec.channels()));
    }
  }

  std::int64_t size() const override { return sequences_; }

  Window read(std::int64_t index, Random* random) override {
    if (index < 0 || index >= sequences_) {
      throw InvalidArgument(fmt::format("{}: there is no sequence {}", file_.name(), index));
    }
    const std::int64_t room = frames_ - shape_.frames();
    const std::int64_t start = random == nullptr || room == 0 ? 0 : static_cast<std::int64_t>(random->below(room + 1));
    Window window{.id = fmt::format("{}, sequence {}", file_.name(), index), .valid = Tensor(DType::kUint8, {0})};
    window.frames = Tensor(DType::kFloat32, {shape_.frames(), seen_[0], seen_[1], seen_[2]});
    for (std::int64_t i = 0; i < shape_.frames(); ++i) read_frame(index, start + i, i, window.frames);
    window.targets = window.frames;
    add_advected(window, shape_, extrapolator_);
    return window;
  }

 private:
  void read_frame(std::int64_t sequence, std::int64_t frame, std::int64_t index, Tensor& out) const {
    const std::int64_t count = element_count(picture_);
    const std::int64_t sequences = file_.header().shape[options_.frames_first ? 1 : 0];
    const std::int64_t place = options_.frames_first ? frame * sequences + sequence : sequence * frames_ + frame;
    const Tensor picture = file_.read(place * count, count).reshaped(picture_);
    const auto to = out.data<float>().subspan(index * element_count(seen_), element_count(seen_));
    if (picture.dtype() == DType::kUint8) return prepare_frame(picture, spec_, {}, to);
    const auto from = picture.data<float>();
    const std::int64_t area = picture_[0] * picture_[1];
    for (std::int64_t i = 0; i < count; ++i) to[i % picture_[2] * area + i / picture_[2]] = from[i];
  }

  NpyFile file_;
  InputSpec spec_;
  ArrayOptions options_;
  WindowShape shape_;
  Extrapolator extrapolator_;
  std::int64_t frames_ = 0, sequences_ = 0;
  Shape picture_;  // [height, width, channels] in the file
  Shape seen_;     // [channels, height, width] by the model
};

}  // namespace

std::unique_ptr<WindowSource> array_windows(const Files& files, const Files::Path& path, const InputSpec& spec,
                                            const ArrayOptions& options, const WindowShape& shape) {
  return std::make_unique<ArrayWindows>(files, path, spec, options, shape);
}

}  // namespace longtake::tasks
