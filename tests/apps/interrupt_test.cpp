// SPDX-License-Identifier: Apache-2.0
// Signals: the unfinished round is dropped within two seconds, what is written stays whole. And what a terminal sees.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include <nlohmann/json.hpp>

#include "support/command.h"

namespace tocsin::support {
namespace {
using ::testing::HasSubstr;

/// Rounds of minutes: a stop always comes in the middle of one.
const std::string kLong =
    edited(edited(edited(edited(kBlobs, "samples = 400", "samples = 40000\nfeatures = 300"), "rounds = 3", "rounds = 50"),
                  "name = \"softmax\"", "name = \"mlp\""),
           "batch = 10", "batch = 10\nepochs = 10000");

/// Waits until `path` exists, at most ten seconds.
bool appears(const std::string& path) {
  for (int i = 0; i < 1000 && !std::filesystem::exists(path); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return std::filesystem::exists(path);
}

class Interrupt : public ::testing::TestWithParam<int> {};

TEST_P(Interrupt, EndsARunWithinTwoSeconds) {
  const Folder folder;
  Command command({"run", folder.write("exp.toml", kLong), "--out", folder.at("runs"), "--workers", "2"});
  const std::string run = folder.at("runs/blobs-clean-s3");
  ASSERT_TRUE(appears(run));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // well into the first round
  const auto begin = std::chrono::steady_clock::now();
  command.signal(GetParam());
  const Ran ran = command.wait();
  EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(), 2.0);
  EXPECT_EQ(ran.code, 128 + GetParam());
  EXPECT_EQ(ran.err, "tocsin: error[E" + std::to_string(128 + GetParam()) + "] stopped by SIG" + ::sigabbrev_np(GetParam()) +
                         ": 0 of 50 rounds are in " + run + ", which has no DONE\n");
  EXPECT_FALSE(std::filesystem::exists(run + "/DONE"));
  EXPECT_EQ(contents(run + "/records.jsonl"), "");
  EXPECT_FALSE(std::filesystem::exists(folder.at("runs/blobs-attacked-s3")));
}
INSTANTIATE_TEST_SUITE_P(Signals, Interrupt, ::testing::Values(SIGINT, SIGTERM, SIGHUP));

TEST(InterruptedRun, KeepsWholeLinesOfFinishedRounds) {
  const Folder folder;
  const std::string text = edited(kBlobs, "rounds = 3", "rounds = 100000");
  Command command({"run", folder.write("exp.toml", text), "--out", folder.at("runs")});
  ASSERT_TRUE(appears(folder.at("runs/blobs-clean-s3")));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  command.signal(SIGINT);
  EXPECT_EQ(command.wait().code, 130);
  const std::string records = contents(folder.at("runs/blobs-clean-s3/records.jsonl"));
  const std::vector<std::string> lines = lines_of(records);
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(records.back(), '\n');
  for (std::size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(nlohmann::json::parse(lines[i]).at("round"), i + 1);
}

/// What a command writes to a terminal of its own.
std::string on_a_terminal(const std::vector<std::string>& arguments, const Command::Environment& extra) {
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY);
  if (master < 0 || ::grantpt(master) != 0 || ::unlockpt(master) != 0) return "no terminal";
  const std::string name = ::ptsname(master);
  std::string line;
  for (const auto& [key, value] : extra) line += key + "=" + value + " ";
  line += "TERM=xterm " TOCSIN_COMMAND;
  for (const std::string& argument : arguments) line += " " + argument;
  std::thread command([&] { EXPECT_EQ(std::system((line + " > " + name + " 2>&1").c_str()), 0); });
  std::string seen;
  char buffer[4096];
  for (;;) {
    pollfd waiting{master, POLLIN, 0};
    if (::poll(&waiting, 1, 20'000) <= 0) break;
    const ssize_t got = ::read(master, buffer, sizeof buffer);
    if (got <= 0) break;  // the other side has closed
    seen.append(buffer, static_cast<std::size_t>(got));
  }
  command.join();
  ::close(master);
  return seen;
}

TEST(Terminal, SeesALiveLineAndColour) {
  const Folder folder;
  const std::string seen = on_a_terminal({"run", folder.write("exp.toml", kBlobs), "--out", folder.at("runs")}, {});
  EXPECT_THAT(seen, HasSubstr("\r[1/2] clean s3  1/3  "));
  EXPECT_THAT(seen, HasSubstr("\x1b[K"));
  EXPECT_THAT(seen, HasSubstr("clients/s"));
  EXPECT_THAT(seen, HasSubstr("\x1b[1mblobs\x1b[0m"));
}

TEST(Terminal, SeesNoColourWhereItIsNotWanted) {
  const Folder folder;
  const std::string seen =
      on_a_terminal({"run", folder.write("exp.toml", kBlobs), "--out", folder.at("runs")}, {{"NO_COLOR", "1"}});
  EXPECT_THAT(seen, HasSubstr("\x1b[K"));
  EXPECT_EQ(seen.find("\x1b[1m"), std::string::npos);
  EXPECT_EQ(seen.find("\x1b[2m"), std::string::npos);
}

TEST(Output, ThatNobodyReadsDoesNotEndARun) {
  const Folder folder;
  const std::string command = TOCSIN_COMMAND " run " + folder.write("exp.toml", kBlobs) + " --out " + folder.at("runs");
  EXPECT_EQ(std::system((command + " > /dev/full").c_str()), 0);
  EXPECT_TRUE(std::filesystem::exists(folder.at("runs/blobs-attacked-s3/DONE")));
  EXPECT_EQ(std::system((command + "2 >&- 2>&-").c_str()), 0);
  EXPECT_TRUE(std::filesystem::exists(folder.at("runs2/blobs-attacked-s3/DONE")));
}

TEST(Output, ThatCannotBeWrittenIsAnErrorWhereItIsAllThereIs) {
  const Folder folder;
  const int status = std::system((TOCSIN_COMMAND " list > /dev/full 2> " + folder.at("err")).c_str());
  EXPECT_EQ(WEXITSTATUS(status), 20);
  EXPECT_THAT(contents(folder.at("err")), HasSubstr("error[E20] cannot write to standard output"));
}

}  // namespace
}  // namespace tocsin::support
