// Storms are followed frame by frame, and measured.
#include "tasks/storm_evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "base/temporary_directory.h"
#include "longtake/error.h"
#include "models/registry.h"
#include "tasks/small_forecasters.h"
#include "tasks/small_storms.h"
#include "tasks/storm_forecast.h"

namespace longtake::tasks {
namespace {

using test::runtime_executors;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

// A model of storms at its tiny options with random weights.
std::shared_ptr<const graph::Model> storm_model(const std::string& name, const std::vector<std::string>& variables,
                                                bool advected = false) {
  InputSpec input;
  input.kind = "fields";
  for (const std::string& variable : variables) {
    input.fields.push_back(variable == "density" ? FieldChannel{"density", "1", 0, 1}
                                                 : FieldChannel{variable, "Pa", 97000, 102000});
  }
  input.height = 12;
  input.width = 16;
  input.step_s = 21600;
  Options options = models::tiny_options(models::find(name));
  if (name == "storm_forecaster") {
    options.set_override("seen=3");
    options.set_override("forecast=2");
    if (advected) options.set_override("advected=true");
  }
  auto model = std::make_shared<graph::Model>(models::build(options, {input, {}}));
  graph::initialise(*model, 3);
  std::uint64_t stream = 0;
  for (const graph::Parameter& parameter : model->parameters) {
    Random random(11, stream++);
    for (float& value : model->weights.at(parameter.name).data<float>()) {
      value += static_cast<float>(random.uniform(-0.5, 0.5));
    }
  }
  return model;
}

StormData storms_in(const std::filesystem::path& folder, const graph::Model& model) {
  return read_storm_data(parse_toml("format = \"storms\"\npath = \"" + folder.string() + "\"", "recipe.toml"),
                         storm_input_of(model))(real_files());
}

fields::Peak peak(double longitude, double latitude, double score) {
  return {.row = 40 - latitude, .column = longitude + 60, .longitude = longitude, .latitude = latitude, .score = score};
}

StormCentre centre(double longitude, double latitude) { return {latitude, longitude, 40 - latitude, longitude + 60}; }

TEST(Tracker, FollowsAnewAfterAReset) {
  TemporaryDirectory folder;
  test::write_small_storms(folder.path());
  const auto model = storm_model("storm_tracker", {"PSL"});
  const auto sequence = storms_in(folder.path(), *model).test->read(0);
  Tracker tracker(*model, runtime_executors(model), sequence->like);
  const auto frame = [&](std::int64_t i) { return sequence->frames.data<float>().subspan(i * 192, 192); };
  const Tracker::Answer first = tracker.push(sequence->times[0], frame(0));
  const Tracker::Answer second = tracker.push(sequence->times[1], frame(0));
  EXPECT_NE(first.density.values, second.density.values) << "it remembers nothing";
  EXPECT_EQ(second.density.time, sequence->times[1]);
  tracker.reset();
  EXPECT_TRUE(tracker.tracks().empty());
  EXPECT_EQ(tracker.push(sequence->times[0], frame(0)).density.values, first.density.values);
}

TEST(Tracker, RefusesFramesOfAnotherSizeAndModelsOfAnotherTask) {
  const auto model = storm_model("storm_tracker", {"PSL"});
  fields::Field like = fields::empty_field(12, 16, "a test");
  Tracker tracker(*model, runtime_executors(model), like);
  EXPECT_THROW(tracker.push(0, std::vector<float>(191)), InvalidArgument);
  const auto forecaster = storm_model("storm_forecaster", {"density"});
  EXPECT_THROW(Tracker(*forecaster, runtime_executors(forecaster), like), InvalidArgument);
}

TEST(TrackProtocol, TravelsInTheModelAndRefusesWhatMakesNoSense) {
  graph::Model model = *storm_model("storm_forecaster", {"density"});
  read_track_protocol(parse_toml("link_km = 700\nmatch_km = 250\nthreshold = 0.3", "recipe.toml"), model);
  TrackProtocol protocol = track_protocol_of(model);
  EXPECT_EQ(protocol.link_km, 700);
  EXPECT_EQ(protocol.match_km, 250);
  protocol.thresholds = {0.4, 0.25};
  set_track_protocol(protocol, model);
  const TrackProtocol read = track_protocol_of(model);
  EXPECT_EQ(read.threshold(0), 0.4);
  EXPECT_EQ(read.threshold(1), 0.25);
  EXPECT_EQ(read.threshold(7), 0.25) << "the last goes for those that follow";
  for (const auto& [key, value] : {std::pair{"link_km", "-1"}, {"least_points", "0"}, {"peak_thresholds", "0.4,x"}}) {
    graph::Model broken = model;
    broken.protocol[key] = value;
    EXPECT_THAT([&] { track_protocol_of(broken); }, ThrowsMessage<BadData>(HasSubstr(key)));
  }
  EXPECT_THAT([&] { read_track_protocol(parse_toml("threshold = 2.0", "recipe.toml"), model); },
              ThrowsMessage<ConfigError>(HasSubstr("threshold")));
}

// Two times: a storm is found a degree of latitude (111.2 km) off, another is missed; a false one is fainter.
std::vector<StormCase> two_cases() {
  StormCase first{.lead = 0, .truth = {centre(-50, 20)}, .peaks = {peak(-50, 21, 0.7)}, .density_error = 0.01};
  StormCase second{.lead = 0, .truth = {centre(-50, 20)}, .peaks = {peak(-40, 30, 0.5)}, .density_error = 0.03};
  return {first, second};
}

// The file of a test's sequence 0, as the model wants it.
ClimateFile first_file(const TemporaryDirectory& folder, const graph::Model& model) {
  return ClimateFile(folder.path() / "test/0.nc", storm_input_of(model), storm_options_of(model).grid_variable);
}

TEST(StormForecast, IsWhatIsMeasuredAndOfLaterTracksKnowsNothing) {
  TemporaryDirectory folder;
  test::write_small_storms(folder.path());
  for (const bool advected : {false, true}) {
    const auto model = storm_model("storm_forecaster", {"density", "PSL"}, advected);
    ASSERT_EQ(takes_advected(*model), advected);
    const auto sequence = storms_in(folder.path(), *model).test->read(0);
    std::vector<fields::Track> tracks = sequence->tracks;
    for (fields::TrackPoint& point : tracks[0].points) {
      if (point.time > sequence->times[4]) point.latitude = -point.latitude;
    }
    tracks.push_back({"later", {{sequence->times[5], -50, 30, {}}}});
    const StormForecast forecast = forecast_storms(*model, runtime_executors(model), first_file(folder, *model), tracks,
                                                   {.until = sequence->times[4] + 3600, .horizon = 0});
    const WindowShape shape{.seen = 3, .forecast = 2, .advected = advected, .extrapolation = {}};
    Forecaster forecaster(*model, runtime_executors(model), 12, 16);
    const Tensor maps = forecast_window(forecaster, storm_window(*sequence, 2, shape), shape);
    EXPECT_EQ(forecast.time, sequence->times[4]);
    EXPECT_TRUE(forecast.known);
    ASSERT_EQ(forecast.densities.size(), 2);
    for (std::size_t lead = 0; lead < 2; ++lead) {
      const auto map = maps.data<float>().subspan(lead * 192, 192);
      EXPECT_EQ(forecast.densities[lead].values, std::vector<float>(map.begin(), map.end()));
      EXPECT_EQ(forecast.densities[lead].time, sequence->times[5 + lead]);
    }
  }
}

TEST(StormForecast, WithoutStormsOrFramesThereIsNone) {
  TemporaryDirectory folder;
  test::write_small_storms(folder.path());
  graph::Model model = *storm_model("storm_forecaster", {"density"});
  TrackProtocol protocol = track_protocol_of(model);
  protocol.thresholds = {1e-6};
  set_track_protocol(protocol, model);
  const auto kept = std::make_shared<const graph::Model>(model);
  const ClimateFile file = first_file(folder, model);
  const StormForecast calm = forecast_storms(model, runtime_executors(kept), file, {}, {.until = {}, .horizon = 5});
  EXPECT_FALSE(calm.known);
  EXPECT_EQ(calm.densities.size(), 5);
  EXPECT_TRUE(calm.tracks.empty());
  EXPECT_THAT(
      [&] { forecast_storms(model, runtime_executors(kept), file, {}, {.until = file.times()[1]}); },
      ThrowsMessage<BadData>(AllOf(HasSubstr("0.nc"), HasSubstr("3 frames"), HasSubstr("2020-09-01T06:00:00Z"))));
}

TEST(StormEvaluation, CountsDetectionsAndErrors) {
  const auto model = storm_model("storm_tracker", {"PSL"});
  const StormEvaluation evaluation = evaluate_storms(two_cases(), *model);
  ASSERT_EQ(evaluation.methods.size(), 1);
  const StormScores& scores = evaluation.methods[0].scores;
  EXPECT_EQ(evaluation.cases, 2);
  EXPECT_DOUBLE_EQ(*scores.probability_of_detection(0), 0.5);
  EXPECT_DOUBLE_EQ(*scores.false_alarm_ratio(0), 0.5);
  EXPECT_NEAR(*scores.kilometres().mean(0), 111.2, 0.1);
  EXPECT_DOUBLE_EQ(*scores.cells().mean(0), 1);
  EXPECT_DOUBLE_EQ(*evaluation.density_error.mean(0), 0.02);
}

TEST(StormEvaluation, TheThresholdOfTheGreatestCsiIsChosen) {
  const auto model = storm_model("storm_tracker", {"PSL"});
  const TrackProtocol protocol = track_protocol_of(*model);
  const double chosen = choose_thresholds(two_cases(), protocol).at(0);
  EXPECT_GT(chosen, 0.5) << "the false storm is left out";
  EXPECT_LE(chosen, 0.7) << "the true one is not";
}

TEST(StormEvaluation, WithoutAnyStormScoresAreMissing) {
  TemporaryDirectory folder;
  test::write_small_storms(folder.path(), {.calm = true});
  graph::Model model = *storm_model("storm_tracker", {"PSL"});
  TrackProtocol protocol = track_protocol_of(model);
  protocol.thresholds = {1};  // an answer is below 1, so that none is found
  set_track_protocol(protocol, model);
  const auto kept = std::make_shared<const graph::Model>(model);
  const auto cases = collect_storms(model, runtime_executors(kept), *storms_in(folder.path(), model).test);
  EXPECT_EQ(choose_thresholds(cases, protocol), std::vector<double>{1});
  const StormEvaluation evaluation = evaluate_storms(cases, model);
  const StormScores& scores = evaluation.methods[0].scores;
  EXPECT_EQ(scores.probability_of_detection(0), std::nullopt);
  EXPECT_EQ(scores.false_alarm_ratio(0), std::nullopt);
  EXPECT_EQ(scores.kilometres().mean(0), std::nullopt);
  EXPECT_TRUE(evaluation.density_error.mean(0).has_value());
  EXPECT_THROW(evaluate_storms({}, model), InvalidArgument);
}

TEST(StormEvaluation, StormsThatKeepTheirSpeedAreExtrapolatedWithoutError) {
  TemporaryDirectory folder;
  test::write_small_storms(folder.path());
  const auto model = storm_model("storm_forecaster", {"density", "PSL"});
  const StormData data = storms_in(folder.path(), *model);
  const ForecastProtocol protocol = forecast_protocol_of(*model);
  const auto cases = collect_storms(*model, runtime_executors(model), *data.test);
  ASSERT_EQ(std::ssize(cases), 2 * (8 - protocol.seen - protocol.forecast + 1) * protocol.forecast);
  const StormEvaluation evaluation = evaluate_storms(cases, *model);
  ASSERT_EQ(evaluation.methods.size(), 2);
  const StormScores& moved = evaluation.methods[1].scores;
  for (std::int64_t lead = 0; lead < protocol.forecast; ++lead) {
    EXPECT_EQ(moved.probability_of_detection(lead), 1.0);
    EXPECT_EQ(moved.false_alarm_ratio(lead), 0.0);
    EXPECT_LT(*moved.kilometres().mean(lead), 0.01);
    // What both have found is what the model has: extrapolation has all.
    EXPECT_EQ(evaluation.methods[0].common_km.cases(lead), evaluation.methods[0].scores.hits(lead));
  }
}

}  // namespace
}  // namespace longtake::tasks
