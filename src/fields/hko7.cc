// HKO-7's files, see hko7.h and https://github.com/sxjscience/HKO-7
#include "fields/hko7.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "fields/calendar.h"
#include "fields/gzip.h"
#include "fields/picture8.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

constexpr std::size_t kLargestPng = std::size_t{1} << 26;

Files::Path mask_path(const Files::Path& path, const Hko7Options& options) {
  const Files::Path relative = path.lexically_relative(options.frames);
  if (relative.empty() || *relative.begin() == "..") {
    throw InvalidArgument(fmt::format("{}: does not lie below the folder of frames {}, so its mask is not known",
                                      path.string(), options.frames.string()));
  }
  return (options.masks / relative).replace_extension(".mask");
}

}  // namespace

Field parse_hko7(std::string_view png, std::string_view mask, int noise_below, const std::string& where) {
  const Picture8 picture = decode_gray_png(png, where);
  const std::size_t count = picture.pixels.size();
  const std::string valid = mask.empty() ? std::string(count, '\1') : inflate_bytes(mask, count, where + ": the mask");
  if (valid.size() != count) {
    throw BadData(fmt::format("{}: the mask has {} cells where the picture has {}", where, valid.size(), count));
  }
  Field field = empty_field(picture.height, picture.width, where);
  for (std::size_t i = 0; i < count; ++i) {
    const int v = picture.pixels[i];
    const bool noise = v > 0 && v < noise_below;
    if (valid[i] != 0 && !noise) set_cell(field, i, v * 70.0 / 255 - 10);
  }
  field.quantity = "reflectivity";
  field.unit = "dBZ";
  field.relation = kHko;
  return field;
}

std::optional<std::int64_t> time_of_hko7_name(const Files::Path& path, std::int64_t utc_offset_s) {
  const std::string name = path.stem().string();
  const bool fits = name.size() == 15 && name.starts_with("RAD") &&
                    std::all_of(name.begin() + 3, name.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  if (!fits) return std::nullopt;
  return parse_time("20" + name.substr(3), path.string()) - utc_offset_s;
}

Field read_hko7(const Files& files, const Files::Path& path, const Hko7Options& options) {
  const std::string mask = options.masks.empty() ? "" : files.read(mask_path(path, options), kLargestPng);
  if (!options.masks.empty() && mask.empty()) {
    throw BadData(fmt::format("{}: is empty", mask_path(path, options).string()));
  }
  Field field = parse_hko7(files.read(path, kLargestPng), mask, options.noise_below, path.string());
  field.time = time_of_hko7_name(path, options.utc_offset_s);
  if (!field.time)
    throw BadData(fmt::format("{}: the name says no time; RADyymmddHHMM00.png is wanted", path.string()));
  return field;
}

}  // namespace longtake::fields
