// SPDX-License-Identifier: Apache-2.0
// What a run leaves behind, and that nothing is ever overwritten or half there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <set>

#include "support/experiment.h"
#include "support/rows.h"
#include "tocsin/core/bytes.h"
#include "tocsin/nn/safetensors.h"

namespace tocsin::lab {
namespace {
using nlohmann::json;
using support::contents;
using support::edited;
using support::Folder;
using support::kBlobs;

std::set<std::string> names_in(const std::string& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.insert(entry.path().filename().string());
  return names;
}

unsigned mode_of(const std::string& path) {
  struct stat state {};
  EXPECT_EQ(::stat(path.c_str(), &state), 0);
  return state.st_mode & 07777u;
}

TEST(RunDirectory, HoldsWhatItPromises) {
  const Folder folder;
  const mode_t mask = ::umask(0);
  support::run(folder, kBlobs);
  ::umask(mask);
  EXPECT_EQ(names_in(folder.at("runs")), (std::set<std::string>{"blobs-clean-s3", "blobs-attacked-s3"}));
  const std::string run = folder.at("runs/blobs-attacked-s3/");
  EXPECT_EQ(names_in(run),
            (std::set<std::string>{"DONE", "experiment.toml", "histograms.jsonl", "manifest.json", "model.safetensors",
                                   "records.jsonl", "resolved.toml", "summary.json", "times.jsonl"}));
  EXPECT_EQ(mode_of(run), 0750u);
  for (const std::string& name : names_in(run)) EXPECT_EQ(mode_of(run + name), 0640u) << name;
  EXPECT_EQ(contents(run + "experiment.toml"), kBlobs);
}

TEST(RunDirectory, IsDoneWithTheHashesOfComparedFiles) {
  const Folder folder;
  support::run(folder, kBlobs);
  const std::string run = folder.at("runs/blobs-clean-s3");
  std::string expected;
  for (const std::string& name : compared_files()) expected += read_file(run + "/" + name, 1 << 30).sha256 + "  " + name + "\n";
  EXPECT_EQ(contents(run + "/DONE"), expected);
  EXPECT_EQ(std::system(("cd " + run + " && sha256sum --quiet -c DONE").c_str()), 0);
}

TEST(RunDirectory, RecordsEachRound) {
  const Folder folder;
  support::run(folder, kBlobs);
  const std::vector<std::string> lines = support::lines_of(contents(folder.at("runs/blobs-attacked-s3/records.jsonl")));
  ASSERT_EQ(lines.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    const json record = json::parse(lines[i]);
    EXPECT_EQ(record.at("round"), i + 1);
    for (const char* key : {"test_accuracy", "test_loss", "validation_accuracy", "target_confidence", "attack_success_rate"})
      EXPECT_TRUE(record.at(key).is_number()) << key;
    EXPECT_EQ(record.at("cohort"), json({0, 1, 2, 3}));
    EXPECT_EQ(record.at("malicious"), json({1}));
    for (const char* key : {"update_norms", "distance_to_mean", "cosine_to_mean", "train_loss", "weights"})
      EXPECT_EQ(record.at(key).size(), 4u) << key;
    EXPECT_TRUE(record.at("set_aside").empty());
    const json& target = record.at("targets").at(0);
    EXPECT_EQ(target.at("index"), 3);
    EXPECT_EQ(target.at("label"), 0);
    EXPECT_EQ(target.at("wanted"), 1);
    EXPECT_EQ(target.at("success"), target.at("predicted") == 1);
    EXPECT_FALSE(record.at("held"));
    EXPECT_EQ(lines[i].find("seconds"), std::string::npos);  // times are elsewhere
  }
  const json times = json::parse(support::lines_of(contents(folder.at("runs/blobs-attacked-s3/times.jsonl"))).at(2));
  EXPECT_EQ(times.at("round"), 3);
  EXPECT_GE(times.at("total_seconds"), times.at("train_seconds"));
}

TEST(RunDirectory, RecordsTargetsOfACleanRunToo) {
  const Folder folder;
  support::run(folder, kBlobs);
  const json record = json::parse(support::lines_of(contents(folder.at("runs/blobs-clean-s3/records.jsonl"))).front());
  EXPECT_EQ(record.at("targets").size(), 1u);
}

TEST(RunDirectory, NamesWhatKrumSelected) {
  const Folder folder;
  support::run(folder, edited(edited(kBlobs, "rule = \"median\"", "rule = \"krum\""), "clients = 4", "clients = 6"));
  const json record = json::parse(support::lines_of(contents(folder.at("runs/blobs-attacked-s3/records.jsonl"))).front());
  ASSERT_EQ(record.at("selected").size(), 1u);
  const std::size_t chosen = record.at("selected").at(0);
  EXPECT_EQ(record.at("weights").at(chosen), 1.0);
}

TEST(RunDirectory, SavesAModelThatLoads) {
  const Folder folder;
  support::run(folder, kBlobs);
  const nn::Safetensors model = nn::read_safetensors(folder.at("runs/blobs-clean-s3/model.safetensors"));
  ASSERT_EQ(model.tensors.size(), 2u);
  EXPECT_EQ(model.tensors[0].shape, (std::vector<std::size_t>{3, 2}));
  EXPECT_EQ(model.tensors[1].shape, (std::vector<std::size_t>{3}));
}

TEST(RunDirectory, StartsFromAModel) {
  const Folder folder;
  support::run(folder, kBlobs);
  const std::string model = folder.at("runs/blobs-clean-s3/model.safetensors");
  const std::string text = edited(kBlobs, "name = \"softmax\"", "name = \"softmax\"\nweights = \"" + model + "\"");
  const auto fresh = support::run(folder, kBlobs, "fresh"), warm = support::run(folder, text, "warm");
  EXPECT_LT(warm[0].summary.test_loss.front(), fresh[0].summary.test_loss.front());
}

TEST(RunDirectory, HasAManifestAboutCircumstances) {
  const Folder folder;
  ::setenv("TOCSIN_TEST_OF_MANIFEST", "yes", 1);
  support::run(folder, kBlobs);
  ::unsetenv("TOCSIN_TEST_OF_MANIFEST");
  const json manifest = json::parse(contents(folder.at("runs/blobs-attacked-s3/manifest.json")));
  for (const char* key : {"schema", "plan_hash", "build_id", "compiler", "numeric_class", "seed", "started", "workers", "data"})
    EXPECT_TRUE(manifest.contains(key)) << key;
  EXPECT_EQ(manifest.at("arguments"), json({"tocsin"}));
  EXPECT_EQ(manifest.at("environment").at("TOCSIN_TEST_OF_MANIFEST"), "yes");
  EXPECT_FALSE(manifest.at("environment").contains("PATH"));
  EXPECT_EQ(manifest.at("malicious"), json({1}));
  const json summary = json::parse(contents(folder.at("runs/blobs-attacked-s3/summary.json")));
  EXPECT_EQ(summary.at("plan_hash"), manifest.at("plan_hash"));
}

TEST(RunDirectory, IsNeverOverwritten) {
  const Folder folder;
  support::run(folder, kBlobs);
  const auto before = support::compared(folder.at("runs"));
  try {
    support::run(folder, edited(kBlobs, "rounds = 3", "rounds = 1"));
    FAIL() << "ran";
  } catch (const RunError& error) {
    EXPECT_EQ(error.code(), Exit::run_directory);
    EXPECT_EQ(std::string(error.what()), folder.at("runs/blobs-clean-s3") + " exists already and is never overwritten");
  }
  EXPECT_EQ(support::compared(folder.at("runs")), before);
}

TEST(RunDirectory, IsRefusedBeforeAnyVariantRuns) {
  const Folder folder;
  std::filesystem::create_directories(folder.at("runs/blobs-attacked-s3"));
  EXPECT_THROW(support::run(folder, kBlobs), RunError);
  EXPECT_EQ(names_in(folder.at("runs")), (std::set<std::string>{"blobs-attacked-s3"}));
}

TEST(RunDirectory, TakesADanglingLinkForSomethingThere) {
  const Folder folder;
  std::filesystem::create_directories(folder.at("runs"));
  std::filesystem::create_symlink("/nonexistent", folder.at("runs/blobs-clean-s3"));
  EXPECT_THROW(support::run(folder, kBlobs), RunError);
}

TEST(RunDirectory, RefusesAFolderThatEverybodyMayWriteTo) {
  const Folder folder;
  std::filesystem::create_directories(folder.at("runs"));
  ::chmod(folder.at("runs").c_str(), 0777);
  try {
    support::run(folder, kBlobs);
    FAIL() << "ran";
  } catch (const RunError& error) {
    EXPECT_EQ(error.code(), Exit::run_directory);
    EXPECT_EQ(std::string(error.what()), folder.at("runs") + " may be written by everybody");
  }
  EXPECT_TRUE(names_in(folder.at("runs")).empty());
}

TEST(RunDirectory, CreatesNothingForDataThatDoNotFit) {
  const Folder folder;
  EXPECT_THROW(support::run(folder, edited(kBlobs, "test_indices = [3]", "test_indices = [3000]")), ConfigError);
  EXPECT_FALSE(std::filesystem::exists(folder.at("runs")));
}

TEST(RunDirectory, KeepsFinishedRoundsOfAStoppedRun) {
  const Folder folder;
  Experiment experiment = support::read(folder, edited(kBlobs, "rounds = 3", "rounds = 1000"));
  std::stop_source stop;
  struct StopAfterTwo final : Observer {
    explicit StopAfterTwo(std::stop_source& source) : stop(source) {}
    void round_done(const fed::RoundRecord& record, const fed::RoundTimes&) override {
      if (record.round == 2) stop.request_stop();
    }
    std::stop_source& stop;
  } observer(stop);
  try {
    run_experiment(experiment, {.out = folder.at("runs"), .workers = 2, .memory_limit_bytes = {}, .arguments = {}}, observer,
                   stop.get_token());
    FAIL() << "ran on";
  } catch (const Stopped& stopped) {
    EXPECT_EQ(stopped.finished(), 2u);
    EXPECT_EQ(stopped.path(), folder.at("runs/blobs-clean-s3"));
  }
  EXPECT_EQ(names_in(folder.at("runs")), (std::set<std::string>{"blobs-clean-s3"}));
  EXPECT_FALSE(std::filesystem::exists(folder.at("runs/blobs-clean-s3/DONE")));
  EXPECT_EQ(support::lines_of(contents(folder.at("runs/blobs-clean-s3/records.jsonl"))).size(), 2u);
}

}  // namespace
}  // namespace tocsin::lab
