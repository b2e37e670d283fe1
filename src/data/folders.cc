// Walks the folders of read_class_folders().
#include "data/folders.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <system_error>
#include <utility>

#include "data/list_file.h"
#include "longtake/error.h"

namespace longtake {
namespace {

using Path = Files::Path;

// The class folders below one folder, which is the root or that of a split.
struct Level {
  Path folder;
  std::string split;
};

bool is_folder(const Path& path) {
  std::error_code missing;  // a broken link is no folder
  return std::filesystem::is_directory(path, missing);
}

std::vector<std::string> visible_folders(const Files& files, const Path& folder) {
  std::vector<std::string> names;
  for (const std::string& name : files.list(folder)) {
    if (name[0] != '.' && is_folder(folder / name)) names.push_back(name);
  }
  return names;
}

std::vector<Level> levels_of(const Files& files, const Path& root) {
  std::vector<Level> levels;
  for (const std::string& name : visible_folders(files, root)) {
    const std::optional<std::string> split = find_split_name(name);
    // Folders of videos are classes even when one is called "test"; those of folders are splits.
    if (!split || visible_folders(files, root / name).empty()) return {{root, ""}};
    levels.push_back({root / name, *split});
  }
  return levels.empty() ? std::vector<Level>{{root, ""}} : levels;
}

void add_class(const Files& files, const Path& root, const Level& level, const std::string& name, LabelIndex& labels,
               ItemCollector& items) {
  const Path folder = level.folder / name;
  bool found = false;
  for (const std::string& file : files.list(folder)) {
    if (file[0] == '.' || !has_video_extension(file) || is_folder(folder / file)) continue;
    DatasetItem item;
    item.path = folder / file;
    item.label = labels.find_or_add(name, folder.string());
    item.split = level.split;
    items.add(std::move(item), (folder / file).lexically_relative(root).generic_string(), folder.string());
    found = true;
  }
  if (!found) {
    throw BadData(fmt::format("{}: the folder of class \"{}\" holds no video file", folder.string(), name));
  }
}

}  // namespace

bool has_video_extension(const std::filesystem::path& name) {
  static constexpr std::array<std::string_view, 24> kExtensions{
      ".mp4",  ".avi", ".mkv", ".mov", ".webm", ".mpg", ".mpeg", ".m4v", ".wmv", ".flv",  ".ts",  ".mts",
      ".m2ts", ".3gp", ".ogv", ".ogg", ".gif",  ".y4m", ".vob",  ".mxf", ".asf", ".h264", ".264", ".m2v"};
  std::string extension = name.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

Dataset read_class_folders(const Files& files, const Path& root) {
  if (files.exists(root) && !is_folder(root)) {
    throw BadData(
        fmt::format("{}: is no folder; one that holds a folder of videos per class is wanted", root.string()));
  }
  LabelIndex labels;
  ItemCollector items;
  for (const Level& level : levels_of(files, root)) {
    const std::vector<std::string> classes = visible_folders(files, level.folder);
    if (classes.empty()) {
      throw BadData(fmt::format("{}: there is no folder in it; one per class is wanted, such as {}",
                                level.folder.string(), (level.folder / "walking" / "a.mp4").string()));
    }
    for (const std::string& name : classes) add_class(files, root, level, name, labels, items);
  }
  Dataset dataset;
  dataset.items = items.take();
  dataset.labels = labels.finish(dataset.items);
  return dataset;
}

}  // namespace longtake
