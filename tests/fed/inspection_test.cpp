// SPDX-License-Identifier: Apache-2.0
// Detectors in a round: they see finite rows and a Round and never the truth, change nothing, and ask the hold-out of the server.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stop_token>

#include "support/attacks.h"
#include "support/detectors.h"
#include "support/federation.h"
#include "tocsin/defense/distances.h"

namespace tocsin::fed {
namespace {
using support::Federation;
using support::Scenario;
using Numbers = std::vector<double>;

/// A federation whose detectors are those of the registry; the test part is the server's hold-out as well.
struct Watched {
  explicit Watched(const Scenario& scenario, bool hold_out = true) : federation(scenario) {
    if (hold_out) {
      federation.parts.validation_data = federation.parts.problem.test.get();
      federation.parts.validation_samples = federation.parts.test_samples;
    }
    for (const Entry<defense::Detector>* entry : defense::detectors()) {
      made.push_back(support::make(*entry));
      federation.parts.detectors.push_back({std::string(entry->name), made.back().get(), entry});
    }
  }
  Federation federation;
  std::vector<std::unique_ptr<defense::Detector>> made;
};

const DetectorRecord& find(const RoundRecord& record, std::string_view label) {
  for (const DetectorRecord& one : record.detectors)
    if (one.label == label) return one;
  throw std::out_of_range(std::string(label));
}

/// Everything that detectors said in some rounds, to the bit.
std::string said(const std::vector<RoundRecord>& records) {
  std::string text;
  const auto add = [&text](const Numbers& values) {
    for (const double value : values) text += fmt::format(" {:a}", value);
    text += "\n";
  };
  for (const RoundRecord& record : records)
    for (const DetectorRecord& one : record.detectors) {
      text += one.label + one.skipped;
      add(one.reading.suspicion);
      for (const defense::Figure& figure : one.reading.figures) add(figure.values);
      for (const defense::Verdict verdict : one.reading.verdicts) text += static_cast<char>('0' + static_cast<int>(verdict));
    }
  return text;
}
std::string said(const Scenario& scenario, std::size_t rounds = 2) {
  Watched watched(scenario);
  State state = watched.federation.start();
  return said(watched.federation.rounds(state, rounds));
}

TEST(Inspection, HasOneRecordAReadingInTheOrderOfTheSeats) {
  Watched watched(Scenario{});
  State state = watched.federation.start();
  const RoundRecord record = watched.federation.round(state);
  std::vector<std::string> labels;
  for (const DetectorRecord& one : record.detectors) labels.push_back(one.label);
  EXPECT_EQ(labels, (std::vector<std::string>{"accuracy_check", "accuracy_check_printed", "distance_band", "distance_band_weights",
                                              "norm", "cosine_to_mean", "sparsity", "update_histogram", "update_histogram_ks",
                                              "explanation_similarity"}));
  for (const DetectorRecord& one : record.detectors) {
    EXPECT_EQ(one.skipped, "") << one.label;
    ASSERT_EQ(one.reading.suspicion.size(), 5U);
    for (const double suspicion : one.reading.suspicion) EXPECT_TRUE(std::isfinite(suspicion)) << one.label;
  }
  EXPECT_FALSE(record.histograms.empty());
  EXPECT_TRUE(record.band && record.band_weights);
}

TEST(Inspection, ChangesNoOtherByteOfARound) {
  const Scenario scenario{.rule = "krum", .attack = "sign_flip", .malicious = {2}, .assumed = 1};
  Watched watched(scenario, false);
  const Federation plain(scenario);
  State with = watched.federation.start(), without = plain.start();
  for (std::size_t round = 0; round < 2; ++round)
    EXPECT_EQ(support::text_of(watched.federation.round(with)), support::text_of(plain.round(without)));
  EXPECT_EQ(support::bytes_of(with.global.rows()), support::bytes_of(without.global.rows()));
}

TEST(Inspection, CannotTellWhichClientIsMalicious) {
  Scenario scenario;
  scenario.assumed = 1;
  const std::string nobody = said(scenario);
  for (const std::vector<std::uint32_t>& malicious : {std::vector<std::uint32_t>{0}, {4}, {1, 3}}) {
    scenario.malicious = malicious;
    EXPECT_EQ(said(scenario), nobody);
  }
}

TEST(Inspection, GivesTheSameBytesForAnyNumberOfWorkers) {
  Scenario scenario{.attack = "sign_flip", .malicious = {2}};
  for (const nn::Precision precision : {nn::Precision::float32, nn::Precision::float64}) {
    scenario.training.precision = precision;
    scenario.workers = 1;
    const std::string once = said(scenario);
    for (const std::size_t workers : {2U, 5U}) {
      scenario.workers = workers;
      EXPECT_EQ(said(scenario), once) << workers;
    }
  }
}

TEST(Inspection, AsksTheHoldOutAboutModelsThatTheFleetEvaluates) {
  Watched watched(Scenario{});
  State state = watched.federation.start();
  const Updates start = state.global;
  std::vector<Numbers> rows;
  support::SpyDetector spy([&](ConstRows updates, const Round& round) {
    for (std::size_t i = 0; i < updates.clients(); ++i) rows.push_back(updates.row(i));
    ASSERT_NE(round.hold_out, nullptr);
    EXPECT_EQ(round.hold_out->samples(), watched.federation.parts.validation_samples.size());
  });
  watched.federation.parts.detectors.push_back({"spy", &spy, &support::kSpyDetectorEntry});
  const RoundRecord record = watched.federation.round(state);
  const DetectorRecord& check = find(record, "accuracy_check");
  ASSERT_EQ(rows.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) {  // 62 samples: fewer than 250, so all of them
    Updates alone = start;
    Numbers parameters = start.rows().row(0);
    for (std::size_t c = 0; c < parameters.size(); ++c) parameters[c] += rows[i][c];
    alone.rows().assign(0, parameters);
    const nn::Evaluation expected =
        watched.federation.parts.fleet->evaluate(std::as_const(alone).rows(), *watched.federation.parts.problem.test,
                                                 watched.federation.parts.validation_samples, std::stop_token());
    EXPECT_EQ(check.reading.figures[0].values[i], expected.accuracy);
  }
}

TEST(Inspection, UsesTheSamePartOfTheHoldOutInEveryRound) {
  std::vector<std::size_t> hits;
  support::SpyDetector spy([&](ConstRows, const Round& round) {
    const auto fixed = [&](std::size_t, Rows row) { row.assign(0, Numbers(row.coordinates(), 0.25)); };
    hits.push_back(round.hold_out->hits(1, fixed, 20).at(0));
    EXPECT_EQ(round.hold_out->hits(2, fixed, 20), (std::vector<std::size_t>(2, hits.back())));
    EXPECT_LE(hits.back(), 20U);
  });
  Watched watched(Scenario{});
  watched.federation.parts.detectors = {{"spy", &spy, &support::kSpyDetectorEntry}};
  State state = watched.federation.start();
  watched.federation.rounds(state, 3);
  EXPECT_EQ(hits, (std::vector<std::size_t>(3, hits.at(0))));
}

TEST(Inspection, SkipsWhatNeedsAHoldOutWithoutOneAndSaysSo) {
  Watched watched(Scenario{}, false);
  State state = watched.federation.start();
  const RoundRecord record = watched.federation.round(state);
  for (const char* label : {"accuracy_check", "accuracy_check_printed", "explanation_similarity"}) {
    EXPECT_EQ(find(record, label).skipped, "the server holds no labelled samples out: [data] validation");
    EXPECT_TRUE(find(record, label).reading.suspicion.empty());
  }
  EXPECT_EQ(find(record, "norm").skipped, "");
}

TEST(Inspection, SkipsTheAccuracyCheckOfARegression) {
  Scenario scenario{.problem = support::by_hand({1, 2, 3}, {2, 2, 2}), .network = "linear", .clients = 3, .rule = "mean"};
  Watched watched(scenario);
  State state = watched.federation.start(false);
  EXPECT_NE(find(watched.federation.round(state), "accuracy_check").skipped, "");
}

TEST(Inspection, SkipsEverythingWhereRowsAreFolded) {
  Scenario scenario;
  scenario.federation.keep_rows = false;
  Watched watched(scenario);
  State state = watched.federation.start();
  const RoundRecord record = watched.federation.round(state);
  ASSERT_EQ(record.detectors.size(), 10U);
  for (const DetectorRecord& one : record.detectors)
    EXPECT_EQ(one.skipped, "rows are folded in as they finish: [federation] keep_rows") << one.label;
  EXPECT_TRUE(record.histograms.empty());
  EXPECT_FALSE(record.band);
}

TEST(Inspection, CountsARowThatWasSetAsideAsFlaggedAndAsTheMostSuspicious) {
  const support::CraftBy attack([](Rows rows, const attack::Knowledge&, auto) {
    rows.assign(0, Numbers(rows.coordinates(), std::numeric_limits<double>::quiet_NaN()));
  });
  Watched watched(Scenario{.malicious = {1}});
  watched.federation.parts.attack = &attack;
  watched.federation.parts.attack_entry = &support::kCraftsEntry;
  State state = watched.federation.start();
  const RoundRecord record = watched.federation.round(state);
  for (const DetectorRecord& one : record.detectors) {
    EXPECT_TRUE(std::isnan(one.reading.suspicion[1])) << one.label;
    EXPECT_EQ(one.tally.pairs, 4U);
    EXPECT_EQ(one.tally.won, 4.0);
    const std::size_t judges = one.reading.verdicts.empty() ? 0 : 1;
    EXPECT_EQ(one.tally.malicious_judged, judges);
    EXPECT_EQ(one.tally.malicious_flagged, judges);
    for (const std::size_t i : {0U, 2U, 3U, 4U}) EXPECT_TRUE(std::isfinite(one.reading.suspicion[i])) << one.label;
  }
  EXPECT_TRUE(std::isnan(record.band->figure));
  EXPECT_FALSE(std::isnan(record.band->benign_least));
  for (const LayerHistogram& layer : record.histograms) EXPECT_TRUE(std::isnan(layer.ks[1]));
}

TEST(Inspection, LaysThePapersBandBesideTheDetector) {
  Scenario scenario{.attack = "sign_flip", .malicious = {1}};
  Watched watched(scenario);
  const auto judging = support::make(*defense::detectors().find("distance_band"), "kappa = 0.5");
  watched.federation.parts.detectors[1].detector = judging.get();
  std::vector<Numbers> rows;
  support::SpyDetector spy([&](ConstRows updates, const Round&) {
    for (std::size_t i = 0; i < updates.clients(); ++i) rows.push_back(updates.row(i));
  });
  watched.federation.parts.detectors.push_back({"spy", &spy, &support::kSpyDetectorEntry});
  State state = watched.federation.start();
  const RoundRecord record = watched.federation.round(state);
  const Updates sent = support::rows(rows, Element::float64);
  const Numbers distances = defense::pair_distances(sent.rows(), nullptr).all;
  const std::vector<std::size_t> malicious{1}, benign{0, 2, 3, 4};
  EXPECT_NEAR(record.band->figure, band_record(distances, 5, malicious, benign, {}).figure, 1e-12);
  EXPECT_EQ(record.band->kappa, 0.5);
  EXPECT_EQ(find(record, "distance_band").tally.malicious_judged, 1U);
  EXPECT_GT(record.band->figure, record.band_weights->figure * 0.5);
}

TEST(Inspection, SharesAlphaOfAllClientsWhereThePublishedCodeIsAskedFor) {
  double total = -1;
  support::SpyDetector spy([&](ConstRows, const Round& round) { total = round.sample_total; });
  Scenario scenario;
  for (const AlphaOver alpha : {AlphaOver::cohort, AlphaOver::all_clients}) {
    scenario.federation.alpha = alpha;
    scenario.federation.participation = 0.6;
    Federation federation(scenario);
    federation.parts.detectors = {{"spy", &spy, &support::kSpyDetectorEntry}};
    State state = federation.start();
    federation.round(state);
    EXPECT_EQ(total, alpha == AlphaOver::cohort ? 0.0 : 5.0);
  }
}

TEST(Inspection, LeavesDetectorsAsTheyWereWhenARoundIsInterrupted) {
  support::SpyDetector spy;
  Federation federation(Scenario{});
  federation.parts.detectors = {{"spy", &spy, &support::kSpyDetectorEntry}};
  State state = federation.start();
  federation.round(state);
  std::stop_source stop;
  support::SpyDetector stopping([&](ConstRows, const Round&) { stop.request_stop(); });
  federation.parts.detectors.push_back({"stopping", &stopping, &support::kSpyDetectorEntry});
  EXPECT_THROW(federation.round(state, stop.get_token()), Interrupted);
  EXPECT_EQ(spy.calls(), 1);
  EXPECT_EQ(stopping.calls(), 0);
  EXPECT_EQ(state.finished, 1U);
}

TEST(Inspection, NeedsAnEntryBesideEachDetector) {
  support::SpyDetector spy;
  Federation federation(Scenario{});
  federation.parts.detectors = {{"spy", &spy, nullptr}};
  State state = federation.start();
  EXPECT_EQ(support::error_of([&] { federation.round(state); }), "federation: detector 'spy' needs its entry beside it");
}

}  // namespace
}  // namespace tocsin::fed
