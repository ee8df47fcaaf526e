// SPDX-License-Identifier: Apache-2.0
// The laws of detectors, for every entry of the registry: the order of rows carries nothing, equal rows are equally suspicious,
// few rows are no error, workers and repetition change no bit, rows are left as they are, state goes through visit.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/detectors.h"
#include "support/drawn_rows.h"

namespace tocsin::defense {
namespace {
using support::DetectorRound;
using Numbers = std::vector<double>;

class DetectorLaws : public testing::TestWithParam<const Entry<Detector>*> {
 protected:
  [[nodiscard]] Suspicion look(const DetectorRound& on, Workers* workers = nullptr) const {
    const Round round = on.round(workers);
    return inspect(*support::make(*GetParam()), *GetParam(), Survivors(on.updates.rows(), round));
  }
};

/// Every number that came out, as bits.
std::vector<std::uint64_t> all_bits(const Suspicion& found) {
  Numbers numbers;
  const auto add = [&](const Numbers& more) { numbers.insert(numbers.end(), more.begin(), more.end()); };
  for (const Reading& reading : found.readings) {
    add(reading.suspicion);
    for (const Figure& figure : reading.figures) add(figure.values);
    for (const Verdict verdict : reading.verdicts) numbers.push_back(static_cast<double>(verdict));
  }
  for (const LayerSample& layer : found.samples) {
    for (const Numbers& values : layer.values) add(values);
    add(layer.shares);
  }
  return support::bits(numbers);
}

TEST_P(DetectorLaws, OrderOfRowsCarriesNothing) {
  const DetectorRound on(7);
  const std::vector<std::size_t> order{4, 0, 6, 2, 1, 5, 3};
  const Suspicion straight = look(on), permuted = look(on.permuted(order));
  ASSERT_EQ(straight.readings.size(), permuted.readings.size());
  for (std::size_t k = 0; k < straight.readings.size(); ++k)
    for (std::size_t i = 0; i < order.size(); ++i) {
      const double expected = straight.readings[k].suspicion[order[i]];
      EXPECT_NEAR(permuted.readings[k].suspicion[i], expected, 1e-12 * std::max(1.0, std::abs(expected)));
    }
}

TEST_P(DetectorLaws, EqualRowsAreEquallySuspicious) {
  DetectorRound on(8);
  for (const std::size_t copy : {4U, 7U}) {
    on.updates.rows().assign(copy, on.updates.rows(), 1);
    on.samples[copy] = on.samples[1];
  }
  for (const Reading& reading : look(on).readings) {
    EXPECT_EQ(reading.suspicion[4], reading.suspicion[1]);
    EXPECT_EQ(reading.suspicion[7], reading.suspicion[1]);
  }
}

TEST_P(DetectorLaws, AnyNumberOfWorkersGivesTheSameBytes) {
  const DetectorRound alone(6, 140'000);
  const std::vector<std::uint64_t> once = all_bits(look(alone));
  EXPECT_EQ(all_bits(look(alone)), once);
  for (const std::size_t count : {1U, 2U, 5U}) {
    Workers workers(count);
    const DetectorRound shared(6, 140'000, 1, &workers);
    EXPECT_EQ(all_bits(look(shared, &workers)), once) << count;
  }
}

TEST_P(DetectorLaws, FewRowsAreNoError) {
  for (std::size_t n = 0; n <= 3; ++n) {
    const Suspicion found = look(DetectorRound(n));
    for (const Reading& reading : found.readings) EXPECT_EQ(reading.suspicion.size(), n);
    for (const Reading& reading : found.readings) EXPECT_TRUE(n != 1 || std::isnan(reading.suspicion[0]));
  }
}

TEST_P(DetectorLaws, RowsThatAreNotFiniteChangeNothingForTheOthers) {
  DetectorRound on(7);
  std::vector<std::size_t> kept{0, 1, 3, 4, 6};
  for (const std::size_t bad : {2U, 5U}) {
    Numbers row = on.updates.rows().row(bad);
    row[bad] = bad == 2 ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
    on.updates.rows().assign(bad, row);
  }
  DetectorRound rest(5);
  for (std::size_t k = 0; k < kept.size(); ++k) {
    rest.updates.rows().assign(k, on.updates.rows(), kept[k]);
    rest.samples[k] = on.samples[kept[k]];
  }
  rest.global = on.global;
  const Suspicion whole = look(on), expected = look(rest);
  for (std::size_t r = 0; r < whole.readings.size(); ++r) {
    EXPECT_TRUE(std::isnan(whole.readings[r].suspicion[2]));
    EXPECT_TRUE(std::isnan(whole.readings[r].suspicion[5]));
    if (!whole.readings[r].verdicts.empty()) {
      EXPECT_EQ(whole.readings[r].verdicts[2], Verdict::flagged);
    }
    for (std::size_t k = 0; k < kept.size(); ++k)
      EXPECT_EQ(whole.readings[r].suspicion[kept[k]], expected.readings[r].suspicion[k]);
  }
}

TEST_P(DetectorLaws, LoudRowsLeaveTheOthersFinite) {
  DetectorRound on(7);
  on.updates.rows().assign(2, Numbers(on.updates.coordinates(), 1e30));
  for (const Reading& reading : look(on).readings)
    for (std::size_t i = 0; i < 7; ++i) EXPECT_TRUE(std::isfinite(reading.suspicion[i])) << i;
}

TEST_P(DetectorLaws, RowsAreLeftAsTheyAre) {
  const DetectorRound on(6), untouched(6);
  static_cast<void>(look(on));
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(on.updates.rows().row(i), untouched.updates.rows().row(i));
}

TEST_P(DetectorLaws, WhatLivesAcrossRoundsIsVisited) {
  const auto detector = support::make(*GetParam());
  EXPECT_EQ(save(*detector).fields.empty(), !GetParam()->facts.stateful);
  std::vector<DetectorRound> rounds;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) rounds.emplace_back(6, 40, seed);
  const auto see = [&](Detector& one, const DetectorRound& on) {
    return all_bits(inspect(one, *GetParam(), Survivors(on.updates.rows(), on.round())));
  };
  see(*detector, rounds[0]);
  see(*detector, rounds[1]);
  const auto fresh = support::make(*GetParam());
  load(*fresh, save(*detector));
  for (std::size_t k = 2; k < 4; ++k) EXPECT_EQ(see(*fresh, rounds[k]), see(*detector, rounds[k]));
}

INSTANTIATE_TEST_SUITE_P(Detectors, DetectorLaws, testing::ValuesIn(detectors().begin(), detectors().end()),
                         [](const auto& entry) { return support::name_of(entry.param); });

}  // namespace
}  // namespace tocsin::defense
