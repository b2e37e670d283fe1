#include "training/optimizer_options.h"

#include <fmt/format.h>

#include "longtake/error.h"

namespace longtake::training {

OptimizerKind parse_optimizer(const std::string& word) {
  if (word == "sgd") return OptimizerKind::kSgd;
  if (word == "rmsprop") return OptimizerKind::kRmsProp;
  if (word == "adam") return OptimizerKind::kAdam;
  if (word == "adamw") return OptimizerKind::kAdamW;
  throw ConfigError(fmt::format("unknown optimizer \"{}\"; it is one of sgd, rmsprop, adam, adamw", word));
}

}  // namespace longtake::training
