#include "tasks/field_sequence.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <utility>

#include "fields/calendar.h"
#include "fields/regrid.h"
#include "longtake/error.h"

namespace longtake::tasks {

namespace {

using fields::Field;

// Spacings that differ by less are the same: composites in kilometres of a projection are off by some thousandths.
constexpr double kSpacingTolerance = 0.02;
constexpr std::array<const char*, 9> kEndings{".pgm", ".pgm.gz", ".gif", ".png", ".h5", ".hdf", ".hdf5", ".nc", ".cdf"};

// Every error of the series says which one it is.
template <class Use>
auto of_source(const std::string& name, const Use& use) {
  try {
    return use();
  } catch (const BadData& error) {
    throw BadData(fmt::format("{}: {}", name, error.what()));
  } catch (const InvalidArgument& error) {
    throw InvalidArgument(fmt::format("{}: {}", name, error.what()));
  }
}

bool has_field_ending(const std::string& name) {
  return std::any_of(kEndings.begin(), kEndings.end(), [&](const char* ending) { return name.ends_with(ending); });
}

// Of the grid's cells along an axis, where it is regular.
std::optional<double> spacing_of(const std::vector<double>& axis) {
  const auto step = fields::regular_step(axis);
  return step ? std::optional(std::abs(*step)) : std::nullopt;
}

// No grid has cells of more degrees, and none of fewer metres.
constexpr double kMostDegrees = 20;

void check_unit_of_spacing(const fields::Grid& grid, double own, double wanted) {
  const bool degrees = grid.kind == fields::GridKind::kGeographic;
  if (degrees == (wanted <= kMostDegrees)) return;
  const auto unit = [](bool in_degrees) { return in_degrees ? "degrees" : "metres"; };
  throw InvalidArgument(fmt::format(
      "the model wants cells of {} {}, but those of the files are of {:.6g} {}; the source's spacing must be "
      "set, in {}",
      wanted, unit(!degrees), own, unit(degrees), unit(!degrees)));
}

constexpr int kDeepest = 12;  // folders by year, month, day and the like; and no end of links

void collect_fields(const Files& files, const Files::Path& folder, int depth, std::vector<Files::Path>& found) {
  for (const std::string& name : files.list(folder)) {
    const Files::Path path = folder / name;
    if (std::filesystem::is_directory(path)) {
      if (depth < kDeepest) collect_fields(files, path, depth + 1, found);
    } else if (has_field_ending(name)) {
      found.push_back(path);
    }
  }
}

}  // namespace

std::int64_t usual_distance_s(std::vector<std::int64_t> times) {
  std::sort(times.begin(), times.end());
  times.erase(std::unique(times.begin(), times.end()), times.end());
  std::vector<std::int64_t> distances;
  for (std::size_t i = 1; i < times.size(); ++i) distances.push_back(times[i] - times[i - 1]);
  if (distances.empty()) return 0;
  const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
  std::nth_element(distances.begin(), middle, distances.end());
  return *middle;
}

std::vector<Files::Path> field_files(const Files& files, const FieldSource& source) {
  const std::filesystem::path path(source.path);
  if (!std::filesystem::is_directory(path)) {
    if (files.exists(path)) return {path};
    throw IoError(fmt::format("{}: there is no file or folder {}", source.name, source.path));
  }
  std::vector<Files::Path> found;
  collect_fields(files, path, 0, found);
  std::sort(found.begin(), found.end());
  if (found.empty()) {
    throw BadData(fmt::format("{}: {} has no file of fields; names end in .pgm.gz, .gif, .png, .h5, .nc or the like",
                              source.name, source.path));
  }
  return found;
}

FieldPreparer::FieldPreparer(const InputSpec& spec, const FieldSource& source)
    : source_(source), spec_(spec), coding_(spec) {}

Field FieldPreparer::operator()(Field field, std::int64_t channel) const {
  fields::ConversionOptions conversion;
  conversion.relation = source_.relation.value_or(field.relation.value_or(fields::kMarshallPalmer));
  conversion.interval_s = source_.interval_s;
  if (spec_.fields[static_cast<std::size_t>(channel)].unit == "dBZ") {
    field = fields::convert(std::move(field), "mm/h", conversion);
  }
  return coding_.to_channel(regrid(std::move(field)), channel, conversion);
}

Field FieldPreparer::regrid(Field field) const {
  if (spec_.spacing == 0) return field;
  const auto own = source_.spacing > 0 ? std::optional(source_.spacing) : spacing_of(field.grid.x);
  if (own && source_.spacing == 0) check_unit_of_spacing(field.grid, *own, spec_.spacing);
  if (!own) {
    throw InvalidArgument(
        fmt::format("the model wants cells of {}, but the files do not say how large theirs are; set the source's "
                    "spacing",
                    spec_.spacing));
  }
  const auto block = static_cast<std::int64_t>(std::lround(spec_.spacing / *own));
  const bool whole = block >= 1 && std::abs(static_cast<double>(block) * *own / spec_.spacing - 1) < kSpacingTolerance;
  if (whole) return block == 1 ? field : fields::coarsen(field, block, block);
  if (*own > spec_.spacing) {
    throw InvalidArgument(fmt::format("the model wants cells of {}, which those of {} in the files are too coarse for",
                                      spec_.spacing, *own));
  }
  if (field.grid.x.empty()) {
    throw InvalidArgument(fmt::format("cells of {} do not make cells of {} by whole blocks", *own, spec_.spacing));
  }
  if (block > 1) field = fields::coarsen(field, block, block);
  return fields::resample(field, spec_.spacing);
}

FieldSequence::FieldSequence(const Files& files, const InputSpec& spec, const FieldSource& source,
                             const SequenceOptions& options)
    : name_(source.name), options_(options) {
  of_source(name_, [&] {
    const std::vector<Files::Path> paths = field_files(files, source);
    const FieldPreparer prepare(spec, source);
    const fields::FieldCoding coding(spec);
    if (coding.quantities() != 1) {
      throw InvalidArgument(fmt::format("radar files hold one quantity, but the input has {}", coding.quantities()));
    }
    const auto series = fields::open_radar(files, paths, source.radar);
    native_step_s_ = usual_distance_s(series->times());
    findings_ = native_step_s_ > 0 ? fields::find_gaps(series->times(), native_step_s_,
                                                       std::min(options.tolerance_s, (native_step_s_ - 1) / 2))
                                   : fields::TimeFindings{.order = {0}};
    if (options.gaps == fields::GapPolicy::kError && !findings_.clean()) {
      throw BadData(fmt::format("its times are not clean: {}", findings_.summary()));
    }
    remarks_ = fields::remarks(findings_, series->times(), [&](std::size_t i) { return series->file(i); });
    read_frames(*series, spec, prepare);
  });
}

void FieldSequence::read_frames(const fields::FieldSeries& series, const InputSpec& spec,
                                const FieldPreparer& prepare) {
  InputSpec values_only = spec;
  values_only.validity = false;
  const fields::FieldCoding values(values_only);
  for (const std::size_t i : findings_.order) {
    const Field field = prepare(series.read(i), 0);
    if (like_.count() == 0) like_ = field;
    fields::check_same_size(like_, field);
    FieldFrame frame{Tensor(DType::kFloat32, {1, field.height, field.width}),
                     Tensor::from<std::uint8_t>({field.height, field.width}, std::span(field.valid))};
    if (!has_measurement(frame)) {
      ++empty_fields_;
      continue;
    }
    values.encode({&field, 1}, frame.values.data<float>());
    frames_.push_back(std::move(frame));
    times_.push_back(series.times()[i]);
  }
  if (times_.empty()) throw BadData(fmt::format("in none of its {} fields anything was measured", empty_fields_));
  if (options_.gaps == fields::GapPolicy::kError && empty_fields_ > 0) {
    throw BadData(fmt::format("in {} of its fields nothing was measured", empty_fields_));
  }
}

std::optional<FieldSequence::Around> FieldSequence::around(std::int64_t time) const {
  const auto after = std::lower_bound(times_.begin(), times_.end(), time);
  const auto at = static_cast<std::size_t>(after - times_.begin());
  if (at < times_.size() && times_[at] - time <= options_.tolerance_s) return Around{at, at};
  if (at > 0 && time - times_[at - 1] <= options_.tolerance_s) return Around{at - 1, at - 1};
  if (at == 0 || at == times_.size()) return std::nullopt;
  if (2 * (times_[at] - times_[at - 1]) > 3 * native_step_s_) return std::nullopt;
  return Around{at - 1, at};
}

bool FieldSequence::has(std::int64_t time) const { return around(time).has_value(); }

const FieldFrame& FieldSequence::at(std::int64_t time, Extrapolator& extrapolator) {
  const auto found = around(time);
  if (found && found->before == found->after) return frames_[found->before];
  const auto made = between_.find(time);
  if (made != between_.end()) return made->second;
  return between_.emplace(time, make(time, extrapolator)).first->second;
}

FieldFrame FieldSequence::make(std::int64_t time, Extrapolator& extrapolator) const {
  FieldFrame frame{Tensor(DType::kFloat32, {1, height(), width()}), Tensor(DType::kUint8, {height(), width()})};
  const auto found = around(time);
  if (!found) return frame;
  const FieldFrame &before = frames_[found->before], &after = frames_[found->after];
  const double share = static_cast<double>(time - times_[found->before]) /
                       static_cast<double>(times_[found->after] - times_[found->before]);
  const Tensor mixed = frame_between(extrapolator, before.values, before.valid, after.values, after.valid, share);
  const auto numbers = mixed.data<float>();
  const std::size_t cells = frame.valid.count();
  std::copy_n(numbers.begin(), cells, frame.values.data<float>().begin());
  for (std::size_t i = 0; i < cells; ++i) frame.valid.data<std::uint8_t>()[i] = numbers[cells + i] > 0;
  return frame;
}

namespace {

// One stream's: with a dimension for it in front.
Tensor as_stream(const Tensor& tensor) {
  Shape shape = tensor.shape();
  shape.insert(shape.begin(), 1);
  return tensor.reshaped(shape);
}

}  // namespace

bool has_measurement(const FieldFrame& frame) {
  const auto valid = frame.valid.data<std::uint8_t>();
  return std::any_of(valid.begin(), valid.end(), [](std::uint8_t there) { return there != 0; });
}

void save_frame(const FieldFrame& frame, const std::string& prefix, State& state) {
  state.set(prefix + "values", as_stream(frame.values));
  state.set(prefix + "valid", as_stream(frame.valid));
}

FieldFrame load_frame(const std::string& prefix, const State& state, std::int64_t height, std::int64_t width) {
  const Tensor &values = state.at(prefix + "values"), &valid = state.at(prefix + "valid");
  if (values.dtype() != DType::kFloat32 || valid.dtype() != DType::kUint8 ||
      values.shape() != Shape{1, 1, height, width} || valid.shape() != Shape{1, height, width}) {
    throw InvalidArgument(fmt::format("the state's {} is no frame of {} x {}: values {}, valid {}", prefix, height,
                                      width, to_string(values.shape()), to_string(valid.shape())));
  }
  return {values.reshaped({1, height, width}), valid.reshaped({height, width})};
}

}  // namespace longtake::tasks
