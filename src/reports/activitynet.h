// Events in the form in which ActivityNet's evaluators take predictions, one JSON document for any number of videos:
//
//   {"version": "longtake", "results": {"a": [{"label": "wave", "score": 0.875, "segment": [0.04, 1.5]}]},
//    "external_data": {}}
//
// A video is called as its file without folder and extension, and a score is the event's highest smoothed one.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reports/result_writer.h"

namespace longtake::reports {

class ActivityNetWriter : public ResultWriter {
 public:
  explicit ActivityNetWriter(std::vector<std::string> labels) : labels_(std::move(labels)) {}

  std::string head() override;
  // Throws InvalidArgument, besides, for a second video of the same name: its events would hide those of the first.
  std::string video(const tasks::VideoResult& result) override;
  // Of a stream each event is written when it has ended.
  std::string frame(std::string_view source, const tasks::FrameScores& frame, std::span<const tasks::EventEdge> edges,
                    const std::optional<LiveCounters>& live) override;
  std::string finish(const tasks::VideoResult& result, std::span<const tasks::EventEdge> edges,
                     const std::optional<LiveCounters>& live) override;
  std::string tail() override;

 private:
  std::string open_video(std::string_view source);
  std::string add(const tasks::Event& event);
  std::string add_ended(std::span<const tasks::EventEdge> edges);

  std::vector<std::string> labels_;
  std::set<std::string> videos_;  // in this document
  bool streaming_ = false;
  bool first_event_ = true;  // of the video that is open
};

}  // namespace longtake::reports
