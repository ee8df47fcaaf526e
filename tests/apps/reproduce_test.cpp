// SPDX-License-Identifier: Apache-2.0
// tocsin reproduce as a command: table, files, exit codes, a stop and going on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <thread>

#include "support/command.h"

namespace tocsin::apps {
namespace {
using ::testing::HasSubstr;

/// A folder with one experiment; its claim holds if `bound` is below 1.
std::string folder_with(const support::Folder& folder, const std::string& bound, const std::string& rounds = "3") {
  std::filesystem::create_directory(folder.at("paper"));
  folder.write("paper/E1.toml", support::edited(support::edited(support::kBlobs, "name = \"blobs\"", "name = \"e1\""), "rounds = 3",
                                                "rounds = " + rounds) +
                                    "[small]\nfederation.rounds = 1\n[[expect]]\nclaim = \"it learns\"\nvariant = \"clean\"\n"
                                    "field = \"test_accuracy\"\nstatistic = \"max\"\nis = \">\"\nvalue = " +
                                    bound + "\n");
  return folder.at("paper");
}

TEST(ReproduceCommand, AFailedClaimIsAResultAndAnErrorOnlyWhenStrict) {
  const support::Folder folder;
  const std::string paper = folder_with(folder, "1.0"), out = folder.at("out");
  const support::Ran ran = support::tocsin({"reproduce", paper, "--out", out});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("not reproduced"));
  EXPECT_THAT(ran.out, HasSubstr("1 experiment, 2 runs, 2 to go"));
  EXPECT_THAT(support::contents(out + "/reproduction.md"), HasSubstr("**not reproduced**"));
  EXPECT_THAT(support::contents(out + "/reproduction.json"), HasSubstr("\"claim\": \"it learns\""));
  const support::Ran strict = support::tocsin({"reproduce", paper, "E1", "--strict", "--out", out});
  EXPECT_EQ(strict.code, 3);
  EXPECT_THAT(strict.out, HasSubstr("2 runs, 2 finished already\n"));
}

TEST(ReproduceCommand, AClaimThatHoldsIsFineWhenStrict) {
  const support::Folder folder;
  const support::Ran ran =
      support::tocsin({"reproduce", folder_with(folder, "0.5"), "--strict", "--seeds", "2", "--json", "--out", folder.at("out")});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(ran.out, support::contents(folder.at("out") + "/reproduction.json"));
}

TEST(ReproduceCommand, PrintsNoPathThatATerminalWouldObey) {
  const support::Folder folder;
  const support::Ran ran = support::tocsin({"reproduce", folder_with(folder, "0.5"), "--out", folder.at("out\x1b[31m")});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("/out\\x1b[31m/reproduction.md"));
  EXPECT_EQ(ran.out.find('\x1b'), std::string::npos) << ran.out;
}

TEST(ReproduceCommand, TheSmallSizeHasThreeSeeds) {
  const support::Folder folder;
  const support::Ran ran = support::tocsin({"reproduce", folder_with(folder, "0.5"), "--small", "--out", folder.at("out")});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("small, 3 seeds (3 to 5)"));
  EXPECT_TRUE(std::filesystem::exists(folder.at("out") + "/e1-small-clean-s5/DONE"));
}

TEST(ReproduceCommand, StopsAtOnceAndSaysHowToGoOn) {
  const support::Folder folder;
  const std::string paper = folder_with(folder, "0.5", "1000000");
  support::Command command({"reproduce", paper, "--out", folder.at("out")});
  while (command.out().find("round") == std::string::npos) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const auto begin = std::chrono::steady_clock::now();
  command.signal(SIGINT);
  const support::Ran ran = command.wait();
  EXPECT_EQ(ran.code, 130);
  EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(), 2.0);
  EXPECT_THAT(ran.err, HasSubstr("stopped by SIGINT: 0 of 2 runs to go are finished in "));
  EXPECT_THAT(ran.err, HasSubstr("the same command goes on from there"));
}

TEST(ReproduceCommand, UnknownNamesAreRefusedWithTheKnownOnes) {
  const support::Folder folder;
  const std::string paper = folder_with(folder, "0.5");
  const support::Ran ran = support::tocsin({"reproduce", paper, "E11"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_EQ(ran.err, "tocsin: error[E2] unknown experiment 'E11'; known: E1; did you mean 'E1'?\n");
  EXPECT_EQ(support::tocsin({"reproduce"}).code, 2);
}

TEST(ReproduceCommand, RunTakesTheSmallSizeToo) {
  const support::Folder folder;
  const std::string file = folder_with(folder, "0.5") + "/E1.toml";
  EXPECT_EQ(support::tocsin({"run", file, "--small", "--out", folder.at("out")}).code, 0);
  EXPECT_TRUE(std::filesystem::exists(folder.at("out") + "/e1-small-clean-s3/DONE"));
  const std::string plain = folder.write("plain.toml", support::kBlobs);
  const support::Ran ran = support::tocsin({"run", plain, "--small"});
  EXPECT_EQ(ran.code, 10);
  EXPECT_THAT(ran.err, HasSubstr("the file has no [small] table"));
}

TEST(ReproduceCommand, ValidateReadsBothSizes) {
  const support::Folder folder;
  const std::string file = folder_with(folder, "0.5") + "/E1.toml";
  EXPECT_EQ(support::tocsin({"validate", file}).code, 0);
  folder.write("paper/E1.toml", support::edited(support::contents(file), "federation.rounds = 1", "federation.runds = 1"));
  const support::Ran ran = support::tocsin({"validate", file});
  EXPECT_EQ(ran.code, 10);
  EXPECT_THAT(ran.err, HasSubstr("unknown key 'runds' in [federation]"));
}

}  // namespace
}  // namespace tocsin::apps
