// Events as subtitles: WebVTT (https://www.w3.org/TR/webvtt1/) and SubRip. A cue is the event's label and its highest
// score; cues come by their start, in a stream as soon as no earlier one can follow.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reports/result_writer.h"

namespace longtake::reports {

enum class SubtitleKind : std::uint8_t { kWebVtt, kSubRip };

// "01:02:03.456", for SubRip with a comma. Hours have two digits or as many as they need; times before 0 are 0.
std::string subtitle_time(double time_s, SubtitleKind kind);

// `label` as one line of a cue that shows just these characters. WebVTT has entities for them; SubRip has none, so
// < > { }, which players take for formatting, become characters that look alike.
std::string subtitle_text(std::string_view label, SubtitleKind kind);

class SubtitleWriter : public ResultWriter {
 public:
  SubtitleWriter(std::vector<std::string> labels, SubtitleKind kind) : kind_(kind), labels_(std::move(labels)) {}

  std::string head() override;
  std::string video(const tasks::VideoResult& result) override;
  std::string frame(std::string_view source, const tasks::FrameScores& frame, std::span<const tasks::EventEdge> edges,
                    const std::optional<LiveCounters>& live) override;
  std::string finish(const tasks::VideoResult& result, std::span<const tasks::EventEdge> edges,
                     const std::optional<LiveCounters>& live) override;

 private:
  std::string cue(const tasks::Event& event);
  void take(std::span<const tasks::EventEdge> edges);
  // The cues that start before everything that is still going on.
  std::string ready_cues();

  SubtitleKind kind_;
  std::vector<std::string> labels_;
  int cues_ = 0;
  std::vector<tasks::Event> open_;   // told to have started
  std::vector<tasks::Event> ended_;  // not written yet
};

}  // namespace longtake::reports
