#include <gmock/gmock.h>

#include "base/random.h"
#include "base/temporary_directory.h"
#include "fields/hko7.h"
#include "fields/made_files.h"
#include "fields/meteoswiss.h"
#include "fields/picture8.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;
using namespace test;

std::vector<std::uint8_t> noise_of(std::size_t count) {
  Random random(9);
  std::vector<std::uint8_t> pixels(count);
  for (std::uint8_t& pixel : pixels) pixel = static_cast<std::uint8_t>(random.below(256));
  return pixels;
}

TEST(Gif, GivesIndicesInterlacedOrNot) {
  const auto pixels = noise_of(37 * 23);
  EXPECT_EQ(decode_gif(make_gif(37, 23, pixels), "f").pixels, pixels);
  const Picture8 picture = decode_gif(make_gif(37, 23, pixels, true), "f");
  EXPECT_EQ(picture.height, 37);
  EXPECT_EQ(picture.width, 23);
  EXPECT_EQ(picture.pixels, pixels);
}

TEST(Gif, CutOffOrDamagedIsAnError) {
  const std::string bytes = make_gif(20, 30, noise_of(600));
  // All that follows the pixels may be lost.
  expect_errors_when_cut(bytes.substr(0, bytes.size() - 12), [](const std::string& part) { decode_gif(part, "f"); });
  EXPECT_THROW(decode_gif("", "f"), BadData);
  EXPECT_THROW(decode_gif("P5 1 1 255 x", "f"), BadData);
  Random random(4);
  for (int round = 0; round < 300; ++round) {
    std::string damaged = bytes;
    for (int i = 0; i < 3; ++i) damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
    try {
      decode_gif(damaged, "f");
    } catch (const BadData&) {
    }
  }
}

TEST(Gif, ThatClaimsToBeHugeIsRefused) {
  std::string bytes = make_gif(2, 2, {1, 2, 3, 4});
  const std::size_t picture = bytes.rfind(',');  // the image descriptor
  ASSERT_NE(picture, std::string::npos);
  for (const std::size_t at : {std::size_t{6}, picture + 5}) bytes.replace(at, 4, "\xFF\xFF\xFF\xFF");
  EXPECT_THROW(decode_gif(bytes, "f"), BadData);
}

TEST(Png, GivesGraysAsStored) {
  const auto pixels = noise_of(31 * 17);
  EXPECT_EQ(decode_gray_png(make_png(31, 17, pixels), "f").pixels, pixels);
  EXPECT_THAT(
      [] {
        decode_gray_png(make_png(1, 1, {1, 2, 3}, 3), "f");
      },
      ThrowsMessage<Unsupported>(HasSubstr("8-bit gray is read")));
}

TEST(Png, CutOffOrDamagedIsAnError) {
  const std::string bytes = make_png(20, 30, noise_of(600));
  expect_errors_when_cut(bytes, [](const std::string& part) { decode_gray_png(part, "f"); });
  std::string damaged = bytes;
  damaged[bytes.size() / 2] = static_cast<char>(damaged[bytes.size() / 2] ^ 0x55);
  EXPECT_THAT([&] { decode_gray_png(damaged, "f.png"); }, ThrowsMessage<BadData>(HasSubstr("f.png: is no good PNG")));
}

TEST(Png, ThatClaimsToBeHugeIsRefused) {
  std::string bytes = make_png(1, 1, {7});
  bytes.replace(16, 8, std::string("\x00\x01\x86\xA0\x00\x01\x86\xA0", 8));
  EXPECT_THROW(decode_gray_png(bytes, "f"), BadData);
}

// 12 (10^((v - 71.5) / 20) / 316)^(1 / 1.5) by hand: v = 100 is 10^1.425 = 26.6073, / 316 = 0.0842002, ^(2/3) =
// 0.192106.
TEST(MeteoSwiss, TurnsIndicesIntoRain) {
  const Field field = parse_meteoswiss(make_gif(2, 3, {0, 1, 100, 251, 254, 255}), "f");
  EXPECT_EQ(field.valid, (std::vector<std::uint8_t>{1, 1, 1, 1, 1, 0}));
  EXPECT_NEAR(field.values[2], 12 * 0.192106, 1e-4);
  for (const std::size_t i : {0U, 1U, 3U, 4U}) EXPECT_EQ(field.values[i], 0);
  EXPECT_EQ(field.unit, "mm/h");
  EXPECT_EQ(field.grid.kind, GridKind::kUnknown);
}

TEST(MeteoSwiss, ReadsTheTimeOfTheName) {
  EXPECT_EQ(time_of_meteoswiss_name("a/AQC161932325V_00005.801.gif"), 1468279500);  // 2016-07-11 23:25
  EXPECT_FALSE(time_of_meteoswiss_name("radar.gif").has_value());
  EXPECT_THROW(time_of_meteoswiss_name("AQC164002325V.gif"), BadData);
  EXPECT_THROW(time_of_meteoswiss_name("AQC161932560V.gif"), BadData);
  const TemporaryDirectory folder;
  write_bytes(folder / "radar.gif", make_gif(1, 1, {0}));
  EXPECT_THROW(read_meteoswiss(real_files(), folder / "radar.gif"), BadData);
}

TEST(Hko7, TurnsGraysIntoReflectivity) {
  const Field field = parse_hko7(make_png(1, 4, {0, 70, 71, 255}), "", 71, "f");
  EXPECT_EQ(field.valid, (std::vector<std::uint8_t>{1, 0, 1, 1}));  // what is no echo stays, what is noise goes
  EXPECT_EQ(field.values[0], -10);
  EXPECT_EQ(field.values[3], 60);
  EXPECT_EQ(field.relation, kHko);
  EXPECT_EQ(valid_count(parse_hko7(make_png(1, 4, {0, 70, 71, 255}), "", 0, "f")), 4);
}

TEST(Hko7, KeepsToTheMask) {
  const std::string png = make_png(1, 3, {100, 100, 100});
  const Field field = parse_hko7(png, deflated(std::string("\1\0\1", 3)), 71, "f");
  EXPECT_EQ(field.valid, (std::vector<std::uint8_t>{1, 0, 1}));
  EXPECT_THAT([&] { parse_hko7(png, deflated("\1\1"), 71, "f"); },
              ThrowsMessage<BadData>(HasSubstr("2 cells where the picture has 3")));
  EXPECT_THROW(parse_hko7(png, deflated("\1\1\1\1"), 71, "f"), BadData);
  EXPECT_THROW(parse_hko7(png, "no zlib", 71, "f"), BadData);
  EXPECT_EQ(valid_count(parse_hko7(png, deflated(std::string(3, '\0')), 71, "f")), 0);
}

TEST(Hko7, FindsTheMaskBesideTheFrame) {
  const TemporaryDirectory folder;
  std::filesystem::create_directories(folder / "frames/2015/01");
  std::filesystem::create_directories(folder / "masks/2015/01");
  const auto path = folder / "frames/2015/01/RAD150101000600.png";
  write_bytes(path, make_png(1, 2, {200, 200}));
  write_bytes(folder / "masks/2015/01/RAD150101000600.mask", deflated(std::string("\1\0", 2)));
  Hko7Options options{.masks = folder / "masks", .frames = folder / "frames"};
  const Field field = read_hko7(real_files(), path, options);
  EXPECT_EQ(field.time, 1420070760);  // 2015-01-01 00:06
  EXPECT_EQ(valid_count(field), 1);
  options.utc_offset_s = 28800;
  EXPECT_EQ(read_hko7(real_files(), path, options).time, 1420070760 - 28800);
  options.frames = folder / "elsewhere";
  EXPECT_THROW(read_hko7(real_files(), path, options), InvalidArgument);
  options = {.masks = folder / "no_masks", .frames = folder / "frames"};
  EXPECT_THROW(read_hko7(real_files(), path, options), IoError);
}

}  // namespace
}  // namespace longtake::fields
