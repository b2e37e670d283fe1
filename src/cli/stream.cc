// longtake stream: follows a source frame by frame and says what it sees as it happens.
#include <fmt/format.h>

#include "cli/classifier.h"
#include "cli/cli.h"
#include "cli/stop_at_signal.h"
#include "cli/stream_forecast.h"
#include "cli/stream_frames.h"
#include "data/video_input.h"
#include "longtake/error.h"
#include "media/live_reader.h"
#include "reports/result_writer.h"
#include "tasks/label.h"
#include "tasks/protocol.h"
#include "tasks/stream.h"
#include "tasks/track.h"

namespace longtake::cli {

namespace {

struct StreamOptions {
  std::string model;
  std::string source;
  std::string format = "jsonl";
  std::string recipe;
  std::string bad_frames = "skip";
  std::string policy = "drop-oldest";
  std::string load_state, save_state;
  std::vector<std::string> series;
  std::string output;
  std::string write;
  std::int64_t horizon = 0;
  double poll_s = 1;
  bool once = false;
  std::int64_t most_frames = 0;
  std::int64_t clip = 0;
  double timeout_s = VideoOptions().read_timeout_s;
  int threads = 1;
  bool live = false;
  bool no_reconnect = false;
  bool attention = false;
  bool json = false;
};

media::LivePolicy parse_policy(const std::string& word) {
  if (word == "drop-oldest") return media::LivePolicy::kDropOldest;
  if (word == "drop-newest") return media::LivePolicy::kDropNewest;
  if (word == "block") return media::LivePolicy::kBlock;
  throw ConfigError(fmt::format("--policy \"{}\" is none of drop-oldest, drop-newest, block", word));
}

std::unique_ptr<reports::ResultWriter> writer_of(const StreamOptions& options, const graph::Model& model) {
  const reports::ResultFormat& format = reports::result_format(options.json ? "jsonl" : options.format);
  return format.writer(model.labels, reports::detail_of(format, true, options.attention));
}

// Where the lines go, and what is known of the whole so far.
class Line {
 public:
  Line(const StreamOptions& options, const graph::Model& model, const tasks::StreamClassifier& stream)
      : writer_(writer_of(options, model)) {
    whole_.source = options.source;
    whole_.labels = model.labels;
    whole_.attention = stream.attention();
    whole_.protocol = stream.clip() == 0 ? "stream: the state is never reset"
                                         : fmt::format(
                                               "stream: clips of {} frames, one after the other, since the "
                                               "model needs whole clips; their answers averaged",
                                               stream.clip());
    put(writer_->head());
  }

  void answers(std::span<const tasks::StreamClassifier::Answer> answers,
               const std::optional<reports::LiveCounters>& live) {
    for (const auto& answer : answers) {
      tasks::update_scores(answer.frame, whole_.scores);
      ended_.insert(ended_.end(), answer.edges.begin(), answer.edges.end());
      put(writer_->frame(whole_.source, answer.frame, ended_, live));
      ended_.clear();
    }
  }

  // The source was lost: what was going on then has ended, which the next line tells.
  void lost(tasks::StreamClassifier& stream, const std::optional<reports::LiveCounters>& live) {
    answers(stream.finish(), live);
    ended_.assign(stream.last_edges().begin(), stream.last_edges().end());
  }

  // `goes_on`: pictures may be without an answer yet, which the stream that takes up the state gives.
  void finish(const DecodeStats& decode, std::span<const tasks::EventEdge> edges,
              const std::optional<reports::LiveCounters>& live, bool goes_on) {
    whole_.decode = decode;
    if (whole_.scores.empty() && !goes_on) throw BadData(fmt::format("{}: {}", whole_.source, nothing_reason(decode)));
    ended_.insert(ended_.end(), edges.begin(), edges.end());
    put(writer_->finish(whole_, ended_, live));
    put(writer_->tail());
  }

 private:
  std::unique_ptr<reports::ResultWriter> writer_;
  tasks::VideoResult whole_;
  std::vector<tasks::EventEdge> ended_;  // not told yet
};

void finish_stream(const StreamOptions& options, tasks::StreamClassifier& stream, Line& line, const DecodeStats& decode,
                   const std::optional<reports::LiveCounters>& live) {
  if (!options.save_state.empty()) {
    stream.save().save(options.save_state);
    tell(fmt::format("state after {} frames in {}", stream.frames(), options.save_state));
    // What lags and what is still going on belongs to the stream that goes on from here.
    return line.finish(decode, {}, live, decode.frames_out > 0);
  }
  line.answers(stream.finish(), live);
  line.finish(decode, stream.last_edges(), live, false);
}

int exit_code(const StreamOptions& options, const DecodeStats& decode) {
  if (!decode.partial && decode.bad_frames == 0) return kDone;
  tell(fmt::format("warning: {}: {}", options.source, partial_reason(decode)));
  return kPartial;
}

bool enough(const StreamOptions& options, std::int64_t frames) {
  return interrupted() || (options.most_frames > 0 && frames >= options.most_frames);
}

int follow_file(const StreamOptions& options, const VideoOptions& video, tasks::StreamClassifier& stream, Line& line) {
  VideoReader reader = VideoReader::open(options.source, video);
  Frame frame;
  for (std::int64_t n = 0; !enough(options, n) && read_unless_stopped(reader, frame, video.stop); ++n) {
    line.answers(stream.push({&frame, 1}), {});
  }
  finish_stream(options, stream, line, reader.stats(), {});
  return exit_code(options, reader.stats());
}

int follow_live(const StreamOptions& options, const VideoOptions& video, media::LivePolicy policy,
                tasks::StreamClassifier& stream, Line& line) {
  media::LiveOptions live_options;
  live_options.policy = policy;
  live_options.reconnect = !options.no_reconnect;
  const auto log = terminal_log(false);
  live_options.log = log.get();
  const auto reader = media::LiveReader::open(options.source, video, live_options);
  const std::stop_callback stop_reader(video.stop, [&] { reader->stop(); });
  media::LiveFrame frame;
  std::int64_t connection = 0;
  const auto counters = [&] {
    const media::LiveStats stats = reader->stats();
    return reports::LiveCounters{stats.dropped, std::max<std::int64_t>(0, stats.connections - 1)};
  };
  for (std::int64_t n = 0; !enough(options, n) && reader->read(frame); ++n) {
    // Something is missing between two connections: what was remembered is about another moment.
    if (frame.connection != connection) line.lost(stream, counters());
    connection = frame.connection;
    line.answers(stream.push({&frame.frame, 1}, frame.age_s), counters());
  }
  reader->stop();
  finish_stream(options, stream, line, reader->stats().decode, counters());
  // A source that is found again is expected to be lost now and then.
  return options.no_reconnect ? exit_code(options, reader->stats().decode) : kDone;
}

void load_state(tasks::StreamClassifier& stream, const std::string& path) {
  const State state = State::load(path);
  try {
    stream.load(state);
  } catch (const InvalidArgument& error) {
    throw BadData(fmt::format("{}: it does not fit the model: {}", path, error.what()));
  }
}

void check_clip(const StreamOptions& options, const OpenedModel& opened) {
  const bool whole = opened.program->plan().whole_sequences;
  if (!whole && options.clip > 0) {
    throw ConfigError(
        fmt::format("--clip is for models that need whole clips; {} follows frame by frame", opened.path));
  }
  if (whole && options.clip == 0 && tasks::protocol_of(*opened.model).clip == 0) {
    throw ConfigError(fmt::format(
        "{} needs all frames of a clip before it answers; say how many a clip has: --clip FRAMES", opened.path));
  }
}

int stream_fields(graph::Model model, const StreamOptions& options) {
  const bool others =
      options.live || !options.recipe.empty() || options.clip > 0 || options.attention || options.format != "jsonl";
  if (others) {
    throw ConfigError("--live, --events, --clip, --attention and --format are not for models that forecast");
  }
  return stream_forecast(open_forecaster(model_path(options.model), std::move(model), options.threads),
                         {.folder = options.source,
                          .series = options.series,
                          .output = options.output,
                          .write = options.write.empty() ? "netcdf" : options.write,
                          .load_state = options.load_state,
                          .save_state = options.save_state,
                          .horizon = options.horizon,
                          .most_frames = options.most_frames,
                          .poll_s = options.poll_s,
                          .once = options.once});
}

int stream_video(graph::Model model, const StreamOptions& options) {
  if (!options.recipe.empty() || options.clip > 0 || options.attention || options.format != "jsonl") {
    throw ConfigError("--events, --clip, --attention and --format are not for models that forecast");
  }
  if (!options.series.empty() || options.once) {
    throw ConfigError("--series and --once are for models that forecast fields, not video");
  }
  const StopAtSignal signal;
  FrameStreamOptions frames{.source = options.source,
                            .output = options.output,
                            .write = options.write,
                            .load_state = options.load_state,
                            .save_state = options.save_state,
                            .horizon = options.horizon,
                            .most_frames = options.most_frames,
                            .live = options.live || is_live(options.source),
                            .policy = parse_policy(options.policy),
                            .reconnect = !options.no_reconnect,
                            .video = {}};
  frames.video.bad_frames = parse_bad_frames(options.bad_frames);
  frames.video.open_timeout_s = frames.video.read_timeout_s = options.timeout_s;
  frames.video.stop = signal.token();
  return stream_frames(open_forecaster(model_path(options.model), std::move(model), options.threads), frames);
}

int stream_source(const StreamOptions& options) {
  graph::Model model = load_model_of(options.model);
  if (tasks::answers_storms(model)) {
    throw ConfigError("stream does not take models of storms; `longtake predict` follows storms through files");
  }
  if (model.task == tasks::kForecastTask) {
    const bool fields = tasks::forecast_input_of(model).has_fields();
    return fields ? stream_fields(std::move(model), options) : stream_video(std::move(model), options);
  }
  if (!options.series.empty() || !options.output.empty() || !options.write.empty() || options.horizon > 0 ||
      options.once) {
    throw ConfigError("--series, --output, --write, --horizon and --once are for models that forecast");
  }
  const media::LivePolicy policy = parse_policy(options.policy);
  const OpenedModel opened = open_model(options.model, options.threads);
  const StopAtSignal signal;
  VideoOptions video = video_options_of(opened, options.bad_frames);
  video.open_timeout_s = video.read_timeout_s = options.timeout_s;
  video.stop = signal.token();
  const tasks::EventOptions events = events_of(options.recipe);
  check_clip(options, opened);
  tasks::StreamClassifier stream(*opened.model, *opened.program, events, options.clip);
  if (!options.load_state.empty()) load_state(stream, options.load_state);
  Line line(options, *opened.model, stream);
  const bool live = options.live || is_live(options.source);
  return live ? follow_live(options, video, policy, stream, line) : follow_file(options, video, stream, line);
}

}  // namespace

void add_stream(CLI::App& app, Run& run) {
  CLI::App* verb = app.add_subcommand("stream", "Follow a file, camera or address; one line per frame as it happens");
  auto options = std::make_shared<StreamOptions>();
  verb->add_option("model", options->model, "A model file or the directory of a run")->required();
  verb->add_option("source", options->source,
                   "A file, http(s)://, rtsp:// and the like, /dev/video0, or - for standard input; for models that "
                   "forecast fields a folder that grows")
      ->required();
  verb->add_option("--format", options->format, "jsonl, csv, vtt, srt or activitynet")->capture_default_str();
  verb->add_option("--events", options->recipe, "A recipe whose [events] say how events are found");
  verb->add_option("--bad-frames", options->bad_frames, "skip, repeat or stop")->capture_default_str();
  verb->add_flag("--attention", options->attention, "JSON lines: also where the model looked at every frame");
  verb->add_flag("--live", options->live, "Treat the source as live even if it is a file or http address");
  verb->add_option("--policy", options->policy, "Live, when frames come too fast: drop-oldest, drop-newest or block")
      ->capture_default_str();
  verb->add_flag("--no-reconnect", options->no_reconnect, "Live: stop when the source ends or fails");
  verb->add_option("--timeout", options->timeout_s,
                   "Web addresses and cameras: seconds without an answer before the source counts as lost; 0 never")
      ->check(number(0, 1e6))
      ->capture_default_str();
  verb->add_option("--frames", options->most_frames, "Stop after so many frames; 0 never")
      ->check(whole_number(0))
      ->capture_default_str();
  verb->add_option("--clip", options->clip,
                   "Models that need whole clips: frames of each; 0 takes those of the model's protocol")
      ->check(whole_number(0))
      ->capture_default_str();
  verb->add_option("--load-state", options->load_state, "Go on from a state that was saved");
  verb->add_option("--save-state", options->save_state, "Save the state after the last frame, also that before Ctrl-C");
  verb->add_option("-o,--output", options->output, "Models that forecast: write every forecast into this directory");
  verb->add_option("--write", options->write,
                   "Models that forecast: any of netcdf, png, mp4, default netcdf; of video any of npy, png, mp4, "
                   "default npy");
  verb->add_option("--horizon", options->horizon, "Models that forecast: frames; 0 takes the model's protocol")
      ->check(whole_number(0));
  verb->add_option("--series", options->series,
                   "Models that forecast fields: key=value of the source, as in [data.series.NAME] of a recipe");
  verb->add_option("--poll", options->poll_s, "Models that forecast fields: seconds between looks into the folder")
      ->check(number(0.01, 86400))
      ->capture_default_str();
  verb->add_flag("--once", options->once,
                 "Models that forecast fields: stop when all that is in the folder was followed");
  add_precise(*verb);
  add_weight_format(*verb);
  verb->add_option("--threads", options->threads, "0 takes all cores")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  verb->add_flag("--json", options->json, "The same as --format jsonl");
  verb->footer(
      "The state is never reset here, unlike in `longtake evaluate` with clips. Models that need whole clips answer "
      "when\n"
      "one is complete. Ctrl-C ends the stream as its own end would; a second one at once.\nExamples:\n"
      "  longtake stream runs/motions clip.mp4\n  longtake stream model.safetensors rtsp://camera/1\n"
      "  ffmpeg -i in.mkv -f mpegts - | longtake stream model.safetensors -\n"
      "  longtake stream runs/nowcast radar/today -o nowcasts --write netcdf,png\n"
      "  longtake stream runs/moving_digits digits.mp4 --horizon 5");
  verb->callback([&run, options] { run = [options] { return stream_source(*options); }; });
}

}  // namespace longtake::cli
