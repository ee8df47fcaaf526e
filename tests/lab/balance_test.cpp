// SPDX-License-Identifier: Apache-2.0
// Balanced accuracy and the majority baseline, from the record to the report.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tocsin/lab/recorder.h"
#include "tocsin/lab/report.h"
#include "tocsin/lab/summary.h"

namespace tocsin::lab {
namespace {
using ::testing::HasSubstr;
using ::testing::Not;

/// A round in which `hits` of `counts` samples by class were right.
fed::RoundRecord round_of(std::size_t round, std::vector<std::size_t> hits, std::vector<std::size_t> counts) {
  double right = 0, all = 0, shares = 0;
  for (std::size_t c = 0; c < hits.size(); ++c) {
    right += static_cast<double>(hits[c]);
    all += static_cast<double>(counts[c]);
    shares += static_cast<double>(hits[c]) / static_cast<double>(counts[c]);
  }
  fed::RoundRecord record;
  record.round = round;
  record.test = {0.5, right / all, static_cast<std::size_t>(all), shares / static_cast<double>(hits.size()), hits, counts};
  record.cohort = {0};
  record.update_norms = {1.0};
  return record;
}

Summary summary_of(const std::vector<fed::RoundRecord>& rounds) {
  Summary summary;
  summary.run = "census-s1";
  summary.name = "census";
  summary.network = "census_mlp";
  summary.dataset = "adult";
  summary.rule = "mean";
  summary.attack = "none";
  summary.classes = rounds.front().test.counts.size();
  for (const fed::RoundRecord& record : rounds) add(summary, record);
  close(summary, fed::Ending::rounds);
  return summary;
}

std::string report_of(const Summary& summary) { return report({summary}, {"runs/census-s1"}, {}); }

TEST(Balance, StandsBesideTheAccuracyInARecord) {
  EXPECT_THAT(record_line(round_of(1, {75, 5}, {75, 25})),
              testing::StartsWith(R"({"round":1,"test_accuracy":0.8,"test_balanced_accuracy":0.6,"test_loss":0.5,)"));
  fed::RoundRecord regression;
  regression.round = 1;
  EXPECT_THAT(record_line(regression), Not(HasSubstr("balanced")));
}

TEST(Balance, StandsInTheSummaryWithTheBaseline) {
  const auto json =
      nlohmann::json::parse(summary_text(summary_of({round_of(1, {75, 5}, {75, 25}), round_of(2, {60, 20}, {75, 25})})));
  EXPECT_EQ(json.at("majority_baseline"), 0.75);
  EXPECT_EQ(json.at("test_balanced_accuracy"), nlohmann::json({0.6, 0.8}));
  EXPECT_EQ(json.at("final").at("test_balanced_accuracy"), 0.8);
}

TEST(Balance, IsShownWhereClassesAreUneven) {
  const std::string text = report_of(summary_of({round_of(1, {75, 5}, {75, 25})}));
  EXPECT_THAT(text,
              HasSubstr("test accuracy    balanced\n  round              run         run\n      1           80.0 %      60.0 %\n"));
  EXPECT_THAT(text, HasSubstr("answering the most frequent class always is right in 75.0 %"));
  EXPECT_THAT(text, Not(HasSubstr("collapsed")));
  EXPECT_THAT(report_of(summary_of({round_of(1, {40, 40}, {54, 46})})), Not(HasSubstr("balanced"))) << "54 of 100 is even enough";
}

TEST(Balance, CallsAModelCollapsedWithinAPointOfTheBaseline) {
  EXPECT_THAT(report_of(summary_of({round_of(1, {750, 9}, {750, 250})})),
              HasSubstr("  run: test accuracy 75.9 % is within a point of answering the most frequent class always (75.0 %);\n"
                        "  balanced accuracy 51.8 %: a collapsed model."));
  EXPECT_THAT(report_of(summary_of({round_of(1, {750, 10}, {750, 250})})), Not(HasSubstr("collapsed"))) << "a point above";
  EXPECT_THAT(report_of(summary_of({round_of(1, {500, 10}, {750, 250})})),
              HasSubstr("test accuracy 51.0 % is less than that of answering the most frequent class always (75.0 %)"));
}

TEST(Balance, TellsWhatTheReaderDropped) {
  Summary summary = summary_of({round_of(1, {75, 5}, {75, 25})});
  summary.data_notes = {"training part: 2 of 5 rows dropped for a missing value"};
  EXPECT_THAT(report_of(summary), HasSubstr("  data: training part: 2 of 5 rows dropped for a missing value\n"));
  EXPECT_THAT(summary_text(summary), HasSubstr("2 of 5 rows dropped"));
}

}  // namespace
}  // namespace tocsin::lab
