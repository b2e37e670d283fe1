#include "media/packets.h"

#include <algorithm>
#include <limits>

namespace longtake::media {
namespace {

// As far as is read ahead: two groups of pictures in most files.
constexpr std::size_t kMostAhead = 1024;
constexpr std::int64_t kMostBytesAhead = std::int64_t{32} << 20;

bool changes_parameters(const AVPacket& packet) {
  return av_packet_get_side_data(&packet, AV_PKT_DATA_NEW_EXTRADATA, nullptr) != nullptr ||
         av_packet_get_side_data(&packet, AV_PKT_DATA_PARAM_CHANGE, nullptr) != nullptr;
}

}  // namespace

std::int64_t stamp_of(const AVPacket& packet) { return packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts; }

bool can_begin_at_key_frames(const Input& input) {
  // Broadcast formats may lose packets and jump in time at any point.
  constexpr int kOddTimes = AVFMT_NOTIMESTAMPS | AVFMT_TS_DISCONT;
  if (!input.can_seek() || (input.format()->iformat->flags & kOddTimes) != 0) return false;
  const AVCodecID codec = input.stream()->codecpar->codec_id;
  switch (codec) {
    case AV_CODEC_ID_H264:
    case AV_CODEC_ID_HEVC:
    case AV_CODEC_ID_AV1:
    case AV_CODEC_ID_VP8:
    case AV_CODEC_ID_VP9:
    case AV_CODEC_ID_MPEG1VIDEO:
    case AV_CODEC_ID_MPEG2VIDEO:
    case AV_CODEC_ID_MPEG4:
    case AV_CODEC_ID_PNG:
      return true;
    default:
      const AVCodecDescriptor* descriptor = avcodec_descriptor_get(codec);
      return descriptor != nullptr && (descriptor->props & AV_CODEC_PROP_INTRA_ONLY) != 0;
  }
}

int Packets::read(AVPacket* packet, Need& need) {
  need = Need::kPicture;
  while (looks_ahead()) read_ahead();
  if (ahead_.empty()) return read_one(packet);
  av_packet_unref(packet);  // what it holds would be lost by moving another into it
  Ahead next = std::move(ahead_.front());
  ahead_.pop_front();
  if (next.code < 0) return next.code;
  need = needed_->take();
  bytes_ahead_ -= next.packet->size;
  av_packet_move_ref(packet, next.packet.get());
  spare_.push_back(std::move(next.packet));
  return 0;
}

void Packets::clear() {
  if (needed_) needed_->clear();
  ahead_.clear();
  bytes_ahead_ = 0;
  ended_ = lost_some_ = false;
  end_of_data_s_ = 0.0;
}

// The next packet of the video from the container.
int Packets::read_one(AVPacket* packet) {
  while (true) {
    av_packet_unref(packet);
    const int code = input_.read(packet);
    if (code < 0) return code;
    const AVStream& stream = *input_.format()->streams[packet->stream_index];
    if (const std::int64_t stamp = stamp_of(*packet); stamp != AV_NOPTS_VALUE) {
      const double end_s = static_cast<double>(stamp + packet->duration) * av_q2d(stream.time_base);
      end_of_data_s_ = std::max(end_of_data_s_, end_s);
    }
    if (packet->stream_index == input_.info().stream) return 0;
  }
}

bool Packets::looks_ahead() const {
  return needed_ && !ended_ && !needed_->settled() && ahead_.size() < kMostAhead && bytes_ahead_ < kMostBytesAhead;
}

void Packets::read_ahead() {
  PacketPtr packet;
  if (spare_.empty()) {
    packet = make_packet();
  } else {
    packet = std::move(spare_.back());
    spare_.pop_back();
  }
  const int code = read_one(packet.get());
  if (code < 0) {
    ahead_.push_back({nullptr, code});
    lost_some_ = true;
    ended_ = code != AVERROR_INVALIDDATA;
    if (ended_) needed_->finish();
    return;
  }
  needed_->push(describe(*packet));
  lost_some_ = false;
  bytes_ahead_ += packet->size;
  ahead_.push_back({std::move(packet), 0});
}

ComingPacket Packets::describe(const AVPacket& packet) const {
  ComingPacket coming;
  coming.key = (packet.flags & AV_PKT_FLAG_KEY) != 0;
  coming.whole =
      (packet.flags & (AV_PKT_FLAG_CORRUPT | AV_PKT_FLAG_DISCARD)) == 0 && !lost_some_ && !changes_parameters(packet);
  // A key frame is shown later than it is decoded where others are decoded before their turn; if not, the time of
  // presentation is a mere copy of that of decoding.
  const bool copied = coming.key && input_.stream()->codecpar->video_delay > 0 && packet.dts != AV_NOPTS_VALUE &&
                      packet.pts <= packet.dts;
  coming.time_s = packet.pts == AV_NOPTS_VALUE || copied ? std::numeric_limits<double>::quiet_NaN()
                                                         : static_cast<double>(packet.pts) * input_.tick_s();
  return coming;
}

}  // namespace longtake::media
