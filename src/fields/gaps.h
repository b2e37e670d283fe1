// Whether frames follow each other as they should: gaps, doubles and disorder in a list of times, and the sequences
// that are left when they are dealt with.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fields/field.h"

namespace longtake::fields {

struct TimeGap {
  std::size_t before = 0;    // the index of the last frame before the gap
  std::size_t after = 0;     // the index of the first one behind it
  std::int64_t missing = 0;  // frames that would fill it
  friend bool operator==(const TimeGap&, const TimeGap&) = default;
};

// Indices are those of the list, also where it is out of order.
struct TimeFindings {
  std::vector<std::size_t> order;       // the frames by time, each time once
  std::vector<std::size_t> duplicates;  // frames whose time an earlier one in the list has
  std::vector<std::size_t> disorder;    // frames that are earlier than the one before them in the list
  std::vector<TimeGap> gaps;            // in the order of time
  // Frames that lie off the steps, counted from the frame before them in time: 7 minutes after it where 5 are a step.
  std::vector<std::size_t> irregular;

  bool clean() const { return duplicates.empty() && disorder.empty() && gaps.empty() && irregular.empty(); }
  // "2 gaps (7 frames), 1 duplicate"
  std::string summary() const;
};

// A sentence on each frame whose time an earlier one in the list has, and on the first that lies off the steps. `file`
// names the file of a frame.
std::vector<std::string> remarks(const TimeFindings& findings, std::span<const std::int64_t> times,
                                 const std::function<std::string(std::size_t)>& file);

// `step_s` is the expected distance; a frame may be `tolerance_s` off. Throws InvalidArgument for a step that is not
// above 0 or a tolerance that is not in [0, step_s / 2).
TimeFindings find_gaps(std::span<const std::int64_t> times, std::int64_t step_s, std::int64_t tolerance_s = 0);

enum class GapPolicy : std::uint8_t {
  kSplit,  // a sequence ends at a gap
  kFill,   // up to `most_missing` frames in a row are missing frames of the sequence; a longer gap ends it
  kError,  // anything that is not clean is BadData
};

// One step after the other from `start` on.
struct FrameSequence {
  std::int64_t start = 0;
  std::int64_t step_s = 0;
  std::vector<std::optional<std::size_t>> frames;  // the frame's index in the list; nothing where it is missing

  std::int64_t time(std::size_t i) const { return start + static_cast<std::int64_t>(i) * step_s; }
};

struct GapOptions {
  std::int64_t step_s = 300;
  std::int64_t tolerance_s = 0;
  GapPolicy policy = GapPolicy::kSplit;
  std::int64_t most_missing = 2;  // HKO-7 allows two
};

// Disorder is sorted and of duplicates the first is kept, but for kError, whose message says where the first fault is.
// A frame that lies off the steps starts a sequence of its own. `name` is what messages call the list.
std::vector<FrameSequence> sequences(std::span<const std::int64_t> times, const GapOptions& options,
                                     const std::string& name);

// The i-th frame of a sequence; where it is missing, a field like `like` with nothing valid.
Field read_frame(const FieldSeries& series, const FrameSequence& sequence, std::size_t i, const Field& like);

}  // namespace longtake::fields
