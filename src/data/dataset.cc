// Splits, labels and the summary of a Dataset.
#include "data/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <set>
#include <utility>

#include "base/text.h"
#include "longtake/error.h"

namespace longtake {
namespace {

constexpr std::size_t kNamesInMessage = 5;

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return result;
}

std::string quoted_list(std::span<const std::string> names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kNamesInMessage); ++i) {
    text += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", names[i]);
  }
  if (names.size() > kNamesInMessage) text += fmt::format(" and {} more", names.size() - kNamesInMessage);
  return text;
}

// use(label) for the item's label, or for that of each of its intervals.
template <class Use>
void for_labels(const DatasetItem& item, const Use& use) {
  if (item.label != kNoLabel) use(item.label);
  for (const Interval& interval : item.intervals) use(interval.label);
}

}  // namespace

std::optional<std::string> find_split_name(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kNames{{
      {"train", kTrainSplit},
      {"training", kTrainSplit},
      {"validation", kValidationSplit},
      {"validate", kValidationSplit},
      {"valid", kValidationSplit},
      {"val", kValidationSplit},
      {"test", kTestSplit},
      {"testing", kTestSplit},
  }};
  const std::string wanted = lower(name);
  for (const auto& [alias, split] : kNames) {
    if (wanted == alias) return std::string(split);
  }
  return std::nullopt;
}

std::string parse_split_name(std::string_view name, std::string_view where) {
  if (std::optional<std::string> split = find_split_name(name)) return *std::move(split);
  throw BadData(
      fmt::format("{}: \"{:.80}\" is no split; \"train\", \"validation\" or \"test\" is wanted", where, name));
}

Dataset select_split(const Dataset& dataset, std::string_view split) {
  Dataset selected{dataset.labels, {}, dataset.dense, dataset.warnings};
  std::copy_if(dataset.items.begin(), dataset.items.end(), std::back_inserter(selected.items),
               [split](const DatasetItem& item) { return item.split == split; });
  if (!selected.items.empty()) return selected;
  std::vector<std::string> names;
  for (const auto& [name, summary] : summarise(dataset)) names.push_back(name.empty() ? "(none)" : name);
  throw InvalidArgument(fmt::format("the dataset has no item in split \"{}\"; its splits are: {}", split,
                                    names.empty() ? "none, it is empty" : join(names, ", ")));
}

Dataset align_labels(const Dataset& dataset, std::span<const std::string> model_labels) {
  std::vector<bool> used(dataset.labels.size());
  for (const DatasetItem& item : dataset.items) {
    for_labels(item, [&](std::int64_t label) { used.at(static_cast<std::size_t>(label)) = true; });
  }

  std::vector<std::int64_t> model_label(dataset.labels.size(), -1);
  std::vector<std::string> unknown;
  for (std::size_t i = 0; i < dataset.labels.size(); ++i) {
    const auto found = std::find(model_labels.begin(), model_labels.end(), dataset.labels[i]);
    if (found != model_labels.end()) {
      model_label[i] = found - model_labels.begin();
    } else if (used[i]) {
      unknown.push_back(dataset.labels[i]);
    }
  }
  if (!unknown.empty()) {
    throw BadData(fmt::format(
        "the dataset's labels do not match the model: it has {} of {} labels that the model does not know ({}); the "
        "model's {} labels are {}",
        unknown.size(), dataset.labels.size(), quoted_list(unknown), model_labels.size(), quoted_list(model_labels)));
  }

  Dataset aligned{{model_labels.begin(), model_labels.end()}, dataset.items, dataset.dense, dataset.warnings};
  for (DatasetItem& item : aligned.items) {
    if (item.label != kNoLabel) item.label = model_label[static_cast<std::size_t>(item.label)];
    for (Interval& interval : item.intervals) interval.label = model_label[static_cast<std::size_t>(interval.label)];
    std::sort(item.intervals.begin(), item.intervals.end(), starts_before);
  }
  return aligned;
}

std::map<std::string, SplitSummary> summarise(const Dataset& dataset) {
  std::map<std::string, SplitSummary> summaries;
  for (const DatasetItem& item : dataset.items) {
    SplitSummary& summary = summaries[item.split];
    summary.items_per_label.resize(dataset.labels.size());
    ++summary.items;
    summary.intervals += static_cast<std::int64_t>(item.intervals.size());
    std::set<std::int64_t> present;
    for_labels(item, [&](std::int64_t label) { present.insert(label); });
    for (const std::int64_t label : present) ++summary.items_per_label.at(static_cast<std::size_t>(label));
    if (!item.group.empty()) ++summary.items_per_group[item.group];
  }
  return summaries;
}

std::string describe(const Dataset& dataset) {
  std::string text = fmt::format("{} items of {} classes\n", dataset.items.size(), dataset.labels.size());
  for (const auto& [name, summary] : summarise(dataset)) {
    text += fmt::format("{}: {} items", name.empty() ? "without split" : name, summary.items);
    if (dataset.dense) text += fmt::format(", {} intervals", summary.intervals);
    if (!summary.items_per_group.empty()) text += fmt::format(" of {} groups", summary.items_per_group.size());
    text += "\n";
    for (std::size_t i = 0; i < dataset.labels.size(); ++i) {
      text += fmt::format("  {:>6}  {}\n", summary.items_per_label[i], dataset.labels[i]);
    }
    for (const auto& [group, items] : summary.items_per_group) text += fmt::format("  {:>6}  group {}\n", items, group);
  }
  return text;
}

}  // namespace longtake
