#include "media/decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <thread>
#include <utility>

#include "longtake/error.h"
#include "media/decode_stats.h"

namespace longtake::media {
namespace {

// Packets whose fate is followed: more than any decoder holds back.
constexpr std::size_t kMostWatched = 256;
// A container that refuses this many packets in a row is given up.
constexpr int kMostRefusals = 16;
constexpr double kLongestGapS = 3600.0;
constexpr double kLongestBroadcastGapS = 10.0;
constexpr double kUsualFps = 25.0;
// MPEG program streams stamp some frames only; FFmpeg guesses the others from where it began to read.
constexpr std::string_view kProgramStream = "mpeg";

double frame_seconds(const MediaInfo& info) { return 1.0 / (info.fps > 0.0 ? info.fps : kUsualFps); }

double longest_gap(const Input& input) {
  return (input.format()->iformat->flags & AVFMT_TS_DISCONT) != 0 ? kLongestBroadcastGapS : kLongestGapS;
}

// That of the packet.
std::int64_t stamp_of(const AVFrame& frame) { return frame.reordered_opaque; }

template <class Stamp>
void insert_sorted(std::vector<Stamp>& stamps, const Stamp& stamp) {
  if (stamps.size() == kMostWatched) stamps.erase(stamps.begin());
  stamps.insert(std::upper_bound(stamps.begin(), stamps.end(), stamp), stamp);
}

// Whether the decoder knows of every picture whether others refer to it. In HEVC only others of the same layer count.
bool knows_references(AVCodecID codec) {
  return codec == AV_CODEC_ID_H264 || codec == AV_CODEC_ID_MPEG4 || codec == AV_CODEC_ID_MPEG2VIDEO ||
         codec == AV_CODEC_ID_MPEG1VIDEO;
}

// Whether an H.264 decoder that begins at this key frame gives the frames after it at once. An IDR picture tells it
// that all from there on are good; where a mere recovery point begins, it takes them for good once that has come out.
bool is_idr(const AVPacket& packet, const AVCodecParameters& parameters) {
  constexpr int kSlice = 1;
  constexpr int kIdrSlice = 5;
  const bool has_lengths = parameters.extradata_size > 6 && parameters.extradata[0] == 1;  // else start codes, 0 0 1
  const int length_size = has_lengths ? (parameters.extradata[4] & 3) + 1 : 0;
  const std::span data(packet.data, static_cast<std::size_t>(packet.size));
  for (std::size_t i = 0; i + 4 < data.size();) {
    std::size_t size = 0;
    if (has_lengths) {
      for (int byte = 0; byte < length_size; ++byte) size = size << 8 | data[i++];
    } else if (data[i] == 0 && data[i + 1] == 0 && data[i + 2] == 1) {
      i += 3;
    } else {
      ++i;
      continue;
    }
    const int unit = data[i] & 31;
    if (unit == kSlice || unit == kIdrSlice) return unit == kIdrSlice;
    if (size > data.size() - i) return false;
    i += size;
  }
  return false;
}

int thread_count(int wanted) {
  return wanted > 0 ? wanted : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

bool has_exact_stamps(const Input& input) {
  return (input.format()->iformat->flags & AVFMT_NOTIMESTAMPS) == 0 && input.info().container != kProgramStream;
}

std::optional<NeededPackets> needed_packets(const Input& input, int threads, NeededPackets::Shows shows) {
  if (!shows || !has_exact_stamps(input) || !can_begin_at_key_frames(input)) return std::nullopt;
  // To begin anew, all threads have to come to an end.
  return NeededPackets(std::move(shows), longest_gap(input), 2 * thread_count(threads) - 1);
}

CodecPtr open_codec(const Input& input, int threads) {
  const AVCodecParameters* parameters = input.stream()->codecpar;
  const char* name = avcodec_get_name(parameters->codec_id);
  const AVCodec* decoder = avcodec_find_decoder(parameters->codec_id);
  if (decoder == nullptr) {
    throw Unsupported(fmt::format("{}: this FFmpeg has no decoder for its video ({})", input.name(), name));
  }
  const LogCapture log;
  CodecPtr codec(avcodec_alloc_context3(decoder));
  if (!codec) throw std::bad_alloc();
  int code = avcodec_parameters_to_context(codec.get(), parameters);
  codec->pkt_timebase = input.stream()->time_base;
  codec->thread_count = thread_count(threads);
  codec->max_pixels = kMostPixels;
  if (code >= 0) code = avcodec_open2(codec.get(), decoder, nullptr);
  if (code < 0) throw_error(code, fmt::format("{}: cannot decode its video ({})", input.name(), name), &log);
  return codec;
}

}  // namespace

Decoder::Decoder(Input& input, int threads, DecodeStats& stats, NeededPackets::Shows shows)
    : input_(input),
      stats_(stats),
      packets_(input, needed_packets(input, threads, std::move(shows))),
      codec_(open_codec(input, threads)),
      packet_(make_packet()),
      received_(make_frame()),
      timeline_(frame_seconds(input.info()), longest_gap(input)),
      longest_gap_s_(longest_gap(input)),
      stamps_count_((input.format()->iformat->flags & AVFMT_NOTIMESTAMPS) == 0),
      exact_stamps_(has_exact_stamps(input)) {}

bool Decoder::can_seek() const { return input_.can_seek() && exact_stamps_ && timeline_.splices() == 0; }

bool Decoder::seek(double time_s) {
  if (!input_.seek(time_s)) return false;
  packets_.clear();
  forget();
  lost_.clear();
  refusals_in_a_row_ = 0;
  holds_picture_ = ended_ = last_cut_ = left_out_ = left_out_any_ = misled_ = false;
  held_back_.reset();
  entry_.reset();
  await_key_ = true;
  latest_dts_ = AV_NOPTS_VALUE;
  return true;
}

// Decoding goes on elsewhere.
void Decoder::forget() {
  avcodec_flush_buffers(codec_.get());
  timeline_ = Timeline(frame_seconds(input_.info()), longest_gap_s_);
  expected_.clear();
  corrupt_.clear();
  errors_pending_ = 0;
  latest_stamp_.reset();
}

bool Decoder::next(Moment& moment, AVFrame* picture) {
  const LogCapture log;  // keeps the words of the latest complaint for the list of problems
  while (true) {
    if (!lost_.empty()) {
      moment = lost_.front();
      lost_.pop_front();
      return true;
    }
    if (holds_picture_) {
      moment = held_;
      holds_picture_ = false;
      if (!moment.bad) {
        av_frame_unref(picture);
        av_frame_move_ref(picture, received_.get());
      }
      return true;
    }
    if (ended_) return false;
    switch (receive()) {
      case Received::kNeedsPacket:
        feed();
        break;
      case Received::kEnd:
        ended_ = true;
        break;
      case Received::kPicture:
      case Received::kNothing:
        break;
    }
  }
}

// One try to get a picture out of the decoder.
Decoder::Received Decoder::receive() {
  av_frame_unref(received_.get());
  const int code = avcodec_receive_frame(codec_.get(), received_.get());
  if (code == AVERROR(EAGAIN)) return Received::kNeedsPacket;
  if (code == AVERROR_EOF) return drained();
  if (code < 0) {
    note_bad_packet(error_text(code));
    return Received::kNothing;
  }
  ++stats_.frames_decoded;
  if (entry_ && stamp_of(*received_) < *entry_) return Received::kNothing;  // it refers to what was left out
  if ((entry_ || packets_.may_leave_out()) && !is_as_planned(*received_)) {
    misled_ = left_out_any_;
    if (misled_) return Received::kEnd;
    packets_.need_all();
  }
  queue_lost_before(stamp_of(*received_));
  const bool bad = is_damaged(*received_);
  // The last frames have none where a container has no presentation times: each follows the one before.
  held_ = place(received_->best_effort_timestamp, received_->pkt_duration, bad);
  holds_picture_ = true;
  return Received::kPicture;
}

// The decoder is empty: at the end, or before it begins anew.
Decoder::Received Decoder::drained() {
  // The key frame has to come out, and all that was decoded to be shown unless errors tell why not.
  misled_ = entry_ || (held_back_ && !expected_.empty() && errors_pending_ == 0);
  if (misled_) return Received::kEnd;
  queue_lost_before(AV_NOPTS_VALUE);
  if (!held_back_) return Received::kEnd;
  forget();
  entry_ = stamp_of(*packet_);
  await_entry_ = codec_->codec_id == AV_CODEC_ID_H264 && !is_idr(*packet_, *input_.stream()->codecpar);
  decode(*std::exchange(held_back_, std::nullopt));
  return Received::kNothing;
}

// Whether a frame is what was taken for granted when others were left out.
bool Decoder::is_as_planned(const AVFrame& frame) {
  const std::int64_t stamp = stamp_of(frame);
  if (frame.best_effort_timestamp != stamp || (latest_stamp_ && stamp <= *latest_stamp_)) return false;
  latest_stamp_ = stamp;
  if (!entry_) return true;
  const bool whole = (frame.flags & AV_FRAME_FLAG_CORRUPT) == 0 && frame.decode_error_flags == 0;
  return stamp == *std::exchange(entry_, std::nullopt) && whole;
}

// Gives the decoder one packet of the video, or tells it that there are no more.
void Decoder::feed() {
  while (true) {
    Need need = Need::kPicture;
    const int code = packets_.read(packet_.get(), need);
    if (code == AVERROR_INVALIDDATA && ++refusals_in_a_row_ < kMostRefusals) {
      note_bad_packet("the container cannot be read here");
      continue;
    }
    if (code < 0) {
      finish_input(code);
      return;
    }
    refusals_in_a_row_ = 0;
    if (packet_->dts != AV_NOPTS_VALUE) latest_dts_ = std::max(latest_dts_, packet_->dts);
    if (await_key_ && (packet_->flags & AV_PKT_FLAG_KEY) == 0) continue;
    await_key_ = false;
    if (need == Need::kNothing && !(await_entry_ && entry_)) {
      left_out_ = left_out_any_ = true;
      last_cut_ = false;
      continue;
    }
    if (!std::exchange(left_out_, false)) {
      decode(need);
    } else {
      held_back_ = need;
      send(nullptr);
    }
    return;
  }
}

// Gives the decoder packet_.
void Decoder::decode(Need need) {
  watch(*packet_, need);
  const bool may_drop = need != Need::kPicture && knows_references(codec_->codec_id);
  left_out_any_ = left_out_any_ || may_drop;
  codec_->skip_frame = may_drop ? AVDISCARD_NONREF : AVDISCARD_DEFAULT;
  send(packet_.get());
}

void Decoder::send(const AVPacket* packet) {
  if (packet != nullptr) codec_->reordered_opaque = stamp_of(*packet);
  const int code = avcodec_send_packet(codec_.get(), packet);
  if (code >= 0 || code == AVERROR_EOF) return;
  if (code == AVERROR(ENOMEM)) throw std::bad_alloc();
  note_bad_packet(error_text(code));
}

void Decoder::watch(const AVPacket& packet, Need need) {
  const std::int64_t stamp = stamp_of(packet);
  if (packet.pts == AV_NOPTS_VALUE) exact_stamps_ = false;
  last_cut_ = (packet.flags & AV_PKT_FLAG_CORRUPT) != 0;
  if (last_cut_) {
    ++stats_.bad_packets;
    add_problem(stats_, fmt::format("packet at {:.3f} s: the container says that it is damaged or cut",
                                    static_cast<double>(stamp) * input_.tick_s()));
    // Broadcast formats say so of the packet before a loss too, which may well be whole: there the decoder decides.
    const bool broadcast = (input_.format()->iformat->flags & AVFMT_TS_DISCONT) != 0;
    if (stamp != AV_NOPTS_VALUE && !broadcast) insert_sorted(corrupt_, stamp);
  }
  const bool comes_out = (packet.flags & AV_PKT_FLAG_DISCARD) == 0 && need == Need::kPicture;
  if (stamp != AV_NOPTS_VALUE && comes_out) {
    insert_sorted(expected_, Expected{stamp, packet.pts != AV_NOPTS_VALUE});
  }
}

void Decoder::note_bad_packet(const std::string& reason) {
  ++stats_.bad_packets;
  ++errors_pending_;
  add_problem(stats_, fmt::format("packet {}: {}", stats_.frames_decoded + stats_.bad_packets - 1, reason));
}

void Decoder::finish_input(int code) {
  const AVIOContext* io = input_.format()->pb;
  if (code == AVERROR_EOF && io != nullptr && io->error < 0) code = io->error;
  const std::string interruption = input_.interruption();
  if (input_.stopped()) throw IoError(fmt::format("{}: {}", input_.name(), interruption));
  if (code != AVERROR_EOF || !interruption.empty()) {
    stats_.partial = true;
    add_problem(stats_, fmt::format("reading ended early: {}", interruption.empty() ? error_text(code) : interruption));
  }
  check_truncation();
  send(nullptr);
}

// FFmpeg takes the end of a cut file for the end of the video; its index or length says otherwise.
void Decoder::check_truncation() {
  AVStream* stream = input_.stream();
  bool cut = refusals_in_a_row_ > 0 || last_cut_;
  double wanted_s = 0.0;
  if (const int entries = avformat_index_get_entries_count(stream); entries > 0) {
    const AVIndexEntry* last = avformat_index_get_entry(stream, entries - 1);
    if (last != nullptr && (latest_dts_ == AV_NOPTS_VALUE || last->timestamp > latest_dts_)) {
      cut = true;
      wanted_s = static_cast<double>(last->timestamp) * input_.tick_s();
    }
  }
  if (const auto& declared = input_.declared_end(); declared) {
    const double slack_s = 1.5 * frame_seconds(input_.info()) + (declared->of_stream ? 0.0 : 0.1);
    if (packets_.end_of_data_s() < declared->time_s - slack_s) {
      cut = true;
      wanted_s = std::max(wanted_s, declared->time_s);
    }
  }
  if (!cut) return;
  stats_.truncated = stats_.partial = true;
  add_problem(stats_, wanted_s > 0.0 ? fmt::format("the file is cut: its data ends at {:.3f} s of {:.3f} s",
                                                   packets_.end_of_data_s(), wanted_s)
                                     : "the file is cut before its end");
}

bool Decoder::is_damaged(const AVFrame& frame) {
  bool damaged = (frame.flags & AV_FRAME_FLAG_CORRUPT) != 0 || frame.decode_error_flags != 0;
  const std::int64_t stamp = stamp_of(frame);
  const auto found = std::find(corrupt_.begin(), corrupt_.end(), stamp);
  if (found != corrupt_.end()) {
    corrupt_.erase(found);
    damaged = true;
  }
  if (damaged && errors_pending_ > 0) --errors_pending_;
  return damaged;
}

// Frames are lost where the decoder reported errors and time stamps that went in did not come out. At the end `stamp`
// is AV_NOPTS_VALUE. Stamps without an error are no loss: some codecs have packets without a picture.
void Decoder::queue_lost_before(std::int64_t stamp) {
  auto end = expected_.end();
  if (stamp != AV_NOPTS_VALUE) end = std::lower_bound(expected_.begin(), expected_.end(), Expected{stamp});
  for (auto lost = expected_.begin(); lost != end && errors_pending_ > 0; ++lost, --errors_pending_) {
    lost_.push_back(place(lost->presented_then ? lost->stamp : AV_NOPTS_VALUE, 0, true));
  }
  if (end != expected_.end() && end->stamp == stamp) ++end;
  expected_.erase(expected_.begin(), end);
}

Moment Decoder::place(std::int64_t stamp, std::int64_t duration, bool bad) {
  std::optional<double> stamp_s;
  if (stamp != AV_NOPTS_VALUE && stamps_count_) stamp_s = static_cast<double>(stamp) * input_.tick_s();
  const double time_s =
      timeline_.place(stamp_s, static_cast<double>(std::max<std::int64_t>(duration, 0)) * input_.tick_s());
  return {time_s, timeline_.duration_s(), bad};
}

}  // namespace longtake::media
