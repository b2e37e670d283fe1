// longtake predict: what a model says about files.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/files.h"
#include "cli/classifier.h"
#include "cli/cli.h"
#include "cli/predict_forecast.h"
#include "cli/predict_frames.h"
#include "cli/predict_storms.h"
#include "data/video_input.h"
#include "longtake/error.h"
#include "media/live_reader.h"
#include "reports/overlay.h"
#include "reports/result_writer.h"
#include "tasks/classify.h"
#include "tasks/label.h"
#include "tasks/stream.h"
#include "tasks/track.h"

namespace longtake::cli {

namespace {

struct PredictOptions {
  std::string model;
  std::vector<std::string> files;
  std::string format = "jsonl";
  std::string output;
  std::string overlay;
  std::string recipe;
  std::vector<std::string> series;
  std::string write;
  std::string at;
  std::string tracks;
  std::int64_t horizon = 0;
  std::optional<std::int64_t> item;
  bool frames_first = false;
  bool frames = false;
  bool attention = false;
  bool json = false;
  std::string bad_frames = "skip";
  int threads = 0;
};

constexpr std::size_t kFramesAtOnce = 32;
constexpr std::string_view kOverlayExtension = ".mp4";

// Decodes files one after another, a little ahead of who reads them: of the file at hand, and already of the next.
class FilesAhead {
 public:
  FilesAhead(std::vector<std::string> files, VideoOptions video) : files_(std::move(files)), video_(std::move(video)) {}

  // The next file in the order they were given. What is wrong with it is thrown by read().
  std::unique_ptr<media::LiveReader> open() {
    std::unique_ptr<media::LiveReader> reader = next_ ? std::move(next_) : follow(files_.at(opened_++));
    if (opened_ < files_.size()) {
      next_ = follow(files_[opened_]);
      ++opened_;  // only now: where that fails, the file is still to come
    }
    return reader;
  }

 private:
  std::unique_ptr<media::LiveReader> follow(const std::string& file) const {
    return media::LiveReader::open(
        file, video_, {.queue_length = kFramesAtOnce, .policy = media::LivePolicy::kBlock, .reconnect = false});
  }

  std::vector<std::string> files_;
  VideoOptions video_;
  std::size_t opened_ = 0;
  std::unique_ptr<media::LiveReader> next_;
};

// What the model says about a file, each asked once and in the order given; the frames only where they are wanted.
using Answer = std::function<tasks::VideoResult(const std::string& file, bool keep_frames)>;

// Frame by frame, in memory that does not grow with the file unless the frames are wanted.
tasks::VideoResult follow_file(const std::string& file, media::LiveReader& reader, tasks::StreamClassifier& stream,
                               const graph::Model& model, bool keep_frames) {
  tasks::VideoResult result{.source = file, .labels = model.labels};
  result.protocol = "whole video, state carried from the first frame to the last";
  result.attention = stream.attention();
  result.multi_label = model.task == tasks::kLabelTask;
  stream.reset();
  const auto take = [&](std::span<const tasks::StreamClassifier::Answer> answers) {
    for (const auto& answer : answers) {
      tasks::update_scores(answer.frame, result.scores);
      if (keep_frames) result.frames.push_back(answer.frame);
      for (const tasks::EventEdge& edge : answer.edges) {
        if (!edge.start) result.events.push_back(edge.event);
      }
    }
  };
  std::vector<Frame> frames(kFramesAtOnce);
  media::LiveFrame read;
  std::size_t count = 0;
  do {
    count = 0;
    while (count < frames.size() && !interrupted() && reader.read(read)) std::swap(frames[count++], read.frame);
    take(stream.push({frames.data(), count}));
  } while (count == frames.size() && !interrupted());
  take(stream.finish());
  for (const tasks::EventEdge& edge : stream.last_edges()) {
    if (!edge.start) result.events.push_back(edge.event);
  }
  result.decode = reader.stats().decode;
  if (result.scores.empty()) throw BadData(fmt::format("{}: {}", file, nothing_reason(result.decode)));
  std::sort(result.events.begin(), result.events.end(), [](const tasks::Event& a, const tasks::Event& b) {
    return a.start_s != b.start_s ? a.start_s < b.start_s : a.label < b.label;
  });
  return result;
}

// All frames at once, for a model that answers only then.
tasks::VideoResult classify_file(const std::string& file, BadFramePolicy bad_frames, tasks::Classifier& classifier,
                                 const tasks::EventOptions& events, bool keep_frames) {
  const DatasetItem item{.id = file, .path = file};
  tasks::VideoResult result =
      classifier.classify(read_clip_for(classifier.spec(), item, kClipBytes, bad_frames), tasks::Protocol{});
  if (result.scores.empty()) throw BadData(file + ": it has too few frames for the model to answer");
  result.source = file;
  result.protocol = "whole video at once";
  result.events = tasks::find_events(result.frames, static_cast<std::int64_t>(result.labels.size()), events,
                                     tasks::frame_seconds(classifier.spec()));
  if (!keep_frames) result.frames.clear();
  return result;
}

Answer answer_of(const OpenedModel& opened, const PredictOptions& options) {
  const tasks::EventOptions events = events_of(options.recipe);
  const VideoOptions video = video_options_of(opened, options.bad_frames);
  if (opened.program->plan().whole_sequences) {
    auto classifier = std::make_shared<tasks::Classifier>(*opened.model, *opened.program);
    return [classifier, video, events](const std::string& file, bool keep_frames) {
      return classify_file(file, video.bad_frames, *classifier, events, keep_frames);
    };
  }
  auto stream = std::make_shared<tasks::StreamClassifier>(*opened.model, *opened.program, events);
  auto ahead = std::make_shared<FilesAhead>(options.files, video);
  return [stream, ahead, model = opened.model](const std::string& file, bool keep_frames) {
    return follow_file(file, *ahead->open(), *stream, *model, keep_frames);
  };
}

// Where something about `file` is written: the directory, the file's own name, another extension.
std::filesystem::path beside(const std::string& directory, const std::string& file, std::string_view extension) {
  return std::filesystem::path(directory) / (std::filesystem::path(file).stem().string() + std::string(extension));
}

// Throws ConfigError where one video's output would replace another's, or a video itself.
void check_outputs(const std::vector<std::string>& files, const std::string& directory, std::string_view extension) {
  std::map<std::filesystem::path, std::string> taken;
  for (const std::string& file : files) {
    const std::filesystem::path path = beside(directory, file, extension);
    const auto [other, is_new] = taken.emplace(path, file);
    if (!is_new) {
      throw ConfigError(
          fmt::format("{} and {} would both be written to {}; give them one by one, with a directory each",
                      other->second, file, path.string()));
    }
    for (const std::string& video : files) {
      std::error_code missing;
      if (std::filesystem::equivalent(path, video, missing)) {
        throw ConfigError(fmt::format("{} would be overwritten; name another directory than {}", video, directory));
      }
    }
  }
}

// Throws ConfigError where two videos would have one name in the same document.
void check_names(const std::vector<std::string>& files) {
  std::map<std::string, std::string> taken;
  for (const std::string& file : files) {
    const auto [other, is_new] = taken.emplace(std::filesystem::path(file).stem().string(), file);
    if (is_new) continue;
    throw ConfigError(fmt::format("{} and {} would both be called \"{}\"; give --output DIRECTORY, or one by one",
                                  other->second, file, other->first));
  }
}

void write_output(const PredictOptions& options, const reports::ResultFormat& format, const std::string& file,
                  const std::string& text) {
  if (options.output.empty()) return put(text);
  const std::filesystem::path path = beside(options.output, file, format.extension);
  real_files().write_atomic(path, text);
  tell(path.string());
}

bool for_forecasters(const PredictOptions& options) {
  return !options.series.empty() || !options.at.empty() || !options.tracks.empty() || !options.write.empty() ||
         options.horizon > 0 || options.item || options.frames_first;
}

int predict_video(graph::Model model, const PredictOptions& options) {
  if (!options.series.empty()) throw ConfigError("--series is for models that forecast fields, not video");
  return predict_frames(open_forecaster(model_path(options.model), std::move(model), options.threads),
                        {.sources = options.files,
                         .output = options.output,
                         .write = options.write,
                         .at = options.at,
                         .item = options.item,
                         .frames_first = options.frames_first,
                         .bad_frames = options.bad_frames,
                         .horizon = options.horizon});
}

int predict_ahead(graph::Model model, const PredictOptions& options) {
  if (!options.overlay.empty() || options.frames || options.attention || !options.recipe.empty() ||
      options.format != "jsonl") {
    throw ConfigError(
        "--format, --overlay, --frames, --attention and --events are not for models that forecast or follow storms");
  }
  const bool storms = tasks::answers_storms(model);
  if (!storms && !options.tracks.empty()) throw ConfigError("--tracks is for models that forecast storms");
  if (!storms && !tasks::forecast_input_of(model).has_fields()) return predict_video(std::move(model), options);
  if (options.item || options.frames_first) throw ConfigError("--item and --frames-first are for arrays of videos");
  const std::string write = options.write.empty() ? "netcdf,png,mp4" : options.write;
  if (storms) {
    if (!options.series.empty()) throw ConfigError("--series is not for models that follow or forecast storms");
    return predict_storms(open_storm_model(model_path(options.model), std::move(model), options.threads),
                          {.files = options.files,
                           .output = options.output,
                           .write = write,
                           .tracks = options.tracks,
                           .at = options.at,
                           .horizon = options.horizon});
  }
  return predict_forecast(open_forecaster(model_path(options.model), std::move(model), options.threads),
                          {.sources = options.files,
                           .series = options.series,
                           .output = options.output,
                           .write = write,
                           .at = options.at,
                           .horizon = options.horizon});
}

int predict(const PredictOptions& options) {
  if (graph::Model model = load_model_of(options.model);
      model.task == tasks::kForecastTask || model.task == tasks::kTrackTask) {
    return predict_ahead(std::move(model), options);
  }
  if (for_forecasters(options)) {
    throw ConfigError(
        "--series, --at, --horizon, --tracks, --write, --item and --frames-first are for models that forecast");
  }
  const reports::ResultFormat& format = reports::result_format(options.json ? "jsonl" : options.format);
  const auto detail = reports::detail_of(format, options.frames, options.attention);
  if (!format.many && options.files.size() > 1 && options.output.empty()) {
    throw ConfigError(fmt::format("--format {} cannot tell several videos apart in one output; give --output DIRECTORY",
                                  format.name));
  }
  if (!options.output.empty()) check_outputs(options.files, options.output, format.extension);
  if (options.output.empty() && format.named) check_names(options.files);
  if (!options.overlay.empty()) check_outputs(options.files, options.overlay, kOverlayExtension);
  const OpenedModel opened = open_model(options.model, options.threads);
  const Answer answer = answer_of(opened, options);
  if (!options.output.empty()) real_files().create_directories(options.output);
  if (!options.overlay.empty()) real_files().create_directories(options.overlay);

  const bool keep = detail != reports::Detail::kVideo || !options.overlay.empty();
  const auto writer = format.writer(opened.model->labels, detail);
  std::int64_t skipped = 0, partial = 0;
  if (options.output.empty()) put(writer->head());
  for (const std::string& file : options.files) {
    if (interrupted()) break;
    tasks::VideoResult result;
    try {
      result = answer(file, keep);
    } catch (const Error& error) {
      if (options.files.size() == 1) throw;
      tell(fmt::format("longtake: {}", error.what()));
      ++skipped;
      continue;
    }
    // What cannot be written ends the program: the files after this one would fare no better.
    const bool alone = !options.output.empty();
    const std::string head = alone ? writer->head() : "", tail = alone ? writer->tail() : "";
    write_output(options, format, file, fmt::format("{}{}{}", head, writer->video(result), tail));
    if (!options.overlay.empty()) {
      const auto path = beside(options.overlay, file, kOverlayExtension);
      reports::write_overlay(file, result, path.string(), {.input = opened.model->inputs.at("frame")});
      tell(path.string());
    }
    const bool damaged = result.decode.partial || result.decode.bad_frames > 0;
    if (damaged) tell(fmt::format("warning: {}: {}", file, partial_reason(result.decode)));
    partial += damaged ? 1 : 0;
  }
  if (options.output.empty()) put(writer->tail());
  if (interrupted()) return kPartial;
  if (skipped + partial == 0) return kDone;
  tell(fmt::format("{} of {} files skipped, {} read in part", skipped, options.files.size(), partial));
  return kPartial;
}

}  // namespace

void add_predict(CLI::App& app, Run& run) {
  CLI::App* verb = app.add_subcommand("predict", "Scores and events of files");
  auto options = std::make_shared<PredictOptions>();
  std::string formats;
  for (const reports::ResultFormat& format : reports::result_formats()) {
    formats += fmt::format("{}{}: {}", formats.empty() ? "" : "; ", format.name, format.summary);
  }
  verb->add_option("model", options->model, "A model file or the directory of a run")->required();
  verb->add_option(
          "files", options->files,
          "Videos; for models that forecast video also arrays (.npy), for those of fields and storms folders or "
          "files of fields")
      ->required();
  verb->add_option("--format", options->format, formats)->capture_default_str();
  verb->add_option("-o,--output", options->output, "Write one file per video into this directory");
  verb->add_option("--overlay", options->overlay, "Write each video with its score time line into this directory");
  verb->add_flag("--frames", options->frames, "Every frame's scores besides the video's");
  verb->add_flag("--attention", options->attention, "JSON lines: every frame's scores and where the model looked");
  verb->add_option("--events", options->recipe, "A recipe whose [events] say how events are found");
  verb->add_option("--bad-frames", options->bad_frames, "skip, repeat or stop")->capture_default_str();
  verb->add_option("--horizon", options->horizon, "Models that forecast: frames; 0 takes the model's protocol")
      ->check(whole_number(0));
  verb->add_option(
      "--at", options->at,
      "Models that forecast: the newest to be seen, such as 2016-09-28T15:00:00Z, of video the number of a frame or "
      "seconds such as 2.5s; default: the newest there is");
  verb->add_option("--tracks", options->tracks,
                   "Models that forecast storms: a file of the tracks so far, such as what a model that follows them "
                   "finds; later points do not count");
  verb->add_option("--item", options->item,
                   "Models that forecast video: this sequence of an array, from 0; default: all")
      ->check(whole_number(0));
  verb->add_flag("--frames-first", options->frames_first,
                 "Models that forecast video: arrays are [frames, sequences, ...], as mnist_test_seq.npy");
  verb->add_option("--series", options->series,
                   "Models that forecast: key=value of the sources, as in [data.series.NAME] of a recipe");
  verb->add_option("--write", options->write,
                   "Models that forecast or follow storms: what --output gets, some of netcdf,png,mp4, of video of "
                   "npy,png,mp4; default: all");
  add_precise(*verb);
  add_weight_format(*verb);
  verb->add_option("--threads", options->threads, "0 takes all cores")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  verb->add_flag("--json", options->json, "The same as --format jsonl");
  verb->footer(
      "Exit code 3 when a file was skipped or read in part.\nExamples:\n"
      "  longtake predict runs/motions clip.mp4 --frames\n"
      "  longtake predict model.safetensors *.mp4 --format vtt -o subtitles --overlay seen\n"
      "  longtake predict runs/nowcast radar/today -o nowcasts --horizon 12\n"
      "  longtake predict runs/moving_digits test.npy --item 7 -o forecasts\n"
      "  longtake predict runs/storm_tracker september.nc -o storms\n"
      "  longtake predict runs/storm_forecaster september.nc --tracks storms/september.csv -o forecasts");
  verb->callback([&run, options] { run = [options] { return predict(*options); }; });
}

}  // namespace longtake::cli
