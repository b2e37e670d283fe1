#include "cli/programs.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace longtake::test {

namespace {

// The papers' nets take minutes to be filled and trained.
unsigned seconds_allowed() { return std::getenv("LONGTAKE_LARGE") == nullptr ? 120 : 1800; }

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::filesystem::path temporary_file() {
  std::string name = testing::TempDir() + "/longtake-output-XXXXXX";
  const int file = ::mkstemp(name.data());
  if (file < 0) throw std::runtime_error("cannot create " + name);
  ::close(file);
  return name;
}

void redirect(int stream, const std::string& path, int flags) {
  const int file = ::open(path.c_str(), flags);
  if (file < 0 || ::dup2(file, stream) < 0) ::_exit(126);
  ::close(file);
}

// Only what is allowed between fork and exec.
[[noreturn]] void become(char* const* arguments, const std::string& in, const std::string& out,
                         const std::string& err) {
  redirect(STDIN_FILENO, in, O_RDONLY);
  redirect(STDOUT_FILENO, out, O_WRONLY);
  redirect(STDERR_FILENO, err, O_WRONLY);
  ::signal(SIGPIPE, SIG_DFL);
  ::alarm(seconds_allowed());
  ::execv(arguments[0], arguments);
  ::_exit(127);
}

}  // namespace

std::string longtake_program() {
  const char* directory = std::getenv("LONGTAKE_PROGRAMS");
  return directory != nullptr ? std::string(directory) + "/longtake" : LONGTAKE_PROGRAM;
}

Process::Process(const std::vector<std::string>& arguments, const Streams& streams)
    : out_(streams.output.empty() ? temporary_file() : std::filesystem::path(streams.output)),
      err_(temporary_file()),
      keeps_output_(!streams.output.empty()) {
  std::vector<std::string> words{longtake_program()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const std::string in = streams.input.empty() ? "/dev/null" : streams.input, out = out_, err = err_;
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("cannot fork");
  if (pid_ == 0) become(pointers.data(), in, out, err);
}

Process::~Process() {
  if (!ended_) {
    signal(SIGKILL);
    wait();
  }
  std::error_code ignored;
  if (!keeps_output_) std::filesystem::remove(out_, ignored);
  std::filesystem::remove(err_, ignored);
}

void Process::signal(int number) const { ::kill(pid_, number); }

bool Process::ended() {
  if (!ended_) ended_ = ::waitpid(pid_, &status_, WNOHANG) == pid_;
  return ended_;
}

bool Process::says(const std::string& text) { return writes(err_, text); }

bool Process::prints(const std::string& text) { return writes(out_, text); }

bool Process::writes(const std::filesystem::path& file, const std::string& text) {
  while (true) {
    const bool over = ended();
    if (text_of(file).find(text) != std::string::npos) return true;
    if (over) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // between two looks; what is waited for is the text
  }
}

Outcome Process::wait() {
  while (!ended_) {
    ended_ = ::waitpid(pid_, &status_, 0) == pid_;
    if (!ended_ && errno != EINTR) throw std::runtime_error("the process is gone");
  }
  Outcome outcome;
  if (WIFEXITED(status_)) outcome.code = WEXITSTATUS(status_);
  if (WIFSIGNALED(status_)) outcome.signal = WTERMSIG(status_);
  if (!keeps_output_) outcome.out = text_of(out_);
  outcome.err = text_of(err_);
  return outcome;
}

Outcome run(const std::vector<std::string>& arguments, const Streams& streams) {
  return Process(arguments, streams).wait();
}

Outcome run_shell(const std::string& command) {
  const std::filesystem::path out = temporary_file(), err = temporary_file();
  const std::string whole =
      "LONGTAKE='" + longtake_program() + "'; { " + command + "\n} >'" + out.string() + "' 2>'" + err.string() + "'";
  // As bash, because pipefail is wanted.
  const std::filesystem::path script = temporary_file();
  std::ofstream(script) << whole << "\n";
  const int status = std::system(("timeout 120 bash " + script.string()).c_str());
  Outcome outcome{WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                  text_of(out), text_of(err)};
  for (const auto& path : {out, err, script}) std::filesystem::remove(path);
  return outcome;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace longtake::test
