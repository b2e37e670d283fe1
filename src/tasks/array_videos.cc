#include "tasks/array_videos.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "longtake/error.h"
#include "longtake/prepare.h"

namespace longtake::tasks {

namespace {

bool is_taken(DType dtype) { return dtype == DType::kUint8 || dtype == DType::kFloat32 || dtype == DType::kFloat64; }

// [height, width, channels] with the channels first.
template <class T>
void copy_channels_first(const Tensor& picture, std::span<float> to) {
  const auto from = picture.data<T>();
  const std::int64_t channels = picture.size(2), area = picture.size(0) * picture.size(1);
  for (std::int64_t i = 0; i < picture.count(); ++i) {
    to[i % channels * area + i / channels] = static_cast<float>(from[i]);
  }
}

}  // namespace

ArrayVideos::ArrayVideos(const Files& files, const Files::Path& path, const InputSpec& spec, bool frames_first)
    : file_(files, path), spec_(spec), frames_first_(frames_first) {
  const Shape& sizes = shape();
  if (spec.has_fields()) throw InvalidArgument(fmt::format("{}: an array of videos is no field", name()));
  if (!is_taken(file_.header().dtype)) {
    throw BadData(
        fmt::format("{}: holds {}; uint8, float32 or float64 is wanted", name(), name_of(file_.header().dtype)));
  }
  if (sizes.size() != 4 && sizes.size() != 5) {
    throw BadData(
        fmt::format("{}: is an array {}; [sequences, frames, height, width] is wanted, or the same with channels",
                    name(), to_string(sizes)));
  }
  frames_ = sizes[frames_first ? 0 : 1];
  sequences_ = sizes[frames_first ? 1 : 0];
  picture_ = {sizes[2], sizes[3], sizes.size() == 5 ? sizes[4] : 1};
  if (picture_[2] != spec.channels()) {
    throw BadData(fmt::format("{}: its pictures have {} channels, the input {}", name(), picture_[2], spec.channels()));
  }
  seen_ = of_bytes() ? prepared_shape(spec, picture_) : Shape{picture_[2], picture_[0], picture_[1]};
}

Tensor ArrayVideos::read(std::int64_t sequence, std::int64_t first, std::int64_t count) const {
  if (sequence < 0 || sequence >= sequences_) {
    throw InvalidArgument(
        fmt::format("{}: there is no sequence {}; it has {}, counted from 0", name(), sequence, sequences_));
  }
  if (first < 0 || count < 0 || first + count > frames_) {
    throw InvalidArgument(fmt::format("{}: there are no frames {} to {}; its sequences have {}", name(), first,
                                      first + count - 1, frames_));
  }
  Tensor out(DType::kFloat32, {count, seen_[0], seen_[1], seen_[2]});
  const std::int64_t size = element_count(seen_);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto frame = out.data<float>().subspan(i * size, size);
    read_frame(sequence, first + i, frame);
    if (std::all_of(frame.begin(), frame.end(), [](float value) { return std::isfinite(value); })) continue;
    throw BadData(
        fmt::format("{}: frame {} of sequence {} has numbers that are not finite", name(), first + i, sequence));
  }
  return out;
}

void ArrayVideos::read_frame(std::int64_t sequence, std::int64_t frame, std::span<float> to) const {
  const std::int64_t count = element_count(picture_), all = shape()[frames_first_ ? 1 : 0];
  const std::int64_t place = frames_first_ ? frame * all + sequence : sequence * frames_ + frame;
  const Tensor picture = file_.read(place * count, count).reshaped(picture_);
  if (of_bytes()) return prepare_frame(picture, spec_, {}, to);
  if (picture.dtype() == DType::kFloat32) return copy_channels_first<float>(picture, to);
  copy_channels_first<double>(picture, to);
}

}  // namespace longtake::tasks
