#include "data/moving_digits.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <zlib.h>

#include <cmath>

#include "base/temporary_directory.h"
#include "data/idx.h"
#include "data/npy.h"
#include "longtake/error.h"

namespace longtake {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

std::string npy_bytes(std::string header, std::string_view numbers, int version = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += static_cast<char>(version);
  bytes += '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) bytes += static_cast<char>(header.size() >> 8 * i & 255);
  return bytes + header + std::string(numbers);
}

NpyHeader parse_npy(const std::string& bytes) { return parse_npy_header(bytes, bytes.size(), "a.npy"); }

void expect_npy_refused(const std::string& bytes, const std::string& reason) {
  EXPECT_THAT([&] { parse_npy(bytes); }, ThrowsMessage<BadData>(HasSubstr(reason)));
}

TEST(Npy, ReadsWhatNumpyWrites) {
  // numpy.save of numpy.zeros((2, 3), "f4"), byte for byte but for fewer blanks.
  const NpyHeader header = parse_npy(
      npy_bytes("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }      \n", std::string(24, '\0')));
  EXPECT_EQ(header.dtype, DType::kFloat32);
  EXPECT_THAT(header.shape, ElementsAre(2, 3));
  EXPECT_EQ(header.data_begin, 10u + 66);
  EXPECT_THAT(parse_npy(npy_bytes("{'shape': (7,), 'descr': '|u1', 'fortran_order': True}", "1234567", 2)).shape,
              ElementsAre(7));
  EXPECT_THAT(parse_npy(npy_bytes("{\"descr\": \"<i8\", \"fortran_order\": False, \"shape\": ()}", "12345678")).shape,
              ElementsAre());
}

TEST(Npy, SaysWhatIsWrong) {
  const auto header = [](const char* type, const char* order, const char* shape) {
    return fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}\n", type, order, shape);
  };
  expect_npy_refused("PK\x03\x04 and more", "no .npy file");
  expect_npy_refused(npy_bytes(header(">f4", "False", "(1,)"), "1234"), "'>f4' cannot be read");
  expect_npy_refused(npy_bytes(header("|O", "False", "(1,)"), "1234"), "'|O' cannot be read");
  expect_npy_refused(npy_bytes(header("<f4", "True", "(1, 1)"), "1234"), "ascontiguousarray");
  expect_npy_refused(npy_bytes(header("<f4", "False", "(1, 2)"), "1234567"), "needs 2 numbers, there are 1");
  expect_npy_refused(npy_bytes(header("<f4", "False", "(4294967296, 4294967296)"), ""), "4294967296");
  expect_npy_refused(npy_bytes(header("<f4", "False", "(-1,)"), "1234"), "shape that is none");
  expect_npy_refused(npy_bytes(header("<f4", "Maybe", "(1,)"), "1234"), "neither True nor False");
  expect_npy_refused(npy_bytes("{'descr': '<f4', 'shape': (1,)}", "1234"), "lacks one of");
  expect_npy_refused(npy_bytes("{'descr': '<f4', 'descr': '<f4'}", "1234"), "has the key 'descr'");
  expect_npy_refused(npy_bytes("[1, 2]", "1234"), "no '{'");
  expect_npy_refused(npy_bytes(header("<f4", "False", "(1,)"), "1234", 4), "version 4");
  expect_npy_refused(npy_bytes(header("<f4", "False", "(1,)"), "").substr(0, 30), "cut short in its header");
}

TEST(Npy, ReadsBackWhatIsWritten) {
  const TemporaryDirectory directory;
  const Files::Path path = directory / "a.npy";
  for (const Shape& shape : {Shape{6}, Shape{2, 3}, Shape{1, 1, 6, 1}}) {
    const Tensor numbers = Tensor::from<float>({6}, {0, 1, -2, 3.5, 1e30f, 5});
    real_files().write_atomic(path, [&](OutputFile& out) {
      const std::string header = npy_header(DType::kFloat32, shape);
      EXPECT_EQ(header.size() % 64, 0u);
      out.write(header);
      out.write(std::span<const std::byte>(numbers.raw(), numbers.bytes()));
    });
    const NpyFile file(real_files(), path);
    EXPECT_EQ(file.header().shape, shape);
    EXPECT_EQ(file.read(0, 6), numbers);
    EXPECT_EQ(file.read(2, 3), Tensor::from<float>({3}, {-2, 3.5, 1e30f}));
    EXPECT_THROW(file.read(4, 3), InvalidArgument);
    EXPECT_THROW(file.read(-1, 1), InvalidArgument);
  }
}

std::string big_endian_words(std::initializer_list<std::uint32_t> words) {
  std::string bytes;
  for (const std::uint32_t word : words) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(word >> shift & 255);
  }
  return bytes;
}

std::string zipped(const std::string& bytes) {
  std::string out(bytes.size() + 100, '\0');
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(Idx, ReadsPicturesPlainAndZipped) {
  const std::string bytes = big_endian_words({0x803, 2, 1, 3}) + "abcdef";
  const Tensor expected = Tensor::from<std::uint8_t>({2, 1, 3}, {'a', 'b', 'c', 'd', 'e', 'f'});
  EXPECT_EQ(parse_idx_pictures(bytes, "a"), expected);
  EXPECT_EQ(parse_idx_pictures(zipped(bytes), "a"), expected);
  const auto refused = [](const std::string& wrong, const std::string& reason) {
    EXPECT_THAT([&] { parse_idx_pictures(wrong, "a.idx"); }, ThrowsMessage<BadData>(HasSubstr(reason)));
  };
  refused(bytes.substr(0, bytes.size() - 1), "do not fit its 5 bytes");
  refused(big_endian_words({0x801, 2, 1, 3}) + "abcdef", "no IDX file of pictures");
  refused(big_endian_words({0x803, 0xffffffff, 0xffffffff, 0xffffffff}), "do not fit");
  refused(big_endian_words({0x803, 0, 28, 28}), "do not fit");
  for (std::size_t cut = 2; cut < zipped(bytes).size(); ++cut) refused(zipped(bytes).substr(0, cut), "gzip");
}

// A sprite of one bright pixel in the middle shows where its centre is.
Tensor dot_sprite(std::int64_t size) {
  Tensor sprite(DType::kUint8, {1, size, size});
  sprite.data<std::uint8_t>()[size / 2 * size + size / 2] = 255;
  return sprite;
}

struct Place {
  std::int64_t x, y;
};
std::vector<Place> places_of_dots(const Tensor& frames) {
  std::vector<Place> places;
  const auto pixels = frames.data<std::uint8_t>();
  for (std::int64_t i = 0; i < frames.count(); ++i) {
    if (pixels[i] == 255) places.push_back({i % frames.size(2), i / frames.size(2) % frames.size(1)});
  }
  return places;
}

TEST(MovingDigits, MoveAtTheStatedSpeedAndStayInside) {
  for (const DigitMotion motion : {DigitMotion::kPaper, DigitMotion::kOpenStl}) {
    const MovingDigitsOptions options{.digits = 1, .frames = 200, .motion = motion};
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const std::vector<Place> places = places_of_dots(moving_digits(dot_sprite(28), options, Random(seed)));
      ASSERT_EQ(places.size(), 200u);  // never out of the picture
      double farthest = 0;
      std::int64_t left = 64, right = 0;
      for (std::size_t t = 0; t + 1 < places.size(); ++t) {
        farthest = std::max(farthest, std::hypot(places[t + 1].x - places[t].x, places[t + 1].y - places[t].y));
        left = std::min(left, places[t].x);
        right = std::max(right, places[t].x);
      }
      // Positions are cut to whole pixels, which adds less than one to each coordinate's way.
      const double fastest = motion == DigitMotion::kPaper ? 5 : 3.6;
      EXPECT_LT(farthest, fastest + std::sqrt(2.0));
      EXPECT_GT(farthest, 2.9);
      EXPECT_GE(left, 14);
      EXPECT_LE(right, 50);
    }
  }
}

// Between two bounces the way is straight: thrice as far in three frames as in one, up to the cut to whole pixels.
TEST(MovingDigits, BounceExactlyOffTheEdges) {
  const MovingDigitsOptions options{.digits = 1, .frames = 400};
  const std::vector<Place> places = places_of_dots(moving_digits(dot_sprite(28), options, Random(3)));
  // Unfolded, a coordinate that bounces in [0, 36] moves by the same amount in every frame.
  std::int64_t turns = 0;
  double longest = 0;
  for (std::size_t t = 1; t + 1 < places.size(); ++t) {
    const std::int64_t before = places[t].x - places[t - 1].x, after = places[t + 1].x - places[t].x;
    turns += before * after < 0 ? 1 : 0;
    longest = std::max(longest, std::abs(static_cast<double>(before)));
  }
  EXPECT_GT(turns, 0);
  // 36 pixels at that speed: as many turns as there are crossings of the room.
  EXPECT_NEAR(static_cast<double>(turns), 399 * (longest - 0.5) / 36, 0.15 * 399 * longest / 36 + 1);
}

TEST(MovingDigits, AreLaidOverEachOtherByTheMaximum) {
  const Tensor sprites = Tensor::from<std::uint8_t>({1, 2, 2}, {9, 9, 9, 9});
  const Tensor frames = moving_digits(sprites, {.digits = 60, .frames = 1, .size = 8}, Random(1));
  for (const std::uint8_t pixel : frames.data<std::uint8_t>()) EXPECT_TRUE(pixel == 0 || pixel == 9);
  EXPECT_THROW(moving_digits(dot_sprite(28), {.size = 27}, Random(1)), InvalidArgument);
}

class MovingDigitsOnDisk : public testing::Test {
 protected:
  MovingDigitsOnDisk() {
    std::string bytes = big_endian_words({0x803, 10, 4, 4});
    for (char sprite = 1; sprite <= 10; ++sprite) bytes += std::string(16, sprite);
    real_files().write_atomic(sprites_, bytes);
  }

  void make(const MovingDigitsOptions& options) {
    make_moving_digits(real_files(), sprites_, directory_ / "set", options, threads_);
  }

  TemporaryDirectory directory_;
  ThreadPool threads_{2};
  Files::Path sprites_ = directory_ / "sprites.idx";
  MovingDigitsOptions small_{.train = 300, .validation = 3, .test = 40, .frames = 3, .size = 12};
};

TEST_F(MovingDigitsOnDisk, TestTheSpritesThatWereNotLearntFrom) {
  make(small_);
  for (const auto& [name, low, high] : {std::tuple{"train.npy", 1, 8}, {"validation.npy", 1, 8}, {"test.npy", 9, 10}}) {
    const NpyFile file(real_files(), directory_ / "set" / name);
    EXPECT_EQ(file.header().shape[1], 3);
    const Tensor pixels = file.read(0, element_count(file.header().shape));
    for (const std::uint8_t pixel : pixels.data<std::uint8_t>()) {
      EXPECT_TRUE(pixel == 0 || (pixel >= low && pixel <= high)) << name << " " << int{pixel};
    }
  }
  EXPECT_THAT(NpyFile(real_files(), directory_ / "set/train.npy").header().shape, ElementsAre(300, 3, 12, 12));
}

TEST_F(MovingDigitsOnDisk, AreTheSameForTheSameOptionsAndNothingIsOverwritten) {
  make(small_);
  const std::string bytes = real_files().read(directory_ / "set/train.npy");
  make(small_);
  EXPECT_EQ(real_files().read(directory_ / "set/train.npy"), bytes);
  MovingDigitsOptions other = small_;
  other.seed = 2;
  EXPECT_THAT([&] { make(other); }, ThrowsMessage<InvalidArgument>(HasSubstr("does not hold this set")));
  make_moving_digits(real_files(), sprites_, directory_ / "other", other, threads_);
  EXPECT_NE(real_files().read(directory_ / "other/train.npy"), bytes);
  other.digits = 0;
  EXPECT_THAT([&] { make(other); }, ThrowsMessage<InvalidArgument>(HasSubstr("number of digits is 0")));
}

}  // namespace
}  // namespace longtake
