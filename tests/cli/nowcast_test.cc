// Forecasts of radar end to end: files that the test writes, a model that nobody trained, and the programs between.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/random.h"
#include "base/temporary_directory.h"
#include "cli/programs.h"
#include "fields/calendar.h"
#include "fields/fmi.h"
#include "fields/netcdf_series.h"
#include "fields/netcdf_writer.h"
#include "fields/units.h"
#include "graph/model_file.h"
#include "tasks/small_forecasters.h"

namespace longtake::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::json;

constexpr std::int64_t kStart = 1475074800;  // 2016-09-28 15:00
constexpr std::int64_t kStep = 600;

constexpr std::uint8_t kNoRain = 0, kMissing = 255, kShower = 134;  // of 35 dBZ

std::string digits_of(std::int64_t time) {
  std::string digits = fields::format_time(time);
  std::erase_if(digits, [](char c) { return c < '0' || c > '9'; });
  return digits.substr(0, 12);
}

// As FMI writes it, with cells of 2 km.
std::string pgm(std::int64_t time, int height, int width, const std::string& pixels) {
  return fmt::format(
      "P5\n# obstime {}\n# type stereographic\n# centrallongitude 25\n# centrallatitude 90\n# truelatitude 60\n"
      "# bottomleft 18.6 57.93\n# metersperpixel_x 2000\n# metersperpixel_y 2000\n{} {}\n255\n{}",
      digits_of(time), width, height, pixels);
}

// A shower that moves to the east, a cell a step; a corner is out of the radar's sight.
std::string shower(std::int64_t time, int height = 16, int width = 24) {
  std::string pixels(static_cast<std::size_t>(height * width), static_cast<char>(kNoRain));
  const auto first = static_cast<int>((time - kStart) / kStep) + 4;
  for (int row = 5; row < 9; ++row) {
    for (int column = first; column < first + 4; ++column) pixels[row * width + column] = static_cast<char>(kShower);
  }
  pixels[0] = static_cast<char>(kMissing);
  return pgm(time, height, width, pixels);
}

// The nowcasts, without the line that ends a stream.
std::vector<Json> lines(const Outcome& outcome) {
  std::vector<Json> lines;
  for (const std::string& line : lines_of(outcome.out)) {
    Json json = Json::parse(line);
    if (json.at("type") == "nowcast") lines.push_back(std::move(json));
  }
  return lines;
}

std::string without_end(const std::string& out) { return out.substr(0, out.find(R"({"type":"end")")); }

std::vector<std::string> times_of(const std::vector<Json>& lines) {
  std::vector<std::string> times;
  for (const Json& line : lines) times.push_back(line.at("time").get<std::string>().substr(11, 5));
  return times;
}

class Nowcasts : public testing::Test {
 protected:
  Nowcasts() {
    graph::save_model(*small_nowcaster(), model());
    for (int i = 0; i < 6; ++i) write_shower("rain", kStart + i * kStep);
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string model() const { return path("model.safetensors"); }

  std::string write(const std::string& name, const std::string& bytes) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    real_files().write_atomic(path(name), bytes);
    return path(name);
  }
  std::string write_shower(const std::string& folder, std::int64_t time) const {
    return write(fmt::format("{}/{}_radar.pgm", folder, digits_of(time)), shower(time));
  }
  // In which nothing was measured.
  std::string write_empty(const std::string& folder, std::int64_t time) const {
    return write(fmt::format("{}/{}_radar.pgm", folder, digits_of(time)),
                 pgm(time, 16, 24, std::string(16 * 24, static_cast<char>(kMissing))));
  }
  // Frames of the same everywhere.
  void write_even(const std::string& folder, std::uint8_t pixel) const {
    for (int i = 0; i < 7; ++i) {
      const std::int64_t time = kStart + i * kStep;
      write(fmt::format("{}/{}_radar.pgm", folder, digits_of(time)),
            pgm(time, 16, 24, std::string(16 * 24, static_cast<char>(pixel))));
    }
  }
  // The showers as NetCDF, as the quantity that `unit` measures.
  std::string write_netcdf(const std::string& name, const std::string& quantity, const std::string& unit) const {
    std::vector<fields::Field> fields;
    for (int i = 0; i < 6; ++i) {
      fields::Field field = fields::parse_fmi(shower(kStart + i * kStep), "shower");
      field = fields::convert(std::move(field), "mm/h", {.relation = fields::kFmi});
      field.quantity = quantity;
      field.unit = unit;
      fields.push_back(std::move(field));
    }
    fields::write_netcdf(real_files(), path(name), {.variables = {fields}});
    return path(name);
  }

  Json predicted(const std::vector<std::string>& more) const {
    std::vector<std::string> words{"predict", model()};
    words.insert(words.end(), more.begin(), more.end());
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, kDone) << outcome.err;
    return outcome.code == kDone ? Json::parse(outcome.out) : Json();
  }
  // The model's scores on a folder.
  Json evaluated(const std::string& folder) const {
    const std::string recipe = write(
        folder + ".toml",
        fmt::format("[data]\nformat = \"radar\"\ntest = [\"a\"]\n[data.series.a]\npath = \"{}\"\n", path(folder)));
    const Outcome outcome = run({"evaluate", model(), "--data", recipe, "--json"});
    EXPECT_EQ(outcome.code, kDone) << outcome.err;
    return outcome.code == kDone ? Json::parse(outcome.out) : Json();
  }
  void refused(const std::vector<std::string>& words, const testing::Matcher<std::string>& why) const {
    const Outcome outcome = run(words);
    EXPECT_TRUE(outcome.code == kFailed || outcome.code == kUsage) << outcome.code << ", signal " << outcome.signal;
    EXPECT_THAT(outcome.err, why);
    EXPECT_EQ(outcome.out, "");
  }

  TemporaryDirectory folder_;
};

TEST_F(Nowcasts, APredictionIsALineAndFiles) {
  const Json line = predicted({path("rain"), "-o", path("out"), "--json"});
  EXPECT_EQ(line.at("time"), "2016-09-28T15:50:00Z");
  EXPECT_EQ(line.at("seen"), 3);
  EXPECT_EQ(line.at("missing"), 0);
  EXPECT_EQ(line.at("unit"), "mm/h");
  ASSERT_EQ(line.at("leads").size(), 4);
  EXPECT_EQ(line.at("leads").at(3).at("minutes"), 40);
  EXPECT_EQ(line.at("leads").at(3).at("time"), "2016-09-28T16:30:00Z");
  EXPECT_EQ(line.at("files").size(), 3);
  for (const char* ending : {".nc", ".png", ".mp4"}) {
    EXPECT_TRUE(std::filesystem::exists(path("out/rain") + ending)) << ending;
  }
  double sum = 0;
  const auto series = fields::open_netcdf(path("out/rain.nc"), {.variable = "rain_rate"});
  ASSERT_EQ(series->size(), 4U);
  const fields::Field first = series->read(0);
  for (const float value : fields::filled_values(first, 0)) sum += value;
  EXPECT_EQ(first.time, kStart + 6 * kStep);
  EXPECT_EQ(fields::valid_count(first), 16 * 24 - 1) << "what the radar does not see is missing in the forecast too";
  EXPECT_NEAR(sum / (16 * 24 - 1), line.at("leads").at(0).at("mean").get<double>(), 1e-4);
  EXPECT_EQ(fields::open_netcdf(path("out/rain.nc"), {.variable = "rain_rate_by_extrapolation"})->size(), 4U);
}

TEST_F(Nowcasts, OnlyWhatIsAskedForIsWritten) {
  predicted({path("rain"), "-o", path("pictures"), "--write", "png"});
  EXPECT_EQ(real_files().list(path("pictures")), (std::vector<std::string>{"rain.png"}));
  refused({"predict", model(), path("rain"), "-o", path("out"), "--write", "netcdf,jpeg"}, HasSubstr("\"jpeg\""));
}

TEST_F(Nowcasts, OfAnEarlierTimeDoNotSeeWhatCameLater) {
  for (int i = 0; i < 4; ++i) write_shower("earlier/2016", kStart + i * kStep);
  const Json all = predicted({path("earlier"), "--horizon", "6"});
  const Json at = predicted({path("rain"), "--at", "2016-09-28T15:35:00Z", "--horizon", "6"});
  EXPECT_EQ(at.at("time"), "2016-09-28T15:30:00Z");
  ASSERT_EQ(at.at("leads").size(), 6);
  EXPECT_EQ(at.at("leads"), all.at("leads"));
  const Json leads = predicted({path("rain"), "--horizon", "2"}).at("leads");
  ASSERT_EQ(leads.size(), 2);
  EXPECT_EQ(leads.at(1), predicted({path("rain")}).at("leads").at(1));
  refused({"predict", model(), path("rain"), "--at", "2016-09-28T14:00:00Z"}, HasSubstr("of that time or before it"));
  refused({"predict", model(), path("rain"), "--at", "2016-09-28T15:10:00Z"}, HasSubstr("the model sees 3 frames"));
  refused({"predict", model(), path("rain"), "--at", "soon"}, AllOf(HasSubstr("--at"), HasSubstr("soon")));
}

TEST_F(Nowcasts, TheSameRainInAnotherFormatIsTheSame) {
  const std::string file = write_netcdf("rain.nc", "rain_rate", "mm/h");
  EXPECT_EQ(predicted({file, "--series", "variable=rain_rate"}).at("leads"), predicted({path("rain")}).at("leads"));
}

TEST_F(Nowcasts, OfADepthTakeItsIntervalFromTheUser) {
  const std::string file = write_netcdf("depth.nc", "precipitation", "mm");
  EXPECT_EQ(predicted({file, "--series", "interval_minutes=60"}).at("leads"), predicted({path("rain")}).at("leads"));
  refused({"predict", model(), file}, AllOf(HasSubstr("\"mm\""), HasSubstr("interval_minutes")));
  const std::string silent = write_netcdf("silent.nc", "precipitation", "");
  EXPECT_EQ(predicted({silent, "--series", "unit=mm/h"}).at("leads"), predicted({path("rain")}).at("leads"));
  refused({"predict", model(), silent}, HasSubstr("(unit of a series"));
}

TEST_F(Nowcasts, AStreamHasALineWithEveryFrameOnceWarm) {
  const Outcome outcome = run({"stream", model(), path("rain"), "--once", "-o", path("out"), "--write", "netcdf,png"});
  ASSERT_EQ(outcome.code, kDone) << outcome.err;
  const auto all = lines(outcome);
  EXPECT_THAT(times_of(all), ElementsAre("15:20", "15:30", "15:40", "15:50"));
  EXPECT_EQ(all.at(0).at("leads"), predicted({path("rain"), "--at", "2016-09-28T15:20:00Z"}).at("leads"));
  EXPECT_EQ(real_files().list(path("out")).size(), 8U);
  EXPECT_TRUE(std::filesystem::exists(path("out/20160928T155000Z.nc")));
  // Of a feed that is finer than the model's steps every field has its own.
  for (int i = 0; i < 4; ++i) write_shower("rain", kStart + i * kStep + kStep / 2);
  const auto finer = lines(run({"stream", model(), path("rain"), "--once"}));
  EXPECT_THAT(times_of(finer), ElementsAre("15:20", "15:25", "15:30", "15:35", "15:40", "15:50"));
  EXPECT_EQ(finer.at(0).at("leads"), all.at(0).at("leads"));
}

TEST_F(Nowcasts, AStateGoesOnAsOneRunWould) {
  const std::string whole = run({"stream", model(), path("rain"), "--once"}).out;
  const Outcome first =
      run({"stream", model(), path("rain"), "--once", "--frames", "4", "--save-state", path("state")});
  ASSERT_EQ(first.code, kDone) << first.err;
  const Outcome rest = run({"stream", model(), path("rain"), "--once", "--load-state", path("state")});
  ASSERT_EQ(rest.code, kDone) << rest.err;
  EXPECT_EQ(lines(first).size(), 2U);
  EXPECT_EQ(without_end(first.out) + without_end(rest.out), without_end(whole));
  refused({"stream", model(), path("rain"), "--once", "--load-state", model()}, HasSubstr("model.safetensors"));
}

TEST_F(Nowcasts, AFolderThatGrowsIsFollowed) {
  std::filesystem::create_directories(path("today"));
  Process stream({"stream", model(), path("today"), "--poll", "0.01", "--save-state", path("state")});
  for (int i = 0; i < 4; ++i) {
    write_shower("today", kStart + i * kStep);
    if (i == 2) {
      EXPECT_TRUE(stream.prints("\"seen\":3"));
    }
  }
  EXPECT_TRUE(stream.prints("\"seen\":4"));
  stream.signal(SIGINT);
  const Outcome outcome = stream.wait();
  EXPECT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_EQ(lines(outcome).size(), 2U);
  EXPECT_THAT(outcome.err, HasSubstr("state after 4 fields"));
}

TEST_F(Nowcasts, AreMeasured) {
  for (int i = 6; i < 9; ++i) write_shower("rain", kStart + i * kStep);
  // That every file is there twice changes nothing.
  for (int i = 0; i < 9; ++i)
    write(fmt::format("rain/{}_again.pgm", digits_of(kStart + i * kStep)), shower(kStart + i * kStep));
  const Json json = evaluated("rain");
  EXPECT_EQ(json.at("windows"), 3);
  ASSERT_EQ(json.at("methods").size(), 3);
  EXPECT_EQ(json.at("methods").at(1).at("name"), "persistence");
  EXPECT_NEAR(json.at("methods").at(1).at("events").at(0).at("leads").at(0).at("csi").get<double>(), 0.6, 1e-6)
      << "of four columns of the shower three stay, one goes and one comes";
  const std::string told = run({"evaluate", model(), "--data", path("rain.toml")}).err;
  EXPECT_THAT(told, HasSubstr(fmt::format("2016-09-28T15:40:00Z is there more than once: {} is used",
                                          path("rain/201609281540_again.pgm"))));
}

// Scores of what never rained do not exist: they are not NaN, and not 0. Only the false alarms of a model that
// forecasts rain anyway count (a CSI of 0).
TEST_F(Nowcasts, WithoutRainHaveNoScores) {
  write_even("none", kNoRain);
  const Json evaluation = evaluated("none");
  for (const Json& method : evaluation.at("methods")) {
    const Json& scores = method.at("events").at(0).at("leads").at(0);
    EXPECT_TRUE(scores.at("pod").is_null());
    if (method.at("name") == "persistence") {
      EXPECT_TRUE(scores.at("csi").is_null());
    } else if (!scores.at("csi").is_null()) {
      EXPECT_EQ(scores.at("csi"), 0);
    }
  }
  const Outcome text = run({"evaluate", model(), "--data", path("none.toml")});
  EXPECT_THAT(text.out, AllOf(HasSubstr("CSI"), Not(HasSubstr("nan"))));
  EXPECT_EQ(predicted({path("none")}).at("leads").size(), 4);
}

TEST_F(Nowcasts, OfWhatNobodyMeasuredAreNone) {
  write_even("blind", kMissing);
  refused({"predict", model(), path("blind")}, AllOf(HasSubstr("blind"), HasSubstr("anything was measured")));
  refused({"stream", model(), path("blind"), "--once"},
          AllOf(HasSubstr("201609281500_radar.pgm"), HasSubstr("the model sees 3 frames")));
  const std::string recipe =
      write("blind.toml",
            fmt::format("[data]\nformat = \"radar\"\ntest = [\"a\"]\n[data.series.a]\npath = \"{}\"\n", path("blind")));
  refused({"evaluate", model(), "--data", recipe}, HasSubstr("in none of its 7 fields anything was measured"));
}

TEST_F(Nowcasts, AFieldWithoutAMeasurementIsMissing) {
  const Json before = predicted({path("rain")});
  write_empty("rain", kStart + 6 * kStep);
  const Outcome newest = run({"predict", model(), path("rain")});
  EXPECT_EQ(newest.code, kDone);
  EXPECT_EQ(Json::parse(newest.out), before) << "it is of the newest field that has something";
  EXPECT_THAT(newest.err, HasSubstr("in the field of 2016-09-28T16:00:00Z nothing was measured"));
  write_shower("rain", kStart + 7 * kStep);
  EXPECT_EQ(predicted({path("rain")}).at("missing"), 1);
  const Outcome stream = run({"stream", model(), path("rain"), "--once"});
  EXPECT_EQ(stream.code, kDone) << stream.err;
  EXPECT_THAT(stream.err, HasSubstr("in the field of 2016-09-28T16:00:00Z nothing was measured"));
  const auto all = lines(stream);
  EXPECT_THAT(times_of(all), ElementsAre("15:20", "15:30", "15:40", "15:50", "16:10"));
  EXPECT_EQ(all.back().at("seen"), 8);
  EXPECT_EQ(all.back().at("missing"), 1);
  // A window of an evaluation, of seven frames, may miss it, but not end with it.
  for (int i = 8; i < 10; ++i) write_shower("rain", kStart + i * kStep);
  EXPECT_EQ(evaluated("rain").at("windows"), 3);
}

TEST_F(Nowcasts, ADamagedFileIsPassedOver) {
  const std::string cut = path("rain/201609281540_radar.pgm");
  write("rain/201609281540_radar.pgm", shower(kStart + 4 * kStep).substr(0, 300));
  const Outcome outcome = run({"predict", model(), path("rain")});
  EXPECT_EQ(outcome.code, kPartial);
  EXPECT_THAT(outcome.err, HasSubstr(cut));
  const Json line = Json::parse(outcome.out);
  EXPECT_EQ(line.at("time"), "2016-09-28T15:50:00Z");
  EXPECT_EQ(line.at("missing"), 1);
  // The newest one, too.
  write("rain/201609281550_radar.pgm", "P5");
  const Outcome newest = run({"predict", model(), path("rain")});
  EXPECT_EQ(newest.code, kPartial);
  EXPECT_EQ(Json::parse(newest.out).at("time"), "2016-09-28T15:30:00Z");
  write("torn/201609281500_radar.pgm", "P5");
  write("torn/201609281510_radar.pgm", "P5");
  refused({"predict", model(), path("torn")}, AllOf(HasSubstr("torn/201609281500_radar.pgm"), HasSubstr("1 more")));
}

TEST_F(Nowcasts, AStreamEndsWithALineOfWhatItDid) {
  write("rain/201609281600_radar.pgm", "P5");
  const Outcome outcome = run({"stream", model(), path("rain"), "--once"});
  EXPECT_EQ(outcome.code, kPartial);
  EXPECT_EQ(lines_of(outcome.out).back(),
            fmt::format(R"({{"type":"end","source":"{}","fields":6,"skipped":1,"nowcasts":4}})", path("rain")));
  for (int i = 0; i < 2; ++i) write_shower("two", kStart + i * kStep);
  refused({"stream", model(), path("two"), "--once"},
          AllOf(HasSubstr("the model sees 3 frames, 10 minutes apart"), HasSubstr("of the fields that came (2)")));
}

// 10 x 20 cells, where the model was trained on 16 x 16.
TEST_F(Nowcasts, TakeAnyGridThatHoldsAPatch) {
  for (int i = 0; i < 7; ++i) {
    const std::int64_t time = kStart + i * kStep;
    write(fmt::format("small/{}_radar.pgm", digits_of(time)), shower(time, 10, 21));
  }
  predicted({path("small"), "-o", path("out")});
  const auto series = fields::open_netcdf(path("out/small.nc"), {.variable = "rain_rate"});
  EXPECT_EQ(series->read(0).height, 10);
  EXPECT_EQ(series->read(0).width, 20) << "cut to whole patches";
  EXPECT_EQ(evaluated("small").at("windows"), 1);
  for (int i = 0; i < 3; ++i) {
    const std::int64_t time = kStart + i * kStep;
    write(fmt::format("tiny/{}_radar.pgm", digits_of(time)), pgm(time, 1, 9, std::string(9, '\0')));
  }
  refused({"predict", model(), path("tiny")}, AllOf(HasSubstr("1 x 9"), HasSubstr("too small")));
}

TEST_F(Nowcasts, TimesMayBeMissingAndDouble) {
  std::filesystem::remove(path("rain/201609281530_radar.pgm"));
  write("rain/201609281540_again.pgm", shower(kStart + 4 * kStep));
  const Outcome predicted = run({"predict", model(), path("rain")});
  EXPECT_EQ(predicted.code, kDone);
  EXPECT_THAT(predicted.err,
              HasSubstr(fmt::format("2016-09-28T15:40:00Z is there more than once: {} is used, {} is not",
                                    path("rain/201609281540_again.pgm"), path("rain/201609281540_radar.pgm"))));
  const Json line = Json::parse(predicted.out);
  EXPECT_EQ(line.at("time"), "2016-09-28T15:50:00Z");
  EXPECT_EQ(line.at("missing"), 1);
  const Outcome outcome = run({"stream", model(), path("rain"), "--once"});
  EXPECT_EQ(outcome.code, kPartial);
  EXPECT_THAT(outcome.err, HasSubstr("201609281540_radar.pgm"));
  EXPECT_THAT(times_of(lines(outcome)), ElementsAre("15:20", "15:40", "15:50"));
}

TEST_F(Nowcasts, AFrameOffTheStepsIsTold) {
  std::filesystem::rename(path("rain/201609281540_radar.pgm"), path("rain/201609281543_radar.pgm"));
  const Outcome outcome = run({"predict", model(), path("rain")});
  EXPECT_EQ(outcome.code, kDone);
  EXPECT_THAT(outcome.err, HasSubstr("201609281543_radar.pgm of 2016-09-28T15:43:00Z lies off the steps"));
  EXPECT_EQ(Json::parse(outcome.out).at("missing"), 0);
}

TEST_F(Nowcasts, GridsOfOneFeedAreTheSame) {
  const std::string odd = write("rain/201609281600_odd.pgm", shower(kStart + 6 * kStep, 12, 20));
  const Outcome newest = run({"predict", model(), path("rain")});
  EXPECT_EQ(newest.code, kPartial);
  EXPECT_THAT(newest.err, AllOf(HasSubstr(odd), HasSubstr("12 x 20")));
  EXPECT_EQ(Json::parse(newest.out).at("time"), "2016-09-28T15:50:00Z");
  const Outcome outcome = run({"stream", model(), path("rain"), "--once"});
  EXPECT_EQ(outcome.code, kPartial);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr(odd), HasSubstr("12 x 20")));
  EXPECT_EQ(lines(outcome).size(), 4U);
  // A file that says nothing of its grid is told by its time.
  write("rain/201609281600_odd.pgm", "P5 24 16 255\n" + std::string(16 * 24, '\0'));
  EXPECT_THAT(run({"predict", model(), path("rain")}).err,
              AllOf(HasSubstr("2016-09-28T16:00:00Z"), HasSubstr("spacing")));
}

TEST_F(Nowcasts, WhatDoesNotFitIsRefusedWithWhatThereIs) {
  const std::string heat = write_netcdf("heat.nc", "t2m", "K");
  refused({"predict", model(), heat, "--series", "variable=rain"},
          AllOf(HasSubstr("heat.nc"), HasSubstr("\"rain\""), HasSubstr("t2m")));
  refused({"predict", model(), heat, "--series", "variable=t2m"},
          AllOf(HasSubstr("heat.nc"), HasSubstr("\"K\""), HasSubstr("mm/h")));
  const std::string untimed = path("untimed.cdf");
  fields::Field field = fields::parse_fmi(shower(kStart), "shower");
  field.time.reset();
  fields::write_netcdf(real_files(), untimed, {.variables = {{field}}});
  refused({"predict", model(), untimed, "--series", "variable=reflectivity"},
          AllOf(HasSubstr("untimed.cdf"), HasSubstr("reflectivity has no time")));
  write("mixed/201609281500_radar.pgm", shower(kStart));
  std::filesystem::copy(heat, path("mixed/heat.nc"));
  refused({"predict", model(), path("mixed")}, HasSubstr("different formats"));
  refused({"predict", model(), path("nowhere")}, HasSubstr("nowhere"));
  refused({"predict", model(), path("rain"), "--series", "spacings=1000"}, HasSubstr("spacings"));
  refused({"predict", model(), path("rain"), "--series", "path=a"}, HasSubstr("--series path"));
  refused({"predict", model(), path("rain"), "--series", "variable=x"}, HasSubstr("NetCDF (.nc, .cdf) only"));
  refused({"stream", model(), path("rain"), "--once", "--series", "quantity=RATE"}, HasSubstr("HDF5"));
  refused({"stream", model(), path("rain"), "--once", "--clip", "3"}, HasSubstr("--clip"));
}

// What the programs say of files cut off or changed: the file's name, and never a signal.
void expect_told(const std::string& model, const std::string& file, const std::string& bytes, bool cut,
                 const std::vector<std::string>& series) {
  real_files().write_atomic(file, bytes);
  std::vector<std::string> words{"stream", model, file, "--once"};
  words.insert(words.end(), series.begin(), series.end());
  const Outcome outcome = run(words);
  ASSERT_EQ(outcome.signal, 0) << file;
  if (cut || outcome.code != kDone) {
    EXPECT_EQ(outcome.code, kFailed) << file << ": " << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(file));
  }
}

TEST_F(Nowcasts, DamagedFilesAreTold) {
  const std::string rain = write_netcdf("rain.nc", "rain_rate", "mm/h");
  Random random(3);
  for (const auto& [name, series] : {std::pair{"rain.nc", std::vector<std::string>{"--series", "variable=rain_rate"}},
                                     std::pair{"rain/201609281500_radar.pgm", std::vector<std::string>{}}}) {
    std::string bytes = real_files().read(path(name));
    bytes.resize(bytes.find_last_not_of('\0') + 1);  // the end may be padded, which is no loss
    for (int round = 0; round < 6; ++round) {
      std::string damaged = bytes;
      for (int i = 0; i < 3; ++i) damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
      expect_told(model(), path(name), damaged, false, series);
      expect_told(model(), path(name), bytes.substr(0, bytes.size() * round / 6), true, series);
    }
  }
}

// Radars of four countries, where they are (LONGTAKE_DATA).
TEST_F(Nowcasts, DamagedFilesOfRealRadarsAreTold) {
  const char* root = std::getenv("LONGTAKE_DATA");
  const std::filesystem::path radar = std::filesystem::path(root != nullptr ? root : "../shared/data") / "radar";
  const std::vector<std::string> names{"fmi_20160928/201609281500_fmi.radar.composite.lowest_FIN_SUOMI1.pgm.gz",
                                       "mch_20160711/AQC161932200V_00005.801.gif",
                                       "bom_cscn/2/2018/06/16/2_20180616_120000.prcp-cscn.nc",
                                       "knmi_20100826/RAD_NL25_RAP_5min_201008260300.h5"};
  Random random(4);
  for (const std::string& name : names) {
    if (!std::filesystem::exists(radar / name)) GTEST_SKIP() << "needs " << radar / name << " (LONGTAKE_DATA)";
    const std::string bytes = real_files().read(radar / name);
    const std::string file = path(std::filesystem::path(name).filename().string());
    for (int round = 0; round < 4; ++round) {
      std::string damaged = bytes;
      // Half of them in the header, where the sizes and offsets are.
      const std::size_t within = round % 2 == 0 ? std::min<std::size_t>(damaged.size(), 2048) : damaged.size();
      for (int i = 0; i < 4; ++i) damaged[random.below(within)] = static_cast<char>(random.below(256));
      expect_told(model(), file, damaged, false, {"--series", "spacing=1000"});
      expect_told(model(), file, bytes.substr(0, bytes.size() * round / 5), true, {"--series", "spacing=1000"});
    }
  }
}

}  // namespace
}  // namespace longtake::test
