#include "tasks/array_videos.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "longtake/error.h"
#include "longtake/prepare.h"

namespace longtake::tasks {

ArrayVideos::ArrayVideos(const Files& files, const Files::Path& path, const InputSpec& spec, bool frames_first)
    : file_(files, path), spec_(spec), frames_first_(frames_first) {
  const Shape& sizes = shape();
  if (spec.has_fields()) throw InvalidArgument(fmt::format("{}: an array of videos is no field", name()));
  if (file_.header().dtype != DType::kUint8 && file_.header().dtype != DType::kFloat32) {
    throw BadData(fmt::format("{}: holds {}; uint8 or float32 is wanted", name(), name_of(file_.header().dtype)));
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
  seen_ = file_.header().dtype == DType::kUint8 ? prepared_shape(spec, picture_)
                                                : Shape{picture_[2], picture_[0], picture_[1]};
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
  if (picture.dtype() == DType::kUint8) return prepare_frame(picture, spec_, {}, to);
  const auto from = picture.data<float>();
  const std::int64_t area = picture_[0] * picture_[1];
  for (std::int64_t i = 0; i < count; ++i) to[i % picture_[2] * area + i / picture_[2]] = from[i];
}

}  // namespace longtake::tasks
