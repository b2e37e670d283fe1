// TensorBoard's event files: what `tensorboard --logdir runs` draws while a run is still going on.
//
// A file is a row of TFRecords (length, masked CRC-32C of the length, data, masked CRC-32C of the data; numbers little
// endian), each an `Event` message in protobuf's wire format (tensorflow/core/util/event.proto).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/files.h"

namespace longtake::reports {

class EventWriter {
 public:
  // Starts a new events.out.tfevents.* in `directory`, which is created where it is missing. The name says `start_s`
  // (seconds since 1970), moved on where needed so that it sorts behind the files of earlier starts: TensorBoard reads
  // them in that order. A run that goes on from a checkpoint gives the first step it will do (again); TensorBoard then
  // forgets what an interrupted run had written from that step on. Throws IoError.
  EventWriter(const Files& files, Files::Path directory, double start_s, std::optional<std::int64_t> resumed_at = {});

  // Adds one number. `tag` groups charts by its slashes ("loss/train"). Another process can read it at once.
  // Throws IoError; then this number is lost, and the next call begins a new file, since nobody reads beyond a record
  // that was cut short.
  void scalar(std::string_view tag, std::int64_t step, double value, double wall_time_s);

  // Returns when all of it has reached the disk.
  void sync();

  // The file that is being written.
  const Files::Path& path() const { return path_; }

 private:
  void start(double time_s);
  void write(std::string_view event);

  const Files& files_;
  Files::Path directory_;
  Files::Path path_;
  std::unique_ptr<OutputFile> file_;  // empty after a failed write
};

}  // namespace longtake::reports
