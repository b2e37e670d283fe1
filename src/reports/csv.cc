#include "reports/csv.h"

#include <cmath>

#include "reports/result_text.h"

namespace longtake::reports {
namespace {

template <class Number>
std::string number_field(Number value) {
  return std::isfinite(value) ? number_text(value) : std::string();
}

}  // namespace

std::string csv_field(std::string_view text) {
  const bool plain =
      text.find_first_of(",\"\r\n") == std::string_view::npos &&
      (text.empty() || (text.front() != ' ' && text.front() != '\t' && text.back() != ' ' && text.back() != '\t'));
  if (plain) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out += '"';
}

std::string CsvWriter::head() {
  std::string out = detail_ == Detail::kFrames ? "source,frame,time,age,label,score" : "source,partial,label,score";
  for (const std::string& label : labels_) out += "," + csv_field("score:" + label);
  return out += '\n';
}

std::string CsvWriter::top_of(std::span<const float> scores) const {
  const std::optional<std::int64_t> top = leader_of(scores);
  return top ? csv_field(labels_[*top]) + "," + number_field(scores[*top]) : ",";
}

std::string CsvWriter::scores_of(std::span<const float> scores) const {
  std::string out;
  for (std::size_t i = 0; i < labels_.size(); ++i) out += "," + (scores.empty() ? "" : number_field(scores[i]));
  return out;
}

std::string CsvWriter::video_row(const tasks::VideoResult& result) const {
  check_scores(labels_, result.scores, result.source);
  return csv_field(result.source) + (result.decode.partial ? ",true," : ",false,") + top_of(result.scores) +
         scores_of(result.scores) + "\n";
}

std::string CsvWriter::frame_row(std::string_view source, const tasks::FrameScores& frame) const {
  check_scores(labels_, frame.scores, source);
  return csv_field(source) + "," + std::to_string(frame.frame) + "," + number_field(frame.time_s) + "," +
         (frame.age_s >= 0 ? number_field(frame.age_s) : "") + "," + top_of(frame.scores) + scores_of(frame.scores) +
         "\n";
}

std::string CsvWriter::video(const tasks::VideoResult& result) {
  if (detail_ == Detail::kVideo) return video_row(result);
  std::string out;
  for (const tasks::FrameScores& frame : result.frames) out += frame_row(result.source, frame);
  return out;
}

std::string CsvWriter::frame(std::string_view source, const tasks::FrameScores& frame,
                             std::span<const tasks::EventEdge>, const std::optional<LiveCounters>&) {
  return detail_ == Detail::kFrames ? frame_row(source, frame) : std::string();
}

std::string CsvWriter::finish(const tasks::VideoResult& result, std::span<const tasks::EventEdge>,
                              const std::optional<LiveCounters>&) {
  return detail_ == Detail::kVideo ? video_row(result) : std::string();
}

}  // namespace longtake::reports
