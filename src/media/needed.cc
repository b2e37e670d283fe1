#include "media/needed.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace longtake::media {

void NeededPackets::push(const ComingPacket& packet) {
  packets_.push_back({packet});
  if (packets_.size() > 1) look_at(std::ssize(packets_) - 1);
}

void NeededPackets::finish() {
  finished_ = true;
  look_no_further();
}

void NeededPackets::clear() {
  packets_.clear();
  next_key_ = after_leading_ = 0;
  finished_ = planned_ = needs_all_ = leaving_out_ = false;
}

// Is packet `i` behind the oldest the next key frame, or the first behind its leading pictures?
void NeededPackets::look_at(std::int64_t i) {
  const Packet& packet = packets_[i];
  if (next_key_ == 0) {
    if (packet.key) next_key_ = i;
  } else if (after_leading_ == 0 && (packet.key || packet.time_s > packets_[next_key_].time_s)) {
    after_leading_ = i;
  }
}

void NeededPackets::look_no_further() {
  if (finished_ && next_key_ > 0 && after_leading_ == 0) after_leading_ = std::ssize(packets_);
}

Need NeededPackets::take() {
  const Need need = judge();
  leaving_out_ = need == Need::kNothing;
  packets_.pop_front();
  if (next_key_ == 0) return need;
  if (after_leading_ > 0) --after_leading_;
  if (--next_key_ > 0) return need;
  after_leading_ = 0;
  planned_ = false;
  for (std::int64_t i = 1; i < std::ssize(packets_); ++i) look_at(i);
  look_no_further();
  return need;
}

Need NeededPackets::judge() {
  if (!settled()) return Need::kPicture;
  if (!planned_) plan();
  if (in_sequence_ || needs_all_) return Need::kPicture;
  const auto is_shown = [this](std::int64_t i) { return shows_(packets_[i].time_s, *packets_[i].until_s); };
  std::int64_t last = after_leading_ - 1;
  while (last >= 0 && (last == next_key_ || !is_shown(last))) --last;
  if (last < 0 && (leaving_out_ || next_key_ >= least_left_out_)) return Need::kNothing;
  return last >= 0 && is_shown(0) ? Need::kPicture : Need::kReference;
}

// Once for each group, or for what is left of it when it is known.
void NeededPackets::plan() {
  planned_ = true;
  if (in_sequence_) return;
  in_sequence_ = !make_spans();
  needs_all_ =
      !std::all_of(packets_.begin(), packets_.begin() + next_key_ + 1, [](const Packet& p) { return p.whole; });
}

// How long every picture up to the next key frame is on show; false where the times are not those of pictures in order.
bool NeededPackets::make_spans() {
  std::vector<Packet*> shown;
  for (std::int64_t i = 0; i < after_leading_; ++i) {
    if (std::isnan(packets_[i].time_s)) return false;
    shown.push_back(&packets_[i]);
  }
  std::sort(shown.begin(), shown.end(), [](const Packet* a, const Packet* b) { return a->time_s < b->time_s; });
  if (shown.back() != &packets_[next_key_]) return false;
  for (std::size_t i = 0; i + 1 < shown.size(); ++i) {
    const double length_s = shown[i + 1]->time_s - shown[i]->time_s;
    if (!(length_s > 0.0) || length_s > longest_gap_s_) return false;
    if (!shown[i]->until_s) shown[i]->until_s = shown[i + 1]->time_s;
  }
  return true;
}

}  // namespace longtake::media
