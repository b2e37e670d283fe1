#include "fields/pgm.h"

#include <gmock/gmock.h>

#include "base/random.h"
#include "base/temporary_directory.h"
#include "fields/fmi.h"
#include "fields/gzip.h"
#include "fields/made_files.h"
#include "longtake/error.h"

namespace longtake::fields {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;
using namespace test;

using std::string_literals::operator""s;

void expect_pgm_refused(const std::string& bytes, const std::string& reason) {
  EXPECT_THAT([&] { parse_pgm(bytes, "a.pgm"); },
              ThrowsMessage<BadData>(AllOf(StartsWith("a.pgm: "), HasSubstr(reason))))
      << bytes;
}

TEST(Pgm, ReadsPixelsAndComments) {
  const Pgm picture = parse_pgm("P5\n# one\n3 #two \n2\n# three\n255\n\x01\x02\x03\xFF\x00\x0A"s, "a.pgm");
  EXPECT_EQ(picture.width, 3);
  EXPECT_EQ(picture.height, 2);
  EXPECT_THAT(picture.pixels, ElementsAre(1, 2, 3, 255, 0, 10));
  EXPECT_THAT(picture.comments, ElementsAre("one", "two", "three"));
}

TEST(Pgm, ReadsSixteenBitsMostSignificantFirst) {
  EXPECT_THAT(parse_pgm("P5 2 1 1000 \x01\x02\x03\xE8"s, "a.pgm").pixels, ElementsAre(0x0102, 1000));
}

TEST(Pgm, RefusesWithReason) {
  expect_pgm_refused("", "begins with P5");
  expect_pgm_refused("GIF89a", "begins with P5");
  expect_pgm_refused("P5", "no width");
  expect_pgm_refused("P5\n3", "no height");
  expect_pgm_refused("P5\n3 2", "no maxval");
  expect_pgm_refused("P5\n-3 2 255\n", "no width");
  expect_pgm_refused("P5\n0 2 255\n", "2 x 0 cells");
  expect_pgm_refused("P5\n99999999999999999999 2 255\n", "");
  expect_pgm_refused("P5\n100000 100000 255\n", "at most");
  expect_pgm_refused("P5\n2 1 0\nab", "maxval of 0");
  expect_pgm_refused("P5\n2 1 70000\nabcd", "maxval of 70000");
  expect_pgm_refused("P5\n2 1 255", "white space before the pixels");
  expect_pgm_refused("P5\n2 2 255\nabc", "3 bytes of pixels where 2 x 2 at 1 bytes need 4");
  expect_pgm_refused("P5\n2 1 9\n\x01\x0A", "pixel 1 is 10");
  EXPECT_THAT([] { parse_pgm("P2\n1 1 255\n7", "a.pgm"); }, ThrowsMessage<Unsupported>(HasSubstr("P2")));
}

TEST(Pgm, AnyBytesAreReadOrRefusedButNeverCrash) {
  Random random(3);
  const std::string_view pieces[] = {"P5",  "\n",    " ",    "# c\n", "1",        "2",
                                     "255", "65535", "\xFF", "abcd",  "99999999", "-"};
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = "P5";
    for (std::uint64_t i = random.below(20); i > 0; --i) bytes += pieces[random.below(std::size(pieces))];
    try {
      const Pgm picture = parse_pgm(bytes, "a.pgm");
      EXPECT_EQ(picture.pixels.size(), static_cast<std::size_t>(picture.width * picture.height));
    } catch (const BadData& error) {
      EXPECT_THAT(error.what(), StartsWith("a.pgm: "));
    }
  }
}

std::string fmi_file(const std::string& comments) { return "P5\n" + comments + "2 2\n255\n\x00\x40\x80\xFF"s; }

TEST(Fmi, TurnsPixelsIntoReflectivity) {
  const Field field = parse_fmi(fmi_file("# obstime 201609281600\n"), "a.pgm");
  EXPECT_EQ(field.unit, "dBZ");
  EXPECT_EQ(field.relation, kFmi);
  EXPECT_THAT(filled_values(field, 99), ElementsAre(-32, 0, 32, 99));
  EXPECT_EQ(field.valid, (std::vector<std::uint8_t>{1, 1, 1, 0}));
  EXPECT_EQ(field.time, 1475078400);
  EXPECT_EQ(field.grid.kind, GridKind::kUnknown);
}

TEST(Fmi, WithoutASingleEchoIsAllMissing) {
  const Field field = parse_fmi("P5 2 1 255 \xFF\xFF"s, "a.pgm");
  EXPECT_EQ(valid_count(field), 0);
  EXPECT_FALSE(field.time.has_value());
}

TEST(Fmi, RefusesCommentsThatLie) {
  EXPECT_THROW(parse_fmi(fmi_file("# obstime yesterday\n"), "a.pgm"), BadData);
  const std::string grid =
      "# type stereographic\n# centrallongitude 25\n# centrallatitude 90\n# truelatitude 60\n"
      "# metersperpixel_x 1000\n# bottomleft 18.6 57.93\n";
  EXPECT_EQ(parse_fmi(fmi_file(grid + "# metersperpixel_y 1000\n"), "a.pgm").grid.x.size(), 2U);
  EXPECT_THROW(parse_fmi(fmi_file(grid + "# metersperpixel_y 0\n"), "a.pgm"), BadData);
  EXPECT_THROW(parse_fmi(fmi_file(grid + "# metersperpixel_y one\n"), "a.pgm"), BadData);
  EXPECT_THROW(parse_fmi(fmi_file(grid + "# metersperpixel_y 1 2\n"), "a.pgm"), BadData);
  EXPECT_THROW(parse_fmi("P5 1 1 9 \x01"s, "a.pgm"), BadData);
}

TEST(Fmi, TakesTheTimeOfTheNameAndLooksThroughGzip) {
  const TemporaryDirectory folder;
  const auto path = folder / "201609281605_fmi.pgm.gz";
  write_bytes(path, gzipped(fmi_file("")));
  const Field field = read_fmi(real_files(), path);
  EXPECT_EQ(field.time, 1475078700);
  EXPECT_EQ(valid_count(field), 3);
  EXPECT_FALSE(time_of_fmi_name("radar.pgm").has_value());
  EXPECT_THROW(time_of_fmi_name("201613281605_fmi.pgm"), BadData);
}

TEST(Fmi, CutOffAnywhereIsAnError) {
  const TemporaryDirectory folder;
  const auto path = folder / "201609281605.pgm.gz";
  const auto read = [&](const std::string& bytes) {
    write_bytes(path, bytes);
    read_fmi(real_files(), path);
  };
  expect_errors_when_cut(gzipped(fmi_file("# some comment\n")), read);
  expect_errors_when_cut(fmi_file("# some comment\n"), read);
}

TEST(Gzip, JoinsMembersAndKnowsItsLimits) {
  EXPECT_EQ(inflate_bytes(gzipped("abc") + gzipped("def"), 100, "f"), "abcdef");
  EXPECT_EQ(inflate_bytes(deflated("abc"), 3, "f"), "abc");
  const std::string bomb = gzipped(std::string(10'000'000, '\0'));
  EXPECT_THAT([&] { inflate_bytes(bomb, 1000, "f"); }, ThrowsMessage<BadData>(HasSubstr("more than the 1000 bytes")));
  std::string damaged = gzipped("abcdefgh");
  damaged[damaged.size() - 5] = static_cast<char>(damaged[damaged.size() - 5] ^ 1);
  EXPECT_THAT([&] { inflate_bytes(damaged, 1000, "f"); }, ThrowsMessage<BadData>(HasSubstr("damaged")));
}

}  // namespace
}  // namespace longtake::fields
