// Results as JSON lines: one object per line, keys always in the same order, numbers that read back as the same
// numbers, null for what is no number. docs/output.md has the keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/result_writer.h"

namespace longtake::reports {

// How a video was read, as an object: docs/output.md has its keys.
std::string decode_json(const DecodeStats& stats);

class JsonLinesWriter : public ResultWriter {
 public:
  JsonLinesWriter(std::vector<std::string> labels, Detail detail);

  std::string video(const tasks::VideoResult& result) override;
  std::string frame(std::string_view source, const tasks::FrameScores& frame, std::span<const tasks::EventEdge> edges,
                    const std::optional<LiveCounters>& live) override;
  std::string finish(const tasks::VideoResult& result, std::span<const tasks::EventEdge> edges,
                     const std::optional<LiveCounters>& live) override;

 private:
  std::string label_of(std::int64_t label) const;
  std::string scores_of(std::span<const float> scores) const;
  std::string top_of(std::span<const float> scores) const;
  std::string frame_of(const tasks::FrameScores& frame) const;
  std::string events_of(std::span<const tasks::Event> events) const;
  std::string edges_of(std::span<const tasks::EventEdge> edges) const;

  Detail detail_;
  std::vector<std::string> labels_;  // as JSON strings
};

}  // namespace longtake::reports
