#include "data/multithumos.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "data/annotations.h"
#include "longtake/error.h"

namespace longtake {

std::vector<std::string> parse_multithumos_classes(std::string_view text, const std::string& source_name) {
  std::vector<std::string> labels;
  std::int64_t wanted = 0;
  for (const Line& line : read_lines(text, source_name)) {
    const std::string where = place(source_name, line.number);
    const std::size_t space = line.text.find_first_of(" \t");
    if (space == std::string_view::npos) {
      throw BadData(
          fmt::format("{}: \"{:.80}\" is not a number and a class, such as \"1 BaseballPitch\"", where, line.text));
    }
    const std::int64_t number = parse_int64(line.text.substr(0, space), where);
    if (labels.empty() && number != 0 && number != 1) {
      throw BadData(fmt::format("{}: the first class has number {}; classes count from 0 or 1", where, number));
    }
    if (!labels.empty() && number != wanted) {
      throw BadData(fmt::format("{}: class number {} where {} is wanted", where, number, wanted));
    }
    wanted = number + 1;
    std::string name(trim(line.text.substr(space)));
    if (std::find(labels.begin(), labels.end(), name) != labels.end()) {
      throw BadData(fmt::format("{}: the class \"{:.80}\" is listed twice", where, name));
    }
    labels.push_back(std::move(name));
  }
  check_not_empty(labels.empty(), source_name, "a line per class, such as \"1 BaseballPitch\", is wanted");
  return labels;
}

Dataset parse_multithumos_class(std::string_view text, const std::string& source_name, const std::string& label,
                                const std::vector<std::string>& labels) {
  AnnotationCollector annotations(labels);
  collect_interval_lines(text, source_name, label, annotations);
  return annotations.finish();
}

Dataset read_multithumos(const Files& files, const Files::Path& folder, const VideoPlaces& places) {
  const Files::Path list = folder / "class_list.txt";
  const std::vector<std::string> labels = parse_multithumos_classes(files.read(list), list.string());
  const std::vector<std::string> names = files.list(folder / "annotations");
  for (const std::string& name : names) {
    if (name[0] == '.' || !name.ends_with(".txt")) continue;
    const std::string label = name.substr(0, name.size() - 4);
    if (std::find(labels.begin(), labels.end(), label) != labels.end()) continue;
    throw BadData(fmt::format("{}: {}", (folder / "annotations" / name).string(),
                              unknown_name_message("class", label, list.string(), labels)));
  }
  AnnotationCollector annotations(labels);
  for (const std::string& label : labels) {
    const Files::Path path = folder / "annotations" / (label + ".txt");
    if (std::find(names.begin(), names.end(), label + ".txt") == names.end()) {
      throw BadData(fmt::format("{}: the class \"{:.80}\" has no file {}", list.string(), label, path.string()));
    }
    collect_interval_lines(files.read(path), path.string(), label, annotations);
  }
  check_not_empty(annotations.empty(), (folder / "annotations").string(), "lines \"video start end\" are wanted");
  return locate_videos(files, annotations.finish(), places);
}

}  // namespace longtake
