#include "cli/stream_forecast.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "cli/cli.h"
#include "cli/field_feed.h"
#include "cli/nowcast_output.h"
#include "fields/calendar.h"
#include "longtake/error.h"

namespace longtake::cli {

namespace {

// What a file of the feed is worth: its nowcasts, told as they come.
class Feed {
 public:
  Feed(const OpenedForecaster& opened, const ForecastStreamOptions& options)
      : opened_(opened),
        options_(options),
        output_{options.output, parse_kinds(options.write)},
        source_(field_source(options.folder, options.series)),
        nowcaster_(
            *opened.forecasters, *opened.model, source_,
            {.horizon = options.horizon > 0 ? options.horizon : tasks::forecast_protocol_of(*opened.model).forecast,
             .every_field = true}),
        thresholds_(tasks::MeasureOptions::usual(tasks::forecast_input_of(*opened.model)).thresholds) {
    if (!output_.folder.empty()) real_files().create_directories(output_.folder);
    if (!options.load_state.empty()) load_state(options.load_state);
  }

  const tasks::FieldSource& source() const { return source_; }
  std::int64_t fields() const { return fields_; }
  std::int64_t skipped() const { return skipped_; }

  // A file that cannot be read or comes too late is told, counted and passed over: the next one may be good.
  void follow(const Files::Path& path) {
    try {
      tasks::FieldSource one = source_;
      one.name = one.path = path.string();
      FieldFeed feed(one);
      feed.each(std::nullopt, std::nullopt, [&](const fields::Field& field) { push(field, one.name); });
      for (const std::string& problem : feed.problems()) skip(problem);
    } catch (const Error& error) {
      skip(error.what());
    }
  }

  // The last line, and the state. Throws BadData where nothing came of all that was there.
  void finish(bool ended) {
    const bool gone_on = !options_.load_state.empty() && skipped_ == 0;
    if (ended && fields_ == 0 && !gone_on) throw BadData(fmt::format("{}: no field could be read", options_.folder));
    if (!options_.save_state.empty()) save_state(options_.save_state);
    // The stream that takes up the state gives the nowcasts.
    if (ended && fields_ > 0 && nowcasts_ == 0 && options_.save_state.empty()) {
      throw BadData(
          too_few_fields(options_.folder, *opened_.model, fmt::format("of the fields that came ({})", fields_)));
    }
    put(nowcast_end_line(options_.folder, fields_, skipped_, nowcasts_));
  }

 private:
  void save_state(const std::string& path) const {
    nowcaster_.save().save(path);
    tell(fmt::format("state after {} fields in {}", fields_, path));
  }

  void skip(const std::string& why) {
    tell(fmt::format("longtake: {}", why));
    ++skipped_;
  }

  void load_state(const std::string& path) {
    try {
      nowcaster_.load(State::load(path));
      known_ = nowcaster_.newest();
    } catch (const InvalidArgument& error) {
      throw BadData(fmt::format("{}: {}", path, error.what()));
    }
  }

  void push(const fields::Field& field, const std::string& file) {
    if (known_ && field.time && *field.time <= *known_) return;  // the state has seen it
    const auto nowcasts = nowcaster_.push(field);
    ++fields_;
    if (nowcaster_.newest() != field.time) tell(nothing_measured(file, *field.time));
    for (const tasks::Nowcast& nowcast : nowcasts) {
      std::string name = fields::format_time(nowcast.time);  // 2016-09-28T15:00:00Z, without what names cannot have
      std::erase_if(name, [](char c) { return c == '-' || c == ':'; });
      const auto files = write_nowcast(nowcast, name, opened_.path, output_);
      put(nowcast_line(nowcast, options_.folder, thresholds_, files));
      ++nowcasts_;
    }
  }

  const OpenedForecaster& opened_;
  const ForecastStreamOptions& options_;
  NowcastOutput output_;
  tasks::FieldSource source_;
  tasks::Nowcaster nowcaster_;
  std::vector<float> thresholds_;
  std::optional<std::int64_t> known_;  // the newest field of the state that was loaded
  std::int64_t fields_ = 0, skipped_ = 0, nowcasts_ = 0;
};

// In short sleeps, so that a signal is heard.
void wait_for(double seconds) {
  constexpr double kNap = 0.05;
  for (double slept = 0; slept < seconds && !interrupted(); slept += kNap) {
    std::this_thread::sleep_for(std::chrono::duration<double>(std::min(kNap, seconds - slept)));
  }
}

}  // namespace

int stream_forecast(const OpenedForecaster& opened, const ForecastStreamOptions& options) {
  Feed feed(opened, options);
  FolderWatch watch(feed.source());
  const auto enough = [&] {
    return interrupted() || (options.most_frames > 0 && feed.fields() >= options.most_frames);
  };
  while (!enough()) {
    for (const Files::Path& path : watch.look(options.once)) {
      if (enough()) break;
      feed.follow(path);
    }
    if (options.once) break;
    wait_for(options.poll_s);
  }
  feed.finish(!interrupted());
  return feed.skipped() > 0 ? kPartial : kDone;
}

}  // namespace longtake::cli
