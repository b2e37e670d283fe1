// The annotations of MultiTHUMOS (1507.05738): a folder with class_list.txt, lines "1 BaseballPitch", and
// annotations/<Class>.txt, lines "video_validation_0000051 67.5 75.9" in seconds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/video_places.h"

namespace longtake {

// The names of class_list.txt in order. The first number may be 0 or 1, since nothing but the list uses it, and each
// must be one more than that before. Throws BadData naming source and line.
std::vector<std::string> parse_multithumos_classes(std::string_view text, const std::string& source_name);

// The annotations of one class, without paths; the classes are `labels`. Throws BadData naming source and line for what
// annotations.h checks and for a class that is none of them.
Dataset parse_multithumos_class(std::string_view text, const std::string& source_name, const std::string& label,
                                const std::vector<std::string>& labels);

// Videos of THUMOS'14's validation set are split "train", those of its test set "test". A class without a file, and a
// file without a class, are BadData.
Dataset read_multithumos(const Files& files, const Files::Path& folder, const VideoPlaces& places);

}  // namespace longtake
