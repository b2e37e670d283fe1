#include "base/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "base/faulty_files.h"
#include "base/temporary_directory.h"
#include "longtake/error.h"

namespace longtake {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::byte> to_bytes(const std::string& text) {
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

// A file of this header and `data` zero bytes.
std::vector<std::byte> file_of(const std::string& json, std::size_t data) {
  std::string text(8, '\0');
  const std::uint64_t length = json.size();
  std::memcpy(text.data(), &length, 8);
  return to_bytes(text + json + std::string(data, '\0'));
}

std::string bad_data_of(const std::vector<std::byte>& bytes) {
  try {
    read_safetensors(bytes, "m.safetensors");
  } catch (const BadData& error) {
    EXPECT_THAT(error.what(), testing::StartsWith("m.safetensors: "));
    return error.what();
  }
  return "no BadData";
}

SafetensorsFile example() {
  SafetensorsFile file;
  file.tensors["weight"] = Tensor::from<float>({2, 2}, {1, -2, 3.5, 0});
  file.tensors["mask"] = Tensor::from<std::uint8_t>({3}, {1, 0, 255});
  file.tensors["steps"] = Tensor::from<std::int64_t>({}, {-7});
  file.tensors["rate"] = Tensor::from<double>({1}, {0.1});
  file.tensors["index"] = Tensor::from<std::int32_t>({1, 2}, {5, -6});
  file.tensors["none"] = Tensor(DType::kFloat32, {0, 4});
  file.metadata["format"] = "pt";
  file.metadata["text \"q\""] = "\xc3\xa9 {}";
  return file;
}

TEST(Safetensors, ReadsTheFormatsOwnExample) {
  // The layout of the format's description, written by hand: one F32 tensor [1, 2] of the values 1.0 and 2.0.
  const std::string json = R"({"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}})";
  std::vector<std::byte> bytes = file_of(json, 8);
  const float values[] = {1, 2};
  std::memcpy(bytes.data() + 8 + json.size(), values, 8);
  const SafetensorsFile file = read_safetensors(bytes, "x");
  ASSERT_EQ(file.tensors.size(), 1u);
  EXPECT_EQ(file.tensors.at("a"), Tensor::from<float>({1, 2}, {1, 2}));
  EXPECT_EQ(file.metadata.at("k"), "v");
}

// By the definitions of the two formats: 1, -2, the least number, infinity; 1.5, -0.
TEST(Safetensors, WidensNumbersOfTwoBytesWhereThatIsWanted) {
  const std::string json =
      R"({"h":{"dtype":"F16","shape":[4],"data_offsets":[0,8]},"b":{"dtype":"BF16","shape":[2],"data_offsets":[8,12]}})";
  std::vector<std::byte> bytes = file_of(json, 12);
  const std::uint16_t values[] = {0x3C00, 0xC000, 0x0001, 0x7C00, 0x3FC0, 0x8000};
  std::memcpy(bytes.data() + 8 + json.size(), values, 12);
  const SafetensorsFile file = read_safetensors(bytes, "x", NarrowNumbers::kWiden);
  EXPECT_EQ(file.tensors.at("h"),
            Tensor::from<float>({4}, {1, -2, std::ldexp(1.0F, -24), std::numeric_limits<float>::infinity()}));
  EXPECT_EQ(file.tensors.at("b"), Tensor::from<float>({2}, {1.5F, -0.0F}));
  EXPECT_THROW(read_safetensors(bytes, "x"), BadData);
  const std::string cut = R"({"h":{"dtype":"F16","shape":[4],"data_offsets":[0,16]}})";
  EXPECT_THROW(read_safetensors(file_of(cut, 16), "x", NarrowNumbers::kWiden), BadData);
}

TEST(Safetensors, RoundTripGivesTheSameContentsAndBytes) {
  const SafetensorsFile file = example();
  const std::vector<std::byte> bytes = write_safetensors(file);
  const SafetensorsFile again = read_safetensors(bytes, "x");
  EXPECT_EQ(again.tensors, file.tensors);
  EXPECT_EQ(again.metadata, file.metadata);
  EXPECT_EQ(write_safetensors(again), bytes);
}

TEST(Safetensors, OrdersByDtypeThenNameAndAlignsToEight) {
  const TemporaryDirectory directory;
  save_safetensors(real_files(), directory / "m", example());
  const SafetensorsHeader header = read_safetensors_header(real_files(), directory / "m");
  EXPECT_EQ(header.data_begin % 8, 0u);
  EXPECT_EQ(header.tensors.at("rate").begin, 0u);
  EXPECT_EQ(header.tensors.at("steps").begin, 8u);
  EXPECT_EQ(header.tensors.at("index").begin, 16u);
  EXPECT_EQ(header.tensors.at("none").begin, 24u);
  EXPECT_EQ(header.tensors.at("weight").begin, 24u);
  EXPECT_EQ(header.tensors.at("mask").begin, 40u);
  EXPECT_EQ(header.tensors.at("mask").end, 43u);
  EXPECT_THAT(header.tensors.at("index").shape, ElementsAre(1, 2));
}

TEST(Safetensors, FileAndMemoryHoldTheSameBytes) {
  const TemporaryDirectory directory;
  save_safetensors(real_files(), directory / "m", example());
  EXPECT_EQ(to_bytes(real_files().read(directory / "m")), write_safetensors(example()));
  EXPECT_EQ(read_safetensors(real_files(), directory / "m").tensors, example().tensors);
}

TEST(Safetensors, AnEmptyFileOfTensorsIsAllowed) {
  EXPECT_TRUE(read_safetensors(write_safetensors({}), "x").tensors.empty());
  EXPECT_TRUE(read_safetensors(file_of("{}", 0), "x").tensors.empty());
}

TEST(Safetensors, RefusesNamesThatCannotBeWritten) {
  for (const char* name : {"", "__metadata__", "\xff"}) {
    SafetensorsFile file;
    file.tensors[name] = Tensor();
    EXPECT_THROW(write_safetensors(file), InvalidArgument) << name;
  }
}

struct Attack {
  const char* rule;
  std::string json;
  std::size_t data;
  const char* message;
};

void PrintTo(const Attack& attack, std::ostream* out) { *out << attack.rule; }

std::string tensor(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return "{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}

class HostileHeader : public testing::TestWithParam<Attack> {};

TEST_P(HostileHeader, IsBadDataThatNamesTheRule) {
  EXPECT_THAT(bad_data_of(file_of(GetParam().json, GetParam().data)), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Rules, HostileHeader,
    testing::Values(
        Attack{"empty header", "", 0, "does not begin with '{'"},
        Attack{"begins with space", " {}", 0, "does not begin with '{'"},
        Attack{"begins with an array", "[]", 0, "does not begin with '{'"},
        Attack{"unclosed", "{", 0, "not valid JSON"},  //
        Attack{"text after it", "{} x", 0, "not valid JSON"}, Attack{"a second object", "{}{}", 0, "not valid JSON"},
        Attack{"invalid UTF-8", "{\"\xff\":1}", 0, "not valid JSON"},
        Attack{"NUL after it", std::string("{}\0x", 4), 0, "NUL byte"},
        Attack{"name twice", "{\"a\":" + tensor("U8", "[1]", "[0,1]") + ",\"a\":" + tensor("U8", "[1]", "[1,2]") + "}",
               2, "\"a\" is there twice"},
        Attack{"metadata twice", R"({"__metadata__":{},"__metadata__":{}})", 0, "is there twice"},
        Attack{"metadata key twice", R"({"__metadata__":{"k":"1","k":"2"}})", 0, "holds the key \"k\" twice"},
        Attack{"field twice", R"({"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}})", 0,
               "holds the key \"dtype\" twice"},
        Attack{"metadata not text", R"({"__metadata__":{"k":1}})", 0, "a number in a wrong place"},
        Attack{"nested metadata", R"({"__metadata__":{"k":{}}})", 0, "an object in a wrong place"},
        Attack{"metadata no object", R"({"__metadata__":"x"})", 0, "a text in a wrong place"},
        Attack{"empty name", "{\"\":" + tensor("U8", "[1]", "[0,1]") + "}", 1, "has an empty name"},
        Attack{"unknown dtype", "{\"a\":" + tensor("F33", "[1]", "[0,4]") + "}", 4, "has the dtype \"F33\""},
        Attack{"unsupported dtype", "{\"a\":" + tensor("BF16", "[1]", "[0,2]") + "}", 2, "has the dtype \"BF16\""},
        Attack{"unknown field", R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"code":"x"}})", 0,
               "unknown key \"code\""},
        Attack{"missing field", R"({"a":{"dtype":"U8","shape":[0]}})", 0, "lacks one of"},
        Attack{"value no object", R"({"a":3})", 0, "a number in a wrong place"},
        Attack{"null", R"({"a":null})", 0, "null in a wrong place"},
        Attack{"boolean", R"({"a":true})", 0, "a boolean in a wrong place"},
        Attack{"negative size", "{\"a\":" + tensor("U8", "[-1]", "[0,1]") + "}", 1, "a negative number"},
        Attack{"fractional size", "{\"a\":" + tensor("U8", "[1.0]", "[0,1]") + "}", 1, "a fraction"},
        Attack{"size over 63 bits", "{\"a\":" + tensor("U8", "[9223372036854775808]", "[0,1]") + "}", 1, "63 bits"},
        Attack{"size over 64 bits", "{\"a\":" + tensor("U8", "[18446744073709551616]", "[0,1]") + "}", 1, "a fraction"},
        Attack{"product overflows to the length", "{\"a\":" + tensor("F32", "[4611686018427387904,4,1]", "[0,0]") + "}",
               0, "overflows"},
        Attack{"overflow before a zero", "{\"a\":" + tensor("U8", "[9223372036854775807,2,0]", "[0,0]") + "}", 0,
               "overflows"},
        Attack{"dtype size overflows", "{\"a\":" + tensor("F64", "[2305843009213693952]", "[0,0]") + "}", 0,
               "overflows"},
        Attack{"nested shape", "{\"a\":" + tensor("U8", "[[1]]", "[0,1]") + "}", 1, "an array in a wrong place"},
        Attack{"shape no array", "{\"a\":" + tensor("U8", "1", "[0,1]") + "}", 1, "a number in a wrong place"},
        Attack{"too many dimensions",
               "{\"a\":" +
                   tensor("U8", "[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]", "[0,0]") + "}",
               0, "more than 32 dimensions"},
        Attack{"one offset", "{\"a\":" + tensor("U8", "[1]", "[0]") + "}", 1, "has 1 data_offsets"},
        Attack{"three offsets", "{\"a\":" + tensor("U8", "[1]", "[0,1,2]") + "}", 1, "more than 2 data_offsets"},
        Attack{"does not begin at zero", "{\"a\":" + tensor("U8", "[1]", "[1,2]") + "}", 2, "there is a hole"},
        Attack{"hole", "{\"a\":" + tensor("U8", "[1]", "[0,1]") + ",\"b\":" + tensor("U8", "[1]", "[2,3]") + "}", 3,
               "there is a hole"},
        Attack{"overlap", "{\"a\":" + tensor("U8", "[2]", "[0,2]") + ",\"b\":" + tensor("U8", "[2]", "[1,3]") + "}", 3,
               "they overlap"},
        Attack{"same place", "{\"a\":" + tensor("U8", "[2]", "[0,2]") + ",\"b\":" + tensor("U8", "[2]", "[0,2]") + "}",
               2, "they overlap"},
        Attack{"ends before it begins",
               "{\"a\":" + tensor("U8", "[2]", "[0,2]") + ",\"b\":" + tensor("U8", "[1]", "[2,1]") + "}", 2,
               "ends before it begins"},
        Attack{"length does not fit the shape", "{\"a\":" + tensor("F32", "[2]", "[0,4]") + "}", 4, "ask for 8"},
        Attack{"data missing", "{\"a\":" + tensor("U8", "[4]", "[0,4]") + "}", 3, "truncated"},
        Attack{"data left over", "{\"a\":" + tensor("U8", "[4]", "[0,4]") + "}", 5, "more than the tensors"}));

TEST(Safetensors, RefusesFilesTooShortForTheirHeader) {
  EXPECT_THAT(bad_data_of({}), HasSubstr("too few"));
  EXPECT_THAT(bad_data_of(to_bytes("1234567")), HasSubstr("too few"));
  std::vector<std::byte> bytes = write_safetensors(example());
  bytes.resize(40);
  EXPECT_THAT(bad_data_of(bytes), HasSubstr("truncated"));
}

TEST(Safetensors, RefusesAHeaderOverTheLimitBeforeItReadsIt) {
  for (const std::uint64_t length : {kSafetensorsHeaderLimit + 1, ~std::uint64_t{0}}) {
    std::vector<std::byte> bytes(16);
    std::memcpy(bytes.data(), &length, 8);
    EXPECT_THAT(bad_data_of(bytes), HasSubstr("a header of at most 100000000 bytes"));
  }
}

TEST(Safetensors, DeepNestingIsRefusedAtOnce) {
  EXPECT_THAT(bad_data_of(file_of("{\"a\":" + std::string(1000000, '['), 0)), HasSubstr("an array in a wrong place"));
  std::string objects = "{";
  for (int i = 0; i < 100000; ++i) objects += "\"a\":{";
  EXPECT_NE(bad_data_of(file_of(objects, 0)), "no BadData");
}

TEST(Safetensors, EveryTruncationIsBadData) {
  const std::vector<std::byte> bytes = write_safetensors(example());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW(read_safetensors(std::span(bytes).first(size), "x"), BadData) << size;
  }
}

TEST(Safetensors, RandomDamageGivesBadDataOrAValidFile) {
  const std::vector<std::byte> original = write_safetensors(example());
  std::mt19937 random(1);
  int refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::byte> bytes = original;
    for (unsigned changes = 1 + random() % 4; changes > 0; --changes) {
      const std::size_t at = random() % bytes.size();
      switch (random() % 3) {
        case 0:
          bytes[at] = static_cast<std::byte>(random());
          break;
        case 1:
          bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at));
          break;
        default:
          bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes[random() % bytes.size()]);
      }
    }
    try {
      // What was accepted can be written and read again.
      const SafetensorsFile file = read_safetensors(bytes, "x");
      EXPECT_EQ(read_safetensors(write_safetensors(file), "x").tensors, file.tensors);
    } catch (const BadData&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 10000);
}

TEST(Safetensors, SavingUnderFaultsKeepsTheOldFileOrWritesTheWholeNewOne) {
  const TemporaryDirectory directory;
  SafetensorsFile old;
  old.tensors["old"] = Tensor::from<float>({1}, {1});
  for (const Fault fault : {Fault::kNoSpace, Fault::kShortWrite, Fault::kPowerLoss}) {
    for (int n = 0;; ++n) {
      save_safetensors(real_files(), directory / "m", old);
      const FaultyFiles files(fault, n);
      try {
        save_safetensors(files, directory / "m", example());
      } catch (const IoError&) {
      }
      const SafetensorsFile now = read_safetensors(real_files(), directory / "m");
      EXPECT_TRUE(now.tensors == old.tensors || now.tensors == example().tensors);
      if (!files.failed()) break;
    }
  }
}

TEST(Safetensors, ReadingUnderFaultsIsAnIoError) {
  const TemporaryDirectory directory;
  save_safetensors(real_files(), directory / "m", example());
  for (int n = 0;; ++n) {
    const FaultyFiles files(Fault::kNoSpace, n);
    try {
      read_safetensors(files, directory / "m");
      EXPECT_FALSE(files.failed());
      break;
    } catch (const IoError&) {
      EXPECT_TRUE(files.failed());
    }
  }
}

}  // namespace
}  // namespace longtake
