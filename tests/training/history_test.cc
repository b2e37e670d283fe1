// What a run remembers of its epochs, and which of them was the best.
#include "training/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "longtake/error.h"

namespace longtake::training {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

EpochRecord epoch(std::int64_t number, std::optional<double> accuracy, std::optional<double> loss) {
  return {.epoch = number,
          .step = 10 * number,
          .train_loss = 1.0,
          .validation_loss = loss,
          .validation_accuracy = accuracy};
}

TEST(History, ComesBackFromJsonToTheLastBit) {
  History history;
  history.add(epoch(1, 0.1, 1.0 / 3));
  history.add(epoch(2, std::nullopt, std::nullopt));
  history.step = 123456789012;
  history.step_in_epoch = 7;
  history.epoch_loss = 0.1 + 0.2;
  history.seconds = 1e-17;
  const std::string text = history.to_json();
  const History again = History::from_json(text, "test");
  EXPECT_EQ(again.to_json(), text);
  EXPECT_EQ(again.epoch_loss, history.epoch_loss);
  EXPECT_EQ(again.epochs[0].validation_loss, history.epochs[0].validation_loss);
  EXPECT_FALSE(again.epochs[1].validation_accuracy.has_value());
}

TEST(History, BestIsByAccuracyThenByLoss) {
  History history;
  EXPECT_TRUE(history.add(epoch(1, 0.5, 2.0)));
  EXPECT_FALSE(history.add(epoch(2, 0.4, 1.0)));
  EXPECT_FALSE(history.add(epoch(3, 0.5, 2.0)));
  EXPECT_EQ(history.epochs_without_gain, 2);
  EXPECT_TRUE(history.add(epoch(4, 0.5, 1.5)));
  EXPECT_EQ(history.epochs_without_gain, 0);
  EXPECT_EQ(history.best_epoch, 4);
}

TEST(History, WithoutValidationTheNewestIsBest) {
  History history;
  for (int number = 1; number <= 3; ++number) EXPECT_TRUE(history.add(epoch(number, std::nullopt, std::nullopt)));
  EXPECT_EQ(history.best_epoch, 3);
}

TEST(History, RefusesWhatIsNoHistory) {
  for (const char* text : {"", "{", "[]", "{}", R"({"step": "many"})"}) {
    EXPECT_THAT([&] { History::from_json(text, "a.safetensors"); }, ThrowsMessage<BadData>(HasSubstr("a.safetensors")))
        << text;
  }
}

}  // namespace
}  // namespace longtake::training
