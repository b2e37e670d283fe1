#include "reports/activitynet.h"

#include <fmt/format.h>

#include <filesystem>

#include "longtake/error.h"
#include "reports/result_text.h"

namespace longtake::reports {

std::string ActivityNetWriter::head() {
  videos_.clear();
  streaming_ = false;
  return R"({"version": "longtake", "results": {)";
}

std::string ActivityNetWriter::open_video(std::string_view source) {
  const std::string name = std::filesystem::path(source).stem().string();
  if (!videos_.insert(name).second) {
    throw InvalidArgument(fmt::format("{}: another video in this document is called \"{}\", too", source, name));
  }
  first_event_ = true;
  return fmt::format("{}\n{}: [", videos_.size() == 1 ? "" : ",", json_string(name));
}

std::string ActivityNetWriter::add(const tasks::Event& event) {
  const std::string comma = first_event_ ? "" : ",";
  first_event_ = false;
  return fmt::format("{}\n  {{\"label\": {}, \"score\": {}, \"segment\": [{}, {}]}}", comma,
                     json_string(label_at(labels_, event.label)), number_text(event.peak), number_text(event.start_s),
                     number_text(event.end_s));
}

std::string ActivityNetWriter::add_ended(std::span<const tasks::EventEdge> edges) {
  std::string out;
  for (const tasks::EventEdge& edge : edges) {
    if (!edge.start) out += add(edge.event);
  }
  return out;
}

std::string ActivityNetWriter::video(const tasks::VideoResult& result) {
  std::string out = open_video(result.source);
  for (const tasks::Event& event : result.events) out += add(event);
  return out + "]";
}

std::string ActivityNetWriter::frame(std::string_view source, const tasks::FrameScores&,
                                     std::span<const tasks::EventEdge> edges, const std::optional<LiveCounters>&) {
  std::string out;
  if (!streaming_) out = open_video(source);
  streaming_ = true;
  return out + add_ended(edges);
}

std::string ActivityNetWriter::finish(const tasks::VideoResult& result, std::span<const tasks::EventEdge> edges,
                                      const std::optional<LiveCounters>&) {
  std::string out;
  if (!streaming_) out = open_video(result.source);
  streaming_ = false;
  return out + add_ended(edges) + "]";
}

std::string ActivityNetWriter::tail() { return "\n}, \"external_data\": {}}\n"; }

}  // namespace longtake::reports
