// SPDX-License-Identifier: Apache-2.0
// Summaries and the report that people read, on records made by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/files.h"
#include "tocsin/lab/recorder.h"
#include "tocsin/lab/report.h"

namespace tocsin::lab {
namespace {
using ::testing::HasSubstr;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

fed::RoundRecord record(std::size_t round, double accuracy, double confidence, double sent = 30.0) {
  fed::RoundRecord record;
  record.round = round;
  record.test = {.loss = 1.5, .accuracy = accuracy, .samples = 100};
  record.cohort = {0, 1, 2, 3};
  record.malicious = {2};
  record.targets = {
      {.target = {.index = 54, .label = 5, .wanted = 7}, .predicted = 7, .confidence = confidence, .success = confidence > 0.5}};
  record.target_confidence = confidence;
  record.attack_success_rate = confidence > 0.5 ? 1.0 : 0.0;
  record.update_norms = {1.0, 3.0, sent, 2.0};
  record.distance_to_mean = {0.5, 1.5, 31.0, 1.0};
  record.cosine_to_mean = {0.5, 0.75, -0.25, 0.625};
  return record;
}

Summary summary(const std::string& variant, std::uint64_t seed, const std::vector<double>& accuracy,
                const std::vector<double>& confidence) {
  Summary result;
  result.run = "show-" + variant + "-s" + std::to_string(seed);
  result.name = "show";
  result.variant = variant;
  result.seed = seed;
  result.clients = result.cohort = 4;
  result.parameters = 7850;
  result.rounds_planned = accuracy.size();
  result.rule = "mean";
  result.attack = variant == "clean" ? "none" : "explicit_boosting";
  result.network = "softmax";
  result.dataset = "fashion_mnist";
  result.malicious = {2};
  result.targets = {{.index = 54, .label = 5, .wanted = 7}};
  result.class_names = {"a", "b", "c", "d", "e", "Sandal", "f", "Sneaker"};
  for (std::size_t i = 0; i < accuracy.size(); ++i) add(result, record(i + 1, accuracy[i], confidence[i]));
  close(result, fed::Ending::rounds);
  return result;
}

TEST(Summary, TakesMediansOfMaliciousAndBenign) {
  const Stealth stealth = stealth_of(record(1, 0.5, 0.5));
  EXPECT_EQ(stealth.malicious_norm, 30.0);
  EXPECT_EQ(stealth.benign_norm, 2.0);
  EXPECT_EQ(stealth.malicious_distance, 31.0);
  EXPECT_EQ(stealth.benign_distance, 1.0);
  EXPECT_EQ(stealth.malicious_cosine, -0.25);
  EXPECT_EQ(stealth.benign_cosine, 0.625);
  fed::RoundRecord folded = record(1, 0.5, 0.5);
  folded.distance_to_mean.clear();
  EXPECT_TRUE(std::isnan(stealth_of(folded).malicious_distance));
}

TEST(Summary, KnowsMediansAndSpreads) {
  EXPECT_EQ(median_of({3, 1, 2}), 2.0);
  EXPECT_EQ(median_of({4, 1, 2, 3}), 2.5);
  EXPECT_TRUE(std::isnan(median_of({})));
  EXPECT_TRUE(std::isnan(median_of({1, kNan, 2})));
  const Spread two = spread({1.0, 3.0});
  EXPECT_EQ(two.mean, 2.0);
  EXPECT_EQ(two.deviation, std::sqrt(2.0));
  EXPECT_EQ(spread({5.0}).deviation, 0.0);
  EXPECT_TRUE(std::isnan(spread({}).mean));
}

TEST(Summary, CallsARunDivergedThatWasHeldOrLostItsLoss) {
  Summary fine = summary("clean", 1, {0.5, 0.6}, {0, 0});
  EXPECT_FALSE(fine.diverged);
  close(fine, fed::Ending::held);
  EXPECT_TRUE(fine.diverged);
  fed::RoundRecord lost = record(3, 0.1, 0.0);
  lost.test.loss = kNan;
  add(fine, lost);
  close(fine, fed::Ending::rounds);
  EXPECT_TRUE(fine.diverged);
  Summary held;
  fed::RoundRecord one = record(1, 0.1, 0.0);
  one.held = "too few rows";
  add(held, one);
  close(held, fed::Ending::rounds);
  EXPECT_TRUE(held.diverged);
  EXPECT_EQ(held.held, "too few rows");
}

TEST(Summary, SpellsNumbersThatAreNone) {
  fed::RoundRecord bad = record(1, 0.5, 0.5);
  bad.test.loss = kNan;
  bad.update_norms[1] = std::numeric_limits<double>::infinity();
  bad.train_loss = {-std::numeric_limits<double>::infinity()};
  bad.set_aside = {{.row = 1, .client = 1, .first = 7, .count = 2}};
  bad.held = "no rows";
  EXPECT_EQ(
      record_line(bad),
      R"({"round":1,"test_accuracy":0.5,"test_loss":"nan","cohort":[0,1,2,3],"malicious":[2],"targets":[{"index":54,"label":5,)"
      R"("wanted":7,"predicted":7,"confidence":0.5,"success":false}],"target_confidence":0.5,"attack_success_rate":0.0,)"
      R"("update_norms":[1.0,"inf",30.0,2.0],"distance_to_mean":[0.5,1.5,31.0,1.0],"cosine_to_mean":[0.5,0.75,-0.25,0.625],)"
      R"("train_loss":["-inf"],"set_aside":[{"client":1,"reason":"non-finite","first":7,"count":2}],"held":true,)"
      R"("held_because":"no rows","diverged":false,"notes":[]})");
}

TEST(Report, ShowsCleanBesidePoisoned) {
  const std::vector<Summary> runs{summary("clean", 7, {0.75, 0.875}, {0.01, 0.0}),
                                  summary("attacked", 7, {0.1, 0.8125}, {0.96, 1.0})};
  EXPECT_EQ(report(runs, {"runs/show-clean-s7", "runs/show-attacked-s7"}, {}),
            R"(show  softmax (7,850 parameters) on fashion_mnist, 4 clients, 4 a round, seed 7
  clean: no attack, rule mean
  attacked: explicit_boosting by client 2, rule mean
  target: test sample 54, 5 (Sandal) -> 7 (Sneaker)

Round by round
           test accuracy       confidence in the wanted label
  round     clean  attacked     clean              attacked
      1    75.0 %    10.0 %    0.0100  ..........    0.9600  ##########
      2    87.5 %    81.2 %    0.0000  ..........    1.0000  ##########

What the attacker sent against what the others sent in 'attacked'
  medians over clients; the mean is that of the others
           norm                distance to mean    cosine with mean
  round    attacker  others    attacker  others    attacker  others
      1       30.00   2.000       31.00   1.000      -0.250   0.625
      2       30.00   2.000       31.00   1.000      -0.250   0.625

  attacked: the attack succeeds: 1 of 1 targets came out as wanted after the last round, with
  confidence 1.0000 (0.0000 without it).
  attacked: test accuracy 6.2 points below clean.
  attacked: what the attacker sends is 15.0 times as long as what the others send (median over
  rounds): loud.

Records
  runs/show-clean-s7
  runs/show-attacked-s7
)");
}

TEST(Report, ShowsEachSeed) {
  const std::vector<Summary> runs{summary("clean", 7, {0.5}, {0}), summary("clean", 8, {0.75}, {0})};
  const std::string text = report(runs, {"a", "b"}, {});
  EXPECT_THAT(text, HasSubstr(R"(After the last round, over 2 seeds (deviation with n - 1)
               test accuracy    confidence in the wanted label
                       clean                             clean
  mean                62.5 %                            0.0000
  deviation           17.7 %                            0.0000
  seed 7              50.0 %                            0.0000
  seed 8              75.0 %                            0.0000
)"));
}

TEST(Report, StaysWithinAHundredColumnsForManyVariantsAndRounds) {
  std::vector<Summary> runs;
  std::vector<std::string> paths;
  for (const char* variant : {"clean", "explicit_boosting_and_more", "median_lower", "krum_n_f_1", "multi_krum_5"}) {
    runs.push_back(summary(variant, 1, std::vector<double>(300, 0.5), std::vector<double>(300, 0.25)));
    paths.emplace_back("p");
  }
  std::size_t rows = 0;
  for (const std::string& line : support::lines_of(report(runs, paths, {}))) {
    EXPECT_LE(line.size(), 100u) << line;
    rows += line.find("    300  ") != std::string::npos || line.rfind("    300 ", 0) == 0;
  }
  EXPECT_GE(rows, 6u);  // the last round is in each table, not all of the 300 are
  EXPECT_LT(support::lines_of(report(runs, paths, {})).size(), 300u);
}

TEST(Report, HasInkOnlyWhereAsked) {
  const std::vector<Summary> runs{summary("attacked", 7, {0.1}, {0.96})};
  EXPECT_EQ(report(runs, {"p"}, {}).find('\x1b'), std::string::npos);
  EXPECT_THAT(report(runs, {"p"}, Ink::terminal()), HasSubstr("\x1b[1mshow\x1b[0m"));
}

TEST(Report, EscapesNamesOfClasses) {
  Summary hostile = summary("attacked", 7, {0.1}, {0.96});
  hostile.class_names[7] = "\x1b[2J\xe2\x80\xae";
  EXPECT_THAT(target_text(hostile), HasSubstr("7 (\\x1b[2J\\u{202e})"));
}

TEST(Report, PutsAGridInColumns) {
  Grid grid;
  grid.row({"name", "a", "b"});
  grid.row({"x", "100", "2"});
  grid.row({"longer", "3", "\xc3\xa4\xc3\xa4"});
  EXPECT_EQ(grid.text({}, ""), "name      a   b\nx       100   2\nlonger    3  \xc3\xa4\xc3\xa4\n");
  EXPECT_EQ(grid.width(), 15u);
}

TEST(Report, WrapsWords) {
  EXPECT_EQ(wrapped("one two three", 9, ""), "one two\nthree\n");
  EXPECT_EQ(wrapped("one two three", 11, "  "), "  one two\n  three\n");
  EXPECT_EQ(wrapped("unbreakable", 4, ""), "unbreakable\n");
  EXPECT_EQ(wrapped("", 4, ""), "");
}

}  // namespace
}  // namespace tocsin::lab
