// The event files, read back by a strict reader written from the formats' descriptions: TFRecord framing, protobuf's
// wire format, and the field numbers of event.proto and summary.proto.
#include "reports/tensorboard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/crc32c.h"
#include "base/faulty_files.h"
#include "base/temporary_directory.h"
#include "longtake/error.h"

namespace longtake::reports {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::StartsWith;

struct Bytes {
  std::string_view rest;

  std::string_view take(std::size_t count) {
    if (count > rest.size()) throw std::runtime_error("ends too early");
    const std::string_view part = rest.substr(0, count);
    rest.remove_prefix(count);
    return part;
  }
  template <class T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));  // the tests run on little endian machines
    return value;
  }
  std::uint64_t variable() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = number<std::uint8_t>();
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    throw std::runtime_error("a number of more than ten bytes");
  }
};

// The checksum by its definition, bit by bit (reflected polynomial 0x82f63b78), so that the test stands on its own.
std::uint32_t masked_crc(std::string_view bytes) {
  std::uint32_t crc = ~0u;
  for (const char byte : bytes) {
    crc ^= static_cast<std::uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
  }
  crc = ~crc;
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

struct Event {
  double wall_time = 0;
  std::int64_t step = 0;
  std::string file_version;
  std::map<std::string, float> values;
  bool session_start = false;
};

struct Field {
  int number = 0;
  int wire_type = 0;
  std::string_view bytes;
  std::uint64_t integer = 0;
};

std::vector<Field> fields_of(std::string_view message) {
  std::vector<Field> fields;
  for (Bytes in{message}; !in.rest.empty();) {
    const std::uint64_t key = in.variable();
    Field field{static_cast<int>(key >> 3), static_cast<int>(key & 7), {}, 0};
    switch (field.wire_type) {
      case 0:
        field.integer = in.variable();
        break;
      case 1:
        field.bytes = in.take(8);
        break;
      case 2:
        field.bytes = in.take(in.variable());
        break;
      case 5:
        field.bytes = in.take(4);
        break;
      default:
        throw std::runtime_error("unknown wire type");
    }
    fields.push_back(field);
  }
  return fields;
}

void expect_type(const Field& field, int wire_type) {
  if (field.wire_type != wire_type) throw std::runtime_error("field with the wrong wire type");
}

void read_value(std::string_view message, Event& event) {
  std::string tag;
  for (const Field& field : fields_of(message)) {
    if (field.number == 1) {
      expect_type(field, 2);
      tag = field.bytes;
    } else if (field.number == 2) {
      expect_type(field, 5);
      event.values[tag] = Bytes{field.bytes}.number<float>();
    } else {
      throw std::runtime_error("unknown field of Summary.Value");
    }
  }
}

Event read_event(std::string_view message) {
  Event event;
  for (const Field& field : fields_of(message)) {
    if (field.number == 1) {
      expect_type(field, 1);
      event.wall_time = Bytes{field.bytes}.number<double>();
    } else if (field.number == 2) {
      expect_type(field, 0);
      event.step = static_cast<std::int64_t>(field.integer);
    } else if (field.number == 3) {
      expect_type(field, 2);
      event.file_version = field.bytes;
    } else if (field.number == 5) {
      expect_type(field, 2);
      for (const Field& value : fields_of(field.bytes)) read_value(value.bytes, event);
    } else if (field.number == 7) {
      expect_type(field, 2);
      const std::vector<Field> status = fields_of(field.bytes);
      event.session_start = status.size() == 1 && status[0].number == 1 && status[0].integer == 1;
    } else {
      throw std::runtime_error("unknown field of Event");
    }
  }
  return event;
}

std::vector<Event> read_events(std::string_view file) {
  std::vector<Event> events;
  for (Bytes in{file}; !in.rest.empty();) {
    const std::string_view length = in.rest.substr(0, 8);
    const auto size = in.number<std::uint64_t>();
    if (in.number<std::uint32_t>() != masked_crc(length)) throw std::runtime_error("checksum of the length");
    const std::string_view data = in.take(size);
    if (in.number<std::uint32_t>() != masked_crc(data)) throw std::runtime_error("checksum of the data");
    events.push_back(read_event(data));
  }
  return events;
}

std::vector<Event> read_events(const std::filesystem::path& path) {
  return read_events(std::string_view(real_files().read(path)));
}

TEST(EventWriter, AnIndependentReaderSeesEveryNumber) {
  TemporaryDirectory directory;
  EventWriter writer(real_files(), directory / "run", 1700000000.5);
  writer.scalar("loss/train", 0, 2.5, 1700000001.25);
  writer.scalar("loss/train", std::int64_t{1} << 40, 0.125, 1700000002.0);
  writer.scalar("größe", 3, -1.0, 1700000003.0);
  writer.sync();
  EXPECT_EQ(writer.path().filename(), "events.out.tfevents.1700000000.longtake");
  const std::vector<Event> events = read_events(writer.path());
  ASSERT_EQ(events.size(), 4);
  EXPECT_EQ(events[0].file_version, "brain.Event:2");
  EXPECT_EQ(events[0].wall_time, 1700000000.5);
  EXPECT_EQ(events[1].wall_time, 1700000001.25);
  EXPECT_EQ(events[1].step, 0);
  EXPECT_EQ(events[1].values.at("loss/train"), 2.5f);
  EXPECT_EQ(events[2].step, std::int64_t{1} << 40);
  EXPECT_EQ(events[2].values.at("loss/train"), 0.125f);
  EXPECT_EQ(events[3].values.at("größe"), -1.0f);
}

// By hand from the format: wall_time 1 is 09 000000000000f03f, step 1 is 1001, and the summary 2a, length, then value
// 0a, length, tag 0a01 'a', simple_value 15 0000803f.
TEST(EventWriter, WritesTheBytesOfTheFormat) {
  TemporaryDirectory directory;
  EventWriter writer(real_files(), directory.path(), 0);
  const std::size_t before = real_files().read(writer.path()).size();
  writer.scalar("a", 1, 1.0, 1.0);
  const std::string record = real_files().read(writer.path()).substr(before);
  const std::string event(
      "\x09\0\0\0\0\0\0\xf0\x3f\x10\x01\x2a\x0a\x0a\x08\x0a\x01"
      "a\x15\0\0\x80\x3f",
      23);
  EXPECT_EQ(record.substr(0, 8), std::string("\x17\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(record.substr(12, record.size() - 16), event);
}

TEST(EventWriter, ANumberCanBeReadAsSoonAsItIsWritten) {
  TemporaryDirectory directory;
  EventWriter writer(real_files(), directory.path(), 100);
  for (int step = 0; step < 3; ++step) {
    writer.scalar("a", step, step, 100);
    EXPECT_EQ(read_events(writer.path()).size(), step + 2u);
  }
}

TEST(EventWriter, AResumedRunWritesANewFileThatSortsBehindTheOld) {
  TemporaryDirectory directory;
  EventWriter first(real_files(), directory.path(), 1000);
  EventWriter same_second(real_files(), directory.path(), 1000.9, 40);
  EventWriter clock_went_back(real_files(), directory.path(), 500, 80);
  EXPECT_THAT(real_files().list(directory.path()),
              ElementsAre(first.path().filename().string(), same_second.path().filename().string(),
                          clock_went_back.path().filename().string()));
  const std::vector<Event> events = read_events(same_second.path());
  ASSERT_EQ(events.size(), 2);
  EXPECT_TRUE(events[1].session_start);
  EXPECT_EQ(events[1].step, 40);
}

TEST(EventWriter, OtherFilesInTheDirectoryDoNotMatter) {
  TemporaryDirectory directory;
  real_files().create(directory / "events.out.tfevents.");
  real_files().create(directory / "report.html");
  EventWriter writer(real_files(), directory.path(), 7);
  EXPECT_EQ(writer.path().filename(), "events.out.tfevents.0000000007.longtake");
}

TEST(EventWriter, AfterAFailedWriteEveryFileIsReadableToItsFirstBrokenRecord) {
  for (int failing = 0;; ++failing) {
    TemporaryDirectory directory;
    FaultyFiles files(Fault::kShortWrite, failing);
    int failures = 0;
    try {
      EventWriter writer(files, directory.path(), 10);
      for (int step = 0; step < 4; ++step) {
        try {
          writer.scalar("a", step, step, 10 + step);
        } catch (const IoError&) {
          ++failures;
        }
      }
    } catch (const IoError&) {
      continue;  // the run could not start
    }
    EXPECT_EQ(failures, files.failed() ? 1 : 0);
    std::vector<std::int64_t> steps;
    for (const std::string& name : real_files().list(directory.path())) {
      const std::string bytes = real_files().read(directory / name);
      std::size_t whole = bytes.size();
      for (bool readable = false; !readable && whole > 0;) {
        try {
          read_events(std::string_view(bytes).substr(0, whole));
          readable = true;
        } catch (const std::runtime_error&) {
          --whole;
        }
      }
      for (const Event& event : read_events(std::string_view(bytes).substr(0, whole))) {
        if (!event.values.empty()) steps.push_back(event.step);
      }
    }
    EXPECT_EQ(steps.size(), files.failed() ? 3u : 4u);
    if (!files.failed()) break;
  }
}

}  // namespace
}  // namespace longtake::reports
