#include "tasks/recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <map>

#include "base/random.h"
#include "base/text.h"
#include "data/flow_input.h"
#include "data/folders.h"
#include "data/groups.h"
#include "data/kinetics.h"
#include "data/manifest.h"
#include "data/split_lists.h"
#include "longtake/error.h"
#include "tasks/dense_data.h"

namespace longtake::tasks {

std::string expand_variables(const std::string& text) {
  std::string out;
  std::size_t at = 0;
  while (true) {
    const std::size_t open = text.find("${", at);
    const std::size_t close = open == std::string::npos ? open : text.find('}', open);
    if (close == std::string::npos) return out + text.substr(at);
    out += text.substr(at, open - at);
    const std::string inside = text.substr(open + 2, close - open - 2);
    const std::size_t dash = inside.find(":-");
    const std::string name = inside.substr(0, dash);
    const char* value = std::getenv(name.c_str());
    if (value != nullptr && *value != '\0') {
      out += value;
    } else if (dash != std::string::npos) {
      out += inside.substr(dash + 2);
    } else {
      throw ConfigError(fmt::format("{}: the environment variable {} is not set", text, name));
    }
    at = close + 1;
  }
}

namespace {

void read_flow(const Options& input, InputSpec& spec) {
  if (!input.has("flow")) return;
  static const std::array<std::string, 4> methods{"dis", "farneback", "tvl1", "video"};
  spec.flow = input.get_choice("flow", spec.flow, methods);
  spec.flow_coding = input.get_choice("flow_coding", spec.flow_coding, kFlowCodings);
  if (spec.colour == "gray") throw input.error("colour", "must be \"rgb\" or \"bgr\": flow has three channels");
  if (!spec.measures_flow()) return;
  spec.flow_fps = input.get("flow_fps", spec.flow_fps);
  if (!(spec.flow_fps >= 0 && spec.flow_fps <= 1000)) {
    throw input.error("flow_fps", "must be from 0 (the frame before) to 1000");
  }
  try {
    pictures_per_frame(spec);
  } catch (const InvalidArgument&) {
    throw input.error("flow_fps", "must be a whole multiple of fps, which must be set, too");
  }
}

}  // namespace

InputSpec read_input(const Options& input) {
  static const std::array<std::string, 3> colours{"rgb", "bgr", "gray"};
  static const std::array<std::string, 2> policies{"stretch", "shorter_side"};
  InputSpec spec;
  spec.fps = input.get("fps", spec.fps);
  spec.width = input.get("width", spec.width);
  spec.height = input.get("height", spec.height);
  spec.resize = input.get_choice("resize", spec.resize, policies);
  spec.crop_width = input.get("crop_width", spec.crop_width);
  spec.crop_height = input.get("crop_height", spec.crop_height);
  spec.colour = input.get_choice("colour", spec.colour, colours);
  spec.mean = input.get("mean", spec.mean);
  spec.scale = input.get("scale", spec.scale);
  spec.standardise = input.get("standardise", spec.standardise);
  if (!(spec.fps >= 0 && spec.fps <= 1000)) throw input.error("fps", "must be from 0 (every frame) to 1000");
  read_flow(input, spec);
  for (const auto& [key, size] :
       {std::pair{"width", spec.width}, std::pair{"height", spec.height}, std::pair{"crop_width", spec.crop_width},
        std::pair{"crop_height", spec.crop_height}}) {
    if (size < 0 || size > 16384) throw input.error(key, "must be from 0 to 16384 pixels");
  }
  if ((spec.crop_width == 0) != (spec.crop_height == 0)) {
    throw input.error("crop_width", "and crop_height go together: set both or none");
  }
  // With "shorter_side" the longer side depends on the video.
  const bool size_is_known = spec.resize == "stretch" && spec.width > 0 && spec.height > 0;
  if (size_is_known && (spec.crop_width > spec.width || spec.crop_height > spec.height)) {
    throw input.error("crop_width", fmt::format("x crop_height, {} x {}, must lie within width x height, {} x {}",
                                                spec.crop_width, spec.crop_height, spec.width, spec.height));
  }
  for (const auto& [key, values] : {std::pair{"mean", &spec.mean}, std::pair{"scale", &spec.scale}}) {
    const auto count = static_cast<std::int64_t>(values->size());
    if (count != 0 && count != spec.channels()) {
      throw input.error(key, fmt::format("needs one number per channel, {} for {}", spec.channels(), spec.colour));
    }
  }
  return spec;
}

namespace {

// What lists the items, before splits and groups.
DataLister read_format(const Options& data) {
  static const std::array<std::string, 9> formats{"folders",        "manifest",       "ucf101",
                                                  "hmdb51",         "kinetics",       kDenseFormats[0],
                                                  kDenseFormats[1], kDenseFormats[2], kDenseFormats[3]};
  const std::string format = data.get_choice("format", "folders", formats);
  const auto labels = data.get<std::vector<std::string>>("labels", {});
  if (std::find(kDenseFormats.begin(), kDenseFormats.end(), format) != kDenseFormats.end()) {
    return read_dense_format(data, format);
  }
  const auto expand = expand_variables;
  if (format == "folders") {
    return
        [=, path = data.require_text("path")](const Files& files) { return read_class_folders(files, expand(path)); };
  }
  if (format == "manifest") {
    return [=, path = data.require_text("path")](const Files& files) {
      return read_manifest(files, expand(path), labels);
    };
  }
  if (format == "kinetics") {
    return [=, path = data.require_text("path"), videos = data.require_text("videos"),
            class_folders = data.get("class_folders", false)](const Files& files) {
      return read_kinetics(files, expand(path),
                           {.videos = expand(videos), .class_folders = class_folders, .labels = labels});
    };
  }
  if (format == "hmdb51") {
    return [=, videos = data.require_text("videos"), lists = data.require_text("lists"),
            split = data.get("split", 1)](const Files& files) {
      return read_hmdb51(files, {expand(videos), expand(lists), split});
    };
  }
  const Ucf101Lists ucf101{.videos = data.require_text("videos"),
                           .class_index = data.require_text("class_index"),
                           .train_list = data.get("train_list", ""),
                           .test_list = data.get("test_list", ""),
                           .first_label = data.get<std::int64_t>("first_label", 1),
                           .extension = data.get("extension", "")};
  return [=](const Files& files) {
    Ucf101Lists expanded = ucf101;
    for (auto* path : {&expanded.videos, &expanded.class_index, &expanded.train_list, &expanded.test_list}) {
      *path = expand(path->string());
    }
    return read_ucf101(files, expanded);
  };
}

// Which groups go where, as [data] says; none where it does not.
class Grouping {
 public:
  explicit Grouping(const Options& data)
      : pattern_(data.get("group_pattern", "")),
        splits_{data.get<std::vector<std::string>>("train_groups", {}),
                data.get<std::vector<std::string>>("validation_groups", {}),
                data.get<std::vector<std::string>>("test_groups", {})} {
    if (!pattern_.empty()) apply_pattern({});  // complains of a pattern that is none
  }

  Dataset apply(Dataset dataset) const {
    if (!pattern_.empty()) dataset = apply_pattern(std::move(dataset));
    if (splits_.train.empty() && splits_.validation.empty() && splits_.test.empty()) return dataset;
    return of_recipe([&] { return split_by_groups(std::move(dataset), splits_); });
  }

 private:
  Dataset apply_pattern(Dataset dataset) const {
    return of_recipe([&] { return with_groups(std::move(dataset), pattern_); });
  }

  template <class Use>
  static Dataset of_recipe(const Use& use) {
    try {
      return use();
    } catch (const InvalidArgument& error) {
      throw ConfigError(std::string("[data]: ") + error.what());
    }
  }

  std::string pattern_;
  GroupSplits splits_;
};

// Moves a share of each class from "train" to "validation", always the same one.
void hold_out(Dataset& dataset, double share) {
  std::map<std::int64_t, std::vector<DatasetItem*>> by_class;
  for (DatasetItem& item : dataset.items) {
    if (item.split == kTrainSplit) by_class[item.label].push_back(&item);
  }
  for (auto& [label, items] : by_class) {
    Random random(0, static_cast<std::uint64_t>(label));
    random.shuffle(std::span(items));
    const auto count = static_cast<std::size_t>(std::lround(share * static_cast<double>(items.size())));
    for (std::size_t i = 0; i < count; ++i) items[i]->split = kValidationSplit;
  }
}

}  // namespace

DataLister read_data(const Options& data) {
  const DataLister list = read_format(data);
  const auto labels = data.get<std::vector<std::string>>("labels", {});
  const auto classes = data.get<std::int64_t>("classes", 0);
  if (classes != 0 && (classes < 2 || classes > 1000000)) throw data.error("classes", "must be from 2 to 1000000");
  for (auto label = labels.begin(); label != labels.end(); ++label) {
    if (std::find(labels.begin(), label, *label) == label) continue;
    throw data.error("labels", fmt::format("names the class \"{}\" twice", *label));
  }
  const Grouping grouping(data);
  const auto max_frames = data.get<std::int64_t>("max_frames", 0);
  if (max_frames < 0) throw data.error("max_frames", "must be at least 0 (all)");
  const double share = data.get("validation_share", 0.0);
  if (!(share >= 0 && share < 1)) throw data.error("validation_share", "must be at least 0 and below 1");
  return [=](const Files& files) {
    Dataset dataset = list(files);
    if (!labels.empty()) dataset = align_labels(dataset, labels);
    for (const std::string& label : dataset.labels) {
      if (!is_utf8(label)) {
        throw BadData(fmt::format("[data]: the name of the class \"{}\" is not UTF-8; rename its folder or label",
                                  as_utf8(label)));
      }
    }
    dataset = grouping.apply(std::move(dataset));
    const bool has_splits = std::any_of(dataset.items.begin(), dataset.items.end(),
                                        [](const DatasetItem& item) { return !item.split.empty(); });
    for (DatasetItem& item : dataset.items) {
      if (!has_splits) item.split = kTrainSplit;
      item.max_frames = max_frames;
    }
    if (share > 0) hold_out(dataset, share);
    return dataset;
  };
}

Dataset load_dataset(const Files& files, const Options& data) { return read_data(data)(files); }

std::vector<std::string> dataset_labels(const Files& files, const Options& data) {
  const DataLister list = read_data(data);
  auto labels = data.get<std::vector<std::string>>("labels", {});
  if (!labels.empty()) return labels;
  const auto classes = data.get<std::int64_t>("classes", 0);
  if (classes == 0) return list(files).labels;
  std::vector<std::string> numbered;
  for (std::int64_t i = 0; i < classes; ++i) numbered.push_back(fmt::format("class{:03}", i));
  return numbered;
}

}  // namespace longtake::tasks
