// Clips of a run's report: a few pictures of each, and what was said about it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace longtake::reports {

struct SampleClip {
  std::string path;
  double start_s = 0;
  double end_s = 0;
  std::string truth;
  std::string predicted;  // the truth where it was recognised
  double truth_probability = 0;
  std::vector<std::vector<std::byte>> thumbnails;  // PNG or JPEG files, in the order of time
};

// A section with that id and title, and a sentence that explains the pictures where there is one. Nothing without
// clips.
std::string sample_clips_html(std::string_view id, std::string_view title, std::string_view explanation,
                              std::span<const SampleClip> clips);

}  // namespace longtake::reports
