// SPDX-License-Identifier: Apache-2.0
// Every exception becomes its exit code and one line; every exit code has its section in docs/exit-codes.md.
#include "failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/files.h"
#include "tocsin/core/errors.h"

namespace tocsin::apps {
namespace {
struct Reported {
  int code = 0;
  std::string err;
};

template <class Error>
Reported reported(const Error& error, bool json = false) {
  ::testing::internal::CaptureStderr();
  Reported result;
  result.code = report_failure(std::make_exception_ptr(error), json);
  result.err = ::testing::internal::GetCapturedStderr();
  return result;
}

TEST(Failure, PrintsEachKindInItsForm) {
  EXPECT_EQ(reported(ConfigError({{Place{"a.toml", 12, 1}, "unknown key 'x'", "did you mean 'y'?"}})).err,
            "tocsin: error[E10] a.toml:12:1: unknown key 'x'; did you mean 'y'?\n");
  EXPECT_EQ(reported(DataError("a.gz", 16, "expected 8 bytes, found 4", "fetch it again")).err,
            "tocsin: error[E11] a.gz: offset 16: expected 8 bytes, found 4; fetch it again\n");
  EXPECT_EQ(reported(RunError(Exit::io, "cannot write x: No space left", "8 bytes to write, 0 free")).err,
            "tocsin: error[E20] cannot write x: No space left; 8 bytes to write, 0 free\n");
  EXPECT_EQ(reported(RunError(Exit::estimate, "needs much\n  updates  4 GiB", "would fit: less")).err,
            "tocsin: error[E22] needs much\n  updates  4 GiB\n  would fit: less\n");
}

TEST(Failure, KnowsOutOfMemoryAndOurOwnFaults) {
  EXPECT_EQ(reported(std::bad_alloc()).code, 21);
  const Reported ours = reported(std::logic_error("row 7\x1b is gone"));
  EXPECT_EQ(ours.code, 70);
  EXPECT_EQ(ours.err,
            "tocsin: error[E70] internal error: row 7\\x1b is gone; this is a fault of tocsin: please report it with the "
            "command and the experiment file\n");
}

TEST(Failure, StopsAtFiftyFaults) {
  std::vector<Fault> faults;
  for (std::size_t i = 1; i <= 60; ++i) faults.push_back({Place{"a.toml", i, 1}, "bad", ""});
  const std::vector<std::string> lines = support::lines_of(reported(ConfigError(faults)).err);
  ASSERT_EQ(lines.size(), 51u);
  EXPECT_EQ(lines.back(), "tocsin: error[E10] and 10 more");
}

TEST(Failure, SpeaksJson) {
  const nlohmann::json fault = nlohmann::json::parse(reported(DataError("a.gz", 16, "short", "fetch it again"), true).err);
  EXPECT_EQ(
      fault,
      nlohmann::json(
          {{"error", "E11"}, {"exit", 11}, {"file", "a.gz"}, {"offset", 16}, {"message", "short"}, {"hint", "fetch it again"}}));
}

TEST(Failure, EveryExitCodeHasItsSection) {
  const std::string page = support::contents(TOCSIN_SOURCE_DIR "/docs/exit-codes.md");
  for (const Exit code :
       {Exit::ok, Exit::usage, Exit::difference, Exit::incomplete, Exit::config, Exit::data, Exit::checkpoint, Exit::locked,
        Exit::mismatch, Exit::run_directory, Exit::io, Exit::memory, Exit::estimate, Exit::diverged, Exit::internal})
    EXPECT_THAT(page, ::testing::HasSubstr(fmt::format("\n## {} - ", static_cast<int>(code)))) << static_cast<int>(code);
}

}  // namespace
}  // namespace tocsin::apps
