#include "tasks/field_windows.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "fields/calendar.h"
#include "longtake/error.h"

namespace longtake::tasks {

namespace {

constexpr int kTries = 20;

// Extrapolations of whole series, kept as they are asked for again and again: values, NaN where nothing comes from.
class KeptExtrapolations {
 public:
  bool put(const std::pair<std::size_t, std::int64_t>& key, Window& window) const {
    const auto found = kept_.find(key);
    if (found == kept_.end()) return false;
    const Tensor& values = found->second;
    const std::int64_t leads = values.size(0), area = values.size(1) * values.size(2);
    window.advected = Tensor(DType::kFloat32, {leads, 2, values.size(1), values.size(2)});
    const auto from = values.data<float>();
    const auto to = window.advected.data<float>();
    for (std::int64_t i = 0; i < leads * area; ++i) {
      const bool there = from[i] == from[i];
      const std::int64_t at = i / area * 2 * area + i % area;
      to[at] = there ? from[i] : 0;
      to[at + area] = there ? 1 : 0;
    }
    return true;
  }

  void keep(const std::pair<std::size_t, std::int64_t>& key, const Window& window) {
    const Tensor& whole = window.advected;
    const std::int64_t leads = whole.size(0), area = whole.size(2) * whole.size(3);
    Tensor values(DType::kFloat32, {leads, whole.size(2), whole.size(3)});
    const auto from = whole.data<float>();
    for (std::int64_t i = 0; i < leads * area; ++i) {
      const std::int64_t at = i / area * 2 * area + i % area;
      values.data<float>()[i] = from[at + area] > 0 ? from[at] : std::numeric_limits<float>::quiet_NaN();
    }
    kept_[key] = std::move(values);
  }

 private:
  std::map<std::pair<std::size_t, std::int64_t>, Tensor> kept_;
};

class FieldWindows final : public WindowSource {
 public:
  FieldWindows(std::vector<std::shared_ptr<FieldSequence>> sequences, const FieldWindowOptions& options,
               const WindowShape& shape)
      : sequences_(std::move(sequences)), options_(options), shape_(shape), extrapolator_(shape.extrapolation) {
    for (std::size_t s = 0; s < sequences_.size(); ++s) {
      for (const std::int64_t start : sequences_[s]->times()) {
        if (fits(*sequences_[s], start)) starts_.emplace_back(s, start);
      }
    }
    if (starts_.empty()) {
      std::string names;
      for (const auto& sequence : sequences_) names += (names.empty() ? "" : ", ") + sequence->name();
      throw BadData(fmt::format("{}: there is no stretch of {} frames, {} s apart, with at most {} missing in a row",
                                names, shape.frames(), options.step_s, allowed_missing()));
    }
  }

  std::int64_t size() const override {
    const auto starts = static_cast<std::int64_t>(starts_.size());
    return options_.training ? starts * options_.repeats : (starts + options_.test_stride - 1) / options_.test_stride;
  }

  Window read(std::int64_t index, Random* random) override {
    if (index < 0 || index >= size()) throw InvalidArgument(fmt::format("there is no window {}", index));
    const auto starts = static_cast<std::int64_t>(starts_.size());
    const auto& start = starts_[random != nullptr ? index % starts : index * options_.test_stride];
    Window whole =
        window_at(*sequences_[start.first], start.second, options_.step_s, options_.validity, shape_, extrapolator_);
    if (shape_.advected && !kept_.put(start, whole)) {
      add_advected(whole, shape_, extrapolator_);
      kept_.keep(start, whole);
    }
    return random == nullptr ? whole : part_of(whole, *random);
  }

 private:
  std::int64_t allowed_missing() const { return options_.gaps == fields::GapPolicy::kFill ? options_.most_missing : 0; }

  bool fits(const FieldSequence& sequence, std::int64_t start) const {
    const auto first = static_cast<double>(sequence.times().front()),
               last = static_cast<double>(sequence.times().back());
    const auto begin = static_cast<double>(start),
               end = begin + static_cast<double>((shape_.frames() - 1) * options_.step_s);
    if (begin < first + options_.part_begin * (last - first) || end > first + options_.part_end * (last - first))
      return false;
    std::int64_t missing = 0;
    for (std::int64_t i = 0; i < shape_.frames(); ++i) {
      missing = sequence.has(start + i * options_.step_s) ? 0 : missing + 1;
      if (missing > allowed_missing()) return false;
    }
    // A window ends with a frame that there is, and the newest that is seen is there.
    return missing == 0 && sequence.has(start + (shape_.seen - 1) * options_.step_s);
  }

  Window part_of(const Window& whole, Random& random) const {
    const std::int64_t room_y = whole.frames.size(2) - options_.height, room_x = whole.frames.size(3) - options_.width;
    if (room_y < 0 || room_x < 0) {
      throw BadData(fmt::format("{}: has {} x {} cells, fewer than the {} x {} of the input", whole.id,
                                whole.frames.size(2), whole.frames.size(3), options_.height, options_.width));
    }
    std::int64_t top = 0, left = 0;
    for (int attempt = 0; attempt < kTries; ++attempt) {
      top = static_cast<std::int64_t>(random.below(room_y + 1));
      left = static_cast<std::int64_t>(random.below(room_x + 1));
      if (has_rain(whole, top, left)) break;
    }
    Window part = crop_window(whole, top, left, options_.height, options_.width);
    if (!options_.turn) return part;
    const bool mirror_x = random.below(2) == 1, mirror_y = random.below(2) == 1;
    const bool transpose = options_.height == options_.width && random.below(2) == 1;
    return turn_window(std::move(part), mirror_x, mirror_y, transpose);
  }

  bool has_rain(const Window& whole, std::int64_t top, std::int64_t left) const {
    const std::int64_t width = whole.targets.size(3), area = whole.targets.size(2) * width;
    const float* newest = whole.targets.data<float>().data() + (shape_.seen - 1) * whole.targets.size(1) * area;
    std::int64_t count = 0;
    for (std::int64_t y = top; y < top + options_.height; ++y) {
      for (std::int64_t x = left; x < left + options_.width; ++x) count += newest[y * width + x] >= options_.rain;
    }
    return static_cast<double>(count) >= options_.rain_share * static_cast<double>(options_.height * options_.width);
  }

  std::vector<std::shared_ptr<FieldSequence>> sequences_;
  FieldWindowOptions options_;
  WindowShape shape_;
  Extrapolator extrapolator_;
  std::vector<std::pair<std::size_t, std::int64_t>> starts_;  // sequence and time
  KeptExtrapolations kept_;
};

}  // namespace

std::unique_ptr<WindowSource> field_windows(std::vector<std::shared_ptr<FieldSequence>> sequences,
                                            const FieldWindowOptions& options, const WindowShape& shape) {
  return std::make_unique<FieldWindows>(std::move(sequences), options, shape);
}

Window window_at(FieldSequence& sequence, std::int64_t start, std::int64_t step_s, bool validity,
                 const WindowShape& shape, Extrapolator& extrapolator) {
  const std::int64_t height = sequence.height(), width = sequence.width(), area = height * width;
  const std::int64_t channels = validity ? 2 : 1;
  Window window{.id = fmt::format("{}, {}", sequence.name(), fields::format_time(start))};
  window.frames = Tensor(DType::kFloat32, {shape.frames(), channels, height, width});
  window.targets = Tensor(DType::kFloat32, {shape.frames(), 1, height, width});
  window.valid = Tensor(DType::kUint8, {shape.frames(), height, width});
  for (std::int64_t i = 0; i < shape.frames(); ++i) {
    const FieldFrame& frame = sequence.at(start + i * step_s, extrapolator);
    const auto values = frame.values.data<float>();
    const auto valid = frame.valid.data<std::uint8_t>();
    std::copy(values.begin(), values.end(), window.targets.data<float>().begin() + i * area);
    std::copy(valid.begin(), valid.end(), window.valid.data<std::uint8_t>().begin() + i * area);
    const auto seen = window.frames.data<float>().subspan(i * channels * area, channels * area);
    std::copy(values.begin(), values.end(), seen.begin());
    if (validity) std::copy(valid.begin(), valid.end(), seen.begin() + area);
  }
  return window;
}

}  // namespace longtake::tasks
