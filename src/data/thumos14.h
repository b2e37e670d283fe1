// The temporal annotations of THUMOS'14: a folder of files <Class>_val.txt or <Class>_test.txt, each with lines
// "video_validation_0000051  67.5  75.9" in seconds.
#pragma once

#include <string>
#include <string_view>

#include "data/video_places.h"

namespace longtake {

// The class of a file's name, "BaseballPitch" of "BaseballPitch_val.txt"; empty where it is not of this form.
std::string thumos14_class(std::string_view file_name);

// The annotations of one file, without paths. Throws BadData naming source and line for what annotations.h checks.
Dataset parse_thumos14(std::string_view text, const std::string& source_name, const std::string& label);

// The classes are the sorted names of the files, and may lie in several folders, since validation and test annotations
// come apart. Ambiguous_val.txt, which marks what annotators could not tell, is no class and is left out; other files
// give a warning. Videos of the validation set are split "train", those of the test set "test".
Dataset read_thumos14(const Files& files, const std::vector<Files::Path>& folders, const VideoPlaces& places);

}  // namespace longtake
