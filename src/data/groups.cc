// Groups and the splits made of them.
#include "data/groups.h"

#include <fmt/format.h>

#include <map>
#include <regex>
#include <set>
#include <utility>

#include "base/text.h"
#include "longtake/error.h"

namespace longtake {
namespace {

// std::regex recurses per character, so names and patterns are kept to what file systems allow.
constexpr std::size_t kLongestName = 255;

std::regex compile(const std::string& pattern) {
  if (pattern.empty() || pattern.size() > kLongestName) {
    throw InvalidArgument(
        fmt::format("a file name pattern has {} characters; 1 to {} are wanted", pattern.size(), kLongestName));
  }
  try {
    return std::regex(pattern, std::regex::ECMAScript);
  } catch (const std::regex_error& error) {
    throw InvalidArgument(
        fmt::format("the file name pattern \"{}\" is no regular expression: {}", pattern, error.what()));
  }
}

std::string name_of(const DatasetItem& item) {
  std::string name = item.path.filename().string();
  if (name.size() > kLongestName) throw BadData(fmt::format("{:.200}...: the file name is too long", item.id));
  return name;
}

std::map<std::string, std::string> split_of_groups(const GroupSplits& splits) {
  std::map<std::string, std::string> split_of;
  const auto add = [&split_of](const std::vector<std::string>& groups, std::string_view split) {
    for (const std::string& group : groups) {
      const auto [entry, added] = split_of.emplace(group, split);
      if (!added) {
        throw InvalidArgument(fmt::format("group \"{}\" is listed for both {} and {}", group, entry->second, split));
      }
    }
  };
  add(splits.train, kTrainSplit);
  add(splits.validation, kValidationSplit);
  add(splits.test, kTestSplit);
  return split_of;
}

}  // namespace

Dataset with_groups(Dataset dataset, const std::string& pattern) {
  const std::regex expression = compile(pattern);
  if (expression.mark_count() == 0) {
    throw InvalidArgument(
        fmt::format("the group pattern \"{}\" captures nothing; parentheses around the group's name are wanted, as in "
                    "\"^([^_]+)_\"",
                    pattern));
  }
  for (DatasetItem& item : dataset.items) {
    const std::string name = name_of(item);
    std::smatch match;
    if (!std::regex_search(name, match, expression) || match[1].length() == 0) {
      throw BadData(
          fmt::format("{}: the group pattern \"{}\" finds no group in the file name", item.path.string(), pattern));
    }
    item.group = match[1].str();
  }
  return dataset;
}

Dataset split_by_groups(Dataset dataset, const GroupSplits& splits) {
  const std::map<std::string, std::string> split_of = split_of_groups(splits);
  std::set<std::string> present;
  for (const DatasetItem& item : dataset.items) {
    if (!item.group.empty()) present.insert(item.group);
  }
  if (present.empty() && !split_of.empty()) {
    throw InvalidArgument(fmt::format(
        "group \"{}\" is listed for {}, but no item of the dataset has a group; a group pattern finds it in "
        "the file's name",
        split_of.begin()->first, split_of.begin()->second));
  }
  for (const auto& [group, split] : split_of) {
    if (present.contains(group)) continue;
    const std::vector<std::string> known(present.begin(), present.end());
    throw InvalidArgument(unknown_name_message("group", group, fmt::format("the list for {}", split), known));
  }
  std::erase_if(dataset.items, [&split_of](const DatasetItem& item) { return !split_of.contains(item.group); });
  for (DatasetItem& item : dataset.items) item.split = split_of.at(item.group);
  return dataset;
}

Dataset filter_by_name(Dataset dataset, const std::string& pattern) {
  const std::regex expression = compile(pattern);
  std::erase_if(dataset.items,
                [&expression](const DatasetItem& item) { return !std::regex_search(name_of(item), expression); });
  if (dataset.items.empty()) {
    throw InvalidArgument(fmt::format("no file name in the dataset matches \"{}\"", pattern));
  }
  return dataset;
}

}  // namespace longtake
