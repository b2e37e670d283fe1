// Forecasts of videos as pictures.
#include "reports/frame_film.h"

#include <gtest/gtest.h>

#include "longtake/error.h"

namespace longtake::reports {
namespace {

TEST(PicturesOf, TurnNumbersBackIntoBytes) {
  const InputSpec gray{.colour = "gray", .scale = {1.0 / 255}};
  const auto pictures = pictures_of(Tensor::from<float>({2, 1, 1, 2}, {0, 1, 100 / 255.0F, -3}), gray);
  ASSERT_EQ(pictures.size(), 2);
  EXPECT_EQ(pictures[0], Tensor::from<std::uint8_t>({1, 2, 3}, {0, 0, 0, 255, 255, 255}));
  EXPECT_EQ(pictures[1], Tensor::from<std::uint8_t>({1, 2, 3}, {100, 100, 100, 0, 0, 0}));
  const InputSpec bgr{.colour = "bgr", .mean = {10, 20, 30}};
  EXPECT_EQ(pictures_of(Tensor::from<float>({1, 3, 1, 1}, {1, 2, 3}), bgr)[0],
            Tensor::from<std::uint8_t>({1, 1, 3}, {33, 22, 11}));
  EXPECT_THROW(pictures_of(Tensor(DType::kFloat32, {1, 2, 3, 3}), gray), InvalidArgument);
}

TEST(FrameFilm, ShowsAllFramesInOneSize) {
  FrameFilm film{.title = "digits"};
  film.seen.assign(2, Tensor(DType::kUint8, {8, 10, 3}));
  film.forecast.assign(3, Tensor(DType::kUint8, {8, 10, 3}));
  std::vector<Shape> sizes;
  draw_frame_film(film, [&](const Tensor& picture) { sizes.push_back(picture.shape()); });
  ASSERT_EQ(sizes.size(), 5);
  for (const Shape& size : sizes) EXPECT_EQ(size, sizes.front());
  const Tensor strip = draw_frame_strip(film);
  EXPECT_GT(strip.size(1), 3 * 10 * 12) << "three frames side by side, each enlarged to some 128 pixels";
  film.forecast.back() = Tensor(DType::kUint8, {8, 9, 3});
  EXPECT_THROW(draw_frame_strip(film), InvalidArgument);
  film.forecast.clear();
  EXPECT_THROW(draw_frame_strip(film), InvalidArgument);
}

}  // namespace
}  // namespace longtake::reports
