// The packets of the video stream, in the order of decoding, and what each is needed for.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "media/ffmpeg.h"
#include "media/input.h"
#include "media/needed.h"

namespace longtake::media {

// What ties a frame to its packet. Some containers, such as AVI, have no presentation times.
std::int64_t stamp_of(const AVPacket& packet);

class Packets {
 public:
  // `input` outlives it. Without `needed` nothing is read ahead.
  Packets(Input& input, std::optional<NeededPackets> needed) : input_(input), needed_(std::move(needed)) {}

  // The next packet, or FFmpeg's error code. What is needed is known some packets ahead, as far as these take little
  // memory; where it is not, every picture is.
  int read(AVPacket* packet, Need& need);
  // After the input went elsewhere: forgets what was read ahead.
  void clear();
  // Every packet from here on is needed; as NeededPackets::need_all().
  void need_all() {
    if (needed_) needed_->need_all();
  }
  // Some may turn out to be not needed.
  bool may_leave_out() const { return needed_ && !needed_->in_sequence(); }
  // The latest end of any packet, of any stream, that was read.
  double end_of_data_s() const { return end_of_data_s_; }

 private:
  // A packet that was read ahead, or why there is none.
  struct Ahead {
    PacketPtr packet;
    int code = 0;
  };

  int read_one(AVPacket* packet);
  bool looks_ahead() const;
  void read_ahead();
  ComingPacket describe(const AVPacket& packet) const;

  Input& input_;
  std::optional<NeededPackets> needed_;
  std::deque<Ahead> ahead_;
  std::vector<PacketPtr> spare_;
  std::int64_t bytes_ahead_ = 0;
  bool ended_ = false;      // the last of ahead_ is an error that ends the file
  bool lost_some_ = false;  // an error since the packet before
  double end_of_data_s_ = 0.0;
};

// Whether decoding `input` can begin at any key frame and give, from that frame on, the pictures and times that it
// gives from the start: the codec must forget what came before, and the container must time every packet.
bool can_begin_at_key_frames(const Input& input);

}  // namespace longtake::media
