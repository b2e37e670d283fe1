// Runs the built programs as their users do: as processes with arguments, standard streams, signals and exit codes.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace longtake::test {

// The programs under test. The environment's LONGTAKE_PROGRAMS, a directory, takes the place of those of the build, so
// that the same tests can be run on any.
std::string longtake_program();

// Exit codes as docs and design have them.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kPartial = 3;

struct Outcome {
  int code = -1;   // exit code; -1 where a signal ended it
  int signal = 0;  // that ended it, or 0
  std::string out;
  std::string err;
};

// Where a process reads and writes; empty paths are nothing to read and files that the Outcome tells of.
struct Streams {
  std::string input;
  std::string output;
};

// A running `longtake`. A hanging one is ended after two minutes by SIGALRM (after half an hour where
// LONGTAKE_LARGE is set).
class Process {
 public:
  explicit Process(const std::vector<std::string>& arguments, const Streams& streams = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void signal(int number) const;
  // Waits until the process has said `text` on standard error; false where it ended without.
  bool says(const std::string& text);
  // The same of standard output.
  bool prints(const std::string& text);
  Outcome wait();

 private:
  bool ended();
  bool writes(const std::filesystem::path& file, const std::string& text);

  pid_t pid_ = -1;
  int status_ = 0;
  bool ended_ = false;
  std::filesystem::path out_, err_;
  bool keeps_output_;
};

Outcome run(const std::vector<std::string>& arguments, const Streams& streams = {});
// The same through the shell, where $LONGTAKE is the program.
Outcome run_shell(const std::string& command);

std::vector<std::string> lines_of(const std::string& text);

}  // namespace longtake::test
