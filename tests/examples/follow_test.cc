// The example of the documentation, run as its reader would.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>

#include "base/temporary_directory.h"
#include "graph/model_file.h"
#include "media/video_writer.h"
#include "models/registry.h"

namespace longtake {
namespace {

struct Finished {
  int code = -1;
  std::string output;
};

Finished run(const std::string& arguments) {
  Finished finished;
  FILE* pipe = popen((std::string(FOLLOW) + " " + arguments + " 2>&1").c_str(), "r");
  std::array<char, 4096> buffer;
  for (std::size_t n; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) finished.output.append(buffer.data(), n);
  finished.code = WEXITSTATUS(pclose(pipe));
  return finished;
}

class FollowExample : public ::testing::Test {
 protected:
  void SetUp() override {
    const models::Entry& entry = models::find("lrcn");
    graph::Model model = models::build(models::tiny_options(entry), {entry.tiny_input, {"walk", "run"}});
    graph::initialise(model, 1);
    graph::save_model(model, this->model());
    media::VideoWriter writer(clip(), 32, 24, {.fps = entry.tiny_input.fps});
    Tensor frame(DType::kUint8, {24, 32, 3});
    for (int i = 0; i < 7; ++i) {
      for (std::uint8_t& byte : frame.data<std::uint8_t>())
        byte = static_cast<std::uint8_t>(byte + 31 * (&byte - frame.data<std::uint8_t>().data()));
      writer.write(frame);
    }
    writer.finish();
  }
  std::string model() const { return (directory_.path() / "model.safetensors").string(); }
  std::string clip() const { return (directory_.path() / "clip.mp4").string(); }

  TemporaryDirectory directory_;
};

TEST_F(FollowExample, PrintsALinePerFrame) {
  const Finished finished = run(model() + " " + clip());
  EXPECT_EQ(finished.code, 0) << finished.output;
  EXPECT_EQ(std::count(finished.output.begin(), finished.output.end(), '\n'), 7) << finished.output;
  EXPECT_THAT(finished.output, ::testing::AnyOf(::testing::HasSubstr("walk"), ::testing::HasSubstr("run")));
}

TEST_F(FollowExample, NamesAFileThatIsNotThere) {
  const Finished finished = run(model() + " nowhere.mp4");
  EXPECT_EQ(finished.code, 1);
  EXPECT_THAT(finished.output, ::testing::HasSubstr("nowhere.mp4"));
}

}  // namespace
}  // namespace longtake
