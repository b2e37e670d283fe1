// The exceptions that longtake throws. Every message says what was wrong, where (file, frame, key, node) and, where it
// can, what would be right. Library code never prints, aborts or exits.
#pragma once

#include <stdexcept>
#include <string>

namespace longtake {

// The base of everything thrown by longtake on purpose.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A caller broke a function's contract: a shape that does not fit, an index out of range, a wrong name.
class InvalidArgument : public Error {
 public:
  using Error::Error;
};

// A recipe, an option or a command line is wrong; the user can mend it (exit code 2).
class ConfigError : public Error {
 public:
  using Error::Error;
};

// A file, packet or record is not what it claims to be: truncated, corrupt or hostile.
class BadData : public Error {
 public:
  using Error::Error;
};

// The operating system refused: missing file, full disk, no permission, unreachable host.
class IoError : public Error {
 public:
  using Error::Error;
};

// This build or machine cannot do it: a device, codec, op or version that is not there.
class Unsupported : public Error {
 public:
  using Error::Error;
};

}  // namespace longtake
