// Evaluation over a dataset of files, bad ones among them, and fusion of several models.
#include "tasks/evaluate.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>

#include "base/temporary_directory.h"
#include "longtake/error.h"
#include "media/clips.h"
#include "runtime/program.h"
#include "tasks/small_classifiers.h"

namespace longtake::tasks {
namespace {

using testing::ElementsAre;
using testing::FloatEq;
using testing::HasSubstr;
using testing::ThrowsMessage;

// Three clips of 5, 6 and 7 frames, with a file that is no video between them.
class EvaluateTest : public testing::Test {
 protected:
  EvaluateTest() {
    dataset_.labels = model_->labels;
    for (int i = 0; i < 4; ++i) {
      const std::string path = directory_ / fmt::format("{}.mp4", i);
      if (i == kBad) {
        media::write_file(path, "this is no video");
      } else {
        media::write_numbered_clip(path, 5 + i, 10);
      }
      dataset_.items.push_back({.id = fmt::format("{}.mp4", i), .path = path, .label = i % 3});
    }
  }
  ClipCache cache(BadFiles bad_files) {
    return ClipCache(dataset_, model_->inputs.at("frame"), {.bad_files = bad_files}, threads_);
  }

  static constexpr int kBad = 2;
  std::shared_ptr<const graph::Model> model_ = test::small_lrcn();
  runtime::Program program_{model_, "main"};
  Classifier classifier_{*model_, program_};
  TemporaryDirectory directory_;
  ThreadPool threads_{1};
  Dataset dataset_;
};

TEST_F(EvaluateTest, CountsWhatIsSkippedAndJudgesTheRest) {
  ClipCache clips = cache(BadFiles::kSkip);
  const Protocol protocol{.clip = 4, .stride = 2};
  std::vector<std::int64_t> done;
  const Evaluation evaluation = evaluate(classifier_, clips, protocol, [&](std::int64_t count) {
    done.push_back(count);
    return true;
  });
  EXPECT_EQ(evaluation.skipped, 1);
  EXPECT_EQ(evaluation.protocol, protocol.describe());
  EXPECT_THAT(done, ElementsAre(1, 2, 3, 4));
  ASSERT_EQ(evaluation.items.size(), 3u);
  double loss = 0;
  std::int64_t right = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const ItemEvaluation& item = evaluation.items[i];
    EXPECT_EQ(item.item, i < kBad ? i : i + 1);
    EXPECT_EQ(item.truth, item.item % 3);
    EXPECT_EQ(item.scores, classifier_.classify(*clips.get(item.item), protocol).scores);
    EXPECT_EQ(item.predicted, best_class(item.scores));
    EXPECT_EQ(item.truth_score, item.scores[item.truth]);
    loss -= std::log(item.truth_score) / 3.0;
    right += item.predicted == item.truth ? 1 : 0;
  }
  EXPECT_NEAR(evaluation.loss, loss, 1e-6);
  EXPECT_EQ(evaluation.metrics.videos().confusion().total(), 3);
  EXPECT_DOUBLE_EQ(*evaluation.metrics.videos().top1(), static_cast<double>(right) / 3);
  // Clips of 4 frames every 2 out of 5, 6 and 8 frames: they begin at 0, 1, 1; at 0, 2, 2; at 0, 2, 4, 4.
  EXPECT_EQ(evaluation.metrics.clips().confusion().total(), 3 + 3 + 4);
}

TEST_F(EvaluateTest, StopsAtABadFileWhereThatIsWanted) {
  ClipCache clips = cache(BadFiles::kError);
  EXPECT_THAT([&] { evaluate(classifier_, clips, {}); },
              ThrowsMessage<Error>(HasSubstr(dataset_.items[kBad].path.string())));
}

TEST_F(EvaluateTest, StopsEarlyWhenAsked) {
  ClipCache clips = cache(BadFiles::kSkip);
  const Evaluation evaluation = evaluate(classifier_, clips, {}, [](std::int64_t count) { return count < 2; });
  EXPECT_EQ(evaluation.items.size(), 2u);
  EXPECT_EQ(evaluation.metrics.videos().confusion().total(), 2);
}

TEST_F(EvaluateTest, GivesNoNumbersWhereNothingCouldBeRead) {
  dataset_.items = {dataset_.items[kBad]};
  ClipCache clips = cache(BadFiles::kSkip);
  const Evaluation evaluation = evaluate(classifier_, clips, {});
  EXPECT_EQ(evaluation.skipped, 1);
  EXPECT_TRUE(evaluation.items.empty());
  EXPECT_EQ(evaluation.metrics.videos().top1(), std::nullopt);
}

TEST_F(EvaluateTest, RefusesADatasetWithOtherLabels) {
  dataset_.labels = {"left", "up", "right"};
  ClipCache clips = cache(BadFiles::kSkip);
  EXPECT_THAT([&] { evaluate(classifier_, clips, {}); }, ThrowsMessage<InvalidArgument>(HasSubstr("labels")));
}

Evaluation evaluation_of(const std::vector<std::vector<float>>& scores, const std::vector<std::int64_t>& truths) {
  Evaluation evaluation(2);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    ItemEvaluation item;
    item.item = static_cast<std::int64_t>(i);
    item.truth = truths[i];
    item.scores = scores[i];
    evaluation.items.push_back(item);
  }
  evaluation.skipped = 1;
  evaluation.protocol = "by hand";
  return evaluation;
}

TEST(Fuse, TakesTheWeightedMeanOfScores) {
  const Evaluation first = evaluation_of({{1, 0}, {0.5f, 0.5f}}, {0, 1});
  const Evaluation second = evaluation_of({{0.2f, 0.8f}, {0.1f, 0.9f}}, {0, 1});
  const Evaluation fused = fuse({first, second}, {1, 3}, 2);
  ASSERT_EQ(fused.items.size(), 2u);
  EXPECT_THAT(fused.items[0].scores, ElementsAre(FloatEq(0.4f), FloatEq(0.6f)));
  EXPECT_THAT(fused.items[1].scores, ElementsAre(FloatEq(0.2f), FloatEq(0.8f)));
  EXPECT_EQ(fused.items[0].predicted, 1);
  EXPECT_EQ(fused.items[1].predicted, 1);
  EXPECT_DOUBLE_EQ(*fused.metrics.videos().top1(), 0.5);
  EXPECT_NEAR(fused.loss, -(std::log(0.4) + std::log(0.8)) / 2, 1e-6);
  EXPECT_EQ(fused.skipped, 1);
  EXPECT_EQ(fused.protocol, "by hand");
}

TEST(Fuse, TellsHowEachModelWasTested) {
  const Evaluation one = evaluation_of({{1, 0}}, {0});
  EXPECT_EQ(fuse({one, one}, {1, 1}, 2).protocol, "by hand");
  Evaluation by_clips = one;
  by_clips.protocol = "16-frame clips";
  EXPECT_EQ(fuse({one, by_clips}, {1, 1}, 2).protocol, "model 1: by hand; model 2: 16-frame clips");
}

TEST(Fuse, RefusesWhatDoesNotFitTogether) {
  const Evaluation one = evaluation_of({{1, 0}}, {0});
  Evaluation other = one;
  other.items[0].truth = 1;
  EXPECT_THROW(fuse({}, {}, 2), InvalidArgument);
  EXPECT_THROW(fuse({one, one}, {1}, 2), InvalidArgument);
  EXPECT_THROW(fuse({one, one}, {1, -1}, 2), InvalidArgument);
  EXPECT_THROW(fuse({one, other}, {1, 1}, 2), InvalidArgument);
}

TEST(Fuse, SkipsWhatOneOfThemCouldNotRead) {
  const Evaluation both = evaluation_of({{1, 0}, {0.5f, 0.5f}, {0, 1}}, {0, 1, 1});
  Evaluation second = both;
  second.items.erase(second.items.begin() + 1);
  for (const auto& fused : {fuse({both, second}, {1, 1}, 2), fuse({second, both}, {1, 1}, 2)}) {
    ASSERT_EQ(fused.items.size(), 2u);
    EXPECT_EQ(fused.items[1].item, 2);
  }
  EXPECT_EQ(fuse({both, second}, {1, 1}, 2).skipped, 2);  // and the one that neither could read
}

}  // namespace
}  // namespace longtake::tasks
