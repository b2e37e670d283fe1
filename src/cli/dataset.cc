#include "cli/dataset.h"

#include <filesystem>

#include "base/files.h"
#include "cli/cli.h"
#include "data/folders.h"
#include "data/manifest.h"
#include "longtake/error.h"
#include "tasks/recipe.h"

namespace longtake::cli {

Dataset open_dataset(const std::string& source, const std::vector<std::string>& overrides) {
  if (source.ends_with(".toml")) {
    const Options recipe = load_recipe(source, overrides);
    return in_recipe(source, recipe, [&] {
      Dataset dataset = tasks::load_dataset(real_files(), recipe.table("data"));
      // The rest says what is done with the data.
      for (const char* rest : {"model", "input", "train", "augment", "evaluate", "events"}) recipe.ignore(rest);
      recipe.check_all_used();
      return dataset;
    });
  }
  if (!overrides.empty()) throw ConfigError("overrides such as \"" + overrides[0] + "\" go with a recipe (.toml)");
  const bool is_file = real_files().exists(source) && !std::filesystem::is_directory(source);
  if (is_file && !source.ends_with(".csv")) {
    throw BadData(source +
                  ": is no data; a folder of videos per class, a manifest (.csv) or a recipe (.toml) is wanted");
  }
  return source.ends_with(".csv") ? read_manifest(real_files(), source) : read_class_folders(real_files(), source);
}

}  // namespace longtake::cli
