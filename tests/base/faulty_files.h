// Files whose n-th operation fails, for tests that sweep n over every operation of a save:
//
//   for (int n = 0;; ++n) {
//     FaultyFiles files(Fault::kNoSpace, n);
//     try { save(files); } catch (const IoError&) {}
//     ... what must hold after any failure ...
//     if (!files.failed()) break;  // n is past the last operation
//   }
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "longtake/error.h"

namespace longtake {

enum class Fault {
  kNoSpace,     // the n-th operation does nothing and throws; later ones work
  kShortWrite,  // the same, but a write puts half of its bytes before it throws
  kPowerLoss,   // the n-th operation and all later ones throw and do nothing: a rename is lost, nothing is cleaned up
};

class FaultyFiles : public Files {
 public:
  // Operations are counted from 0: open, each read, create, append, each write, each sync, rename, sync_directory,
  // remove, create_directories, exists and list.
  FaultyFiles(Fault fault, int failing, const Files& files = real_files())
      : state_(std::make_shared<State>(State{fault, failing})), files_(files) {}

  bool failed() const { return state_->count > state_->failing; }
  int operations() const { return state_->count; }

  std::unique_ptr<InputFile> open(const Path& path) const override {
    state_->step(path);
    return std::make_unique<Input>(state_, path, files_.open(path));
  }
  std::unique_ptr<OutputFile> create(const Path& path) const override {
    state_->step(path);
    return std::make_unique<Output>(state_, path, files_.create(path));
  }
  std::unique_ptr<OutputFile> append(const Path& path) const override {
    state_->step(path);
    return std::make_unique<Output>(state_, path, files_.append(path));
  }
  void rename(const Path& from, const Path& to) const override {
    state_->step(to);
    files_.rename(from, to);
  }
  void sync_directory(const Path& directory) const override {
    state_->step(directory);
    files_.sync_directory(directory);
  }
  void remove(const Path& path) const override {
    state_->step(path);
    files_.remove(path);
  }
  void create_directories(const Path& path) const override {
    state_->step(path);
    files_.create_directories(path);
  }
  bool exists(const Path& path) const override {
    state_->step(path);
    return files_.exists(path);
  }
  std::vector<std::string> list(const Path& directory) const override {
    state_->step(directory);
    return files_.list(directory);
  }

 private:
  struct State {
    Fault fault;
    int failing;
    int count = 0;

    bool fails_now() {
      const int operation = count++;
      return operation == failing || (fault == Fault::kPowerLoss && operation > failing);
    }
    [[noreturn]] void fail(const Path& path) const {
      throw IoError("cannot write " + path.string() + ": No space left on device (injected)");
    }
    void step(const Path& path) {
      if (fails_now()) fail(path);
    }
  };

  class Input : public InputFile {
   public:
    Input(std::shared_ptr<State> state, Path path, std::unique_ptr<InputFile> file)
        : state_(std::move(state)), path_(std::move(path)), file_(std::move(file)) {}
    std::uint64_t size() const override { return file_->size(); }
    void read(std::uint64_t offset, std::span<std::byte> out) const override {
      state_->step(path_);
      file_->read(offset, out);
    }

   private:
    std::shared_ptr<State> state_;
    Path path_;
    std::unique_ptr<InputFile> file_;
  };

  class Output : public OutputFile {
   public:
    Output(std::shared_ptr<State> state, Path path, std::unique_ptr<OutputFile> file)
        : state_(std::move(state)), path_(std::move(path)), file_(std::move(file)) {}
    void write(std::span<const std::byte> bytes) override {
      if (state_->fails_now()) {
        if (state_->fault == Fault::kShortWrite) file_->write(bytes.first(bytes.size() / 2));
        state_->fail(path_);
      }
      file_->write(bytes);
    }
    void sync() override {
      state_->step(path_);
      file_->sync();
    }

   private:
    std::shared_ptr<State> state_;
    Path path_;
    std::unique_ptr<OutputFile> file_;
  };

  std::shared_ptr<State> state_;
  const Files& files_;
};

}  // namespace longtake
