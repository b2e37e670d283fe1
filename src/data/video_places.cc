#include "data/video_places.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "data/folders.h"
#include "data/list_file.h"
#include "longtake/error.h"

namespace longtake {
namespace {

using Path = Files::Path;

Path path_of(const std::string& name, const VideoPlaces& places) {
  Path path(name);
  path.replace_filename(places.prefix + path.filename().string());
  if (!has_video_extension(path)) path += places.extension;
  return places.videos / path;
}

struct Listed {
  std::string split;
  std::string where;
};

std::map<std::string, Listed> read_split_files(const Files& files, const VideoPlaces& places) {
  std::map<std::string, Listed> listed;
  for (const auto& [path, split] :
       {std::pair{places.train_list, kTrainSplit}, std::pair{places.validation_list, kValidationSplit},
        std::pair{places.test_list, kTestSplit}}) {
    if (path.empty()) continue;
    const std::string text = files.read(path);
    for (const Line& line : read_lines(text, path.string())) {
      const std::string where = place(path.string(), line.number);
      const auto [entry, added] = listed.emplace(line.text, Listed{std::string(split), where});
      if (!added) {
        throw BadData(fmt::format("{}: \"{:.200}\" is listed already at {}", where, line.text, entry->second.where));
      }
    }
  }
  return listed;
}

void split_by_files(const std::map<std::string, Listed>& listed, Dataset& dataset) {
  std::erase_if(dataset.items, [&](const DatasetItem& item) { return !listed.contains(item.id); });
  std::set<std::string> annotated;
  for (DatasetItem& item : dataset.items) {
    item.split = listed.at(item.id).split;
    annotated.insert(item.id);
  }
  for (const auto& [name, entry] : listed) {
    if (annotated.contains(name)) continue;
    dataset.warnings.push_back(fmt::format("{}: no annotation names the video \"{:.200}\"", entry.where, name));
  }
}

void split_by_folder(Dataset& dataset) {
  for (DatasetItem& item : dataset.items) {
    const Path name(item.id);
    if (!item.split.empty() || !name.has_parent_path()) continue;
    item.split = find_split_name(name.begin()->string()).value_or("");
  }
}

void warn_of_unannotated(const Files& files, const std::set<Path>& annotated, Dataset& dataset) {
  std::set<Path> folders;
  for (const Path& path : annotated) folders.insert(path.parent_path());
  for (const Path& folder : folders) {
    if (!files.exists(folder)) continue;
    for (const std::string& name : files.list(folder)) {
      if (name[0] == '.' || !has_video_extension(name) || annotated.contains(folder / name)) continue;
      dataset.warnings.push_back(fmt::format("{}: no annotation names this video", (folder / name).string()));
    }
  }
}

}  // namespace

Dataset locate_videos(const Files& files, Dataset annotated, const VideoPlaces& places) {
  std::set<Path> paths;
  for (DatasetItem& item : annotated.items) {
    item.path = path_of(item.id, places);
    paths.insert(item.path);
  }
  const std::map<std::string, Listed> listed = read_split_files(files, places);
  if (listed.empty()) {
    split_by_folder(annotated);
  } else {
    split_by_files(listed, annotated);
  }
  warn_of_unannotated(files, paths, annotated);
  return annotated;
}

}  // namespace longtake
