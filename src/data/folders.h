// A folder per class, as in root/kickflip/a.mp4, or one per split above it, as in root/train/kickflip/a.mp4.
#pragma once

#include "base/files.h"
#include "data/dataset.h"

namespace longtake {

// The sorted names of the class folders are the labels. Where root's folders are all called like splits ("train",
// "val", "test"), each holds the class folders of its split. Names that begin with a dot are left out; files that are
// no video by their extension too. Throws BadData naming the folder when no class, or no video in a class, is found,
// and IoError where a folder cannot be read.
Dataset read_class_folders(const Files& files, const Files::Path& root);

// Does the name end like a video or picture file (.mp4, .avi, .mkv, ...)?
bool has_video_extension(const std::filesystem::path& name);

}  // namespace longtake
