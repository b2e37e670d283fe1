// Where verbs take datasets from.
#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"

namespace longtake::cli {

// The dataset of a recipe's [data] (.toml), of a manifest (.csv), or of a folder per class.
Dataset open_dataset(const std::string& source, const std::vector<std::string>& overrides);

}  // namespace longtake::cli
