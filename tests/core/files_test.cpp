// SPDX-License-Identifier: Apache-2.0
// Files read whole, written whole, and written line by line; what is no regular file, and a disk that is full.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/rows.h"
#include "tocsin/core/bytes.h"

namespace tocsin {
namespace {

namespace fs = std::filesystem;
using support::error_of;

/// A folder of its own for each test, removed with it.
class Files : public testing::Test {
 protected:
  Files() {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(testing::TempDir()) / fmt::format("tocsin-{}-{}", info->name(), ::getpid());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~Files() override { fs::remove_all(folder_); }
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }
  static std::string content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  static void put(const std::string& path, std::string_view text) { std::ofstream(path, std::ios::binary) << text; }

 private:
  fs::path folder_;
};

TEST_F(Files, AreReadWithTheirHash) {
  put(path("a"), "abc");
  const FileBytes file = read_file(path("a"), 3);
  EXPECT_EQ(file.path, path("a"));
  EXPECT_EQ(file.bytes, (std::vector<unsigned char>{'a', 'b', 'c'}));
  EXPECT_EQ(file.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  put(path("empty"), "");
  EXPECT_TRUE(read_file(path("empty"), 0).bytes.empty());
}

TEST_F(Files, AreRefusedBeyondTheLimit) {
  put(path("a"), "abcd");
  EXPECT_EQ(error_of([&] { read_file(path("a"), 3); }), path("a") + ": is 4 bytes long, the limit is 3");
  EXPECT_THROW(read_file(path("a"), 3), DataError);
}

TEST_F(Files, AreRefusedIfMissingOrNotRegular) {
  EXPECT_EQ(error_of([&] { read_file(path("none"), 9); }), path("none") + ": cannot be opened: No such file or directory");
  EXPECT_EQ(error_of([&] { read_file(path(""), 9); }), path("") + ": is not a regular file");
  EXPECT_EQ(error_of([] { read_file("/dev/null", 9); }), "/dev/null: is not a regular file");
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(error_of([&] { read_file(path("fifo"), 9); }),
            path("fifo") + ": is not a regular file");  // and does not wait for a writer
  EXPECT_EQ(error_of([] { read_file(std::string("a\0b", 3), 9); }), "a\\x00b: a path cannot hold a NUL byte");
}

TEST_F(Files, AreRefusedIfTheyGrowWhileRead) {
  // Files of /proc say that they are empty and then give bytes: to the reader, a file that grew behind its size.
  EXPECT_EQ(error_of([] { read_file("/proc/self/status", 1 << 20); }),
            "/proc/self/status: changed while it was read; wait until it is complete, then try again");
}

TEST_F(Files, AreWrittenWholeOverWhatWasThere) {
  write_file(path("a"), "first, longer");
  write_file(path("a"), "second");
  EXPECT_EQ(content(path("a")), "second");
  EXPECT_FALSE(fs::exists(path("a.tmp")));
  EXPECT_EQ(fs::status(path("a")).permissions() & fs::perms::others_all, fs::perms::none);
}

TEST_F(Files, AreWrittenOverTheRestOfAKilledProcess) {
  put(path("a.tmp"), "half");
  write_file(path("a"), "whole");
  EXPECT_EQ(content(path("a")), "whole");
  EXPECT_FALSE(fs::exists(path("a.tmp")));
}

TEST_F(Files, NeverFollowALinkInPlaceOfTheTemporaryFile) {
  put(path("precious"), "kept");
  fs::create_symlink(path("precious"), path("a.tmp"));
  write_file(path("a"), "new");
  EXPECT_EQ(content(path("precious")), "kept");
  EXPECT_EQ(content(path("a")), "new");
}

TEST_F(Files, SayWhyTheyCannotBeWritten) {
  EXPECT_EQ(error_of([&] { write_file(path("none/a"), "x"); }), "cannot write " + path("none/a") + ": No such file or directory");
  fs::create_directory(path("folder"));
  EXPECT_EQ(error_of([&] { write_file(path("folder"), "x"); }), "cannot write " + path("folder") + ": Is a directory");
  EXPECT_FALSE(fs::exists(path("folder.tmp")));
  try {
    write_file(path("none/a"), "x");
    FAIL();
  } catch (const RunError& error) {
    EXPECT_EQ(error.code(), Exit::io);
  }
}

TEST_F(Files, KeepTheOldContentWhenTheNewDoesNotFit) {
  write_file(path("a"), "old");
  const auto old_action = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old_limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  rlimit limit = old_limit;
  limit.rlim_cur = 1000;  // a short write of 1000 bytes, then EFBIG
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  std::string message, hint;
  try {
    write_file(path("a"), std::string(5000, 'x'));
  } catch (const RunError& error) {
    message = error.what();
    hint = error.hint();
  }
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old_limit), 0);
  std::signal(SIGXFSZ, old_action);
  EXPECT_EQ(message, "cannot write " + path("a") + ": File too large");
  EXPECT_TRUE(hint.starts_with("5000 bytes to write, ")) << hint;
  EXPECT_EQ(content(path("a")), "old");
  EXPECT_FALSE(fs::exists(path("a.tmp")));
}

TEST_F(Files, TakeLinesAtTheEnd) {
  {
    LineFile file(path("records"));
    file.append("{\"round\":1}");
    file.append("");
    file.sync();
    file.append("{\"round\":2}");
    EXPECT_EQ(error_of([&] { file.append("a\nb"); }), path("records") + ": a line may not hold a line end");
  }
  EXPECT_EQ(content(path("records")), "{\"round\":1}\n\n{\"round\":2}\n");
}

TEST_F(Files, OfLinesMustBeNew) {
  put(path("records"), "old");
  EXPECT_EQ(error_of([&] { LineFile file(path("records")); }), "cannot write " + path("records") + ": File exists");
  EXPECT_EQ(content(path("records")), "old");
}

TEST_F(Files, OfLinesTakeNothingMoreAfterAFailure) {
  LineFile file(path("records"));
  const auto old_action = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old_limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  rlimit limit = old_limit;
  limit.rlim_cur = 10;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  const std::string first = error_of([&] { file.append("more than ten bytes"); });
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old_limit), 0);
  std::signal(SIGXFSZ, old_action);
  EXPECT_EQ(first, "cannot write " + path("records") + ": File too large");
  EXPECT_THROW(file.append("x"), RunError);
  EXPECT_THROW(file.sync(), RunError);
  EXPECT_EQ(content(path("records")), "more than ");
}

}  // namespace
}  // namespace tocsin
