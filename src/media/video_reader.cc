#include "longtake/video_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "longtake/error.h"
#include "media/converter.h"
#include "media/decode_stats.h"
#include "media/decoder.h"
#include "media/input.h"
#include "media/sampler.h"

namespace longtake {

using media::Converter;
using media::Decoder;
using media::Input;
using media::Moment;
using media::Sampler;

namespace {

void check_options(const VideoOptions& options) {
  const auto bad = [](double value) { return !std::isfinite(value); };
  if (bad(options.fps) || options.fps < 0.0 || options.fps > 1e6) {
    throw InvalidArgument(fmt::format("fps is {}; 0 means every frame", options.fps));
  }
  if ((options.start_s && bad(*options.start_s)) || (options.end_s && std::isnan(*options.end_s))) {
    throw InvalidArgument("start_s and end_s must be numbers");
  }
  if (options.start_s && options.end_s && *options.end_s <= *options.start_s) {
    throw InvalidArgument(fmt::format("end_s {} is not after start_s {}", *options.end_s, *options.start_s));
  }
  if (bad(options.open_timeout_s) || bad(options.read_timeout_s)) {
    throw InvalidArgument("open_timeout_s and read_timeout_s must be numbers");
  }
  if (options.threads < 0) throw InvalidArgument(fmt::format("threads is {}; 0 means one per core", options.threads));
}

// Calls `call`, with the source's name before the message of an error that lacks it.
template <class Call>
auto naming(const std::string& source, const Call& call) {
  const auto named = [&](const Error& error) {
    const std::string message = error.what();
    const std::string prefix = (source == "-" ? "standard input" : source) + ": ";
    return message.starts_with(prefix) ? message : prefix + message;
  };
  try {
    return call();
  } catch (const InvalidArgument& error) {
    throw InvalidArgument(named(error));
  } catch (const BadData& error) {
    throw BadData(named(error));
  } catch (const IoError& error) {
    throw IoError(named(error));
  } catch (const Unsupported& error) {
    throw Unsupported(named(error));
  }
}

media::SamplerOptions sampler_options(const VideoOptions& options, double tick_s) {
  media::SamplerOptions result;
  result.fps = options.fps;
  result.start_s = options.start_s;
  result.end_s = options.end_s.value_or(result.end_s);
  result.bad_frames = options.bad_frames;
  result.tolerance_s = std::min(0.5 * tick_s, 0.001);
  return result;
}

}  // namespace

class VideoReader::Impl {
 public:
  Impl(const std::string& source, const VideoOptions& options);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  bool read(Frame& frame);
  void seek(double time_s);

  const std::string& source() const { return source_; }
  const Converter& converter() const { return converter_; }
  const MediaInfo& info() const { return input_->info(); }
  const DecodeStats& stats() const { return stats_; }

 private:
  bool pull();
  void push(const Moment& moment);
  void adopt();
  void hand_out(Frame& frame);
  media::NeededPackets::Shows shows() const;
  bool next(Moment& moment) { return decoder_->next(moment, pending_.get()); }
  bool read_in_sequence(Moment& moment);
  void go_to(double time_s);
  bool jump(double time_s, Moment& first);
  bool try_position(double from_s, double time_s, Moment& first);
  void reopen();
  void check_decoded() const;

  struct PictureFormat {
    int width = 0;
    int height = 0;
    int pixels = -1;
    friend bool operator==(const PictureFormat&, const PictureFormat&) = default;
  };

  std::string source_;
  VideoOptions options_;
  DecodeStats stats_;
  bool in_sequence_ = false;  // nothing is left out any more
  std::optional<Input> input_;
  std::optional<Decoder> decoder_;  // reads from input_
  Converter converter_;
  Sampler sampler_;
  double tolerance_s_;
  media::FramePtr pending_ = media::make_frame();  // decoded last, not yet on show
  double pending_time_s_ = -HUGE_VAL;
  media::FramePtr shown_ = media::make_frame();  // on show
  bool converted_ = false;                       // converter_ holds shown_
  bool from_start_ = true;                       // nothing was jumped over
  std::optional<PictureFormat> last_format_;
};

VideoReader::Impl::Impl(const std::string& source, const VideoOptions& options)
    : source_(source),
      options_((check_options(options), options)),
      input_(Input::open(source, options)),
      decoder_(std::in_place, *input_, options.threads, stats_, shows()),
      converter_(media::output_size({info().width, info().height}, options.width, options.height, options.resize),
                 options.colour, input_->orientation()),
      sampler_(sampler_options(options, input_->tick_s())),
      tolerance_s_(sampler_options(options, input_->tick_s()).tolerance_s) {
  if (options.start_s && *options.start_s > info().start_s && input_->can_seek()) go_to(*options.start_s);
}

bool VideoReader::Impl::read(Frame& frame) {
  while (true) {
    switch (sampler_.next()) {
      case Sampler::Step::kNeedFrame:
        if (!pull()) sampler_.finish();
        break;
      case Sampler::Step::kAdopt:
        adopt();
        break;
      case Sampler::Step::kSample:
        hand_out(frame);
        return true;
      case Sampler::Step::kSkipped:
        ++stats_.skipped;
        break;
      case Sampler::Step::kStopped:
        stats_.stopped = stats_.partial = true;
        return false;
      case Sampler::Step::kEnd:
        check_decoded();
        return false;
    }
  }
}

bool VideoReader::Impl::pull() {
  Moment moment;
  if (!next(moment) && !(decoder_->misled() && read_in_sequence(moment))) return false;
  push(moment);
  return true;
}

// Whether a sample shows a span of time; nothing where every frame has to be decoded. Any may have to stand in for a
// bad one that is repeated.
media::NeededPackets::Shows VideoReader::Impl::shows() const {
  const bool all = options_.decode_all || in_sequence_ || options_.bad_frames == BadFramePolicy::kRepeat;
  if (options_.fps <= 0.0 || all) return {};
  return [this](double from_s, double until_s) { return sampler_.shows(from_s, until_s); };
}

// The moment after the one that was pushed last, and from there on without leaving out any.
bool VideoReader::Impl::read_in_sequence(Moment& moment) {
  in_sequence_ = true;
  decoder_->need_all();
  if (!jump(pending_time_s_, moment)) {
    reopen();
    if (!next(moment)) return false;
  }
  while (moment.time_s <= pending_time_s_) {
    if (!next(moment)) return false;
  }
  return true;
}

void VideoReader::Impl::push(const Moment& moment) {
  const double start_s = options_.start_s.value_or(moment.time_s);
  const bool wanted = moment.time_s >= start_s - tolerance_s_ && moment.time_s < options_.end_s.value_or(HUGE_VAL);
  if (moment.bad && wanted) {
    ++stats_.bad_frames;
    media::add_problem(stats_, fmt::format("frame at {:.3f} s is damaged or lost", moment.time_s));
  }
  pending_time_s_ = moment.time_s;
  sampler_.push(moment);
}

void VideoReader::Impl::adopt() {
  std::swap(shown_, pending_);
  av_frame_unref(pending_.get());
  converted_ = false;
  const PictureFormat format{shown_->width, shown_->height, shown_->format};
  if (last_format_ && *last_format_ != format) {
    ++stats_.resolution_changes;
    media::add_problem(
        stats_, fmt::format("the picture changes to {}x{} at {:.3f} s", format.width, format.height, pending_time_s_));
  }
  last_format_ = format;
}

void VideoReader::Impl::hand_out(Frame& frame) {
  if (!converted_) converter_.set_picture(*shown_);
  converted_ = true;
  converter_.write(frame.image);
  const Sampler::Sample& sample = sampler_.sample();
  frame.time_s = sample.time_s;
  frame.shown_since_s = sample.shown_since_s;
  frame.index = sample.index;
  frame.repeated = sample.repeated;
  ++stats_.frames_out;
  if (sample.repeated) ++stats_.repeated;
}

void VideoReader::Impl::check_decoded() const {
  if (stats_.frames_decoded > 0 || !from_start_) return;
  std::string why;
  for (const std::string& problem : stats_.problems) why += (why.empty() ? ": " : "; ") + problem;
  throw BadData(
      fmt::format("{}: not a single frame of its video ({}) could be decoded{}", input_->name(), info().codec, why));
}

void VideoReader::Impl::seek(double time_s) {
  if (!std::isfinite(time_s)) throw InvalidArgument("seek to a time that is not a number");
  if (!input_->can_seek()) throw Unsupported(input_->name() + ": this source cannot seek");
  options_.start_s = time_s;
  go_to(time_s);
}

void VideoReader::Impl::go_to(double time_s) {
  sampler_ = Sampler(sampler_options(options_, input_->tick_s()));
  from_start_ = false;
  pending_time_s_ = -HUGE_VAL;
  if (Moment first; jump(time_s, first)) {
    push(first);
  } else {
    reopen();
  }
}

// Containers find key frames by decoding time, roughly or not at all. So the first frame after the jump is looked at,
// and where it comes too late the jump is tried again from further back. False where only the very start is left.
bool VideoReader::Impl::jump(double time_s, Moment& first) {
  for (double back_s = 0.0; decoder_->can_seek(); back_s = back_s * 2.0 + 1.0) {
    if (back_s > 0.0 && time_s - back_s < info().start_s) return false;
    if (try_position(time_s - back_s, time_s, first)) return true;
  }
  return false;
}

bool VideoReader::Impl::try_position(double from_s, double time_s, Moment& first) {
  if (!decoder_->seek(from_s) || !next(first) || first.time_s > time_s + tolerance_s_) return false;
  return decoder_->can_seek();  // unless its time stamps turned out to be guesses
}

void VideoReader::Impl::reopen() {
  from_start_ = true;
  decoder_.reset();
  input_.reset();
  input_.emplace(Input::open(source_, options_));
  decoder_.emplace(*input_, options_.threads, stats_, shows());
}

VideoReader::VideoReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
VideoReader::VideoReader(VideoReader&&) noexcept = default;
VideoReader& VideoReader::operator=(VideoReader&&) noexcept = default;
VideoReader::~VideoReader() = default;

VideoReader VideoReader::open(const std::string& source, const VideoOptions& options) {
  return naming(source, [&] { return VideoReader(std::make_unique<Impl>(source, options)); });
}

bool VideoReader::read(Frame& frame) {
  return naming(impl_->source(), [&] { return impl_->read(frame); });
}
void VideoReader::seek(double time_s) {
  naming(impl_->source(), [&] { impl_->seek(time_s); });
}
int VideoReader::width() const { return impl_->converter().size().width; }
int VideoReader::height() const { return impl_->converter().size().height; }
int VideoReader::channels() const { return impl_->converter().channels(); }
const MediaInfo& VideoReader::info() const { return impl_->info(); }
const DecodeStats& VideoReader::stats() const { return impl_->stats(); }

MediaInfo probe(const std::string& source, const VideoOptions& options) { return Input::open(source, options).info(); }

bool is_live(const std::string& source) {
  const media::SourceKind kind = media::kind_of(source);
  return kind == media::SourceKind::kDevice || kind == media::SourceKind::kLiveUrl;
}

}  // namespace longtake
