// The annotations of ActivityNet, which many dense sets use:
//
//   {"database": {"a0": {"subset": "training", "duration": 12.5,
//                        "annotations": [{"label": "wave", "segment": [0.5, 2.25]}]}}}
//
// Other keys are ignored.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/video_places.h"

namespace longtake {

// Without paths of videos. `labels` fixes the classes and their order; empty takes the names that turn up, sorted.
// "training", "validation" and "testing" are the splits. A video without annotations is left out with a warning: nobody
// can tell whether nothing happens in it or its annotations are kept back, as those of ActivityNet's test set are.
// Every error is BadData that begins with "source_name:line: ".
Dataset parse_activitynet(std::string_view text, const std::string& source_name,
                          const std::vector<std::string>& labels = {});
Dataset read_activitynet(const Files& files, const Files::Path& path, const std::vector<std::string>& labels,
                         const VideoPlaces& places);

// A dense dataset as such a file, an annotation per line; `durations_s` are those of its items.
std::string write_activitynet(const Dataset& dataset, std::span<const double> durations_s);

}  // namespace longtake
