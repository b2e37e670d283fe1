// longtake data: what a recipe's data is, which files of it cannot be read, and the generated set of the demo.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/threads.h"
#include "cli/cli.h"
#include "cli/dataset.h"
#include "data/activities.h"
#include "data/check.h"
#include "data/flow_input.h"
#include "data/motions.h"
#include "data/moving_digits.h"
#include "fields/storms.h"
#include "tasks/recipe.h"

namespace longtake::cli {

namespace {

struct DataSource {
  std::string source;
  std::vector<std::string> overrides;
  bool json = false;
  bool quick = false;
};

int describe_data(const DataSource& data) {
  const Dataset dataset = open_dataset(data.source, data.overrides);
  if (!data.json) {
    put(describe(dataset));
    for (const std::string& warning : dataset.warnings) tell("warning: " + warning);
    return kDone;
  }
  nlohmann::ordered_json json{{"labels", dataset.labels}, {"splits", nlohmann::ordered_json::object()}};
  if (dataset.dense) json["warnings"] = dataset.warnings;
  for (const auto& [split, summary] : summarise(dataset)) {
    json["splits"][split] = {{"items", summary.items},
                             {"items_per_label", summary.items_per_label},
                             {"items_per_group", summary.items_per_group}};
    if (dataset.dense) json["splits"][split]["intervals"] = summary.intervals;
  }
  put(json.dump(2) + "\n");
  return kDone;
}

const char* word_of(FileState state) {
  switch (state) {
    case FileState::kReadable:
      return "readable";
    case FileState::kPartial:
      return "partial";
    case FileState::kUnreadable:
      return "unreadable";
    case FileState::kMislabelled:
      return "mislabelled";
  }
  throw InvalidArgument("there is no such state of a file");
}

// What is asked of each file: where the recipe measures flow, a picture before the first frame of its input, too.
CheckOptions check_options(const DataSource& data) {
  CheckOptions options{.first_frame_only = data.quick};
  if (!data.source.ends_with(".toml")) return options;
  const Options recipe = load_recipe(data.source, data.overrides);
  return in_recipe(data.source, recipe, [&] {
    if (!recipe.table("input").has("flow")) return options;
    const InputSpec input = tasks::read_input(recipe.table("input"));
    if (!input.measures_flow()) return options;
    options.flow_fps = video_options(input).fps;
    options.fewest_pictures = pictures_per_frame(input) + 1;
    return options;
  });
}

int check_data(const DataSource& data) {
  ThreadPool pool(core_count());
  const Dataset dataset = open_dataset(data.source, data.overrides);
  const CheckReport report = check(dataset, check_options(data), pool);
  if (data.json) {
    for (const CheckedItem& item : report.items) {
      put(nlohmann::ordered_json{
              {"path", item.path}, {"state", word_of(item.state)}, {"frames", item.frames}, {"reason", item.reason}}
              .dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
          "\n");
    }
  } else {
    for (const CheckedItem& item : report.problems()) {
      put(fmt::format("{}: {}\n", word_of(item.state), item.reason));
    }
  }
  for (const std::string& warning : dataset.warnings) tell("warning: " + warning);
  tell(fmt::format("{} readable, {} partial, {} unreadable{}", report.readable, report.partial, report.unreadable,
                   dataset.dense ? fmt::format(", {} with intervals outside the video", report.mislabelled) : ""));
  return report.all_good() && dataset.warnings.empty() ? kDone : kPartial;
}

int make_motions_set(const std::string& directory, const MotionsOptions& options) {
  ThreadPool pool(core_count());
  const Dataset dataset = as_usage("", [&] { return make_motions(real_files(), directory, options, pool); });
  tell(fmt::format("{} clips of {} classes in {}", dataset.items.size(), dataset.labels.size(), directory));
  return kDone;
}

int make_activities_set(const std::string& directory, const ActivitiesOptions& options) {
  ThreadPool pool(core_count());
  const Dataset dataset = as_usage("", [&] { return make_activities(real_files(), directory, options, pool); });
  tell(fmt::format("{} videos of {} classes in {}", dataset.items.size(), dataset.labels.size(), directory));
  return kDone;
}

void add_make_activities(CLI::App& make, Run& run) {
  CLI::App* verb = make.add_subcommand("activities", "Videos in which several things happen at once, with their times");
  auto directory = std::make_shared<std::string>();
  auto options = std::make_shared<ActivitiesOptions>();
  verb->add_option("directory", *directory, "Where to put videos/, annotations.json and multithumos/")->required();
  verb->add_option("--seed", options->seed, "Other seeds, other videos")->check(whole_number(0))->capture_default_str();
  verb->add_option("--train", options->train, "Training videos")->capture_default_str();
  verb->add_option("--validation", options->validation, "Validation videos")->capture_default_str();
  verb->add_option("--test", options->test, "Test videos")->capture_default_str();
  verb->add_option("--size", options->size, "Pixels, both ways")->capture_default_str();
  verb->add_option("--shortest", options->shortest_s, "Seconds of the shortest video")->capture_default_str();
  verb->add_option("--longest", options->longest_s, "Seconds of the longest video")->capture_default_str();
  verb->add_option("--fps", options->fps, "Frames per second")->capture_default_str();
  verb->footer("Example:\n  longtake data make activities data/activities");
  verb->callback(
      [&run, directory, options] { run = [directory, options] { return make_activities_set(*directory, *options); }; });
}

struct MovingDigitsRequest {
  std::string directory, sprites, motion = "paper";
  MovingDigitsOptions options;
};

int make_moving_digits_set(MovingDigitsRequest request) {
  ThreadPool pool(core_count());
  as_usage("", [&] {
    request.options.motion = parse_digit_motion(request.motion);
    make_moving_digits(real_files(), request.sprites, request.directory, request.options, pool);
    return 0;
  });
  const MovingDigitsOptions& made = request.options;
  tell(fmt::format("{} sequences of {} frames in {}", made.train + made.validation + made.test, made.frames,
                   request.directory));
  return kDone;
}

void add_make_moving_digits(CLI::App& make, Run& run) {
  CLI::App* verb =
      make.add_subcommand("moving_digits", "Sprites, such as handwritten digits, that bounce off the edges");
  auto request = std::make_shared<MovingDigitsRequest>();
  MovingDigitsOptions& options = request->options;
  verb->add_option("directory", request->directory, "Where to put train.npy, validation.npy and test.npy")->required();
  verb->add_option("--sprites", request->sprites, "Pictures in MNIST's format, such as t10k-images-idx3-ubyte.gz")
      ->required();
  verb->add_option("--motion", request->motion, "paper: 3 to 5 pixels a frame; openstl: as mnist_test_seq.npy")
      ->capture_default_str();
  verb->add_option("--seed", options.seed, "Other seeds, other sequences")
      ->check(whole_number(0))
      ->capture_default_str();
  verb->add_option("--train", options.train, "Training sequences")->capture_default_str();
  verb->add_option("--validation", options.validation, "Validation sequences")->capture_default_str();
  verb->add_option("--test", options.test, "Test sequences")->capture_default_str();
  verb->add_option("--digits", options.digits, "Digits in a sequence")->capture_default_str();
  verb->add_option("--frames", options.frames, "Frames of a sequence")->capture_default_str();
  verb->add_option("--size", options.size, "Pixels, both ways")->capture_default_str();
  verb->footer("Example:\n  longtake data make moving_digits data/moving_digits --sprites t10k-images-idx3-ubyte.gz");
  verb->callback([&run, request] { run = [request] { return make_moving_digits_set(*request); }; });
}

struct StormsRequest {
  std::string directory, tracks, background;
  fields::StormsOptions options;
};

int make_storms_set(const StormsRequest& request) {
  ThreadPool pool(core_count());
  as_usage("", [&] {
    fields::make_storms(real_files(), request.tracks, request.background, request.directory, request.options, pool);
    return 0;
  });
  const fields::StormsOptions& made = request.options;
  tell(fmt::format("{} sequences of {} frames in {}", made.train + made.validation + made.test, made.frames,
                   request.directory));
  return kDone;
}

void add_make_storms(CLI::App& make, Run& run) {
  CLI::App* verb = make.add_subcommand("storms", "Tropical cyclones along real tracks, in CF NetCDF, with the truth");
  auto request = std::make_shared<StormsRequest>();
  fields::StormsOptions& options = request->options;
  verb->add_option("directory", request->directory, "Where to put train/, validation/, test/ and manifest.csv")
      ->required();
  verb->add_option("--tracks", request->tracks, "Tracks of storms: NetCDF, IBTrACS, TRACK, TempestExtremes or CSV")
      ->required();
  verb->add_option("--background", request->background, "Folder of Pstorm.cdf, Tstorm.cdf, Ustorm.cdf and Vstorm.cdf")
      ->required();
  verb->add_option("--seed", options.seed, "Other seeds, other sequences")
      ->check(whole_number(0))
      ->capture_default_str();
  verb->add_option("--train", options.train, "Training sequences")->capture_default_str();
  verb->add_option("--validation", options.validation, "Validation sequences")->capture_default_str();
  verb->add_option("--test", options.test, "Test sequences")->capture_default_str();
  verb->add_option("--frames", options.frames, "Frames of a sequence")->capture_default_str();
  verb->add_option("--step-hours", options.step_hours, "Hours from frame to frame")->capture_default_str();
  verb->add_option("--west", options.west, "Western edge, degrees east")->capture_default_str();
  verb->add_option("--east", options.east, "Eastern edge")->capture_default_str();
  verb->add_option("--south", options.south, "Southern edge, degrees north")->capture_default_str();
  verb->add_option("--north", options.north, "Northern edge")->capture_default_str();
  verb->add_option("--spacing", options.spacing, "Degrees from cell to cell")->capture_default_str();
  verb->add_option("--calm", options.calm, "Share of sequences without a tropical cyclone")->capture_default_str();
  verb->footer(
      "Seasons are dealt out to the splits whole. The same options and files give the same bytes.\nExample:\n  "
      "longtake "
      "data make storms data/storms --tracks ERA20C_TRACK_NATL_tcident.nc --background ncarg_storm1996");
  verb->callback([&run, request] { run = [request] { return make_storms_set(*request); }; });
}

void add_source(CLI::App* verb, const std::shared_ptr<DataSource>& data) {
  verb->add_option("source", data->source, "A recipe (.toml), a manifest (.csv) or a folder per class")->required();
  verb->add_option("overrides", data->overrides, "section.key=value, for a recipe");
  verb->add_flag("--json", data->json, "As JSON");
}

}  // namespace

void add_data(CLI::App& app, Run& run) {
  CLI::App* verb = app.add_subcommand("data", "Describe, check and make data");
  verb->require_subcommand(1);
  verb->footer("Example:\n  longtake data check videos/\nlongtake data VERB --help tells more.");

  CLI::App* describe_verb = verb->add_subcommand("describe", "Classes, splits and groups, with counts");
  auto described = std::make_shared<DataSource>();
  add_source(describe_verb, described);
  describe_verb->footer("Example:\n  longtake data describe recipes/motions.toml");
  describe_verb->callback([&run, described] { run = [described] { return describe_data(*described); }; });

  CLI::App* check_verb = verb->add_subcommand("check", "Decode everything and list the files that cannot be read");
  auto checked = std::make_shared<DataSource>();
  add_source(check_verb, checked);
  check_verb->add_flag("--quick", checked->quick, "Decode only one frame of each");
  check_verb->footer(
      "Exit code 3 when files are partial or unreadable, intervals lie outside their video, or lists give "
      "warnings.\nExample:\n  longtake data check videos/");
  check_verb->callback([&run, checked] { run = [checked] { return check_data(*checked); }; });

  CLI::App* make = verb->add_subcommand("make", "Generate a set of videos or fields");
  make->require_subcommand(1);
  make->footer("Example:\n  longtake data make motions data/motions --train 20 --test 5");
  CLI::App* motions = make->add_subcommand("motions", "Eight ways of moving that no single frame tells apart");
  auto directory = std::make_shared<std::string>();
  auto options = std::make_shared<MotionsOptions>();
  motions->add_option("directory", *directory, "Where to put train/, test/ and manifest.csv")->required();
  motions->add_option("--seed", options->seed, "Other seeds, other clips")
      ->check(whole_number(0))
      ->capture_default_str();
  motions->add_option("--train", options->train_per_class, "Training clips per class")->capture_default_str();
  motions->add_option("--test", options->test_per_class, "Test clips per class")->capture_default_str();
  motions->add_option("--size", options->size, "Pixels, both ways")->capture_default_str();
  motions->add_option("--frames", options->frames, "Frames per clip")->capture_default_str();
  motions->add_option("--fps", options->fps, "Frames per second")->capture_default_str();
  motions->footer("Example:\n  longtake data make motions data/motions");
  motions->callback(
      [&run, directory, options] { run = [directory, options] { return make_motions_set(*directory, *options); }; });
  add_make_activities(*make, run);
  add_make_moving_digits(*make, run);
  add_make_storms(*make, run);
}

}  // namespace longtake::cli
