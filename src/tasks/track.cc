#include "tasks/track.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "longtake/error.h"
#include "tasks/climate_file.h"

namespace longtake::tasks {

namespace {

constexpr const char* kThresholds = "peak_thresholds";

struct DistanceKey {
  const char* name;
  double TrackProtocol::*value;
  double least, most;
};
constexpr DistanceKey kDistances[] = {{"separation_km", &TrackProtocol::separation_km, 0, 20000},
                                      {"link_km", &TrackProtocol::link_km, 1, 20000},
                                      {"match_km", &TrackProtocol::match_km, 1, 20000}};

struct CountKey {
  const char* name;
  std::int64_t TrackProtocol::*value;
  std::int64_t least, most;
};
constexpr CountKey kCounts[] = {{"link_missing", &TrackProtocol::link_missing, 0, 1000},
                                {"least_points", &TrackProtocol::least_points, 1, 100000}};

std::vector<double> thresholds_from(const std::string& text) {
  std::vector<double> thresholds;
  for (const std::string_view word : split(text, ',')) {
    thresholds.push_back(parse_double(word, fmt::format("the model's protocol: {}", kThresholds)));
  }
  return thresholds;
}

}  // namespace

double TrackProtocol::threshold(std::int64_t lead) const {
  return thresholds.at(static_cast<std::size_t>(std::min<std::int64_t>(lead, std::ssize(thresholds) - 1)));
}

fields::LinkOptions TrackProtocol::link_options() const {
  return {link_km, link_missing, static_cast<std::size_t>(least_points)};
}

std::string TrackProtocol::describe() const {
  return fmt::format("centres of a density of at least {:.2f}, {:g} km apart, right within {:g} km",
                     fmt::join(thresholds, ", "), separation_km, match_km);
}

bool answers_storms(const graph::Model& model) {
  if (model.task == kTrackTask) return true;
  const auto spec = model.inputs.find("frame");
  return model.task == kForecastTask && spec != model.inputs.end() && spec->second.has_fields() &&
         !spec->second.fields.empty() && spec->second.fields[0].variable == kDensityVariable;
}

const InputSpec& storm_input_of(const graph::Model& model) {
  const auto spec = model.inputs.find("frame");
  if (!answers_storms(model) || spec == model.inputs.end() || !spec->second.has_fields()) {
    throw InvalidArgument(fmt::format("model '{}' neither follows nor forecasts storms", model.name));
  }
  return spec->second;
}

TrackProtocol track_protocol_of(const graph::Model& model) {
  TrackProtocol protocol;
  if (model.task == kForecastTask) protocol.match_km = 500;  // a day ahead nobody is nearer
  const auto& held = model.protocol;
  const auto refuse = [&](const char* key) {
    throw BadData(fmt::format("the model's protocol: {} = {} makes no sense", key, held.at(key)));
  };
  for (const DistanceKey& key : kDistances) {
    if (!held.contains(key.name)) continue;
    const double value = parse_double(held.at(key.name), fmt::format("the model's protocol: {}", key.name));
    if (!(value >= key.least && value <= key.most)) refuse(key.name);
    protocol.*key.value = value;
  }
  for (const CountKey& key : kCounts) {
    if (!held.contains(key.name)) continue;
    const std::int64_t value = parse_int64(held.at(key.name), fmt::format("the model's protocol: {}", key.name));
    if (value < key.least || value > key.most) refuse(key.name);
    protocol.*key.value = value;
  }
  if (held.contains(kThresholds)) protocol.thresholds = thresholds_from(held.at(kThresholds));
  return protocol;
}

void set_track_protocol(const TrackProtocol& protocol, graph::Model& model) {
  for (const DistanceKey& key : kDistances) model.protocol[key.name] = fmt::format("{}", protocol.*key.value);
  for (const CountKey& key : kCounts) model.protocol[key.name] = fmt::format("{}", protocol.*key.value);
  model.protocol[kThresholds] = fmt::format("{}", fmt::join(protocol.thresholds, ","));
}

void read_track_protocol(const Options& track, graph::Model& model) {
  TrackProtocol protocol = track_protocol_of(model);
  for (const DistanceKey& key : kDistances) {
    protocol.*key.value = track.get(key.name, protocol.*key.value);
    if (protocol.*key.value >= key.least && protocol.*key.value <= key.most) continue;
    throw track.error(key.name, fmt::format("must be from {:g} to {:g}", key.least, key.most));
  }
  for (const CountKey& key : kCounts) {
    protocol.*key.value = track.get(key.name, protocol.*key.value);
    if (protocol.*key.value >= key.least && protocol.*key.value <= key.most) continue;
    throw track.error(key.name, fmt::format("must be from {} to {}", key.least, key.most));
  }
  const double threshold = track.get("threshold", protocol.thresholds.front());
  if (!(threshold > 0 && threshold <= 1)) throw track.error("threshold", "must be above 0 and at most 1");
  protocol.thresholds = {threshold};
  set_track_protocol(protocol, model);
}

Tracker::Tracker(const graph::Model& model, const ExecutorMaker& make, const fields::Field& like)
    : name_(model.name),
      protocol_(track_protocol_of(model)),
      like_(fields::missing_field(like, like.time.value_or(0))),
      linker_(protocol_.link_options()) {
  if (model.task != kTrackTask) throw InvalidArgument(fmt::format("model '{}' follows no storms", model.name));
  executor_ = make("main", {{"frame", {storm_input_of(model).channels(), like.height, like.width}}});
  const graph::Plan& plan = executor_->plan();
  const Shape& density = plan.shapes[plan.graph->output("density").value];
  if (plan.lag != 0 || density != Shape{1, like.height, like.width}) {
    throw InvalidArgument(
        fmt::format("model '{}' answers to frames of {} x {} with maps {}, and {} frames later; a map of the frame's "
                    "size with it is wanted",
                    model.name, like.height, like.width, to_string(density), plan.lag));
  }
  like_.quantity = "storm_density";
  like_.unit = "1";
  like_.interval_s.reset();
  reset();
}

void Tracker::reset() {
  state_ = executor_->initial_state(1);
  linker_ = fields::TrackLinker(protocol_.link_options());
}

Tracker::Answer Tracker::push(std::int64_t time, std::span<const float> frame) {
  const graph::Plan& plan = executor_->plan();
  Shape shape = plan.shapes[plan.graph->input("frame")];
  if (static_cast<std::int64_t>(frame.size()) != element_count(shape)) {
    throw InvalidArgument(fmt::format("a frame of {} numbers is given for {}", frame.size(), to_string(shape)));
  }
  shape.insert(shape.begin(), 1);
  graph::Chunk chunk{.streams = 1, .ticks = 1, .flags = {graph::kActive}, .inputs = {}};
  chunk.inputs.resize(1);
  chunk.inputs[0].data = Tensor::from<float>(shape, frame);
  executor_->run(chunk, state_, outputs_);
  Answer answer{.density = like_, .peaks = {}, .storms = {}};
  answer.density.time = time;
  const auto output = static_cast<std::size_t>(&plan.graph->output("density") - plan.graph->outputs.data());
  const auto values = outputs_[output].data.data<float>();
  answer.density.values.assign(values.begin(), values.end());
  answer.density.valid.assign(values.size(), 1);
  for (const float value : values) {
    if (!std::isfinite(value)) {
      throw BadData(
          fmt::format("model '{}' answers with numbers that are not finite; its weights are too large", name_));
    }
  }
  answer.peaks = fields::find_peaks(answer.density, {protocol_.threshold(0), protocol_.separation_km});
  answer.storms = linker_.add(time, answer.peaks);
  return answer;
}

}  // namespace longtake::tasks
