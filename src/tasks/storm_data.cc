#include "tasks/storm_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "data/csv.h"
#include "data/dataset.h"
#include "fields/coding.h"
#include "fields/density.h"
#include "fields/netcdf_series.h"
#include "fields/track_readers.h"
#include "longtake/error.h"
#include "tasks/recipe.h"

namespace longtake::tasks {

namespace {

constexpr std::size_t kKeptBytes = std::size_t{2} << 30;
constexpr const char* kStormManifest = "manifest.csv";
// Of the model's protocol.
constexpr const char* kSigma = "density_sigma_km";
constexpr const char* kGridVariable = "grid_variable";

// --- [input] and [data]

bool is_sigma(double kilometres) { return kilometres >= 1 && kilometres <= 5000; }

std::vector<double> range_of(const Options& input, const char* key, std::size_t count) {
  auto values = input.get(key, std::vector<double>{});
  if (values.empty() || values.size() == count) return values;
  throw input.error(key, fmt::format("needs a value for each of the {} variables, or none at all", count));
}

// --- The manifest

using ManifestSplits = std::map<std::string, std::vector<StormSet::Entry>>;

// The columns split, fields and tracks, in any order, among others.
struct ManifestColumns {
  std::size_t split = 0, fields = 0, tracks = 0, count = 0;

  ManifestColumns(const std::vector<std::string>& names, const std::string& where) : count(names.size()) {
    for (const auto& [name, index] : {std::pair{"split", &split}, {"fields", &fields}, {"tracks", &tracks}}) {
      const auto found = std::find(names.begin(), names.end(), name);
      if (found == names.end()) {
        throw BadData(fmt::format("{}: has no column \"{}\" but {}", where, name, join(names, ", ")));
      }
      *index = static_cast<std::size_t>(found - names.begin());
    }
  }
};

ManifestSplits read_storm_manifest(const Files& files, const Files::Path& path) {
  const std::string text = files.read(path);
  const Files::Path folder = path.parent_path();
  ManifestSplits splits;
  std::optional<ManifestColumns> columns;
  std::int64_t number = 0;
  for (const std::string_view line : split(text, '\n')) {
    const std::string where = fmt::format("{}:{}", path.string(), ++number);
    if (trim(line).empty()) continue;
    const auto values = parse_csv_line(line, where);
    if (!columns) {
      columns.emplace(values, where);
      continue;
    }
    if (values.size() != columns->count) {
      throw BadData(fmt::format("{}: has {} values for {} columns", where, values.size(), columns->count));
    }
    const std::string& name = values[columns->split];
    if (name != kTrainSplit && name != kValidationSplit && name != kTestSplit) {
      throw BadData(fmt::format("{}: the split \"{}\" is none of train, validation and test", where, name));
    }
    const StormSet::Entry entry{folder / values[columns->fields], folder / values[columns->tracks]};
    for (const auto& [column, file] : {std::pair{"fields", entry.fields}, {"tracks", entry.tracks}}) {
      if (file == folder / "" || !files.exists(file)) {
        throw BadData(fmt::format("{}: there is no file of {} {}", where, column, file.string()));
      }
    }
    splits[name].push_back(entry);
  }
  if (splits.empty()) throw BadData(fmt::format("{}: lists no sequence", path.string()));
  return splits;
}

// --- What the training data says of the input

// The least and the greatest valid value of a channel over all files.
void widen(const ClimateFile& file, std::size_t channel, FieldChannel& range) {
  for (std::size_t frame = 0; frame < file.times().size(); ++frame) {
    const fields::Field field = file.read(channel, frame);
    if (range.unit.empty()) range.unit = field.unit.empty() ? "1" : field.unit;
    for (std::size_t i = 0; i < field.count(); ++i) {
      if (field.valid[i] == 0) continue;
      range.low = std::min(range.low, static_cast<double>(field.values[i]));
      range.high = std::max(range.high, static_cast<double>(field.values[i]));
    }
  }
}

bool has_range(const FieldChannel& channel) { return channel.low < channel.high; }

// Fills in units, ranges and the step.
void complete_input(InputSpec& spec, const std::vector<StormSet::Entry>& training, const StormOptions& options) {
  const bool ranges = std::all_of(spec.fields.begin(), spec.fields.end(), has_range);
  const bool units = std::none_of(spec.fields.begin(), spec.fields.end(),
                                  [](const FieldChannel& channel) { return channel.unit.empty(); });
  if (ranges && units && spec.step_s > 0) return;
  if (training.empty()) {
    throw BadData("there is no training sequence whose units, ranges and step the input could take; give them");
  }
  std::vector<FieldChannel> found = spec.fields;
  for (FieldChannel& channel : found) {
    if (has_range(channel)) continue;
    channel.low = std::numeric_limits<double>::infinity();
    channel.high = -channel.low;
  }
  for (const StormSet::Entry& entry : training) {
    const ClimateFile file(entry.fields, spec, options.grid_variable);
    if (spec.step_s == 0) spec.step_s = static_cast<double>(file.step_s());
    for (std::size_t c = 0; c < found.size(); ++c) {
      if (has_range(spec.fields[c]) && !found[c].unit.empty()) continue;
      FieldChannel range = found[c];
      widen(file, c, range);
      found[c].unit = range.unit;
      if (!has_range(spec.fields[c])) found[c] = range;
    }
    if (ranges) break;  // one file tells units and step
  }
  for (const FieldChannel& channel : found) {
    if (has_range(channel)) continue;
    throw BadData(fmt::format(
        "'{}' has less than two values in the training data, so it has no range; give low and high", channel.variable));
  }
  spec.fields = found;
}

}  // namespace

InputSpec read_storm_input(const Options& input) {
  InputSpec spec;
  spec.kind = "fields";
  const auto variables = input.require<std::vector<std::string>>("variables");
  if (variables.empty()) throw input.error("variables", "needs at least one");
  const auto units = input.get("units", std::vector<std::string>(variables.size()));
  if (units.size() != variables.size()) {
    throw input.error("units", fmt::format("needs a text for each of the {} variables", variables.size()));
  }
  const auto low = range_of(input, "low", variables.size()), high = range_of(input, "high", variables.size());
  if (low.size() != high.size()) throw input.error("low", "and high come together or not at all");
  for (std::size_t i = 0; i < variables.size(); ++i) {
    FieldChannel channel{variables[i], units[i], low.empty() ? 0 : low[i], high.empty() ? 0 : high[i]};
    if (!low.empty() && !(low[i] < high[i])) {
      throw input.error("low", fmt::format("of '{}' must be below its high", variables[i]));
    }
    if (std::count(variables.begin(), variables.end(), variables[i]) > 1) {
      throw input.error("variables", fmt::format("has '{}' twice", variables[i]));
    }
    if (variables[i] == kDensityVariable) channel = {variables[i], "1", 0, 1};
    spec.fields.push_back(channel);
  }
  spec.height = input.get<std::int64_t>("height", 50);
  spec.width = input.get<std::int64_t>("width", 90);
  for (const auto& [key, side] : {std::pair{"height", spec.height}, {"width", spec.width}}) {
    if (side < 2 || side > 16384) throw input.error(key, "must be from 2 to 16384 cells");
  }
  const double hours = input.get("step_hours", 0.0);
  if (!(hours >= 0 && hours <= 1000)) throw input.error("step_hours", "must be from 0 (as the data has it) to 1000");
  spec.step_s = std::round(3600 * hours);
  return spec;
}

// The format's default is not for this to say, and what get() is given is recorded as resolved.
bool is_storm_data(const Options& data) { return data.has("format") && data.get("format", "") == "storms"; }

StormOptions read_storm_options(const Options& data) {
  StormOptions options;
  options.sigma_km = data.get("sigma_km", options.sigma_km);
  if (!is_sigma(options.sigma_km)) throw data.error("sigma_km", "must be from 1 to 5000");
  options.grid_variable = data.get("grid_variable", options.grid_variable);
  options.storm_share = data.get("storm_share", options.storm_share);
  if (!(options.storm_share >= 0 && options.storm_share <= 1)) throw data.error("storm_share", "must be from 0 to 1");
  options.repeats = data.get("repeats", options.repeats);
  if (options.repeats < 1 || options.repeats > 10000) throw data.error("repeats", "must be from 1 to 10000");
  return options;
}

void set_storm_options(const StormOptions& options, graph::Model& model) {
  model.protocol[kSigma] = fmt::format("{}", options.sigma_km);
  model.protocol[kGridVariable] = options.grid_variable;
}

StormOptions storm_options_of(const graph::Model& model) {
  StormOptions options;
  const auto& held = model.protocol;
  if (const auto sigma = held.find(kSigma); sigma != held.end()) {
    options.sigma_km = parse_double(sigma->second, fmt::format("the model's protocol: {}", kSigma));
    if (!is_sigma(options.sigma_km)) {
      throw BadData(fmt::format("the model's protocol: {} = {} makes no sense", kSigma, sigma->second));
    }
  }
  if (const auto variable = held.find(kGridVariable); variable != held.end()) options.grid_variable = variable->second;
  return options;
}

StormDataOpener read_storm_data(const Options& data, const InputSpec& input) {
  if (!is_storm_data(data)) {
    throw data.error("format", "must be \"storms\" for a model that follows or forecasts storms");
  }
  const std::string path = data.require_text("path");
  const StormOptions options = read_storm_options(data);
  return [=](const Files& files) {
    Files::Path manifest = expand_variables(path);
    if (manifest.extension() != ".csv") manifest /= kStormManifest;
    const ManifestSplits splits = read_storm_manifest(files, manifest);
    StormData opened{.options = options, .input = input};
    const auto of = [&](std::string_view name) {
      const auto found = splits.find(std::string(name));
      return found == splits.end() ? std::vector<StormSet::Entry>() : found->second;
    };
    complete_input(opened.input, of(kTrainSplit), options);
    const auto open = [&](std::string_view name) -> std::shared_ptr<StormSet> {
      if (of(name).empty()) return nullptr;
      opened.facts.push_back(fmt::format("{}: {} sequences of storms", name, of(name).size()));
      return std::make_shared<StormSet>(files, of(name), opened.input, options);
    };
    opened.train = open(kTrainSplit);
    opened.validation = open(kValidationSplit);
    opened.test = open(kTestSplit);
    return opened;
  };
}

// --- Sequences

StormSet::StormSet(const Files& files, std::vector<Entry> entries, const InputSpec& spec, const StormOptions& options)
    : files_(files), entries_(std::move(entries)), spec_(spec), options_(options), kept_(entries_.size()) {
  for (const Entry& entry : entries_) {
    const ClimateFile file(entry.fields, spec_, options_.grid_variable);
    check_size(file.name(), file.like());
    frames_.push_back(static_cast<std::int64_t>(file.times().size()));
  }
}

void StormSet::check_size(const std::string& name, const fields::Field& like) {
  if (like.height < spec_.height || like.width < spec_.width) {
    throw BadData(
        fmt::format("{}: has a grid of {} x {}, but the input is of {} x {}; set input.height and input.width", name,
                    like.height, like.width, spec_.height, spec_.width));
  }
  if (height_ == 0) std::tie(height_, width_) = std::pair(like.height, like.width);
  if (like.height != height_ || like.width != width_) {
    throw BadData(fmt::format("{}: has a grid of {} x {}, but {} one of {} x {}; all files need one grid", name,
                              like.height, like.width, entries_.front().fields.string(), height_, width_));
  }
}

std::shared_ptr<const StormSequence> StormSet::read(std::int64_t index) {
  auto& kept = kept_.at(static_cast<std::size_t>(index));
  if (kept != nullptr) return kept;
  const auto sequence = load(entries_[static_cast<std::size_t>(index)]);
  const std::size_t bytes = sequence->frames.bytes() + sequence->density.bytes();
  if (kept_bytes_ + bytes > kKeptBytes) return sequence;
  kept_bytes_ += bytes;
  return kept = sequence;
}

std::shared_ptr<StormSequence> StormSet::load(const Entry& entry) const {
  const ClimateFile file(entry.fields, spec_, options_.grid_variable);
  return std::make_shared<StormSequence>(storm_sequence(file, fields::read_tracks(files_, entry.tracks), spec_,
                                                        options_.sigma_km, 0, std::ssize(file.times())));
}

StormSequence storm_sequence(const ClimateFile& file, std::vector<fields::Track> tracks, const InputSpec& spec,
                             double sigma_km, std::int64_t begin, std::int64_t end) {
  const fields::FieldCoding coding(spec);
  const std::int64_t height = file.like().height, width = file.like().width, area = height * width;
  StormSequence sequence{.name = file.name(),
                         .times = {file.times().begin() + begin, file.times().begin() + end},
                         .like = file.like(),
                         .frames = Tensor(DType::kFloat32, {end - begin, coding.channels(), height, width}),
                         .density = Tensor(DType::kFloat32, {end - begin, 1, height, width}),
                         .tracks = std::move(tracks),
                         .sigma_km = sigma_km};
  for (std::int64_t frame = 0; frame < end - begin; ++frame) {
    const fields::Field density = fields::density_map(sequence.tracks, sequence.times[frame], sequence.like,
                                                      {.sigma_km = sigma_km, .sigma_of = {}});
    std::copy(density.values.begin(), density.values.end(), sequence.density.data<float>().begin() + frame * area);
    std::vector<fields::Field> channels;
    for (std::size_t c = 0; c < spec.fields.size(); ++c) {
      channels.push_back(spec.fields[c].variable == kDensityVariable ? density : file.read(c, begin + frame));
    }
    const std::int64_t count = coding.channels() * area;
    coding.encode(channels, sequence.frames.data<float>().subspan(frame * count, count));
  }
  return sequence;
}

std::vector<StormOnMap> storms_on_map(const StormSequence& sequence, std::int64_t time) {
  std::vector<StormOnMap> storms;
  for (const fields::StormPosition& storm : fields::positions_at(sequence.tracks, time)) {
    const auto place = place_on(sequence.like, {storm.point.longitude, storm.point.latitude});
    if (!place) continue;
    storms.push_back({storm.track, {storm.point.latitude, storm.point.longitude, place->row, place->column}});
  }
  return storms;
}

std::vector<StormOnMap> extrapolated_storms(const StormSequence& sequence, std::int64_t last, std::int64_t steps) {
  std::map<std::size_t, StormCentre> before;
  if (last > 0) {
    for (const StormOnMap& storm : storms_on_map(sequence, sequence.times[last - 1])) {
      before[storm.track] = storm.centre;
    }
  }
  std::vector<StormOnMap> moved;
  for (const StormOnMap& storm : storms_on_map(sequence, sequence.times[last])) {
    GeoPoint at{storm.centre.longitude, storm.centre.latitude};
    if (const auto found = before.find(storm.track); found != before.end()) {
      const auto count = static_cast<double>(steps);
      at.longitude += count * fields::wrap_longitude(at.longitude - found->second.longitude);
      at.latitude += count * (at.latitude - found->second.latitude);
    }
    const auto place = place_on(sequence.like, at);
    if (!place) continue;
    moved.push_back({storm.track, {at.latitude, fields::wrap_longitude(at.longitude), place->row, place->column}});
  }
  return moved;
}

// --- Windows

namespace {

// [forecast, 2, height, width]
Tensor extrapolated_density(const StormSequence& sequence, std::int64_t last, std::int64_t forecast) {
  const std::int64_t height = sequence.like.height, width = sequence.like.width, area = height * width;
  const std::int64_t time = sequence.times[last];  // of all leads: a point and its map need but the same
  Tensor out(DType::kFloat32, {forecast, 2, height, width});
  for (std::int64_t lead = 0; lead < forecast; ++lead) {
    std::vector<fields::Track> tracks;
    for (const StormOnMap& storm : extrapolated_storms(sequence, last, lead + 1)) {
      tracks.push_back({std::to_string(storm.track), {{time, storm.centre.longitude, storm.centre.latitude, {}}}});
    }
    const fields::Field density =
        fields::density_map(tracks, time, sequence.like, {.sigma_km = sequence.sigma_km, .sigma_of = {}});
    const auto maps = out.data<float>().subspan(lead * 2 * area, 2 * area);
    std::copy(density.values.begin(), density.values.end(), maps.begin());
    std::fill(maps.begin() + area, maps.end(), 1.0F);
  }
  return out;
}

}  // namespace

Window storm_window(const StormSequence& sequence, std::int64_t start, const WindowShape& shape) {
  const std::int64_t frames = std::min(shape.frames(), std::ssize(sequence.times) - start);
  const auto cut = [&](const Tensor& tensor) {
    Shape part = tensor.shape();
    const std::int64_t row = tensor.count() / part[0];
    part[0] = frames;
    return Tensor::from<float>(part, tensor.data<float>().subspan(start * row, frames * row));
  };
  return {.id = fmt::format("{}, frame {}", sequence.name, start + 1),
          .frames = cut(sequence.frames),
          .targets = cut(sequence.density),
          .valid = Tensor(DType::kUint8, {0}),
          .advected = shape.advected ? extrapolated_density(sequence, start + shape.seen - 1, shape.forecast)
                                     : Tensor(DType::kFloat32, {0})};
}

namespace {

class StormWindows final : public WindowSource {
 public:
  StormWindows(std::shared_ptr<StormSet> set, const StormData& data, const WindowShape& shape, bool training)
      : set_(std::move(set)), options_(data.options), input_(data.input), shape_(shape), training_(training) {
    for (std::int64_t i = 0; i < set_->size(); ++i) {
      const std::int64_t room = set_->frames(i) - shape.frames();
      if (room < 0) {
        throw BadData(fmt::format("{}: has {} frames, but a window takes {}", set_->read(i)->name, set_->frames(i),
                                  shape.frames()));
      }
      for (std::int64_t start = 0; start <= room; start += shape.frames()) starts_.emplace_back(i, start);
    }
  }

  std::int64_t size() const override {
    return training_ ? set_->size() * options_.repeats : static_cast<std::int64_t>(starts_.size());
  }

  Window read(std::int64_t index, Random* random) override {
    if (index < 0 || index >= size()) throw InvalidArgument(fmt::format("there is no window {}", index));
    if (random == nullptr) {
      const auto& [sequence, start] = starts_[static_cast<std::size_t>(index)];
      return storm_window(*set_->read(sequence), start, shape_);
    }
    const auto sequence = set_->read(index % set_->size());
    const auto start = draw(std::ssize(sequence->times) - shape_.frames(), *random);
    const Window whole = storm_window(*sequence, start, shape_);
    const auto [top, left] = corner(*sequence, start, *random);
    return crop_window(whole, top, left, input_.height, input_.width);
  }

 private:
  // From 0 to `most`.
  static std::int64_t draw(std::int64_t most, Random& random) {
    return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(most) + 1));
  }

  // Where the part of the map begins: anywhere, or so that a storm of some frame of the window is in it.
  std::pair<std::int64_t, std::int64_t> corner(const StormSequence& sequence, std::int64_t start,
                                               Random& random) const {
    const std::int64_t room_y = sequence.like.height - input_.height, room_x = sequence.like.width - input_.width;
    std::int64_t top = draw(room_y, random), left = draw(room_x, random);
    if (room_y == 0 && room_x == 0) return {top, left};
    const auto storms = storms_on_map(sequence, sequence.times[start + draw(shape_.frames() - 1, random)]);
    if (!storms.empty() && random.uniform() < options_.storm_share) {
      const StormCentre& centre = storms[draw(std::ssize(storms) - 1, random)].centre;
      const auto before = [&](double place, std::int64_t size, std::int64_t room) {
        return std::clamp<std::int64_t>(std::lround(place) - draw(size - 1, random), 0, room);
      };
      top = before(centre.row, input_.height, room_y);
      left = before(centre.column, input_.width, room_x);
    }
    return {top, left};
  }

  std::shared_ptr<StormSet> set_;
  StormOptions options_;
  InputSpec input_;
  WindowShape shape_;
  bool training_;
  std::vector<std::pair<std::int64_t, std::int64_t>> starts_;  // of tests: sequence and frame
};

}  // namespace

std::unique_ptr<WindowSource> storm_windows(std::shared_ptr<StormSet> set, const StormData& data,
                                            const WindowShape& shape, bool training) {
  return set == nullptr ? nullptr : std::make_unique<StormWindows>(std::move(set), data, shape, training);
}

}  // namespace longtake::tasks
