#include "reports/tensorboard.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <string>
#include <utility>

#include "base/crc32c.h"

namespace longtake::reports {
namespace {

constexpr std::string_view kPrefix = "events.out.tfevents.";
constexpr std::string_view kSuffix = ".longtake";

template <class Integer>
void append_little_endian(std::string& out, Integer value) {
  for (std::size_t i = 0; i < sizeof(Integer); ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

// Protobuf's wire format, as far as the two messages need it: every field is a key (number and wire type) and a value.
class Message {
 public:
  Message& integer(int field, std::int64_t value) {
    key(field, 0);
    variable(static_cast<std::uint64_t>(value));
    return *this;
  }
  Message& number(int field, double value) {
    key(field, 1);
    append_little_endian(bytes_, std::bit_cast<std::uint64_t>(value));
    return *this;
  }
  Message& number(int field, float value) {
    key(field, 5);
    append_little_endian(bytes_, std::bit_cast<std::uint32_t>(value));
    return *this;
  }
  // A string or a message within.
  Message& bytes(int field, std::string_view value) {
    key(field, 2);
    variable(value.size());
    bytes_ += value;
    return *this;
  }
  const std::string& text() const { return bytes_; }

 private:
  void key(int field, int wire_type) { variable(static_cast<std::uint64_t>(field << 3 | wire_type)); }
  // Seven bits a byte, the lowest first; the top bit says that more follow.
  void variable(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<char>(value | 0x80));
    bytes_.push_back(static_cast<char>(value));
  }

  std::string bytes_;
};

// Field numbers of event.proto and summary.proto.
namespace event {
constexpr int kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7;
}
namespace summary {
constexpr int kValue = 1;
}
namespace summary_value {
constexpr int kTag = 1, kSimpleValue = 2;
}
namespace session_log {
constexpr int kStatus = 1;
constexpr std::int64_t kStart = 1;
}  // namespace session_log

std::uint32_t masked_crc(std::string_view bytes) {
  return mask_crc32c(crc32c(std::as_bytes(std::span(bytes.data(), bytes.size()))));
}

std::string record_of(std::string_view data) {
  std::string record;
  record.reserve(data.size() + 16);
  append_little_endian(record, static_cast<std::uint64_t>(data.size()));
  append_little_endian(record, masked_crc(record));
  record += data;
  append_little_endian(record, masked_crc(data));
  return record;
}

// The time in a file's name, or -1 for the name of something else.
std::int64_t stamp_in(std::string_view name) {
  if (!name.starts_with(kPrefix)) return -1;
  name.remove_prefix(kPrefix.size());
  std::int64_t stamp = -1;
  std::from_chars(name.data(), name.data() + name.size(), stamp);
  return stamp;
}

}  // namespace

EventWriter::EventWriter(const Files& files, Files::Path directory, double start_s,
                         std::optional<std::int64_t> resumed_at)
    : files_(files), directory_(std::move(directory)) {
  files_.create_directories(directory_);
  start(start_s);
  if (!resumed_at) return;
  const Message status = Message().integer(session_log::kStatus, session_log::kStart);
  write(Message()
            .number(event::kWallTime, start_s)
            .integer(event::kStep, *resumed_at)
            .bytes(event::kSessionLog, status.text())
            .text());
}

void EventWriter::start(double time_s) {
  auto stamp = static_cast<std::int64_t>(time_s);
  for (const std::string& name : files_.list(directory_)) stamp = std::max(stamp, stamp_in(name) + 1);
  path_ = directory_ / fmt::format("{}{:010}{}", kPrefix, stamp, kSuffix);
  file_ = files_.append(path_);
  write(Message().number(event::kWallTime, time_s).bytes(event::kFileVersion, "brain.Event:2").text());
}

void EventWriter::write(std::string_view event) {
  // Taken out, so that after an exception the file counts as closed.
  std::unique_ptr<OutputFile> file = std::move(file_);
  file->write(std::string_view(record_of(event)));
  file_ = std::move(file);
}

void EventWriter::scalar(std::string_view tag, std::int64_t step, double value, double wall_time_s) {
  if (file_ == nullptr) start(wall_time_s);
  const Message entry =
      Message().bytes(summary_value::kTag, tag).number(summary_value::kSimpleValue, static_cast<float>(value));
  const Message values = Message().bytes(summary::kValue, entry.text());
  write(Message()
            .number(event::kWallTime, wall_time_s)
            .integer(event::kStep, step)
            .bytes(event::kSummary, values.text())
            .text());
}

void EventWriter::sync() {
  if (file_ != nullptr) file_->sync();
}

}  // namespace longtake::reports
