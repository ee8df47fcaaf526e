// SPDX-License-Identifier: Apache-2.0
// The promise of determinism on whole run directories: workers, repetition and order change no byte; a seed changes all.
#include <gtest/gtest.h>

#include "support/experiment.h"

namespace tocsin::lab {
namespace {
using support::edited;
using support::Folder;
using support::kBlobs;

TEST(SameBytes, ForOneTwoAndFiveWorkersAndOnceMore) {
  const Folder folder;
  std::vector<std::map<std::string, std::string>> files;
  for (const std::size_t workers : {1u, 2u, 5u, 2u}) {
    const std::string out = "runs" + std::to_string(files.size());
    support::run(folder, kBlobs, out, workers);
    files.push_back(support::compared(folder.at(out)));
  }
  ASSERT_EQ(files[0].size(), 2 * compared_files().size());
  for (std::size_t i = 1; i < files.size(); ++i) EXPECT_EQ(files[i], files[0]);
}

TEST(SameBytes, InFloatOnTheEngineAndWhereRowsAreFolded) {
  const Folder folder;
  std::string text =
      edited(edited(kBlobs, "precision = \"float64\"", "precision = \"float32\""), "rule = \"median\"", "rule = \"mean\"");
  text = edited(text, "rounds = 3", "rounds = 3\nkeep_rows = false\nparticipation = 0.75");
  for (const std::size_t workers : {1u, 2u, 5u}) support::run(folder, text, "runs" + std::to_string(workers), workers);
  EXPECT_EQ(support::compared(folder.at("runs2")), support::compared(folder.at("runs1")));
  EXPECT_EQ(support::compared(folder.at("runs5")), support::compared(folder.at("runs1")));
}

TEST(SameBytes, ForAVariantAloneAndAmongOthers) {
  const Folder folder;
  support::run(folder, kBlobs, "both");
  Request request;
  request.variant = "attacked";
  support::run(folder, kBlobs, "alone", 2, request);
  const auto both = support::compared(folder.at("both"));
  for (const auto& [name, bytes] : support::compared(folder.at("alone"))) EXPECT_EQ(both.at(name), bytes) << name;
}

TEST(SameBytes, ForASeedByItsNumberOrCountedUpToIt) {
  const Folder folder;
  Request request;
  request.seeds = 3;
  support::run(folder, kBlobs, "counted", 2, request);
  support::run(folder, edited(kBlobs, "seed = 3", "seed = 5"), "alone");
  const auto counted = support::compared(folder.at("counted"));
  EXPECT_EQ(counted.size(), 6 * compared_files().size());
  for (const auto& [name, bytes] : support::compared(folder.at("alone"))) EXPECT_EQ(counted.at(name), bytes) << name;
}

TEST(SameBytes, NotForDifferentSeeds) {
  const Folder folder;
  Request request;
  request.seeds = 2;
  support::run(folder, kBlobs, "runs", 2, request);
  const auto files = support::compared(folder.at("runs"));
  for (const char* name : {"records.jsonl", "model.safetensors", "summary.json"})
    EXPECT_NE(files.at(std::string("blobs-clean-s3/") + name), files.at(std::string("blobs-clean-s4/") + name)) << name;
}

TEST(SameBytes, TellOneVariantFromTheOther) {
  const Folder folder;
  support::run(folder, kBlobs);
  const auto files = support::compared(folder.at("runs"));
  EXPECT_NE(files.at("blobs-clean-s3/records.jsonl"), files.at("blobs-attacked-s3/records.jsonl"));
}

}  // namespace
}  // namespace tocsin::lab
