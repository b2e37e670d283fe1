// From packets to pictures with times: one video stream decoded in display order, damage counted and placed in time.
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "longtake/video_reader.h"
#include "media/ffmpeg.h"
#include "media/input.h"
#include "media/needed.h"
#include "media/packets.h"
#include "media/sampler.h"
#include "media/timeline.h"

namespace longtake::media {

class Decoder {
 public:
  // Both outlive the decoder. With `shows`, pictures that no sample shows may be left out where the file allows it;
  // without, there are all. Throws Unsupported where this FFmpeg has no decoder for the stream.
  Decoder(Input& input, int threads, DecodeStats& stats, NeededPackets::Shows shows = {});

  // The next frame in display order; false at the end. A bad moment has no picture and leaves `picture` alone.
  bool next(Moment& moment, AVFrame* picture);
  // Reading ended because the file is not what its packets say: a key frame after pictures that were left out cannot be
  // decoded alone, or pictures come in another order than their time stamps. The moments so far are right, what follows
  // has to be read without leaving out any.
  bool misled() const { return misled_; }
  // Nothing is left out any more, from the next seek() on.
  void need_all() { packets_.need_all(); }
  // Goes on at the key frame at or before `time_s`. False where that failed; then nothing can be read any more.
  bool seek(double time_s);
  // Whether times after a seek are those of reading in sequence.
  bool can_seek() const;

 private:
  enum class Received : std::uint8_t { kPicture, kNothing, kNeedsPacket, kEnd };
  Received receive();
  Received drained();
  bool is_as_planned(const AVFrame& frame);
  void feed();
  void decode(Need need);
  void send(const AVPacket* packet);
  void forget();
  void watch(const AVPacket& packet, Need need);
  void finish_input(int code);
  void check_truncation();
  void note_bad_packet(const std::string& reason);
  bool is_damaged(const AVFrame& frame);
  void queue_lost_before(std::int64_t stamp);
  Moment place(std::int64_t stamp, std::int64_t duration, bool bad);

  Input& input_;
  DecodeStats& stats_;
  Packets packets_;
  CodecPtr codec_;
  PacketPtr packet_;
  FramePtr received_;
  Timeline timeline_;
  double longest_gap_s_;
  bool stamps_count_;      // the container has time stamps worth the name
  bool exact_stamps_;      // ... that are the same after a seek
  bool last_cut_ = false;  // the packet read last is not whole

  // A packet whose picture is awaited.
  struct Expected {
    std::int64_t stamp = 0;
    bool presented_then = false;  // else it is when the packet is decoded, and nobody knows when its picture is due
    friend bool operator<(const Expected& a, const Expected& b) {
      return a.stamp != b.stamp ? a.stamp < b.stamp : a.presented_then < b.presented_then;
    }
  };
  // What went in and has not come out yet, by time stamp, to tell which frame it was that an error swallowed.
  std::vector<Expected> expected_;
  std::vector<std::int64_t> corrupt_;
  int errors_pending_ = 0;

  std::deque<Moment> lost_;  // bad moments that come before received_
  bool holds_picture_ = false;
  Moment held_;
  bool ended_ = false;
  bool await_key_ = false;
  int refusals_in_a_row_ = 0;
  std::int64_t latest_dts_ = AV_NOPTS_VALUE;

  // Where packets are left out, the decoder gives what it holds and begins anew at a key frame.
  bool left_out_ = false;                     // the packet before
  bool left_out_any_ = false;                 // since the last seek()
  std::optional<Need> held_back_;             // packet_ is that key frame and waits for the decoder to be empty
  std::optional<std::int64_t> entry_;         // its time stamp, until it came out
  bool await_entry_ = false;                  // nothing more is left out before it did
  std::optional<std::int64_t> latest_stamp_;  // of the frames that came out since
  bool misled_ = false;
};

}  // namespace longtake::media
