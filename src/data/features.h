// Features of videos, computed once by an encoder that does not learn and kept in files, from which a model is then
// trained many times faster. `longtake extract` writes them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/files.h"
#include "data/video_input.h"

namespace longtake {

// Where features lie, and which encoder and input made them.
struct FeatureSource {
  std::filesystem::path folder;
  std::string fingerprint;
};

// The file of an item: its id made harmless, and a checksum of it, so that no two items share one.
std::filesystem::path feature_file(const std::filesystem::path& folder, const DatasetItem& item);

// Writes the clip's features (not its frames) as safetensors: "0", "1", ... float32 [frames, ...] per level and
// "times_s" float64 [frames]; and as metadata the fingerprint, the item, and why the video was partial if it was.
void save_features(const Files& files, const FeatureSource& source, const DatasetItem& item, const Clip& clip);

// Whether load_features() would give them: a file that is damaged, or of another item or encoder, does not count.
bool has_features(const Files& files, const FeatureSource& source, const DatasetItem& item);

// The item's file where another encoder or another [input] made it; nothing where none did, or it cannot be read.
std::optional<std::filesystem::path> features_of_another(const Files& files, const FeatureSource& source,
                                                         const DatasetItem& item);

// Throws IoError when the item's file is missing, saying how it is made.
void require_features(const Files& files, const FeatureSource& source, const DatasetItem& item);

// Throws IoError when the file is missing (saying how it is made), BadData when it is malformed, of another item, made
// by another encoder, or has a number that is not finite (saying of which frame, counted from 0).
Clip load_features(const Files& files, const FeatureSource& source, const DatasetItem& item);

}  // namespace longtake
