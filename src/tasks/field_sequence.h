// A series of radar or climate fields as a model sees it: in its unit, on its grid, at its steps.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "fields/coding.h"
#include "fields/gaps.h"
#include "fields/radar_series.h"
#include "longtake/state.h"
#include "tasks/extrapolation.h"

namespace longtake::tasks {

// Where a series comes from, and what its files do not say.
struct FieldSource {
  std::string name;                           // in messages
  std::string path;                           // a folder of files, or one file
  double spacing = 0;                         // of its grid, in metres or degrees; 0 takes what the files say
  std::optional<fields::ZRelation> relation;  // between its dBZ and rain rates; none takes that of the fields
  std::optional<double> interval_s;           // that rain fell in, where the files give a depth without it
  fields::RadarOptions radar;
};

// Brings a field to the unit and spacing of an input spec. Rain is averaged as a rate, so a coarse cell has the rain of
// its fine ones.
class FieldPreparer {
 public:
  // Throws InvalidArgument as fields::check_field_spec().
  FieldPreparer(const InputSpec& spec, const FieldSource& source);

  // The field for a channel. Throws InvalidArgument for a unit that does not convert, and for a grid of unknown or
  // coarser spacing where the spec wants one, saying what may be set.
  fields::Field operator()(fields::Field field, std::int64_t channel) const;

 private:
  fields::Field regrid(fields::Field field) const;

  const FieldSource source_;
  InputSpec spec_;
  fields::FieldCoding coding_;
};

// The files of a source: those of a folder and of those in it that a radar's reader knows, sorted by path, or the one
// file. Throws BadData where there are none.
std::vector<Files::Path> field_files(const Files& files, const FieldSource& source);

// From each time to the next, the median, whatever their order and however often each is there; 0 for a single one.
std::int64_t usual_distance_s(std::vector<std::int64_t> times);

// One frame. What is missing in it is 0.
struct FieldFrame {
  Tensor values;  // float32 [quantities, height, width], in [0, 1]
  Tensor valid;   // uint8 [height, width]
};

// Was anything measured in it?
bool has_measurement(const FieldFrame& frame);

// As two tensors of a state of one stream, whose names begin with `prefix`. Loading throws InvalidArgument where they
// are not there, or not of a frame of one quantity on such a grid.
void save_frame(const FieldFrame& frame, const std::string& prefix, State& state);
FieldFrame load_frame(const std::string& prefix, const State& state, std::int64_t height, std::int64_t width);

struct SequenceOptions {
  fields::GapPolicy gaps = fields::GapPolicy::kFill;
  // A frame may be that far from its step and still be taken as it is; others are made from the two around them.
  std::int64_t tolerance_s = 30;
};

// All fields of a source, prepared, in memory. One in which nothing was measured is as one that is missing.
class FieldSequence {
 public:
  // Throws InvalidArgument and BadData that name the source, and IoError. GapPolicy::kError refuses what is not clean.
  FieldSequence(const Files& files, const InputSpec& spec, const FieldSource& source, const SequenceOptions& options);

  const std::string& name() const { return name_; }
  std::int64_t height() const { return like_.height; }
  std::int64_t width() const { return like_.width; }
  // A field of the prepared grid.
  const fields::Field& like() const { return like_; }
  const fields::TimeFindings& findings() const { return findings_; }
  // Fields in which nothing was measured.
  std::int64_t empty_fields() const { return empty_fields_; }
  // On single times, a sentence each, as fields::remarks().
  const std::vector<std::string>& remarks() const { return remarks_; }
  // Of the frames there are, rising; and the usual distance from one field to the next.
  const std::vector<std::int64_t>& times() const { return times_; }
  std::int64_t native_step_s() const { return native_step_s_; }

  // Is there a frame at `time`, or are there two around it that are no further apart than one and a half steps?
  bool has(std::int64_t time) const;
  // The frame at `time`: as it was measured, or carried along the motion between the two around it; nothing valid in it
  // where there are none. It stays valid while the sequence lives.
  const FieldFrame& at(std::int64_t time, Extrapolator& extrapolator);

 private:
  struct Around {
    std::size_t before, after;  // equal where a frame is at the time
  };
  void read_frames(const fields::FieldSeries& series, const InputSpec& spec, const FieldPreparer& prepare);
  std::optional<Around> around(std::int64_t time) const;
  FieldFrame make(std::int64_t time, Extrapolator& extrapolator) const;

  std::string name_;
  SequenceOptions options_;
  fields::Field like_;
  fields::TimeFindings findings_;
  std::int64_t empty_fields_ = 0;
  std::vector<std::string> remarks_;
  std::vector<std::int64_t> times_;
  std::int64_t native_step_s_ = 0;
  std::vector<FieldFrame> frames_;              // at times_
  std::map<std::int64_t, FieldFrame> between_;  // made so far
};

}  // namespace longtake::tasks
