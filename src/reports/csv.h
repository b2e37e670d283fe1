// Results as comma separated values: a line of column names, then a row per video or, with Detail::kFrames, per frame.
// Quoting is RFC 4180's; lines end in a line feed; what is no number is an empty field.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/result_writer.h"

namespace longtake::reports {

// `text` as one field: in quotes where it holds a comma, a quote, a line's end or white space at its ends.
std::string csv_field(std::string_view text);

class CsvWriter : public ResultWriter {
 public:
  CsvWriter(std::vector<std::string> labels, Detail detail) : detail_(detail), labels_(std::move(labels)) {}

  std::string head() override;
  std::string video(const tasks::VideoResult& result) override;
  std::string frame(std::string_view source, const tasks::FrameScores& frame, std::span<const tasks::EventEdge> edges,
                    const std::optional<LiveCounters>& live) override;
  std::string finish(const tasks::VideoResult& result, std::span<const tasks::EventEdge> edges,
                     const std::optional<LiveCounters>& live) override;

 private:
  std::string top_of(std::span<const float> scores) const;
  std::string scores_of(std::span<const float> scores) const;
  std::string video_row(const tasks::VideoResult& result) const;
  std::string frame_row(std::string_view source, const tasks::FrameScores& frame) const;

  Detail detail_;
  std::vector<std::string> labels_;
};

}  // namespace longtake::reports
