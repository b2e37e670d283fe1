#include "media/pipe.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "longtake/error.h"

namespace longtake::media {
namespace {

// How often the wait for bytes looks whether it is to end.
constexpr int kPollMs = 50;
constexpr int kBufferBytes = 32768;  // as FFmpeg's own

}  // namespace

// A pipe is opened without waiting for its writer: that is waited for in read(), where the wait can end.
Pipe::Pipe(const std::string& path, std::function<bool()> due)
    : due_(std::move(due)),
      file_(path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)),
      owned_(path != "-") {
  if (file_ < 0) throw IoError(fmt::format("{}: {}", path, std::strerror(errno)));
  auto* buffer = static_cast<unsigned char*>(av_malloc(kBufferBytes));
  if (buffer != nullptr) {
    context_ = avio_alloc_context(
        buffer, kBufferBytes, 0, this,
        [](void* self, std::uint8_t* out, int size) { return static_cast<const Pipe*>(self)->read(out, size); },
        nullptr, nullptr);
  }
  if (context_ != nullptr) return;
  av_free(buffer);
  if (owned_) ::close(file_);
  throw std::bad_alloc();
}

Pipe::~Pipe() {
  av_freep(&context_->buffer);  // FFmpeg may have put another one in the place of ours
  avio_context_free(&context_);
  if (owned_) ::close(file_);
}

int Pipe::read(std::uint8_t* out, int size) const {
  while (!due_()) {
    pollfd readable{file_, POLLIN, 0};
    const int count = ::poll(&readable, 1, kPollMs);
    if (count == 0 || (count < 0 && errno == EINTR)) continue;
    if (count < 0) return AVERROR(errno);
    const ssize_t got = ::read(file_, out, static_cast<std::size_t>(size));
    if (got > 0) return static_cast<int>(got);
    if (got == 0) return AVERROR_EOF;
    if (errno != EAGAIN && errno != EINTR) return AVERROR(errno);
  }
  return AVERROR_EXIT;
}

}  // namespace longtake::media
