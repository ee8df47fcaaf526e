// SPDX-License-Identifier: Apache-2.0
// Detectors in records, summary and report: on records made by hand, and what whole runs leave.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "support/experiment.h"
#include "tocsin/lab/recorder.h"
#include "tocsin/lab/report.h"

namespace tocsin::lab {
namespace {
using defense::Verdict;
using nlohmann::json;
using support::contents;
using support::edited;
using support::Folder;
using support::kBlobs;
using ::testing::HasSubstr;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Client 2 of five is malicious; client 4 was set aside. A check that judges, one that does not, one that was skipped.
fed::RoundRecord record(std::size_t round, double malicious, bool flagged) {
  fed::RoundRecord result;
  result.round = round;
  result.cohort = {0, 1, 2, 3, 4};
  result.malicious = {2};
  const std::vector<std::size_t> positions{2};
  fed::DetectorRecord judging;
  judging.label = judging.title = "check";
  judging.reading.suspicion = {0.25, 0.5, malicious, 0.75, kNan};
  judging.reading.threshold = 0.6;
  judging.reading.verdicts = {Verdict::passed, Verdict::passed, flagged ? Verdict::flagged : Verdict::passed, Verdict::flagged,
                              Verdict::unknown};
  judging.reading.figures = {{"length", {1, 2, 8, 4, kNan}}};
  judging.tally = fed::tally(judging.reading, positions);
  fed::DetectorRecord silent;
  silent.label = silent.title = "silent";
  silent.reading.suspicion = {1, 1, 1, kInfinity, kNan};
  silent.tally = fed::tally(silent.reading, positions);
  fed::DetectorRecord skipped;
  skipped.label = skipped.title = "blind";
  skipped.skipped = "no eyes";
  result.detectors = {judging, silent, skipped};
  result.band = fed::BandRecord{1.5, 2, 3, 0.5, 4, 1.5};
  result.band_weights = fed::BandRecord{kNan, kNan, kNan, 0.5, 4, {}};
  return result;
}

TEST(StealthRecord, HoldsWhatDetectorsSaidOfEachClient) {
  const json line = json::parse(record_line(record(1, 0.5, false)));
  const json& detectors = line.at("detectors");
  EXPECT_EQ(detectors.at("check"), json::parse(R"({"suspicion": [0.25, 0.5, 0.5, 0.75, null], "threshold": 0.6,
    "flagged": [false, false, false, true, null], "length": [1, 2, 8, 4, null]})"));
  EXPECT_EQ(detectors.at("silent"), json::parse(R"({"suspicion": [1, 1, 1, "inf", null]})"));
  EXPECT_EQ(detectors.at("blind"), json::parse(R"({"skipped": "no eyes"})"));
}

TEST(StealthRecord, LaysTheTruthBesideIt) {
  const json stealth = json::parse(record_line(record(1, 0.5, false))).at("stealth");
  EXPECT_EQ(
      stealth.at("check"),
      json::parse(R"({"passed": true, "false_alarms": 1, "benign": 3, "detected": 0, "malicious": 1, "auc": 0.5, "suspicion": 0.5,
    "benign_suspicion": 0.5, "malicious_length": 8, "benign_length": 2})"));
  EXPECT_EQ(stealth.at("silent").at("auc"), (0.5 + 0.5 + 0.0) / 3);
  EXPECT_FALSE(stealth.at("silent").contains("passed"));
  EXPECT_FALSE(stealth.contains("blind"));
  EXPECT_EQ(stealth.at("band"), json::parse(R"({"figure": 1.5, "passed": true, "malicious_min": 2, "malicious_max": 3,
    "benign_min": 0.5, "benign_max": 4})"))
      << "a figure of exactly kappa passes";
  EXPECT_TRUE(stealth.at("band_weights").at("figure").is_null());
  EXPECT_FALSE(stealth.at("band_weights").contains("passed"));
  EXPECT_FALSE(stealth.contains("histogram")) << "nothing was sampled";
}

TEST(StealthRecord, IsNullWhereTheMaliciousRowWasSetAsideAndAbsentWithoutOne) {
  fed::RoundRecord gone = record(1, kNan, false);
  gone.detectors[0].reading.verdicts[2] = Verdict::unknown;
  gone.detectors[0].tally = fed::tally(gone.detectors[0].reading, std::vector<std::size_t>{2});
  const json check = json::parse(record_line(gone)).at("stealth").at("check");
  for (const char* key : {"passed", "auc", "suspicion"}) EXPECT_TRUE(check.at(key).is_null()) << key;
  EXPECT_EQ(check.at("false_alarms"), 1);
  fed::RoundRecord clean = record(1, 0.5, false);
  clean.malicious.clear();
  EXPECT_FALSE(json::parse(record_line(clean)).contains("stealth"));
}

Summary summary_of(const std::vector<fed::RoundRecord>& records) {
  Summary summary;
  summary.run = summary.name = "show";
  summary.attack = "sign_flip";
  summary.malicious = {2};
  for (const fed::RoundRecord& one : records) add(summary, one);
  close(summary, fed::Ending::rounds);
  return summary;
}

TEST(StealthSummary, CountsRoundsFalseAlarmsAndPairs) {
  fed::RoundRecord quiet = record(3, 0.1, false);  // the malicious client is not drawn
  quiet.malicious.clear();
  quiet.band->figure = kNan;
  for (fed::DetectorRecord& one : quiet.detectors) one.tally = fed::tally(one.reading, {});
  const Summary summary = summary_of({record(1, 0.5, false), record(2, 0.9, true), quiet});
  const json all = json::parse(summary_text(summary));
  const json& check = all.at("detectors").at("check");
  EXPECT_EQ(check.at("rounds"), 2);
  EXPECT_EQ(check.at("passed"), 1);
  EXPECT_EQ(check.at("benign"), 3 + 3 + 4);
  EXPECT_EQ(check.at("false_alarms"), 3);
  EXPECT_EQ(check.at("false_alarm_rate"), 0.3);
  EXPECT_EQ(check.at("malicious"), 2);
  EXPECT_EQ(check.at("detected"), 1);
  EXPECT_EQ(check.at("detection_rate"), 0.5);
  EXPECT_EQ(check.at("precision"), 0.25) << "one of four flagged";
  EXPECT_EQ(check.at("first_detection"), 2);
  EXPECT_EQ(check.at("auc"), (1.5 + 3.0) / 6);
  EXPECT_EQ(all.at("detectors").at("silent").size(), 2U) << "rounds and auc: it does not judge";
  EXPECT_EQ(all.at("detectors").at("blind"), json::parse(R"({"skipped": "no eyes"})"));
  EXPECT_EQ(all.at("band"), json::parse(R"({"rounds": 2, "passed": 2, "figure": 1.5, "largest": 1.5})"));
  EXPECT_EQ(all.at("band_weights"), json::parse(R"({"rounds": 0, "figure": null, "largest": null})"));
}

TEST(StealthSummary, HasNoRateOfNothing) {
  fed::RoundRecord clean = record(1, 0.1, false);
  clean.malicious.clear();
  for (defense::Verdict& verdict : clean.detectors[0].reading.verdicts) verdict = Verdict::passed;
  clean.detectors[0].tally = fed::tally(clean.detectors[0].reading, {});
  const json check = json::parse(summary_text(summary_of({clean}))).at("detectors").at("check");
  for (const char* key : {"detection_rate", "precision", "first_detection", "auc"}) EXPECT_TRUE(check.at(key).is_null()) << key;
  EXPECT_EQ(check.at("false_alarm_rate"), 0.0);
}

TEST(StealthRecord, HasTheMaliciousShareOfTheWeights) {
  fed::RoundRecord one = record(1, 0.5, false);
  one.weights = {0.25, 0, -0.5, 0.25, 0};
  one.result = fed::ResultFigures{3, 1.5, kNan, 2.25};
  EXPECT_FALSE(json::parse(record_line(one)).contains("result_by_samples"));
  one.result_by_samples = fed::ResultFigures{4, 2, 0.5, 1};
  const json line = json::parse(record_line(one));
  EXPECT_EQ(line.at("malicious_share"), 0.5);
  EXPECT_EQ(line.at("result"), json::parse(R"({"distance": 3, "relative": 1.5, "cosine": null, "kappa": 2.25})"));
  EXPECT_EQ(line.at("result_by_samples"), json::parse(R"({"distance": 4, "relative": 2, "cosine": 0.5, "kappa": 1})"));
}

TEST(StealthSummary, CountsTheRoundsInWhichOnlyAMaliciousClientWasSelected) {
  const auto selecting = [](std::size_t round, std::vector<std::uint32_t> selected) {
    fed::RoundRecord one = record(round, 0.5, false);
    one.selected = std::move(selected);
    return one;
  };
  fed::RoundRecord absent = selecting(5, {1});
  absent.malicious.clear();
  const std::vector<fed::RoundRecord> records{selecting(1, {2}), selecting(2, {1, 2}), selecting(3, {1}), selecting(4, {}), absent};
  EXPECT_EQ(json::parse(summary_text(summary_of(records))).at("selection"),
            json::parse(R"({"rounds": 3, "malicious": 2, "only_malicious": 1, "malicious_times": 2})"));
  EXPECT_FALSE(json::parse(summary_text(summary_of({record(1, 0.5, false)}))).contains("selection"));
}

TEST(StealthSummary, HasTheAucOfAllPairsWithinRounds) {
  // Scores drift from round to round: pairs of different rounds would say another thing.
  std::vector<fed::RoundRecord> records;
  double won = 0;
  std::size_t pairs = 0;
  for (std::size_t round = 1; round <= 5; ++round) {
    fed::RoundRecord one = record(round, 0.5, false);
    std::vector<double>& scores = one.detectors[0].reading.suspicion;
    for (std::size_t i = 0; i < 5; ++i) scores[i] = static_cast<double>(100 * round + (7 * i + 3 * round) % 4);
    one.detectors[0].tally = fed::tally(one.detectors[0].reading, std::vector<std::size_t>{2});
    for (const std::size_t i : {0U, 1U, 3U, 4U}) {
      won += scores[2] > scores[i] ? 1.0 : scores[2] == scores[i] ? 0.5 : 0.0;
      ++pairs;
    }
    records.push_back(std::move(one));
  }
  EXPECT_EQ(auc_of(summary_of(records).detectors[0].tally), won / static_cast<double>(pairs));
  EXPECT_TRUE(std::isnan(auc_of(fed::Tally{})));
}

TEST(StealthReport, SaysInWordsWhoWouldHaveBeenNoticed) {
  const Summary one = summary_of({record(1, 0.5, false), record(2, 0.9, true)});
  const Group group{"", {&one}};
  EXPECT_EQ(checks_text(group, {}), R"(Would the server have noticed?
  rounds in which a check lets the attacker pass; updates of others that it flags; and how often
  the attacker's update looks more suspicious than another of the same round (0.50 is a guess)
  check                       attacker passes  false alarms   AUC
  check                                1 of 2        2 of 6  0.75
  silent                                    -             -  0.33
  band of the benign updates           2 of 2             -     -
  blind: not measured (no eyes)

)");
  const Group seeds{"krum", {&one, &one}};
  EXPECT_THAT(checks_text(seeds, {}), HasSubstr("check                                2 of 4       4 of 12  0.75"));
  const Summary without;
  EXPECT_EQ(checks_text(Group{"", {&without}}, {}), "");
}

TEST(StealthReport, CountsFalseAlarmsOfACleanRun) {
  const Summary one = summary_of({record(1, 0.5, false), record(2, 0.9, true)});
  EXPECT_EQ(false_alarms_text(Group{"", {&one}}), "false alarms, all updates being honest: check 3 of 8");
}

TEST(StealthRuns, RecordDetectorsAndHistogramsOfEveryRound) {
  const Folder folder;
  support::run(folder, kBlobs);
  for (const char* variant : {"clean", "attacked"}) {
    const std::string run = folder.at(std::string("runs/blobs-") + variant + "-s3/");
    const std::vector<std::string> records = support::lines_of(contents(run + "records.jsonl"));
    const std::vector<std::string> histograms = support::lines_of(contents(run + "histograms.jsonl"));
    ASSERT_EQ(histograms.size(), records.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
      const json line = json::parse(records[i]), counts = json::parse(histograms[i]);
      for (const char* label : {"accuracy_check", "accuracy_check_printed", "distance_band", "distance_band_weights", "norm",
                                "cosine_to_mean", "sparsity", "update_histogram", "update_histogram_ks"})
        EXPECT_EQ(line.at("detectors").at(label).at("suspicion").size(), 4U) << label;
      EXPECT_TRUE(line.at("stealth").at("accuracy_check").at("passed").is_boolean());
      EXPECT_TRUE(line.at("stealth").at("band").at("figure").is_number());
      EXPECT_TRUE(line.at("stealth").at("histogram").at("ks").is_number());
      EXPECT_EQ(counts.at("round"), i + 1);
      ASSERT_EQ(counts.at("layers").size(), 2U);
      for (const json& layer : counts.at("layers")) {
        ASSERT_EQ(layer.at("benign").size(), fed::LayerHistogram::kBins + 2);
        const auto total = [](const json& list) {
          const auto counts_of = list.get<std::vector<int>>();
          return std::accumulate(counts_of.begin(), counts_of.end(), 0);
        };
        EXPECT_EQ(total(layer.at("benign")), 3 * layer.at("sampled").get<int>());
        EXPECT_EQ(total(layer.at("malicious")), layer.at("sampled").get<int>());
        EXPECT_EQ(layer.at("low"), -layer.at("high").get<double>());
        for (const char* key : {"wasserstein", "ks", "share"}) EXPECT_EQ(layer.at(key).size(), 4U) << key;
      }
    }
  }
}

TEST(StealthRuns, AreTheSameWithAndWithoutDetectors) {
  const Folder folder;
  support::run(folder, kBlobs, "with");
  support::run(folder, edited(kBlobs, "rule = \"median\"", "rule = \"median\"\nstandard_detectors = false"), "without");
  for (const char* variant : {"clean", "attacked"}) {
    const std::string run = std::string("/blobs-") + variant + "-s3/";
    EXPECT_EQ(contents(folder.at("with" + run + "model.safetensors")), contents(folder.at("without" + run + "model.safetensors")));
    json with = json::parse(support::lines_of(contents(folder.at("with" + run + "records.jsonl"))).back());
    with.erase("detectors");
    with.erase("stealth");
    EXPECT_EQ(with, json::parse(support::lines_of(contents(folder.at("without" + run + "records.jsonl"))).back()));
    EXPECT_EQ(contents(folder.at("without" + run + "histograms.jsonl")), "");
  }
}

TEST(StealthRuns, SayWhyNothingWasMeasured) {
  const Folder folder;
  support::run(folder, edited(kBlobs, "validation = 40", "validation = 0"), "blind");
  const json blind = json::parse(support::lines_of(contents(folder.at("blind/blobs-attacked-s3/records.jsonl"))).front());
  EXPECT_THAT(blind.at("detectors").at("accuracy_check").at("skipped").get<std::string>(), HasSubstr("[data] validation"));
  EXPECT_TRUE(blind.at("detectors").at("norm").contains("suspicion"));
  const std::string folded =
      edited(edited(kBlobs, "rule = \"median\"", "rule = \"mean\""), "rounds = 3", "rounds = 1\nkeep_rows = false");
  support::run(folder, folded, "folded");
  const json line = json::parse(support::lines_of(contents(folder.at("folded/blobs-clean-s3/records.jsonl"))).front());
  for (const auto& [label, found] : line.at("detectors").items())
    EXPECT_THAT(found.at("skipped").get<std::string>(), HasSubstr("folded")) << label;
}

}  // namespace
}  // namespace tocsin::lab
