// Where a model looks comes with the frame at which it looked, however late its scores are.
#include "tasks/attention.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "longtake/error.h"
#include "longtake/prepare.h"
#include "models/registry.h"
#include "runtime/program.h"
#include "tasks/classify.h"
#include "tasks/small_classifiers.h"

namespace longtake::tasks {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

graph::Model build(const std::string& text) {
  const InputSpec input{.width = 16, .height = 12, .colour = "gray"};
  return models::build(parse_toml(text + "\nencoder = \"small_cnn\"\nhidden_size = 4\nattention_size = 4\n", "model"),
                       {input, {"left", "right", "up"}});
}

std::optional<AttentionOutput> attention_of(const graph::Model& model) {
  return attention_output_of(model, graph::make_plan(model, model.graph("main")));
}

TEST(Attention, IsOfTheMapOfTheEncoder) {
  graph::Model model =
      build("name = \"visual_attention\"\nscore = \"content\"\nsmall_cnn = { channels = [3, 4], kernels = [3, 3] }");
  const auto attention = attention_of(model);
  ASSERT_TRUE(attention);
  EXPECT_EQ(attention->grid, (AttentionGrid{.height = 3, .width = 4}));  // 12 x 16 halved twice
  EXPECT_EQ(attention->size, 12U);
  for (const char* wrong : {"4x4", "12", "x", "3x", "3x4x1", "-3x-4", "4611686018427387905x4"}) {
    model.protocol["attention"] = wrong;
    EXPECT_THAT([&] { attention_of(model); }, ThrowsMessage<BadData>(HasSubstr("protocol.attention"))) << wrong;
  }
}

TEST(Attention, OfAWindowIsOfItsFrames) {
  const auto attention = attention_of(build("name = \"multi_lstm\"\nwindow = 5"));
  ASSERT_TRUE(attention);
  EXPECT_EQ(attention->grid, AttentionGrid{.window = 5});
  EXPECT_EQ(attention->size, 5U);
}

// A window that reaches ahead of the frame it is about ends with the one that was newest then.
TEST(Attention, OfAWindowAheadComesWithTheFrameThatWasNewest) {
  auto model = std::make_shared<graph::Model>(build("name = \"multi_lstm\"\nwindow = 3\noffset = 2"));
  model->inputs.at("frame").crop_width = 16;
  model->inputs.at("frame").crop_height = 12;
  graph::initialise(*model, 1);
  runtime::Program program(model, "main");
  EXPECT_EQ(attention_output_of(*model, program.plan())->ahead, 2);
  Clip clip = test::random_clip(6);
  const VideoResult result = Classifier(*model, program).classify(clip, {.clip = 0});
  ASSERT_EQ(result.frames.size(), 6U);
  for (std::size_t f = 0; f < 6; ++f) ASSERT_EQ(result.frames[f].attention.size(), f < 2 ? 0U : 3U) << f;
  // The weights of the first window speak about the frames 0 to 2, so frame 3 does not change them.
  for (std::uint8_t& pixel : clip.frames.data<std::uint8_t>().subspan(clip.frames.count() / 2, 14 * 16)) pixel ^= 0xFF;
  const VideoResult changed = Classifier(*model, program).classify(clip, {.clip = 0});
  EXPECT_EQ(changed.frames[2].attention, result.frames[2].attention);
  EXPECT_NE(changed.frames[3].attention, result.frames[3].attention);
}

TEST(Attention, ModelsWithoutHaveNone) {
  EXPECT_FALSE(attention_of(*test::small_lrcn()));
  EXPECT_FALSE(attention_of(build("name = \"multi_lstm\"\nattention = false")));
}

// The scores of this model come two frames late; its attention is the frame itself, as it is prepared.
TEST(Attention, ComesWithTheFrameItIsAbout) {
  const auto model = test::looking_classifier();
  runtime::Program program(model, "main");
  const Clip clip = test::random_clip(9);
  const VideoResult result = Classifier(*model, program).classify(clip, {.clip = 0, .crops = 5});
  EXPECT_EQ(result.attention, (AttentionGrid{.height = 12, .width = 14}));
  EXPECT_FALSE(result.multi_label);
  ASSERT_EQ(result.frames.size(), 9U);
  const std::vector<Frame> frames = test::frames_of(clip);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    std::vector<float> centre(12 * 14);
    prepare_frame(frames[i].image, model->inputs.at("frame"), {}, centre);
    EXPECT_EQ(result.frames[i].attention, centre) << i;
  }
}

TEST(Attention, ClipsHaveNoFrames) {
  const auto model = test::looking_classifier();
  runtime::Program program(model, "main");
  EXPECT_TRUE(Classifier(*model, program).classify(test::random_clip(9), {.clip = 4}).frames.empty());
}

}  // namespace
}  // namespace longtake::tasks
