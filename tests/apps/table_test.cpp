// SPDX-License-Identifier: Apache-2.0
// A table of one's own, and the one that comes along, through the real binary.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/command.h"

namespace tocsin::support {
namespace {
using nlohmann::json;
using ::testing::HasSubstr;

constexpr const char* kTable = R"(name = "people"
[data]
kind = "csv"
train = "train.csv"
test = "test.csv"
columns = [{ name = "age", kind = "number" }, { name = "work", kind = "category" }, { name = "rich", kind = "label" }]
header = true
missing = ["?"]
on_missing = "drop"
[partition]
clients = 2
[model]
name = "softmax"
[training]
precision = "float64"
[federation]
rounds = 1
)";
constexpr const char* kTrain = "age,work,rich\n20,a,no\n30,?,no\n40,b,yes\n50,a,no\n?,b,yes\n60,b,no\n";
constexpr const char* kTest = "rich,age,work\nno,20,a\nyes,60,b\nno,30,b\nno,40,a\n";

TEST(Table, IsRunAndRecordedWithWhatWasDropped) {
  const Folder folder;
  ASSERT_NE(folder.write("train.csv", kTrain), "");
  ASSERT_NE(folder.write("test.csv", kTest), "");
  const std::string file = folder.write("exp.toml", kTable);
  EXPECT_THAT(tocsin({"validate", file}).out, HasSubstr("data       training part: 2 of 6 rows dropped for a missing value\n"));
  const Ran ran = tocsin({"run", file, "--out", folder.at("runs")});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("  data: training part: 2 of 6 rows dropped for a missing value\n"
                                 "  data: test part: 0 of 4 rows dropped for a missing value\n"));
  const std::string run = folder.at("runs/people-s1/");
  EXPECT_EQ(json::parse(contents(run + "manifest.json")).at("data_notes").size(), 2u);
  EXPECT_EQ(json::parse(contents(run + "summary.json")).at("majority_baseline"), 0.75);
  const json record = json::parse(lines_of(contents(run + "records.jsonl")).at(0));
  EXPECT_GE(record.at("test_balanced_accuracy").get<double>(), 0.0);
}

TEST(Table, ReportsAFaultByLineAndColumnWithExitCode11) {
  const Folder folder;
  ASSERT_NE(folder.write("train.csv", edited(kTrain, "60,b", "1_000,b")), "");
  const std::string file = folder.write("exp.toml", kTable);
  Ran ran = tocsin({"run", file, "--out", folder.at("runs")});
  EXPECT_EQ(ran.code, 11);
  EXPECT_EQ(ran.err,
            "tocsin: error[E11] " + folder.at("test.csv") +
                ": there is no such file; it is test of [data]; a relative path begins at the folder of the experiment file\n");
  ASSERT_NE(folder.write("test.csv", kTest), "");
  ran = tocsin({"run", file, "--out", folder.at("runs")});
  EXPECT_EQ(ran.code, 11);
  EXPECT_EQ(ran.err,
            "tocsin: error[E11] " + folder.at("train.csv") + ": line 7, column 1 (age): '1_000' is no number from '_000' on\n");
  EXPECT_FALSE(std::filesystem::exists(folder.at("runs")));
}

TEST(Table, AdultIsThereWithoutBeingAskedFor) {
  const json answer = json::parse(tocsin({"data", "adult", "--json"}).out);
  ASSERT_EQ(answer.size(), 1u);
  EXPECT_TRUE(answer[0].at("found").get<bool>());
  EXPECT_EQ(answer[0].at("shape"), json({104, 1, 1}));
  EXPECT_EQ(answer[0].at("files").at(0).at("sha256"), "c7a2b4716a97f930123e0baf879188d701e798172631a654fc703d4b082907f3");
  EXPECT_EQ(answer[0].at("licence"), "CC BY 4.0");
}

}  // namespace
}  // namespace tocsin::support
