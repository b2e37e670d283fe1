#include "reports/json_lines.h"

#include <fmt/format.h>

#include "reports/result_text.h"

namespace longtake::reports {
namespace {

// Elements between brackets or braces, with commas where they belong.
template <class Range, class Text>
std::string listed(char open, const Range& range, char close, Text text) {
  std::string out(1, open);
  for (const auto& element : range) {
    if (out.size() > 1) out += ',';
    out += text(element);
  }
  return out += close;
}

// What the weights of the frames are of; nothing where there are none.
std::string grid_of(const tasks::AttentionGrid& grid) {
  if (grid.window > 0) return fmt::format(R"(,"attention":{{"window":{}}})", grid.window);
  if (grid.height == 0) return "";
  return fmt::format(R"(,"attention":{{"height":{},"width":{}}})", grid.height, grid.width);
}

std::string live_of(const std::optional<LiveCounters>& live) {
  return live ? fmt::format(R"(,"dropped":{},"reconnects":{})", live->dropped, live->reconnects) : "";
}

}  // namespace

std::string decode_json(const DecodeStats& stats) {
  return fmt::format(
      R"({{"partial":{},"frames":{},"bad_frames":{},"bad_packets":{},"skipped":{},"repeated":{},"resolution_changes":{},)"
      R"("truncated":{},"stopped":{},"problems":{}}})",
      stats.partial, stats.frames_out, stats.bad_frames, stats.bad_packets, stats.skipped, stats.repeated,
      stats.resolution_changes, stats.truncated, stats.stopped, listed('[', stats.problems, ']', json_string));
}

JsonLinesWriter::JsonLinesWriter(std::vector<std::string> labels, Detail detail)
    : detail_(detail), labels_(std::move(labels)) {
  for (std::string& label : labels_) label = json_string(label);
}

std::string JsonLinesWriter::label_of(std::int64_t label) const { return label_at(labels_, label); }

std::string JsonLinesWriter::scores_of(std::span<const float> scores) const {
  std::string out = "{";
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (i > 0) out += ',';
    out.append(labels_[i]).append(":").append(number_text(scores[i]));
  }
  return out += '}';
}

std::string JsonLinesWriter::top_of(std::span<const float> scores) const {
  const std::optional<std::int64_t> top = leader_of(scores);
  if (!top) return R"("label":null,"score":null)";
  return fmt::format(R"("label":{},"score":{})", labels_[*top], number_text(scores[*top]));
}

std::string JsonLinesWriter::frame_of(const tasks::FrameScores& frame) const {
  std::string out = fmt::format(R"("frame":{},"time":{},{},"scores":{})", frame.frame, number_text(frame.time_s),
                                top_of(frame.scores), scores_of(frame.scores));
  if (!frame.video.empty()) out += R"(,"video":)" + scores_of(frame.video);
  if (detail_ == Detail::kAttention && !frame.attention.empty()) {
    out += R"(,"attention":)" + listed('[', frame.attention, ']', [](float weight) { return number_text(weight); });
  }
  return out;
}

std::string JsonLinesWriter::events_of(std::span<const tasks::Event> events) const {
  return listed('[', events, ']', [&](const tasks::Event& event) {
    return fmt::format(R"({{"label":{},"start":{},"end":{},"peak":{}}})", label_of(event.label),
                       number_text(event.start_s), number_text(event.end_s), number_text(event.peak));
  });
}

std::string JsonLinesWriter::edges_of(std::span<const tasks::EventEdge> edges) const {
  return listed('[', edges, ']', [&](const tasks::EventEdge& edge) {
    const tasks::Event& event = edge.event;
    if (edge.start) {
      return fmt::format(R"({{"event":"start","label":{},"start":{}}})", label_of(event.label),
                         number_text(event.start_s));
    }
    return fmt::format(R"({{"event":"end","label":{},"start":{},"end":{},"peak":{}}})", label_of(event.label),
                       number_text(event.start_s), number_text(event.end_s), number_text(event.peak));
  });
}

std::string JsonLinesWriter::video(const tasks::VideoResult& result) {
  check_scores(labels_, result.scores, result.source);
  std::string out = fmt::format(R"({{"type":"video","source":{},{},"scores":{},"events":{},"protocol":{},"decode":{})",
                                json_string(result.source), top_of(result.scores), scores_of(result.scores),
                                events_of(result.events), json_string(result.protocol), decode_json(result.decode));
  if (detail_ == Detail::kAttention) out += grid_of(result.attention);
  if (detail_ != Detail::kVideo) {
    out += R"(,"frames":)" + listed('[', result.frames, ']', [&](const tasks::FrameScores& frame) {
             check_scores(labels_, frame.scores, result.source);
             check_scores(labels_, frame.video, result.source);
             return "{" + frame_of(frame) + "}";
           });
  }
  return out + "}\n";
}

std::string JsonLinesWriter::frame(std::string_view source, const tasks::FrameScores& frame,
                                   std::span<const tasks::EventEdge> edges, const std::optional<LiveCounters>& live) {
  check_scores(labels_, frame.scores, source);
  check_scores(labels_, frame.video, source);
  std::string out = fmt::format(R"({{"type":"frame","source":{},{})", json_string(source), frame_of(frame));
  if (frame.age_s >= 0) out += R"(,"age":)" + number_text(frame.age_s);
  return out + live_of(live) + R"(,"events":)" + edges_of(edges) + "}\n";
}

std::string JsonLinesWriter::finish(const tasks::VideoResult& result, std::span<const tasks::EventEdge> edges,
                                    const std::optional<LiveCounters>& live) {
  check_scores(labels_, result.scores, result.source);
  return fmt::format(R"({{"type":"end","source":{},{},"scores":{}{},"events":{},"protocol":{},"decode":{}{}}})",
                     json_string(result.source), top_of(result.scores), scores_of(result.scores), live_of(live),
                     edges_of(edges), json_string(result.protocol), decode_json(result.decode),
                     detail_ == Detail::kAttention ? grid_of(result.attention) : "") +
         "\n";
}

}  // namespace longtake::reports
