// Which packets of a file have to be decoded for its samples. Between two key frames lies a group of pictures: where no
// sample shows one of them, or none any more, the rest of the group need not be decoded. Knows nothing of FFmpeg, so
// that its rules can be tested with numbers alone.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <utility>

namespace longtake::media {

// What a packet is decoded for.
enum class Need : std::uint8_t {
  kPicture,    // its picture is shown, or may be
  kReference,  // pictures that are shown may refer to its own
  kNothing,    // it and all that follow it up to the next key frame need not be decoded
};

// A packet that was read and not yet decoded.
struct ComingPacket {
  double time_s = 0.0;  // when its picture comes on show; NaN where nobody knows
  bool key = false;     // decoding can begin here
  bool whole = true;    // its picture is shown, and nothing is known to be damaged in it or lost before it
};

// Use: push() each packet in the order of decoding until settled() says that enough of them lie ahead, then take() what
// the oldest is needed for. Packets that are taken before that, and all after time stamps that make no sense, are
// needed.
class NeededPackets {
 public:
  // Whether a sample shows a picture that is on show in [from_s, until_s); the answer for a span may turn from true to
  // false as samples are handed out, never back.
  using Shows = std::function<bool(double from_s, double until_s)>;

  // A picture on show for more than `longest_gap_s` is a splice of time stamps. A rest of a group, or all of it, that
  // is shorter than `least_left_out` packets is decoded all the same.
  NeededPackets(Shows shows, double longest_gap_s, std::int64_t least_left_out)
      : shows_(std::move(shows)), longest_gap_s_(longest_gap_s), least_left_out_(least_left_out) {}

  void push(const ComingPacket& packet);
  // No packets follow those that were pushed.
  void finish();
  // Enough is known of the oldest packet's group, or no more will be asked.
  bool settled() const { return in_sequence_ || after_leading_ > 0; }
  // What the oldest packet is needed for; it goes.
  Need take();
  // Everything is needed from here on, because the time stamps make no sense or need_all() said so. The latter may be
  // called while nothing is left out, or before clear().
  bool in_sequence() const { return in_sequence_; }
  void need_all() { in_sequence_ = true; }
  // For packets from elsewhere in the file: forgets those that were not taken.
  void clear();

 private:
  struct Packet : ComingPacket {
    std::optional<double> until_s;  // when the next picture comes on show
  };

  void look_at(std::int64_t i);
  void look_no_further();
  void plan();
  bool make_spans();
  Need judge();

  Shows shows_;
  double longest_gap_s_;
  std::int64_t least_left_out_;
  // The rest of a group, the next key frame, the pictures that follow that in decoding but are shown before it
  // ("leading", as HEVC calls them; they may refer to the group), and packets beyond.
  std::deque<Packet> packets_;
  std::int64_t next_key_ = 0;       // where the next key frame is; 0: not known
  std::int64_t after_leading_ = 0;  // where its leading pictures end; 0: not known
  bool finished_ = false;
  bool planned_ = false;
  bool needs_all_ = false;    // of this group
  bool leaving_out_ = false;  // nothing is decoded now
  bool in_sequence_ = false;
};

}  // namespace longtake::media
