#include "training/history.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "longtake/error.h"

namespace longtake::training {

namespace {

using Json = nlohmann::ordered_json;

Json optional_to_json(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

std::optional<double> optional_from_json(const Json& json) {
  return json.is_null() ? std::nullopt : std::optional<double>(json.get<double>());
}

Json to_json(const EpochRecord& record) {
  return {{"epoch", record.epoch},
          {"step", record.step},
          {"train_loss", record.train_loss},
          {"learning_rate", record.learning_rate},
          {"validation_loss", optional_to_json(record.validation_loss)},
          {"validation_accuracy", optional_to_json(record.validation_accuracy)},
          {"seconds", record.seconds}};
}

EpochRecord record_from_json(const Json& json) {
  return {json.at("epoch").get<std::int64_t>(),
          json.at("step").get<std::int64_t>(),
          json.at("train_loss").get<double>(),
          json.at("learning_rate").get<double>(),
          optional_from_json(json.at("validation_loss")),
          optional_from_json(json.at("validation_accuracy")),
          json.at("seconds").get<double>()};
}

}  // namespace

bool History::add(const EpochRecord& record) {
  epochs.push_back(record);
  bool better = !record.validation_loss || !best_loss || *record.validation_loss < *best_loss;
  if (record.validation_accuracy) {
    better = !best_accuracy || *record.validation_accuracy > *best_accuracy ||
             (*record.validation_accuracy == *best_accuracy && *record.validation_loss < *best_loss);
  }
  epochs_without_gain = better ? 0 : epochs_without_gain + 1;
  if (!better) return false;
  best_accuracy = record.validation_accuracy;
  best_loss = record.validation_loss;
  best_epoch = record.epoch;
  return true;
}

std::string History::to_json() const {
  Json json{{"step", step},
            {"step_in_epoch", step_in_epoch},
            {"epoch_loss", epoch_loss},
            {"seconds", seconds},
            {"best_accuracy", optional_to_json(best_accuracy)},
            {"best_loss", optional_to_json(best_loss)},
            {"best_epoch", best_epoch},
            {"epochs_without_gain", epochs_without_gain},
            {"epochs", Json::array()}};
  for (const EpochRecord& record : epochs) json["epochs"].push_back(training::to_json(record));
  return json.dump();
}

History History::from_json(const std::string& text, const std::string& source) {
  try {
    const Json json = Json::parse(text);
    History history;
    history.step = json.at("step").get<std::int64_t>();
    history.step_in_epoch = json.at("step_in_epoch").get<std::int64_t>();
    history.epoch_loss = json.at("epoch_loss").get<double>();
    history.seconds = json.at("seconds").get<double>();
    history.best_accuracy = optional_from_json(json.at("best_accuracy"));
    history.best_loss = optional_from_json(json.at("best_loss"));
    history.best_epoch = json.at("best_epoch").get<std::int64_t>();
    history.epochs_without_gain = json.at("epochs_without_gain").get<std::int64_t>();
    for (const Json& record : json.at("epochs")) history.epochs.push_back(record_from_json(record));
    return history;
  } catch (const nlohmann::json::exception& error) {
    throw BadData(fmt::format("{}: its history is not valid: {}", source, error.what()));
  }
}

}  // namespace longtake::training
