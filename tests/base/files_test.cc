#include "base/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "base/directory_lock.h"
#include "base/faulty_files.h"
#include "base/temporary_directory.h"
#include "longtake/error.h"

namespace longtake {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

template <class F>
std::string io_error_of(F function) {
  try {
    function();
  } catch (const IoError& error) {
    return error.what();
  }
  return "no IoError";
}

TEST(Files, WritesAndReadsBackAllBytes) {
  const TemporaryDirectory directory;
  const std::string text("a\0b\n\xff", 5);
  real_files().write_atomic(directory / "file", text);
  EXPECT_EQ(real_files().read(directory / "file"), text);
  EXPECT_EQ(real_files().size(directory / "file"), 5u);
}

TEST(Files, ReadsAnyRangeAndRefusesToReadPastTheEnd) {
  const TemporaryDirectory directory;
  real_files().write_atomic(directory / "file", "0123456789");
  const std::unique_ptr<InputFile> file = real_files().open(directory / "file");
  std::string part(3, ' ');
  file->read(4, std::as_writable_bytes(std::span(part)));
  EXPECT_EQ(part, "456");
  EXPECT_THAT(io_error_of([&] { file->read(8, std::as_writable_bytes(std::span(part))); }),
              HasSubstr("ends at byte 10"));
}

TEST(Files, AppendsAtTheEndAndCreatesWhatIsMissing) {
  const TemporaryDirectory directory;
  real_files().append(directory / "log")->write("one\n");
  real_files().append(directory / "log")->write("two\n");
  EXPECT_EQ(real_files().read(directory / "log"), "one\ntwo\n");
}

TEST(Files, ListsNamesSorted) {
  const TemporaryDirectory directory;
  for (const char* name : {"b", "a", "C"}) real_files().write_atomic(directory / name, "");
  real_files().create_directories(directory / "d/e");
  EXPECT_THAT(real_files().list(directory.path()), ElementsAre("C", "a", "b", "d"));
}

TEST(Files, RemovingWhatIsNotThereIsNoError) {
  const TemporaryDirectory directory;
  real_files().write_atomic(directory / "file", "x");
  real_files().remove(directory / "file");
  EXPECT_FALSE(real_files().exists(directory / "file"));
  EXPECT_NO_THROW(real_files().remove(directory / "file"));
}

TEST(Files, ErrorsNameThePathAndTheReason) {
  const TemporaryDirectory directory;
  const std::string missing = (directory / "missing").string();
  EXPECT_THAT(io_error_of([&] { real_files().read(missing); }),
              testing::AllOf(HasSubstr(missing), HasSubstr("No such file or directory")));
  EXPECT_THAT(io_error_of([&] { real_files().read(directory.path()); }), HasSubstr("Is a directory"));
  EXPECT_THAT(io_error_of([&] { real_files().list(missing); }), HasSubstr("No such file or directory"));
  EXPECT_THAT(io_error_of([&] { real_files().write_atomic(missing + "/x", "y"); }), HasSubstr("missing/x"));
}

TEST(Files, ReadRefusesFilesOverTheLimit) {
  const TemporaryDirectory directory;
  real_files().write_atomic(directory / "file", "12345");
  EXPECT_EQ(real_files().read(directory / "file", 5), "12345");
  EXPECT_THAT(io_error_of([&] { real_files().read(directory / "file", 4); }), HasSubstr("more than the 4 allowed"));
}

TEST(Files, NeitherWaitsForAPipeNorReplacesOne) {
  const TemporaryDirectory directory;
  const std::filesystem::path pipe = directory / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(io_error_of([&] { real_files().read(pipe); }), HasSubstr("not a regular file"));
  EXPECT_THAT(io_error_of([&] { real_files().write_atomic(pipe, "x"); }), HasSubstr("not a regular file"));
}

TEST(Files, AFullDiskIsAnIoError) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "this system has no /dev/full";
  EXPECT_THAT(io_error_of([] { real_files().append("/dev/full")->write("x"); }), HasSubstr("No space left on device"));
}

class AtomicWriteUnderFaults : public testing::TestWithParam<Fault> {};

TEST_P(AtomicWriteUnderFaults, LeavesTheOldFileOrTheWholeNewOne) {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory / "file";
  int failures = 0;
  for (int n = 0;; ++n) {
    real_files().write_atomic(path, "old contents");
    FaultyFiles files(GetParam(), n);
    const std::string error = io_error_of([&] { files.write_atomic(path, "the new contents"); });
    const std::string now = real_files().read(path);
    if (!files.failed()) {
      EXPECT_EQ(now, "the new contents");
      EXPECT_THAT(real_files().list(directory.path()), ElementsAre("file"));
      break;
    }
    ++failures;
    EXPECT_THAT(error, HasSubstr("No space left"));
    // Only the last step, the directory's sync, fails after the rename.
    const bool renamed = n == 4;
    EXPECT_EQ(now, renamed ? "the new contents" : "old contents") << "operation " << n;
    if (GetParam() != Fault::kPowerLoss) {
      EXPECT_THAT(real_files().list(directory.path()), ElementsAre("file")) << "operation " << n;
    }
  }
  EXPECT_EQ(failures, 5) << "create, write, sync, rename, sync_directory";
}

INSTANTIATE_TEST_SUITE_P(Faults, AtomicWriteUnderFaults,
                         testing::Values(Fault::kNoSpace, Fault::kShortWrite, Fault::kPowerLoss));

TEST(Files, AnExceptionOfTheWriterLeavesTheOldFile) {
  const TemporaryDirectory directory;
  real_files().write_atomic(directory / "file", "old");
  EXPECT_THROW(real_files().write_atomic(directory / "file",
                                         [](OutputFile& file) {
                                           file.write("half");
                                           throw BadData("no more");
                                         }),
               BadData);
  EXPECT_EQ(real_files().read(directory / "file"), "old");
  EXPECT_THAT(real_files().list(directory.path()), ElementsAre("file"));
}

TEST(Files, AWriterAfterACrashOverwritesWhatWasLeftBehind) {
  const TemporaryDirectory directory;
  real_files().write_atomic(directory / "file.tmp", "a longer rest of a killed writer");
  real_files().write_atomic(directory / "file", "new");
  EXPECT_EQ(real_files().read(directory / "file"), "new");
  EXPECT_FALSE(real_files().exists(directory / "file.tmp"));
}

TEST(DirectoryLock, KeepsOutWhoeverComesSecond) {
  const TemporaryDirectory directory;
  {
    const DirectoryLock lock(directory.path());
    EXPECT_THROW(DirectoryLock(directory.path()), IoError);
  }
  const DirectoryLock again(directory.path());
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
  EXPECT_THROW(DirectoryLock(directory / "missing"), IoError);
}

}  // namespace
}  // namespace longtake
