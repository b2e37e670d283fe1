#include "data/thumos14.h"

#include <fmt/format.h>

#include "data/annotations.h"
#include "longtake/error.h"

namespace longtake {

std::string thumos14_class(std::string_view file_name) {
  for (const std::string_view ending : {"_val.txt", "_test.txt"}) {
    if (file_name.ends_with(ending)) return std::string(file_name.substr(0, file_name.size() - ending.size()));
  }
  return "";
}

Dataset parse_thumos14(std::string_view text, const std::string& source_name, const std::string& label) {
  AnnotationCollector annotations({});
  collect_interval_lines(text, source_name, label, annotations);
  return annotations.finish();
}

Dataset read_thumos14(const Files& files, const std::vector<Files::Path>& folders, const VideoPlaces& places) {
  AnnotationCollector annotations({});
  std::string names;
  for (const Files::Path& folder : folders) {
    names += (names.empty() ? "" : ", ") + folder.string();
    for (const std::string& name : files.list(folder)) {
      const Files::Path path = folder / name;
      const std::string label = thumos14_class(name);
      if (name[0] == '.' || label == "Ambiguous") continue;
      if (label.empty()) {
        annotations.warn(
            fmt::format("{}: it is no <Class>_val.txt or <Class>_test.txt and was left out", path.string()));
        continue;
      }
      collect_interval_lines(files.read(path), path.string(), label, annotations);
    }
  }
  check_not_empty(annotations.empty(), names, "files such as BaseballPitch_val.txt are wanted");
  return locate_videos(files, annotations.finish(), places);
}

}  // namespace longtake
