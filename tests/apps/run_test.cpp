// SPDX-License-Identifier: Apache-2.0
// tocsin run and validate through the real binary: output, errors, exit codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "support/command.h"

namespace tocsin::support {
namespace {
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::set<std::string> names_in(const std::string& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.insert(entry.path().filename().string());
  return names;
}

TEST(Run, PrintsALineARoundAndATable) {
  const Folder folder;
  const Ran ran = tocsin({"run", folder.write("exp.toml", kBlobs), "--out", folder.at("runs")});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.err, "");
  EXPECT_THAT(ran.out, HasSubstr("[1/2] clean s3  round 1/3  accuracy "));
  EXPECT_THAT(ran.out, HasSubstr("[2/2] attacked s3  round 3/3  accuracy "));
  EXPECT_THAT(ran.out, HasSubstr("confidence in the wanted label"));
  EXPECT_THAT(ran.out, HasSubstr("What the attacker sent against what the others sent in 'attacked'"));
  EXPECT_THAT(ran.out, HasSubstr(folder.at("runs/blobs-attacked-s3")));
  EXPECT_EQ(ran.out.find('\x1b'), std::string::npos);  // no colour where there is no terminal
  for (const std::string& line : lines_of(ran.out)) EXPECT_LE(line.size(), 100u) << line;
}

TEST(Run, AnswersInJson) {
  const Folder folder;
  const Ran ran = tocsin(
      {"run", folder.write("exp.toml", kBlobs), "--out", folder.at("runs"), "--json", "--seeds", "3", "--variant", "attacked"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.err, "");
  const json answer = json::parse(ran.out);
  ASSERT_EQ(answer.at("runs").size(), 3u);
  EXPECT_EQ(answer.at("runs").at(2).at("seed"), 5);
  EXPECT_EQ(answer.at("runs").at(2).at("path"), folder.at("runs/blobs-attacked-s5"));
  const json& variant = answer.at("variants").at(0);
  EXPECT_EQ(variant.at("seeds"), json({3, 4, 5}));
  double sum = 0;
  for (const json& run : answer.at("runs")) sum += run.at("final").at("test_accuracy").get<double>();
  EXPECT_NEAR(variant.at("test_accuracy").at("mean").get<double>(), sum / 3, 1e-12);
  EXPECT_EQ(variant.at("test_accuracy").at("each").size(), 3u);
}

TEST(Run, ReportsMeanDeviationAndEachSeed) {
  const Folder folder;
  const Ran ran = tocsin({"run", folder.write("exp.toml", kBlobs), "--out", folder.at("runs"), "--seeds", "2"});
  EXPECT_EQ(ran.code, 0);
  for (const char* word : {"After the last round, over 2 seeds", "mean ", "deviation ", "seed 3 ", "seed 4 "})
    EXPECT_THAT(ran.out, HasSubstr(word));
}

TEST(Run, TakesSeveralSettings) {
  const Folder folder;
  const std::string file = folder.write("exp.toml", kBlobs);
  const Ran ran =
      tocsin({"run", file, "--out", folder.at("runs"), "--set", "federation.rounds=1", "defense.rule=mean", "--set", "seed=9"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(names_in(folder.at("runs")), (std::set<std::string>{"blobs-clean-s9", "blobs-attacked-s9"}));
  const std::string resolved = contents(folder.at("runs/blobs-clean-s9/resolved.toml"));
  EXPECT_THAT(resolved, HasSubstr("rounds = 1\n"));
  EXPECT_THAT(resolved, HasSubstr("[defense.rule]\nname = \"mean\"\n"));
}

TEST(Run, RefusesABadFileWithItsPlace) {  // E10
  const Folder folder;
  const std::string file = folder.write("exp.toml", edited(edited(kBlobs, "rounds = 3", "ronds = 3"), "batch = 10", "batch = 0"));
  const Ran ran = tocsin({"run", file, "--out", folder.at("runs")});
  EXPECT_EQ(ran.code, 10);
  EXPECT_EQ(ran.out, "");
  ASSERT_EQ(lines_of(ran.err).size(), 2u);
  EXPECT_EQ(first_line(ran.err), "tocsin: error[E10] " + file + ":12:9: batch must be in [1, 65536], got 0");
  EXPECT_THAT(ran.err, HasSubstr("tocsin: error[E10] " + file + ":17:1: unknown key 'ronds' in [federation]"));
  EXPECT_FALSE(std::filesystem::exists(folder.at("runs")));
}

TEST(Run, RefusesInJson) {
  const Folder folder;
  const std::string file = folder.write("exp.toml", edited(edited(kBlobs, "rounds = 3", "ronds = 3"), "batch = 10", "batch = 0"));
  const Ran ran = tocsin({"run", file, "--json"});
  EXPECT_EQ(ran.code, 10);
  ASSERT_EQ(lines_of(ran.err).size(), 2u);
  const json fault = json::parse(lines_of(ran.err)[1]);
  EXPECT_EQ(fault.at("error"), "E10");
  EXPECT_EQ(fault.at("exit"), 10);
  EXPECT_EQ(fault.at("file"), file);
  EXPECT_EQ(fault.at("line"), 17);
  EXPECT_EQ(fault.at("column"), 1);
  EXPECT_THAT(std::string(fault.at("hint")), HasSubstr("did you mean 'rounds'?"));
  EXPECT_EQ(json::parse(tocsin({"run", "--json", "--frob"}).err).at("exit"), 2);
}

TEST(Run, RefusesAMissingFile) {
  const Ran ran = tocsin({"run", "/nonexistent/exp.toml"});
  EXPECT_EQ(ran.code, 10);
  EXPECT_THAT(first_line(ran.err), StartsWith("tocsin: error[E10] /nonexistent/exp.toml: "));
}

TEST(Run, RefusesBadData) {  // E11
  const Folder folder;
  for (const char* name : {"a", "b", "c", "d"}) (void)folder.write(name, std::string("\0\0\x08\x03\0\0\0\x01", 8));
  const std::string data = "kind = \"idx\"\ntrain_images = \"a\"\ntrain_labels = \"b\"\ntest_images = \"c\"\ntest_labels = \"d\"";
  const std::string file = folder.write("exp.toml", edited(edited(kBlobs, "dataset = \"blobs\"", data), "samples = 400\n", ""));
  const Ran ran = tocsin({"run", file, "--out", folder.at("runs")});
  EXPECT_EQ(ran.code, 11) << ran.err;
  EXPECT_THAT(first_line(ran.err), StartsWith("tocsin: error[E11] " + folder.path() + "/"));
  EXPECT_FALSE(std::filesystem::exists(folder.at("runs")));
}

TEST(Run, SaysWhatToInstallForMissingData) {
  const Folder folder;
  const std::string text = edited(edited(kBlobs, "dataset = \"blobs\"", "dataset = \"mnist\""), "samples = 400\n", "");
  const Ran ran = tocsin({"run", folder.write("exp.toml", text)}, {{"TOCSIN_DATA", folder.path()}});
  EXPECT_EQ(ran.code, 11);
  EXPECT_THAT(first_line(ran.err), HasSubstr("searched " + folder.path() + "/mnist"));
}

TEST(Run, NeverOverwrites) {  // E15
  const Folder folder;
  const std::string file = folder.write("exp.toml", kBlobs);
  EXPECT_EQ(tocsin({"run", file, "--out", folder.at("runs")}).code, 0);
  const Ran ran = tocsin({"run", file, "--out", folder.at("runs")});
  EXPECT_EQ(ran.code, 15);
  EXPECT_EQ(ran.err, "tocsin: error[E15] " + folder.at("runs/blobs-clean-s3") +
                         " exists already and is never overwritten; choose another --out, or another name or seed\n");
  EXPECT_EQ(ran.out, "");
}

TEST(Run, SaysWhereItCannotWrite) {  // E20
  const Folder folder;
  const Ran ran = tocsin({"run", folder.write("exp.toml", kBlobs), "--out", "/proc/runs"});
  EXPECT_EQ(ran.code, 20);
  EXPECT_THAT(first_line(ran.err), StartsWith("tocsin: error[E20] cannot create /proc/runs: "));
}

TEST(Run, RefusesWhatCannotFit) {  // E22
  const Folder folder;
  const Ran ran = tocsin({"run", folder.write("exp.toml", kBlobs), "--out", folder.at("runs"), "--memory-limit", "1M"});
  EXPECT_EQ(ran.code, 22);
  EXPECT_THAT(first_line(ran.err),
              ::testing::MatchesRegex("tocsin: error\\[E22\\] needs about [0-9.]+ MiB, 922 KiB may be used \\(0.9 x "
                                      "1.00 MiB, --memory-limit\\)"));
  EXPECT_THAT(ran.err, HasSubstr("median holds every row"));
  EXPECT_THAT(ran.err, HasSubstr("\n  would fit: "));
  EXPECT_FALSE(std::filesystem::exists(folder.at("runs")));
}

TEST(Run, EndsADivergedModelAsAResult) {  // E31, with DONE
  const Folder folder;
  std::string text = edited(edited(kBlobs, "learning_rate = 0.1", "learning_rate = 1e200"), "rounds = 3", "rounds = 9");
  text = edited(edited(text, "dataset = \"blobs\"", "dataset = \"quadratic\""), "name = \"softmax\"", "name = \"linear\"");
  text = edited(text, "targets = { test_indices = [3], wanted = [1] }\n", "");
  const Ran ran = tocsin({"run", folder.write("exp.toml", text), "--out", folder.at("runs"), "--variant", "attacked"});
  EXPECT_EQ(ran.code, 31) << ran.out << ran.err;
  EXPECT_TRUE(std::filesystem::exists(folder.at("runs/blobs-attacked-s3/DONE")));
  EXPECT_TRUE(json::parse(contents(folder.at("runs/blobs-attacked-s3/summary.json"))).at("diverged"));
  EXPECT_EQ(lines_of(contents(folder.at("runs/blobs-attacked-s3/records.jsonl"))).size(), 3u);  // max_held
}

TEST(Run, WarnsOfAnEnvironmentThatChangesSpeed) {
  const Folder folder;
  const Ran ran = tocsin({"run", folder.write("exp.toml", kBlobs), "--out", folder.at("runs"), "--variant", "clean"},
                         {{"OPENBLAS_L2_SIZE", "1048576"}});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.err, StartsWith("tocsin: warning: OPENBLAS_L2_SIZE is set"));
  EXPECT_EQ(lines_of(ran.err).size(), 1u);
  EXPECT_EQ(json::parse(contents(folder.at("runs/blobs-clean-s3/manifest.json"))).at("environment").at("OPENBLAS_L2_SIZE"),
            "1048576");
}

TEST(Run, EscapesNamesFromFiles) {
  const Folder folder;
  const Ran ran =
      tocsin({"run", folder.write("exp.toml", "name = \"\\u001b[31mred\"\n" + edited(kBlobs, "name = \"blobs\"\n", ""))});
  EXPECT_EQ(ran.code, 10);
  EXPECT_EQ(ran.err.find('\x1b'), std::string::npos);
  EXPECT_THAT(ran.err, HasSubstr("\\x1b[31mred"));
}

TEST(Validate, PrintsThePlanAndCreatesNothing) {
  const Folder folder;
  const Ran ran = tocsin({"validate", folder.write("exp.toml", kBlobs), "--workers", "3"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(names_in(folder.path()), (std::set<std::string>{"exp.toml"}));
  for (const char* word :
       {"participation = 1.0", "[defense.rule]\nname = \"median\"", "# as blobs-clean-s3, but for\nattack.name = \"sign_flip\"",
        "memory     about ", "median holds every row", "time       about ", " on 3 workers", "rows       kept"})
    EXPECT_THAT(ran.out, HasSubstr(word));
}

TEST(Validate, SaysWhetherRowsAreFolded) {
  const Folder folder;
  const std::string text =
      edited(edited(kBlobs, "rule = \"median\"", "rule = \"mean\""), "rounds = 3", "rounds = 3\nkeep_rows = false");
  EXPECT_THAT(tocsin({"validate", folder.write("exp.toml", text), "--variant", "clean"}).out,
              HasSubstr("rows       folded in as they finish"));
}

TEST(Validate, AnswersInJson) {
  const Folder folder;
  const json answer = json::parse(tocsin({"validate", folder.write("exp.toml", kBlobs), "--json"}).out);
  ASSERT_EQ(answer.size(), 2u);
  EXPECT_EQ(answer.at(1).at("run"), "blobs-attacked-s3");
  EXPECT_EQ(answer.at(1).at("resolved").at("federation").at("rounds"), 3);
  EXPECT_EQ(answer.at(1).at("resolved").at("threat").at("assumed"), 1);
  EXPECT_FALSE(answer.at(1).at("folds"));
  EXPECT_GT(answer.at(1).at("memory_bytes"), 1000000);
}

TEST(Validate, SaysWhetherItWouldFit) {
  const Folder folder;
  const Ran ran = tocsin({"validate", folder.write("exp.toml", kBlobs), "--memory-limit", "1M"});
  EXPECT_EQ(ran.code, 22);
  EXPECT_THAT(ran.out, HasSubstr("rounds = 3"));
  EXPECT_THAT(ran.err, StartsWith("tocsin: error[E22] "));
}

TEST(Validate, AnswersForASillyNumberOfClientsAtOnce) {
  const Folder folder;
  for (const char* clients : {"1000000000000", "4000000000", "16000000"}) {
    const Ran ran =
        tocsin({"validate", folder.write("exp.toml", edited(kBlobs, "clients = 4", std::string("clients = ") + clients))});
    EXPECT_EQ(ran.code, 10) << clients;
    EXPECT_LT(ran.seconds, 5.0);
  }
}

TEST(Speed, MeasuresOneNetwork) {
  const Ran ran = tocsin({"speed", "--network", "softmax", "--seconds", "0.05", "--json"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  const json line = json::parse(ran.out);
  EXPECT_EQ(line.at("network"), "softmax");
  for (const char* figure : {"samples_per_second", "peak_gflops", "gflops"}) EXPECT_GT(line.at(figure), 0.0) << figure;
  EXPECT_NEAR(line.at("share").get<double>(), line.at("gflops").get<double>() / line.at("peak_gflops").get<double>(), 1e-9);
}

TEST(Data, ShowsWhatIsMadeAndWhatIsMissing) {
  const Folder folder;
  const Ran ran = tocsin({"data", "blobs", "mnist"}, {{"TOCSIN_DATA", folder.path()}});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, HasSubstr("1,500 training and 300 test samples, 2 features, 3 classes"));
  const json answer = json::parse(tocsin({"data", "mnist", "--json"}, {{"TOCSIN_DATA", folder.path()}}).out);
  EXPECT_EQ(answer.at(0).at("name"), "mnist");
}

TEST(Data, ShowsFilesWithTheirHashes) {
  const Ran ran = tocsin({"data", "fashion_mnist"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, HasSubstr("60,000 training and 10,000 test samples, 28 x 28, 10 classes"));
  EXPECT_THAT(ran.out, ::testing::ContainsRegex("[0-9a-f]{64} +26,421,856 bytes +[^\n]*train-images"));
}

}  // namespace
}  // namespace tocsin::support
