// SPDX-License-Identifier: Apache-2.0
// A folder of experiments on blobs: runs that are shared, found again, and judged.
#include "tocsin/lab/reproduce.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "support/experiment.h"
#include "support/rows.h"

namespace tocsin::lab {
namespace {
namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// `kBlobs` under another name, with a claim that holds and one that cannot.
std::string text_of(const std::string& name, const std::string& tail = "") {
  return support::edited(support::kBlobs, "name = \"blobs\"", "name = \"" + name + "\"") + tail + R"([small]
federation.rounds = 1
[[expect]]
claim = "a clean model learns | a lot"
variant = "clean"
field = "test_accuracy"
statistic = "max"
is = ">"
value = 0.5
[[expect]]
claim = "more than everything"
by = "us"
variant = "clean"
field = "test_accuracy"
statistic = "max"
is = ">"
value = 1
)";
}

const char* const kMore = "[[variant]]\nname = \"mean\"\nset = { defense.rule = \"mean\" }\n";

struct Files {
  support::Folder folder;
  Files() {
    folder.write("E1.toml", text_of("e1"));
    folder.write("E10.toml", text_of("e10"));
    folder.write("E2.toml", text_of("e2", kMore));
  }
  [[nodiscard]] Reproduction read(std::vector<std::string> names = {}, std::size_t seeds = 1, bool small = false) const {
    return read_reproduction({.paper = folder.path(), .names = std::move(names), .small = small, .seeds = seeds});
  }
  void run(Reproduction& reproduction) const {
    DataShelf shelf;
    Observer nobody;
    find_finished(reproduction, folder.at("out"));
    run_reproduction(
        reproduction,
        {.options = {.out = folder.at("out"), .memory_limit_bytes = std::nullopt, .arguments = {"tocsin"}}, .shelf = &shelf},
        nobody, {});
  }
};

TEST(Reproduce, ReadsAFolderInItsNaturalOrder) {
  const Files files;
  EXPECT_THAT(files.read().names, ElementsAre("E1", "E2", "E10"));
  EXPECT_THAT(files.read({"e10", "E1"}).names, ElementsAre("E1", "E10"));
  EXPECT_EQ(support::error_of([&] { (void)files.read({"E3"}); }), "unknown experiment 'E3'; known: E1, E2, E10");
}

TEST(Reproduce, ReportsTheFaultsOfAllFilesAtOnce) {
  const Files files;
  files.folder.write("E1.toml", text_of("e1") + "[model]\n");
  files.folder.write("E2.toml", support::edited(text_of("e2"), "rounds = 3", "runds = 3"));
  files.folder.write("E10.toml", support::edited(text_of("e10"), "value = 0.5", "valu = 0.5"));
  const std::string message = support::error_of([&] { (void)files.read(); });
  EXPECT_THAT(message, HasSubstr("E1.toml"));
  EXPECT_THAT(message, HasSubstr("unknown key 'runds'"));
  EXPECT_THAT(message, HasSubstr("unknown key 'valu'"));
}

TEST(Reproduce, RunsEqualPlansOnceUnderWhateverName) {
  const Files files;
  Reproduction reproduction = files.read({}, 2);
  EXPECT_EQ(reproduction.runs.size(), 6u);  // clean, attacked, mean; two seeds
  EXPECT_EQ(reproduction.runs[0].asked, 3u);
  EXPECT_EQ(reproduction.unfinished(), 6u);
  files.run(reproduction);
  EXPECT_EQ(reproduction.unfinished(), 0u);
  std::size_t folders = 0;
  for (const auto& entry : fs::directory_iterator(files.folder.at("out"))) folders += entry.is_directory() ? 1u : 0u;
  EXPECT_EQ(folders, 6u);
  EXPECT_EQ(reproduction.serving[0][0], reproduction.serving[2][0]);
  EXPECT_NE(reproduction.serving[0][0], reproduction.serving[0][1]);
}

TEST(Reproduce, UsesFinishedRunsAgainAndOnlyThose) {
  const Files files;
  Reproduction first = files.read({"E1"});
  files.run(first);
  const fs::path clean = first.runs[0].path, attacked = first.runs[1].path;
  fs::remove(attacked / "DONE");  // as after a kill

  Reproduction second = files.read();
  find_finished(second, files.folder.at("out"));
  EXPECT_EQ(second.runs[0].path, clean);
  EXPECT_FALSE(second.runs[0].other_build);
  EXPECT_EQ(second.unfinished(), 2u);
  files.run(second);
  EXPECT_TRUE(fs::exists(attacked / "records.jsonl"));  // left as it was
  EXPECT_EQ(second.runs[1].path, files.folder.at("out") + "/again-2/e1-attacked-s3");

  Reproduction third = files.read();
  find_finished(third, files.folder.at("out"));
  EXPECT_EQ(third.unfinished(), 0u);
  const std::vector<Verdict> before = verdicts(second), after = verdicts(third);
  ASSERT_EQ(before.size(), after.size());
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_EQ(before[i].outcome.measured, after[i].outcome.measured);
}

TEST(Reproduce, ARunWhoseRecordsWereTouchedRunsAgain) {
  const Files files;
  Reproduction first = files.read({"E1"});
  files.run(first);
  std::ofstream(first.runs[0].path + "/records.jsonl", std::ios::app) << "{}\n";
  Reproduction second = files.read({"E1"});
  find_finished(second, files.folder.at("out"));
  EXPECT_EQ(second.unfinished(), 1u);
}

TEST(Reproduce, TheSmallSizeIsAnotherPlan) {
  const Files files;
  const Reproduction full = files.read({"E1"}), small = files.read({"E1"}, 1, true);
  EXPECT_NE(full.runs[0].hash, small.runs[0].hash);
  EXPECT_EQ(small.runs[0].plan->federation.rounds, 1u);
  EXPECT_EQ(small.runs[0].plan->run_name(), "e1-small-clean-s3");
  EXPECT_EQ(verdicts_file(small), "reproduction-small-E1");
  EXPECT_EQ(verdicts_file(files.read()), "reproduction");
}

TEST(Reproduce, TheTableShowsAFailedClaimAsFailed) {
  const Files files;
  Reproduction reproduction = files.read({"E1"}, 2);
  files.run(reproduction);
  const std::vector<Verdict> all = verdicts(reproduction);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_TRUE(all[0].outcome.reproduced);
  EXPECT_FALSE(all[1].outcome.reproduced);
  EXPECT_EQ(all[0].paths.size(), 2u);
  EXPECT_THAT(all[0].seeds, ElementsAre(3u, 4u));

  const std::string plain = verdicts_text(reproduction, all, {});
  EXPECT_EQ(plain.find('\x1b'), std::string::npos);
  EXPECT_THAT(plain, HasSubstr("1 of 1 claims of the paper are reproduced; 0 of 1 bands of our own are met"));
  for (const std::string& line : support::lines_of(plain)) EXPECT_LE(line.size(), 100u) << line;
  const Ink ink = Ink::terminal();
  const std::string coloured = verdicts_text(reproduction, all, ink);
  EXPECT_THAT(coloured, HasSubstr(std::string(ink.bad) + "more than everything"));
  EXPECT_THAT(coloured, HasSubstr(std::string(ink.good) + "a clean model learns"));

  const std::string page = verdicts_markdown(reproduction, all);
  EXPECT_THAT(page, HasSubstr("a clean model learns \\| a lot"));
  EXPECT_THAT(page, HasSubstr("**not reproduced**"));
  EXPECT_THAT(verdicts_json(reproduction, all), HasSubstr("\"verdict\": \"not reproduced\""));
}

TEST(Reproduce, KnowsThePapersBesideTheSources) {
  for (const std::string& folder : experiment_folders()) EXPECT_FALSE(folder.empty());
  EXPECT_THAT(support::error_of([] { (void)read_reproduction({.paper = "no-such-paper", .names = {}}); }),
              HasSubstr("no-such-paper"));
}

TEST(Reproduce, EveryShippedExperimentIsReadInBothSizes) {
  for (const bool small : {false, true}) {
    const Reproduction reproduction =
        read_reproduction({.paper = TOCSIN_SOURCE_DIR "/experiments/bhagoji2019", .names = {}, .small = small, .seeds = 1});
    EXPECT_EQ(reproduction.paper, "bhagoji2019");
    EXPECT_THAT(reproduction.names,
                ElementsAre("P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P11", "P12", "P13", "P14"));
    for (const Experiment& experiment : reproduction.experiments) EXPECT_FALSE(experiment.expectations.empty()) << experiment.file;
    EXPECT_GE(reproduction.runs[0].asked, 4u) << "clean runs are shared";
  }
}

}  // namespace
}  // namespace tocsin::lab
