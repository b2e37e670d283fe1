// Windows of arrays and of radar series.
#include "tasks/windows.h"

#include <gtest/gtest.h>

#include "base/temporary_directory.h"
#include "data/npy.h"
#include "longtake/error.h"
#include "tasks/array_windows.h"

namespace longtake::tasks {
namespace {

// Two videos of four frames of 2 x 3: pixel (s, t, y, x) is 60 s + 10 t + 3 y + x.
Tensor two_videos(bool frames_first) {
  Tensor out(DType::kUint8, frames_first ? Shape{4, 2, 2, 3} : Shape{2, 4, 2, 3});
  for (std::int64_t s = 0; s < 2; ++s) {
    for (std::int64_t t = 0; t < 4; ++t) {
      for (std::int64_t i = 0; i < 6; ++i) {
        const std::int64_t place = frames_first ? t * 2 + s : s * 4 + t;
        out.data<std::uint8_t>()[place * 6 + i] = static_cast<std::uint8_t>(60 * s + 10 * t + i);
      }
    }
  }
  return out;
}

Files::Path write_npy(const TemporaryDirectory& folder, const Tensor& array) {
  const Files::Path path = folder.path() / "videos.npy";
  const std::string head = npy_header(array.dtype(), array.shape());
  const auto file = real_files().create(path);
  file->write(std::as_bytes(std::span(head)));
  file->write({array.raw(), array.bytes()});
  return path;
}

InputSpec gray_frames() { return {.width = 3, .height = 2, .colour = "gray", .scale = {1}}; }

TEST(ArrayWindows, AreTheSequencesInEitherOrder) {
  for (const bool frames_first : {false, true}) {
    const TemporaryDirectory folder;
    const auto windows = array_windows(real_files(), write_npy(folder, two_videos(frames_first)), gray_frames(),
                                       {.frames_first = frames_first}, {.seen = 2, .forecast = 1});
    ASSERT_EQ(windows->size(), 2);
    const Window window = windows->read(1, nullptr);
    EXPECT_EQ(window.frames.shape(), (Shape{3, 1, 2, 3}));
    EXPECT_EQ(window.frames.data<float>()[0], 60);
    EXPECT_EQ(window.frames.data<float>()[2 * 6 + 5], 85);
    EXPECT_EQ(window.targets, window.frames);
  }
}

TEST(ArrayWindows, OfTrainingBeginAnywhere) {
  const TemporaryDirectory folder;
  const auto windows =
      array_windows(real_files(), write_npy(folder, two_videos(false)), gray_frames(), {}, {.seen = 2, .forecast = 1});
  std::set<float> firsts;
  Random random(1);
  for (int i = 0; i < 50; ++i) firsts.insert(windows->read(0, &random).frames.data<float>()[0]);
  EXPECT_EQ(firsts, (std::set<float>{0, 10}));
}

TEST(ArrayWindows, SayWhatDoesNotFit) {
  const TemporaryDirectory folder;
  const Files::Path path = write_npy(folder, two_videos(false));
  const WindowShape longer{.seen = 4, .forecast = 1};
  EXPECT_THROW(array_windows(real_files(), path, gray_frames(), {}, longer), BadData);
  InputSpec colour = gray_frames();
  colour.colour = "rgb";
  EXPECT_THROW(array_windows(real_files(), path, colour, {}, {.seen = 1, .forecast = 1}), Error);
  EXPECT_THROW(array_windows(real_files(), folder.path() / "none.npy", gray_frames(), {}, {}), IoError);
}

Window counted_window() {
  Window window{.id = "w"};
  window.frames = Tensor(DType::kFloat32, {1, 1, 2, 3});
  for (int i = 0; i < 6; ++i) window.frames.data<float>()[i] = static_cast<float>(i);
  window.targets = window.frames;
  window.valid = Tensor::from<std::uint8_t>({1, 2, 3}, {1, 1, 0, 1, 1, 1});
  return window;
}

TEST(Windows, AreCutAndTurnedInAllTheirParts) {
  const Window cut = crop_window(counted_window(), 0, 1, 2, 2);
  EXPECT_EQ(cut.frames, Tensor::from<float>({1, 1, 2, 2}, {1, 2, 4, 5}));
  EXPECT_EQ(cut.valid, Tensor::from<std::uint8_t>({1, 2, 2}, {1, 0, 1, 1}));
  EXPECT_THROW(crop_window(counted_window(), 1, 0, 2, 2), InvalidArgument);
  const Window turned = turn_window(counted_window(), true, false, false);
  EXPECT_EQ(turned.targets, Tensor::from<float>({1, 1, 2, 3}, {2, 1, 0, 5, 4, 3}));
  const Window transposed = turn_window(counted_window(), false, true, true);
  EXPECT_EQ(transposed.frames, Tensor::from<float>({1, 1, 3, 2}, {3, 0, 4, 1, 5, 2}));
  EXPECT_EQ(transposed.valid, Tensor::from<std::uint8_t>({1, 3, 2}, {1, 1, 1, 1, 1, 0}));
}

}  // namespace
}  // namespace longtake::tasks
