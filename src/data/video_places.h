// Where the videos of annotations lie, and which split they are of.
#pragma once

#include <string>
#include <vector>

#include "base/files.h"
#include "data/dataset.h"

namespace longtake {

struct VideoPlaces {
  Files::Path videos;  // the folder of the videos
  // A video's file is videos/<prefix><name><extension>, the extension only where the name has none of a video.
  std::string prefix;
  std::string extension = ".mp4";
  // Text files with the name of a video per line. Where any is given, they say which split a video is of, and videos on
  // none of them are left out.
  Files::Path train_list;
  Files::Path validation_list;
  Files::Path test_list;
};

// Gives the items, whose ids are the names of their videos, paths and splits: by the lists, else as the annotations
// say, else by the name's first folder where that is called like a split (train/a). A warning names the videos in the
// folders of the annotated ones that have no annotation, and those on lists that have none. Throws BadData for
// a video on two lists, and IoError.
Dataset locate_videos(const Files& files, Dataset annotated, const VideoPlaces& places);

}  // namespace longtake
