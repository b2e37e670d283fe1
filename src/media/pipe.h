// Standard input and named pipes, read so that a wait for their bytes can be broken off. FFmpeg's own reader of them
// sits in the system until bytes come, and before that until somebody opens the other end.
#pragma once

#include <functional>
#include <string>

#include "media/ffmpeg.h"

namespace longtake::media {

class Pipe {
 public:
  // "-" is standard input. `due` is asked again and again while there is nothing to read, and ends the wait by true.
  // Throws IoError.
  Pipe(const std::string& path, std::function<bool()> due);
  ~Pipe();
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  // For AVFormatContext::pb. Owned here.
  AVIOContext* context() const { return context_; }

 private:
  int read(std::uint8_t* out, int size) const;

  std::function<bool()> due_;
  int file_;
  bool owned_;
  AVIOContext* context_ = nullptr;
};

}  // namespace longtake::media
