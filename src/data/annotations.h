// What the readers of intervals share: gathering them by video, and the checks that every format needs. Private to
// data.
//
// An interval must not end before it starts, start before 0, start at or after the end of a video whose length is
// known, or end more than a second after it. One that ends a little after it is cut, and intervals of one class in one
// video that overlap are merged; both give a warning with its place.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset.h"
#include "data/list_file.h"

namespace longtake {

// Annotations are rounded, so an interval may end this much after its video.
inline constexpr double kRounding = 1.0;  // seconds

class AnnotationCollector {
 public:
  // `labels` fixes the classes and their order; empty takes the names that turn up, sorted.
  explicit AnnotationCollector(const std::vector<std::string>& labels);

  // The number of the video `name`, which is new or was there already. Throws BadData that starts with `where` for a
  // name that would lead out of the folder of the videos.
  std::size_t video(std::string_view name, const std::string& where);
  // Throws BadData that starts with `where` when the video has another split already.
  void set_split(std::size_t video, std::string_view split, const std::string& where);
  void set_duration(std::size_t video, double duration_s, const std::string& where);
  // Throws BadData that starts with `where` for a class that is not among given ones and times that make no sense.
  void add(std::size_t video, std::string_view label, double start_s, double end_s, const std::string& where);
  void warn(std::string warning) { warnings_.push_back(std::move(warning)); }

  bool empty() const { return videos_.empty(); }
  // The items in the order of their names, which are their ids; they have no path yet.
  Dataset finish();

 private:
  struct Entry {
    Interval interval;
    std::string where;
  };
  struct Video {
    std::string name;
    std::string split;
    std::optional<double> duration_s;
    std::vector<Entry> entries;
  };

  std::vector<Interval> merged(Video& video);

  LabelIndex labels_;
  std::vector<std::string> label_names_;  // by provisional number, for messages
  std::vector<Video> videos_;
  std::map<std::string, std::size_t, std::less<>> numbers_;
  std::vector<std::string> warnings_;
};

// Reads lines "video start end", white space between, all of class `label`: a file of MultiTHUMOS and of THUMOS'14. The
// videos of THUMOS'14's validation set ("video_validation_...") are what is trained on, since its training set has
// trimmed videos only; "video_test_..." is the test set.
void collect_interval_lines(std::string_view text, const std::string& source_name, const std::string& label,
                            AnnotationCollector& annotations);

}  // namespace longtake
