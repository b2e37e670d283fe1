// Files behind an interface, so that tests can make every single operation fail. Everything that longtake reads or
// writes by itself (recipes, model files, checkpoints, logs) goes through it; media goes through FFmpeg instead.
//
// Every failure is an IoError that names the path and the system's reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace longtake {

// A regular file opened for reading at any offset.
class InputFile {
 public:
  virtual ~InputFile() = default;
  // Bytes in the file when it was opened.
  virtual std::uint64_t size() const = 0;
  // Fills `out` with the bytes from `offset` on; a file that ends before that is an IoError.
  virtual void read(std::uint64_t offset, std::span<std::byte> out) const = 0;
};

// A file opened for writing at its end. Nothing is buffered here: what write() took, another process can read.
class OutputFile {
 public:
  virtual ~OutputFile() = default;
  virtual void write(std::span<const std::byte> bytes) = 0;
  // Returns when all that was written has reached the disk.
  virtual void sync() = 0;

  void write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }
};

class Files {
 public:
  using Path = std::filesystem::path;

  virtual ~Files() = default;

  // The steps that may fail. Directories and devices cannot be opened.
  virtual std::unique_ptr<InputFile> open(const Path& path) const = 0;
  // Creates the file, or empties it.
  virtual std::unique_ptr<OutputFile> create(const Path& path) const = 0;
  // Opens the file to add at its end, and creates it where it is missing: for logs and event files.
  virtual std::unique_ptr<OutputFile> append(const Path& path) const = 0;
  virtual void rename(const Path& from, const Path& to) const = 0;
  // Returns when the directory's list of names has reached the disk.
  virtual void sync_directory(const Path& directory) const = 0;
  // Removes a file; one that is not there is no error.
  virtual void remove(const Path& path) const = 0;
  virtual void create_directories(const Path& path) const = 0;
  virtual bool exists(const Path& path) const = 0;
  // The names in a directory, sorted by their bytes.
  virtual std::vector<std::string> list(const Path& directory) const = 0;

  // The whole file. One larger than `limit` bytes is an IoError, so that a hostile file cannot fill the memory.
  std::string read(const Path& path, std::uint64_t limit = kReadLimit) const;
  std::uint64_t size(const Path& path) const { return open(path)->size(); }

  // Replaces `path` so that after any failure or crash there is the old file, or the whole new one, under that name:
  // writes `path`.tmp, syncs it, renames it and syncs the directory. One writer per path at a time.
  void write_atomic(const Path& path, std::string_view text) const;
  void write_atomic(const Path& path, std::span<const std::byte> bytes) const;
  // The same for contents too large to build in memory: `fill` writes them.
  void write_atomic(const Path& path, const std::function<void(OutputFile&)>& fill) const;

  static constexpr std::uint64_t kReadLimit = std::uint64_t{1} << 30;
};

// The machine's own files. Has no state and may be used from any thread.
const Files& real_files();

}  // namespace longtake
