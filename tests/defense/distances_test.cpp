// SPDX-License-Identifier: Apache-2.0
// Distances, bands and departures against plain loops over the definitions, on whole numbers where all is exact.
#include "tocsin/defense/distances.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/detectors.h"

namespace tocsin::defense {
namespace {
using Numbers = std::vector<double>;

/// d(x_i, x_j) by the definition, over weights only if wanted.
double distance(ConstRows rows, std::size_t i, std::size_t j, const Layout* weights_of = nullptr) {
  double sum = 0.0;
  for (std::size_t c = 0; c < rows.coordinates(); ++c) {
    bool counts = true;
    if (weights_of != nullptr)
      for (const Tensor& tensor : weights_of->tensors)
        if (c >= tensor.offset && c < tensor.offset + tensor.size) counts = !tensor.is_bias;
    const double difference = rows.at(i, c) - rows.at(j, c);
    if (counts) sum += difference * difference;
  }
  return std::sqrt(sum);
}

/// The paper's figure of `suspect`, every other of `rows` taken for benign.
double departure_of(const Numbers& d, std::size_t n, std::size_t suspect) {
  const auto band = [&](std::size_t i) {
    double least = std::numeric_limits<double>::infinity(), most = -least;
    for (std::size_t j = 0; j < n; ++j)
      if (j != i && j != suspect) least = std::min(least, d[i * n + j]), most = std::max(most, d[i * n + j]);
    return std::pair(least, most);
  };
  double lowest = std::numeric_limits<double>::infinity(), highest = -lowest;
  for (std::size_t i = 0; i < n; ++i)
    if (i != suspect) lowest = std::min(lowest, band(i).first), highest = std::max(highest, band(i).second);
  const auto [least, most] = band(suspect);
  return std::max(std::abs(most - lowest), std::abs(least - highest));
}

/// Small whole numbers, rows 2 and 5 equal.
Updates whole_rows(std::size_t n, std::size_t d) {
  Updates rows(n, d);
  for (std::size_t i = 0; i < n; ++i) {
    Draws draws(Stream(4).at(i == 5 ? 2 : i));
    Numbers row(d);
    for (double& value : row) value = static_cast<double>(draws.below(17)) - 8.0;
    rows.rows().assign(i, row);
  }
  return rows;
}
const Layout kLayout{{{.name = "0.weight", .shape = {20}, .offset = 0, .size = 20, .is_bias = false},
                      {.name = "0.bias", .shape = {7}, .offset = 20, .size = 7, .is_bias = true},
                      {.name = "1.weight", .shape = {30}, .offset = 27, .size = 30, .is_bias = false}}};

TEST(PairDistances, AreThoseOfTheDefinitionOverAllAndOverWeights) {
  const Updates rows = whole_rows(9, 57);
  const PairDistances found = pair_distances(rows.rows(), &kLayout);
  for (std::size_t i = 0; i < 9; ++i)
    for (std::size_t j = 0; j < 9; ++j) {
      EXPECT_EQ(found.all[i * 9 + j], distance(rows.rows(), i, j));
      EXPECT_EQ(found.weights[i * 9 + j], distance(rows.rows(), i, j, &kLayout));
    }
  EXPECT_EQ(found.all[2 * 9 + 5], 0.0);
}

TEST(PairDistances, DoWithoutALayout) {
  const Updates rows = whole_rows(4, 31);
  const PairDistances none = pair_distances(rows.rows(), nullptr), other = pair_distances(rows.rows(), &kLayout);
  EXPECT_EQ(none.all[1], distance(rows.rows(), 0, 1));
  EXPECT_TRUE(none.weights.empty());
  EXPECT_TRUE(other.weights.empty()) << "a layout of another network";
}

TEST(PairDistances, KeepTheirDigitsBesideALoudRow) {
  Updates rows = whole_rows(6, 57);
  const double before = distance(rows.rows(), 0, 1);
  rows.rows().assign(3, Numbers(57, 1e7));
  EXPECT_NEAR(pair_distances(rows.rows(), &kLayout).all[1], before, 1e-9 * before);
}

TEST(Departures, AreThoseOfThePaperWithEachRowInTurnAsTheSuspect) {
  for (const std::size_t n : {3U, 4U, 6U, 9U}) {
    const Updates rows = whole_rows(n, 57);
    const PairDistances found = pair_distances(rows.rows(), &kLayout);
    const Numbers departed = departures(found.all, n), over_weights = departures(found.weights, n);
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_EQ(departed[i], departure_of(found.all, n, i)) << i << " of " << n;
      EXPECT_EQ(over_weights[i], departure_of(found.weights, n, i)) << i << " of " << n;
    }
  }
}

TEST(Departures, AreNotSaidOfFewerThanThreeRows) {
  EXPECT_TRUE(std::isnan(departures(Numbers{0, 1, 1, 0}, 2)[0]));
  EXPECT_TRUE(std::isnan(departures(Numbers{0}, 1)[0]));
  EXPECT_TRUE(departures(Numbers{}, 0).empty());
  const std::vector<Band> two = bands(Numbers{0, 4, 4, 0}, 2);
  EXPECT_EQ(two[0].least, 4.0);
  EXPECT_EQ(two[1].most, 4.0);
  EXPECT_TRUE(std::isnan(bands(Numbers{0}, 1)[0].least));
}

TEST(Bands, AreAgainstTheRowsAskedFor) {
  const Numbers d{0, 1, 2, 3, 1, 0, 4, 5, 2, 4, 0, 6, 3, 5, 6, 0};
  const std::vector<std::size_t> others{1, 3}, among{0, 1, 3};
  EXPECT_EQ(band_against(d, 4, 2, others).least, 4.0);
  EXPECT_EQ(band_against(d, 4, 2, others).most, 6.0);
  EXPECT_EQ(band_among(d, 4, among).least, 1.0);
  EXPECT_EQ(band_among(d, 4, among).most, 5.0);
  EXPECT_EQ(departure(band_against(d, 4, 2, among), band_among(d, 4, among)), 5.0);  // |6 - 1|, |2 - 5|
  EXPECT_TRUE(std::isnan(band_among(d, 4, std::vector<std::size_t>{2}).least));
  EXPECT_TRUE(std::isnan(band_against(d, 4, 2, {}).least));
  EXPECT_EQ(support::error_of([&] { band_against(d, 4, 1, others); }), "band: row 1 against row 1 of 4");
}

TEST(DistanceBand, TakesTheDistancesOfTheRoundOrMakesItsOwn) {
  const support::DetectorRound on(6);
  const auto detector = support::make(distance_band_entry);
  Round round = on.round();
  const Suspicion own = detector->suspicion(on.updates.rows(), round);
  const PairDistances made = pair_distances(on.updates.rows(), &on.layout);
  round.distances = made.all;
  round.weight_distances = made.weights;
  const Suspicion given = detector->suspicion(on.updates.rows(), round);
  for (std::size_t k = 0; k < 2; ++k) EXPECT_EQ(given.readings[k].suspicion, own.readings[k].suspicion);
  EXPECT_EQ(own.readings[0].suspicion, departures(made.all, 6));
  EXPECT_EQ(own.readings[0].figures[0].name, "nearest");
  EXPECT_EQ(own.readings[0].figures[1].values[2], bands(made.all, 6)[2].most);
}

TEST(DistanceBand, JudgesOnlyByAKappaThatIsGiven) {
  const support::DetectorRound on(5);
  EXPECT_FALSE(support::make(distance_band_entry)->suspicion(on.updates.rows(), on.round()).readings[0].threshold);
  const auto with = support::make(distance_band_entry, "kappa = 2.5")->suspicion(on.updates.rows(), on.round());
  EXPECT_EQ(with.readings[0].threshold, 2.5);
  EXPECT_EQ(with.readings[1].threshold, 2.5);
  EXPECT_THROW(support::make(distance_band_entry, "kappa = -1"), ConfigError);
}

TEST(DistanceBand, FlagsASuspicionOfExactlyKappa) {
  // Bands [3, 7], [3, 4] and [4, 7] against [4, 4], [7, 7] and [3, 3] of the other two: 3, 4 and 4 away.
  const Updates rows = support::rows({{0}, {3}, {7}});
  const auto verdicts = [&](const char* kappa) {
    const auto detector = support::make(distance_band_entry, kappa);
    return inspect(*detector, distance_band_entry, Survivors(rows.rows(), Round{})).readings[0].verdicts;
  };
  EXPECT_EQ(verdicts("kappa = 4"), (std::vector<Verdict>{Verdict::passed, Verdict::flagged, Verdict::flagged}));
  EXPECT_EQ(verdicts("kappa = 4.001"), std::vector<Verdict>(3, Verdict::passed));
}

TEST(DistanceBand, SaysNothingOfWeightsWithoutALayout) {
  const support::DetectorRound on(5);
  Round round = on.round();
  round.layout = nullptr;
  const Suspicion found = support::make(distance_band_entry)->suspicion(on.updates.rows(), round);
  EXPECT_FALSE(std::isnan(found.readings[0].suspicion[0]));
  EXPECT_TRUE(std::isnan(found.readings[1].suspicion[0]));
}

}  // namespace
}  // namespace tocsin::defense
