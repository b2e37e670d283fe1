#include "tasks/windows.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "longtake/error.h"

namespace longtake::tasks {

namespace {

// `tensor` [..., height, width] with each map replaced by what `turn` makes of it.
template <class T, class Turn>
Tensor each_map(const Tensor& tensor, std::int64_t height, std::int64_t width, const Turn& turn) {
  if (tensor.count() == 0) return tensor;
  Shape shape = tensor.shape();
  const std::size_t rank = shape.size();
  const std::int64_t old_height = shape[rank - 2], old_width = shape[rank - 1];
  shape[rank - 2] = height;
  shape[rank - 1] = width;
  Tensor out(tensor.dtype(), shape);
  const std::int64_t maps = out.count() / (height * width);
  for (std::int64_t m = 0; m < maps; ++m) {
    turn(tensor.data<T>().data() + m * old_height * old_width, out.data<T>().data() + m * height * width);
  }
  return out;
}

// All maps of a window, by one function from a map to a map.
template <class Turn>
Window each_map_of(const Window& window, std::int64_t height, std::int64_t width, const Turn& turn) {
  return {window.id, each_map<float>(window.frames, height, width, turn),
          each_map<float>(window.targets, height, width, turn),
          each_map<std::uint8_t>(window.valid, height, width, turn),
          each_map<float>(window.advected, height, width, turn)};
}

}  // namespace

namespace {

// What takes the part of a map whose rows are `old_width` long.
auto cropping(std::int64_t old_width, std::int64_t top, std::int64_t left, std::int64_t height, std::int64_t width) {
  return [=](const auto* from, auto* to) {
    for (std::int64_t y = 0; y < height; ++y) std::copy_n(from + (top + y) * old_width + left, width, to + y * width);
  };
}

void check_part(const std::string& id, std::int64_t old_height, std::int64_t old_width, std::int64_t top,
                std::int64_t left, std::int64_t height, std::int64_t width) {
  if (top >= 0 && left >= 0 && height >= 1 && width >= 1 && top + height <= old_height && left + width <= old_width) {
    return;
  }
  throw InvalidArgument(fmt::format("{}: {} x {} cells from ({}, {}) on leave a grid of {} x {}", id, height, width,
                                    top, left, old_height, old_width));
}

}  // namespace

Window crop_window(const Window& window, std::int64_t top, std::int64_t left, std::int64_t height, std::int64_t width) {
  const std::int64_t old_height = window.frames.size(2), old_width = window.frames.size(3);
  check_part(window.id, old_height, old_width, top, left, height, width);
  if (height == old_height && width == old_width) return window;
  return each_map_of(window, height, width, cropping(old_width, top, left, height, width));
}

Window crop_middle(const Window& window, std::int64_t height, std::int64_t width) {
  return crop_window(window, (window.frames.size(2) - height) / 2, (window.frames.size(3) - width) / 2, height, width);
}

Tensor crop_middle(const Tensor& maps, std::int64_t height, std::int64_t width) {
  const Shape& shape = maps.shape();
  const std::int64_t old_height = shape.at(shape.size() - 2), old_width = shape.back();
  const std::int64_t top = (old_height - height) / 2, left = (old_width - width) / 2;
  check_part("maps", old_height, old_width, top, left, height, width);
  if (height == old_height && width == old_width) return maps;
  return each_map<float>(maps, height, width, cropping(old_width, top, left, height, width));
}

Window turn_window(Window window, bool mirror_x, bool mirror_y, bool transpose) {
  if (!mirror_x && !mirror_y && !transpose) return window;
  const std::int64_t height = window.frames.size(2), width = window.frames.size(3);
  const std::int64_t new_height = transpose ? width : height, new_width = transpose ? height : width;
  return each_map_of(window, new_height, new_width, [&](const auto* from, auto* to) {
    for (std::int64_t y = 0; y < height; ++y) {
      for (std::int64_t x = 0; x < width; ++x) {
        const std::int64_t row = mirror_y ? height - 1 - y : y, column = mirror_x ? width - 1 - x : x;
        to[transpose ? column * new_width + row : row * new_width + column] = from[y * width + x];
      }
    }
  });
}

void add_advected(Window& window, const WindowShape& shape, Extrapolator& extrapolator) {
  if (!shape.advected || window.advected.count() > 0 || shape.forecast == 0) return;
  const auto first = [&](const Tensor& tensor, auto type) {
    Shape cut = tensor.shape();
    cut[0] = shape.seen;
    return Tensor::from<decltype(type)>(cut, tensor.data<decltype(type)>().first(element_count(cut)));
  };
  const Tensor valid = window.valid.count() == 0 ? window.valid : first(window.valid, std::uint8_t{});
  window.advected = extrapolator.extrapolate(first(window.targets, float{}), valid, shape.forecast);
}

}  // namespace longtake::tasks
