#include "tasks/forecast_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "base/text.h"
#include "longtake/error.h"
#include "tasks/array_windows.h"
#include "tasks/field_windows.h"
#include "tasks/recipe.h"
#include "tasks/storm_data.h"
#include "tasks/video_windows.h"

namespace longtake::tasks {

namespace {

template <class T>
T one_per_field(const Options& input, const char* key, const T& otherwise, std::size_t count) {
  T values = input.get(key, otherwise);
  if (values.size() != count) {
    throw input.error(key, fmt::format("needs a value for each of the {} variables, not {}", count, values.size()));
  }
  return values;
}

std::int64_t whole(const Options& options, const char* key, std::int64_t otherwise, std::int64_t least,
                   std::int64_t most = 1000000) {
  const auto value = options.get<std::int64_t>(key, otherwise);
  if (value < least || value > most) throw options.error(key, fmt::format("must be from {} to {}", least, most));
  return value;
}

double real(const Options& options, const char* key, double otherwise, double least, double most) {
  const double value = options.get(key, otherwise);
  if (!(value >= least && value <= most)) throw options.error(key, fmt::format("must be from {} to {}", least, most));
  return value;
}

}  // namespace

InputSpec read_field_input(const Options& input) {
  InputSpec spec;
  spec.kind = "fields";
  const auto variables = input.get<std::vector<std::string>>("variables", {"rain"});
  if (variables.empty()) throw input.error("variables", "needs at least one");
  const std::size_t count = variables.size();
  const auto units = one_per_field(input, "units", std::vector<std::string>(count, "dBZ"), count);
  const auto low = one_per_field(input, "low", std::vector<double>(count, 0.0), count);
  const auto high = one_per_field(input, "high", std::vector<double>(count, 60.0), count);
  for (std::size_t i = 0; i < count; ++i) {
    if (!(low[i] < high[i])) throw input.error("low", fmt::format("of '{}' must be below its high", variables[i]));
    spec.fields.push_back({variables[i], units[i], low[i], high[i]});
  }
  spec.validity = input.get("validity", spec.validity);
  spec.height = whole(input, "height", 128, 1, 16384);
  spec.width = whole(input, "width", 128, 1, 16384);
  spec.spacing = real(input, "spacing", 0, 0, 1e7);
  spec.step_s = 60 * real(input, "step_minutes", 10, 1.0 / 60, 1e7);
  spec.z_a = real(input, "z_a", spec.z_a, 1e-6, 1e6);
  spec.z_b = real(input, "z_b", spec.z_b, 1e-3, 10);
  return spec;
}

FieldSource read_field_source(const Options& series, const std::string& name) {
  FieldSource source{.name = name, .path = series.require_text("path")};
  source.spacing = real(series, "spacing", 0, 0, 1e7);
  if (series.has("z_a") || series.has("z_b")) {
    source.relation = fields::ZRelation{real(series, "z_a", 200, 1e-6, 1e6), real(series, "z_b", 1.6, 1e-3, 10)};
  }
  if (series.has("interval_minutes")) source.interval_s = 60 * real(series, "interval_minutes", 5, 1.0 / 60, 1e6);
  source.radar.hdf5.quantity = series.get("quantity", "");
  fields::NetcdfOptions& netcdf = source.radar.netcdf;
  if (series.has("variable")) netcdf = {.variable = series.require_text("variable")};
  netcdf.file_unit = series.get("unit", "");
  netcdf.conversion.interval_s = source.interval_s;
  if (source.relation) netcdf.conversion.relation = *source.relation;
  return source;
}

namespace {

ForecastDataOpener read_arrays(const Options& data, const InputSpec& input) {
  if (input.has_fields()) throw data.error("format", "\"npy\" holds videos, but the input is of fields");
  std::map<std::string, std::string> paths;
  for (const char* split : {"train", "validation", "test"}) paths[split] = data.get(split, "");
  if (paths["train"].empty() && paths["test"].empty()) throw data.error("train", "or test must name a .npy file");
  ArrayOptions options;
  options.frames_first = data.get("frames_first", options.frames_first);
  const std::int64_t sequences = whole(data, "sequences", 0, 0, std::int64_t{1} << 40);
  return [=](const Files& files, const WindowShape& shape) {
    const auto open = [&](const std::string& split) -> std::unique_ptr<WindowSource> {
      const std::string path = expand_variables(paths.at(split));
      if (path.empty()) return nullptr;
      ArrayOptions own = options;
      if (split == "train") own.sequences = sequences;
      return array_windows(files, path, input, own, shape);
    };
    ForecastData opened{open("train"), open("validation"), open("test"), {}, {}};
    for (const auto& [name, source] : {std::pair{"train", &opened.train}, std::pair{"validation", &opened.validation},
                                       std::pair{"test", &opened.test}}) {
      if (*source != nullptr) opened.facts.push_back(fmt::format("{}: {} sequences", name, (*source)->size()));
    }
    return opened;
  };
}

// The series of a recipe and which split each is for.
struct SeriesPlan {
  std::vector<FieldSource> sources;
  std::map<std::string, std::vector<std::string>> splits;  // by the name of the split

  explicit SeriesPlan(const Options& data) {
    const Options series = data.table("series");
    for (const std::string& name : series.keys()) sources.push_back(read_field_source(series.table(name), name));
    if (sources.empty()) throw data.error("series", "needs at least one: [data.series.NAME] with a path");
    for (const char* split : {"validation", "test"}) splits[split] = names(data, split, {});
    std::vector<std::string> rest;
    for (const FieldSource& source : sources) {
      if (!in(splits["validation"], source.name) && !in(splits["test"], source.name)) rest.push_back(source.name);
    }
    splits["train"] = names(data, "train", rest);
    for (const std::string& name : splits["test"]) {
      if (in(splits["train"], name)) throw data.error("test", fmt::format("and train both have '{}'", name));
    }
  }

  static bool in(const std::vector<std::string>& list, const std::string& name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  }

  std::vector<std::string> names(const Options& data, const char* key, const std::vector<std::string>& rest) const {
    auto wanted = data.get(key, rest);
    std::vector<std::string> known;
    for (const FieldSource& source : sources) known.push_back(source.name);
    for (const std::string& name : wanted) {
      if (!in(known, name)) throw data.error(key, unknown_name_message("series", name, "[data.series]", known));
    }
    return wanted;
  }
};

constexpr std::size_t kMostRemarks = 10;

// What is told of a series.
std::vector<std::string> facts_of(const FieldSequence& sequence) {
  const std::string empty =
      sequence.empty_fields() > 0 ? fmt::format(", {} in which nothing was measured", sequence.empty_fields()) : "";
  std::vector<std::string> facts{fmt::format("{}: {} frames of {} x {}, {:.4g} minutes apart, {}{}", sequence.name(),
                                             sequence.times().size(), sequence.height(), sequence.width(),
                                             static_cast<double>(sequence.native_step_s()) / 60,
                                             sequence.findings().summary(), empty)};
  const auto& remarks = sequence.remarks();
  for (std::size_t i = 0; i < std::min(remarks.size(), kMostRemarks); ++i) {
    facts.push_back(fmt::format("{}: {}", sequence.name(), remarks[i]));
  }
  if (remarks.size() > kMostRemarks) {
    facts.push_back(fmt::format("{}: {} more like these", sequence.name(), remarks.size() - kMostRemarks));
  }
  return facts;
}

ForecastDataOpener read_series(const Options& data, const InputSpec& input) {
  if (!input.has_fields()) throw data.error("format", "\"radar\" holds fields: set input.kind = \"fields\"");
  static const std::array<std::string, 3> policies{"fill", "split", "error"};
  const SeriesPlan plan(data);
  const std::string policy = data.get_choice("gaps", "fill", policies);
  const auto gaps = policy == "fill"    ? fields::GapPolicy::kFill
                    : policy == "split" ? fields::GapPolicy::kSplit
                                        : fields::GapPolicy::kError;
  const SequenceOptions sequence{gaps, whole(data, "tolerance_seconds", 30, 0, 86400)};
  FieldWindowOptions train{.step_s = static_cast<std::int64_t>(input.step_s),
                           .height = input.height,
                           .width = input.width,
                           .validity = input.validity,
                           .gaps = gaps};
  train.most_missing = whole(data, "most_missing", train.most_missing, 0);
  train.turn = data.get("turn", train.turn);
  train.repeats = whole(data, "repeats", train.repeats, 1);
  train.rain_share = real(data, "rain_share", train.rain_share, 0, 1);
  train.rain = real(data, "rain", train.rain, 0, 1);
  train.training = true;
  const double validation_share = real(data, "validation_share", 0, 0, 0.9);
  const std::int64_t test_stride = whole(data, "test_stride", 1, 1);
  if (validation_share > 0 && !plan.splits.at("validation").empty()) {
    throw data.error("validation_share", "and validation are two ways to say the same; give one");
  }
  return [=](const Files& files, const WindowShape& shape) {
    std::map<std::string, std::shared_ptr<FieldSequence>> open;
    ForecastData opened;
    const auto windows = [&](const std::vector<std::string>& names,
                             const FieldWindowOptions& options) -> std::unique_ptr<WindowSource> {
      std::vector<std::shared_ptr<FieldSequence>> sequences;
      for (const std::string& name : names) {
        std::shared_ptr<FieldSequence>& known = open[name];
        if (known == nullptr) {
          FieldSource source = *std::find_if(plan.sources.begin(), plan.sources.end(),
                                             [&](const FieldSource& one) { return one.name == name; });
          source.path = expand_variables(source.path);
          known = std::make_shared<FieldSequence>(files, input, source, sequence);
          for (std::string& fact : facts_of(*known)) opened.facts.push_back(std::move(fact));
        }
        sequences.push_back(known);
      }
      return sequences.empty() ? nullptr : field_windows(std::move(sequences), options, shape);
    };
    FieldWindowOptions test = train;
    test.training = false;
    test.test_stride = test_stride;
    FieldWindowOptions first = train, held_out = test;
    first.part_end = held_out.part_begin = 1 - validation_share;
    opened.train = windows(plan.splits.at("train"), first);
    opened.validation =
        validation_share > 0 ? windows(plan.splits.at("train"), held_out) : windows(plan.splits.at("validation"), test);
    opened.test = windows(plan.splits.at("test"), test);
    return opened;
  };
}

}  // namespace

namespace {

ForecastDataOpener read_storm_windows(const Options& data, const InputSpec& input) {
  return [open = read_storm_data(data, input)](const Files& files, const WindowShape& shape) {
    const auto storms = std::make_shared<StormData>(open(files));
    return ForecastData{.train = storm_windows(storms->train, *storms, shape, true),
                        .validation = storm_windows(storms->validation, *storms, shape, false),
                        .test = storm_windows(storms->test, *storms, shape, false),
                        .facts = storms->facts,
                        .storms = storms};
  };
}

}  // namespace

ForecastDataOpener read_forecast_data(const Options& data, const InputSpec& input) {
  if (is_storm_data(data)) return read_storm_windows(data, input);
  const std::string format = data.get("format", "npy");
  if (format == "npy") return read_arrays(data, input);
  if (format == "radar") return read_series(data, input);
  if (input.has_fields()) {
    throw data.error("format", fmt::format("\"{}\" holds no fields; \"radar\" does", format));
  }
  return read_videos(data, input);
}

}  // namespace longtake::tasks
