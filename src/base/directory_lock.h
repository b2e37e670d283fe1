// Keeps two processes from working in one directory.
#pragma once

#include <filesystem>

namespace longtake {

// Holds a directory until it is destroyed or the process ends, however it ends. Leaves nothing in it.
class DirectoryLock {
 public:
  // Throws IoError when another process holds the directory, or when it cannot be opened.
  explicit DirectoryLock(const std::filesystem::path& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace longtake
