// The machine's files through POSIX, because the standard streams cannot sync and hide the reason of a failure.
#include "base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "longtake/error.h"

namespace longtake {
namespace {

using Path = Files::Path;

[[noreturn]] void fail(const char* verb, const Path& path, const std::string& reason) {
  throw IoError(fmt::format("cannot {} {}: {}", verb, path.string(), reason));
}

[[noreturn]] void fail_errno(const char* verb, const Path& path, int error) {
  fail(verb, path, std::generic_category().message(error));
}

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() { ::close(value_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }

 private:
  int value_;
};

int open_or_fail(const char* verb, const Path& path, int flags) {
  int descriptor = -1;
  do {
    descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) fail_errno(verb, path, errno);
  return descriptor;
}

class RealInputFile : public InputFile {
 public:
  // O_NONBLOCK keeps a named pipe from blocking before it can be refused; it means nothing for a regular file.
  explicit RealInputFile(const Path& path) : path_(path), file_(open_or_fail("open", path, O_RDONLY | O_NONBLOCK)) {
    struct stat status {};
    if (::fstat(file_.get(), &status) != 0) fail_errno("open", path_, errno);
    if (S_ISDIR(status.st_mode)) fail_errno("read", path_, EISDIR);
    if (!S_ISREG(status.st_mode)) fail("read", path_, "it is not a regular file");
    size_ = static_cast<std::uint64_t>(status.st_size);
  }

  std::uint64_t size() const override { return size_; }

  void read(std::uint64_t offset, std::span<std::byte> out) const override {
    while (!out.empty()) {
      const ssize_t got = ::pread(file_.get(), out.data(), out.size(), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail_errno("read", path_, errno);
      if (got == 0) fail("read", path_, fmt::format("it ends at byte {}", offset));
      out = out.subspan(static_cast<std::size_t>(got));
      offset += static_cast<std::uint64_t>(got);
    }
  }

 private:
  Path path_;
  Descriptor file_;
  std::uint64_t size_ = 0;
};

class RealOutputFile : public OutputFile {
 public:
  RealOutputFile(const Path& path, int flags)
      : path_(path), file_(open_or_fail("write", path, O_WRONLY | O_CREAT | flags)) {}

  void write(std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const ssize_t put = ::write(file_.get(), bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) fail_errno("write", path_, errno);
      bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
  }

  void sync() override {
    if (::fsync(file_.get()) != 0) fail_errno("write", path_, errno);
  }

 private:
  Path path_;
  Descriptor file_;
};

class RealFiles : public Files {
 public:
  std::unique_ptr<InputFile> open(const Path& path) const override { return std::make_unique<RealInputFile>(path); }

  std::unique_ptr<OutputFile> create(const Path& path) const override {
    return std::make_unique<RealOutputFile>(path, O_TRUNC);
  }

  std::unique_ptr<OutputFile> append(const Path& path) const override {
    return std::make_unique<RealOutputFile>(path, O_APPEND);
  }

  void rename(const Path& from, const Path& to) const override {
    if (::rename(from.c_str(), to.c_str()) != 0) fail_errno("write", to, errno);
  }

  void sync_directory(const Path& directory) const override {
    const Descriptor file(open_or_fail("sync", directory, O_RDONLY | O_DIRECTORY));
    // Some file systems cannot sync a directory and say so with EINVAL; there is nothing more to do there.
    if (::fsync(file.get()) != 0 && errno != EINVAL) fail_errno("sync", directory, errno);
  }

  void remove(const Path& path) const override {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) fail_errno("remove", path, errno);
  }

  void create_directories(const Path& path) const override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) fail("create directory", path, error.message());
  }

  bool exists(const Path& path) const override {
    std::error_code error;
    const bool found = std::filesystem::exists(path, error);
    if (error) fail("find", path, error.message());
    return found;
  }

  std::vector<std::string> list(const Path& directory) const override {
    std::vector<std::string> names;
    std::error_code error;
    std::filesystem::directory_iterator entry(directory, error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      names.push_back(entry->path().filename().string());
    }
    if (error) fail("list", directory, error.message());
    std::sort(names.begin(), names.end());
    return names;
  }
};

// Removes a temporary file unless it was kept. Failing to is no second error: the first one matters to the user.
class Temporary {
 public:
  Temporary(const Files& files, Path path) : files_(files), path_(std::move(path)) {}
  ~Temporary() {
    if (kept_) return;
    try {
      files_.remove(path_);
    } catch (const IoError&) {
    }
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  const Path& path() const { return path_; }
  void keep() { kept_ = true; }

 private:
  const Files& files_;
  Path path_;
  bool kept_ = false;
};

// A device such as /dev/null must be written to, never replaced by a file.
void check_replaceable(const Path& path) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    fail("write", path, "it exists and is not a regular file");
  }
}

}  // namespace

std::string Files::read(const Path& path, std::uint64_t limit) const {
  const std::unique_ptr<InputFile> file = open(path);
  if (file->size() > limit) {
    fail("read", path, fmt::format("it has {} bytes, more than the {} allowed", file->size(), limit));
  }
  std::string text(static_cast<std::size_t>(file->size()), '\0');
  file->read(0, std::as_writable_bytes(std::span(text)));
  return text;
}

void Files::write_atomic(const Path& path, std::string_view text) const {
  write_atomic(path, [text](OutputFile& file) { file.write(text); });
}

void Files::write_atomic(const Path& path, std::span<const std::byte> bytes) const {
  write_atomic(path, [bytes](OutputFile& file) { file.write(bytes); });
}

void Files::write_atomic(const Path& path, const std::function<void(OutputFile&)>& fill) const {
  check_replaceable(path);
  Temporary temporary(*this, Path(path.string() + ".tmp"));
  {
    const std::unique_ptr<OutputFile> file = create(temporary.path());
    fill(*file);
    file->sync();
  }
  rename(temporary.path(), path);
  temporary.keep();
  sync_directory(path.has_parent_path() ? path.parent_path() : Path("."));
}

const Files& real_files() {
  static const RealFiles files;
  return files;
}

}  // namespace longtake
