// SPDX-License-Identifier: Apache-2.0
// Krum and Multi-Krum: published and computed vectors, every named reading, ties, bounds, masses.
#include "tocsin/defense/krum.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/drawn_rows.h"
#include "support/rows.h"
#include "tocsin/defense/registry.h"
#include "tocsin/kernels/combine.h"

namespace tocsin::defense {
namespace {
using support::error_of;
using Numbers = std::vector<double>;

// Mean (13.1, 12.9), median (3, 3), trimmed mean (3.3, 4) and Krum (2, 0) all differ on these rows.
// Scores for f = 2, by hand: 40, 24, 40, 56, 147, 5144, 5014. Small integers, so every sum is exact.
const Updates kUpdates = support::rows({{0, 0}, {2, 0}, {1, 3}, {5, 1}, {3, 8}, {40, 40}, {41, 38}});
// The separating ladder of rules.md, section 8: each reading of Krum picks another row.
const Updates kLadder = support::rows({{0, 0}, {1, 0}, {3, 0}, {7, 0}, {15, 0}, {31, 0}, {1000, 1000}});
const Updates kThree = support::rows({{1, 2, 3}, {4, 5, 6}, {7, 8, 9}});

Numbers update_of(const Entry<Aggregator>& entry, const std::string& toml, const Updates& updates, std::size_t f,
                  std::span<const double> samples = {}) {
  return support::make(entry, toml)->aggregate(updates.rows(), Round{.samples = samples, .assumed_malicious = f}).update;
}

TEST(Krum, PicksTheRowNearestItsNeighbors) { EXPECT_EQ(update_of(krum_entry, "", kUpdates, 2), (Numbers{2, 0})); }

TEST(Krum, SumsTheDistancesToItsNeighbors) {
  EXPECT_EQ(krum_scores(kernels::gram(kUpdates.rows()), 2), (Numbers{40, 24, 40, 56, 147, 5144, 5014}));
}

TEST(Krum, GivesATieToTheLowerRow) {
  EXPECT_EQ(krum_weights(kernels::gram(kUpdates.rows()), 2, {.keep = 2}), (Numbers{0.5, 0.5, 0, 0, 0, 0, 0}));
  const Updates ties = support::rows({{0, 0}, {1, 0}, {2, 0}, {3, 0}, {100, 100}});
  EXPECT_EQ(update_of(krum_entry, "", ties, 1), (Numbers{1, 0}));
  EXPECT_EQ(update_of(krum_entry, "compat = 'byzfl'", kThree, 1), (Numbers{1, 2, 3}));  // three scores of 27
  EXPECT_EQ(update_of(multi_krum_entry, "compat = 'byzfl'", kThree, 1), (Numbers{2.5, 3.5, 4.5}));
}

TEST(Krum, SaysHowManyRowsItNeeds) {
  EXPECT_EQ(error_of([] { krum_weights(kernels::Gram(8), 3); }), "krum: needs at least 2f + 3 = 9 rows for f = 3, got 8");
  EXPECT_EQ(error_of([] { krum_weights(kernels::Gram(6), 3, {.neighbors = Neighbors::n_f_1, .bound = Bound::two_f_1}); }),
            "krum: needs at least 2f + 1 = 7 rows for f = 3, got 6");
  EXPECT_EQ(error_of([] { krum_weights(kernels::Gram(9), 3, {.keep = 7}); }), "krum: keep must be in [1, n - f] = [1, 6], got 7");
  EXPECT_EQ(error_of([] { update_of(multi_krum_entry, "keep = 5", kUpdates, 2); }), "no exception");
  EXPECT_EQ(error_of([] { update_of(multi_krum_entry, "keep = 6", kUpdates, 2); }),
            "multi_krum: needs at least 8 rows for f = 2, got 7");
}

struct Rung {
  const char* options;
  double krum, multi_krum;  ///< first coordinates; the second is 0
};
class KrumLadder : public testing::TestWithParam<Rung> {};
TEST_P(KrumLadder, TellsTheReadingsApart) {
  const std::string options = GetParam().options;
  EXPECT_EQ(update_of(krum_entry, options, kLadder, 1), (Numbers{GetParam().krum, 0}));
  EXPECT_EQ(update_of(multi_krum_entry, options + "\nkeep = 2", kLadder, 1), (Numbers{GetParam().multi_krum, 0}));
}
INSTANTIATE_TEST_SUITE_P(
    Readings, KrumLadder,
    testing::Values(Rung{"neighbors = 'n-f-2'\ndistance = 'squared'", 7, 5}, Rung{"neighbors = 'n-f-2'\ndistance = 'plain'", 3, 2},
                    Rung{"neighbors = 'n-f-2'\ndistance = 'fourth'", 7, 5},
                    Rung{"neighbors = 'n-f-1'\ndistance = 'squared'", 7, 11}, Rung{"neighbors = 'n-f-1'\ndistance = 'plain'", 3, 5},
                    Rung{"neighbors = 'n-f-1'\ndistance = 'fourth'", 15, 11},
                    Rung{"neighbors = 'n-f-3'\ndistance = 'squared'", 3, 2}, Rung{"neighbors = 'n-f-3'\ndistance = 'plain'", 1, 2},
                    Rung{"neighbors = 'n-f-3'\ndistance = 'fourth'", 3, 2}));

TEST(MultiKrum, IsThePublishedMeanOfTwo) {
  const Updates updates =
      support::rows({{1, 2, 3}, {1.1, 2.1, 3.1}, {.9, 1.9, 2.9}, {1.2, 2.2, 3.2}, {100, 200, 300}}, Element::float64);
  const Numbers update = update_of(multi_krum_entry, "keep = 2", updates, 1);
  for (std::size_t j = 0; j < 3; ++j) EXPECT_NEAR(update[j], 1.05 + static_cast<double>(j), 1e-12);
}

TEST(MultiKrum, KeepsAsManyAsTheFormulaSays) {
  const auto selected = [](const std::string& toml, const Updates& updates, std::size_t f) {
    const Aggregation result = support::make(multi_krum_entry, toml)->aggregate(updates.rows(), Round{.assumed_malicious = f});
    return std::count_if(result.weights.begin(), result.weights.end(), [](double w) { return w > 0; });
  };
  EXPECT_EQ(selected("", kLadder, 1), 4);  // n - f - 2
  EXPECT_EQ(selected("keep = 'n-f'", kLadder, 1), 6);
  EXPECT_EQ(selected("keep = 'n-2f-3'", kLadder, 1), 2);
  EXPECT_EQ(selected("keep = 3", kLadder, 1), 3);
  EXPECT_EQ(selected("keep = 'fraction'", kLadder, 1), 1);  // 0.2 of 7
  EXPECT_EQ(selected("keep = 'fraction'\nfraction = 0.5", kLadder, 1), 3);
  EXPECT_EQ(selected("selection = 'iterative'", kLadder, 1), 3);  // n - 2f - 2
}

TEST(MultiKrum, IterativeScoresAgainAfterEachPick) {
  // n - f - 3 neighbors, squared. Seven rows: scores 59, 41, 29, 65, ..., so 3 goes. Six rows, two neighbors: 1 scores 1 + 36 = 37,
  // 7 scores 36 + 49, 0 scores 1 + 49 = 50: 1 goes. Five rows, one neighbor: 0 scores 49, 7 scores 49, 15 scores 64: the tie is
  // 0's.
  const Aggregation result =
      support::make(multi_krum_entry, "compat = 'ndss21'")->aggregate(kLadder.rows(), Round{.assumed_malicious = 1});
  const double third = 1.0 / 3.0;
  EXPECT_EQ(result.weights, (Numbers{third, third, third, 0, 0, 0, 0}));
}

TEST(Krum, OverWeightsLeavesBiasesOutOfTheDistances) {
  // Coordinate 1 is a bias: with it row 3 is the outlier, without it rows 0 to 3 are equal and row 4 is.
  const Updates updates = support::rows({{0, 0}, {0, 1}, {0, -1}, {0, 50}, {9, 0}});
  Layout layout;
  layout.tensors = {{.name = "0.weight", .shape = {1}, .offset = 0, .size = 1, .is_bias = false},
                    {.name = "0.bias", .shape = {1}, .offset = 1, .size = 1, .is_bias = true}};
  const Round round{.assumed_malicious = 1, .layout = &layout};
  const std::string keep = "keep = 'n-f'\n";
  EXPECT_EQ(support::make(multi_krum_entry, keep + "over = 'weights'")->aggregate(updates.rows(), round).update,
            (Numbers{0, 12.5}));
  EXPECT_EQ(support::make(multi_krum_entry, keep)->aggregate(updates.rows(), round).update, (Numbers{2.25, 0}));
  EXPECT_EQ(error_of([&] { update_of(krum_entry, "over = 'weights'", updates, 1); }),
            "krum: over = \"weights\" needs to know which coordinates are weights, and these updates have no layout; use over = "
            "\"all\"");
  layout.tensors.pop_back();
  EXPECT_EQ(error_of([&] { support::make(krum_entry, "over = 'weights'")->aggregate(updates.rows(), round); }),
            "krum: over = \"weights\" with a layout of 1 coordinates for updates of 2");
}

/// The definition, from the rows, as plainly as it can be written.
Numbers plain_scores(ConstRows rows, std::size_t f, std::size_t c, int power) {
  const std::size_t n = rows.clients();
  Numbers scores(n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    Numbers distances;
    for (std::size_t j = 0; j < n; ++j) {
      double squared = 0;
      for (std::size_t k = 0; k < rows.coordinates(); ++k)
        squared += (rows.at(i, k) - rows.at(j, k)) * (rows.at(i, k) - rows.at(j, k));
      if (j != i) distances.push_back(power == 1 ? std::sqrt(squared) : power == 4 ? squared * squared : squared);
    }
    std::sort(distances.begin(), distances.end());
    for (std::size_t k = 0; k < std::min(n - 1, n > f + c ? n - f - c : 0); ++k) scores[i] += distances[k];
  }
  return scores;
}

RC_GTEST_PROP(Krum, ScoresAsItsDefinition, ()) {
  const auto drawn = support::drawn_rows(support::Values::small_integers, 24, 60);
  const std::size_t n = drawn.view().clients();
  const auto f = *rc::gen::inRange<std::size_t>(0, (n + 1) / 2);
  const kernels::Gram gram = kernels::centered_gram(drawn.view());
  const Neighbors neighbors[] = {Neighbors::n_f, Neighbors::n_f_1, Neighbors::n_f_2, Neighbors::n_f_3};
  for (std::size_t c = 0; c < 4; ++c) {
    RC_ASSERT(krum_scores(gram, f, {.neighbors = neighbors[c]}) == plain_scores(drawn.view(), f, c, 2));
    RC_ASSERT(krum_scores(gram, f, {.neighbors = neighbors[c], .distance = Distance::plain}) ==
              plain_scores(drawn.view(), f, c, 1));
    RC_ASSERT(krum_scores(gram, f, {.neighbors = neighbors[c], .distance = Distance::fourth}) ==
              plain_scores(drawn.view(), f, c, 4));
  }
}

TEST(KrumByMass, CountsANeighborInPart) {
  // Masses 2, 1, 0.5, 0.5, 1 of rows 0, 1, 3, 7, 100; f = 1, so F = 2; n - f - 1 neighbors: M_i = 5 - 2 - w_i.
  const Masses masses{.of_row = {2, 1, 0.5, 0.5, 1}, .total = 5, .malicious = 2};
  const kernels::Gram gram = kernels::centered_gram(support::rows({{0}, {1}, {3}, {7}, {100}}).rows());
  const KrumOptions options{.neighbors = Neighbors::n_f_1, .bound = Bound::two_f_1};
  // Scores: row 0, mass 1: 1 of row 1 = 1. Row 1, mass 2: 2 of row 0 = 2. Row 3, mass 2.5: 1 x 4 + 1.5 x 9 = 17.5. Row 7 more.
  EXPECT_EQ(krum_weights_by_mass(gram, masses, {}, options), (Numbers{1, 0, 0, 0, 0}));
  EXPECT_EQ(krum_weights_by_mass(gram, masses, 2.5, options), (Numbers{0.8, 0.2, 0, 0, 0}));
  EXPECT_EQ(error_of([&] { krum_weights_by_mass(gram, masses, 3.5, options); }),
            "krum: the mass to keep must be in (0, n - F] = (0, 3], got 3.5");
}

RC_GTEST_PROP(KrumByMass, OfUnitMassesIsKrum, ()) {
  const auto drawn = support::drawn_rows(support::Values::small_integers, 15, 40, 5);
  const std::size_t n = drawn.view().clients();
  const auto f = *rc::gen::inRange<std::size_t>(0, (n - 3) / 2 + 1);
  const Masses masses{.of_row = Numbers(n, 1.0), .total = static_cast<double>(n), .malicious = static_cast<double>(f)};
  const kernels::Gram gram = kernels::centered_gram(drawn.view());
  for (const Neighbors neighbors : {Neighbors::n_f, Neighbors::n_f_1, Neighbors::n_f_2, Neighbors::n_f_3}) {
    const KrumOptions options{.keep = n - f, .neighbors = neighbors};
    RC_ASSERT(krum_weights_by_mass(gram, masses, static_cast<double>(n - f), options) == krum_weights(gram, f, options));
    RC_ASSERT(krum_weights_by_mass(gram, masses, {}, options) == krum_weights(gram, f, {.neighbors = neighbors}));
  }
}

TEST(KrumByMass, KeepsNoMassOrAsMuchAsIsSaid) {
  // n - f - 2 of three rows with f = 1 is 0: not the one row of Krum, but a round that holds.
  const Updates three = support::rows({{0}, {1}, {5}});
  const Numbers equal(3, 600.0);
  EXPECT_EQ(
      error_of([&] { update_of(multi_krum_entry, "weights = 'samples'\nneighbors = 'n-f-1'\nbound = '2f+1'", three, 1, equal); }),
      "multi_krum: needs at least 4 rows for f = 1, got 3");
  const Masses masses{.of_row = {1, 1, 1}, .total = 3, .malicious = 1};
  const KrumOptions options{.neighbors = Neighbors::n_f_1, .bound = Bound::two_f_1};
  EXPECT_EQ(error_of([&] { krum_weights_by_mass(kernels::centered_gram(three.rows()), masses, 0.0, options); }),
            "krum: the mass to keep must be in (0, n - F] = (0, 2], got 0");
  // Masses 1.5 and five of 0.9: n - 2f - 3 is 1 by number, but by mass 6 - 3 - 3 is 0.
  const Updates six = support::rows({{0}, {1}, {5}, {9}, {2}, {3}});
  EXPECT_EQ(error_of([&] {
              update_of(multi_krum_entry, "weights = 'samples'\nkeep = 'n-2f-3'", six, 1, Numbers{5, 3, 3, 3, 3, 3});
            }),
            "krum: the mass to keep must be in (0, n - F] = (0, 4.5], got 0");
}

TEST(KrumByMass, NeedsMoreThanHalfForAScoreToHaveNeighbors) {
  // Masses 2 and four of 0.75: F = 2 is less than half of 5. Row 0 scores over the mass 5 - 2 - 2 - 1 = 0, so it wins from
  // anywhere.
  const Masses masses{.of_row = {2, 0.75, 0.75, 0.75, 0.75}, .total = 5, .malicious = 2};
  const kernels::Gram gram = kernels::centered_gram(support::rows({{1000}, {0}, {1}, {2}, {3}}).rows());
  EXPECT_EQ(krum_weights_by_mass(gram, masses, {}, {.bound = Bound::two_f_1}), (Numbers{1, 0, 0, 0, 0}));
  EXPECT_THROW((void)krum_weights_by_mass(gram, masses, {}), TooFew);
  // With n - f - 1 neighbors it needs a mass of 1 from the others, and is the last. Row 1: 2.25 of 1, 2, 3, in order 0.75 each.
  EXPECT_EQ(krum_weights_by_mass(gram, masses, {}, {.neighbors = Neighbors::n_f_1, .bound = Bound::two_f_1}),
            (Numbers{0, 0, 1, 0, 0}));
  // Two equal rows of mass 1.25 each share F = 2.5 of 6: each scores over 6 - 2.5 - 1.25 - 1 = 1.25, all of it the other's.
  const Masses pair{.of_row = {1.25, 1.25, 0.875, 0.875, 0.875, 0.875}, .total = 6, .malicious = 2.5};
  const kernels::Gram far = kernels::centered_gram(support::rows({{1000}, {1000}, {0}, {1}, {2}, {3}}).rows());
  EXPECT_EQ(krum_weights_by_mass(far, pair, {}, {.bound = Bound::two_f_1}), (Numbers{1, 0, 0, 0, 0, 0}));
  EXPECT_THROW((void)krum_weights_by_mass(far, pair, {}), TooFew);
}

TEST(MultiKrum, SelectsNoRowWithoutWeight) {
  // Rows 1 and 2 are the best by far but report nothing: the rule is the one on the others.
  const Numbers samples{100, 0, 0, 300, 100, 100, 100, 100, 100};
  const Updates nine = support::rows({{0, 0}, {2, 0}, {2, 0}, {2, 0}, {1, 3}, {5, 1}, {3, 8}, {40, 40}, {41, 38}});
  const std::string mean = "weights = 'samples'\nweights_kind = 'mean'\n";
  EXPECT_EQ(update_of(multi_krum_entry, mean + "keep = 2", nine, 2, samples), (Numbers{1.5, 0}));
  EXPECT_EQ(update_of(multi_krum_entry, mean + "selection = 'iterative'", nine, 2, samples), (Numbers{2, 0}));
}

TEST(KrumByMass, PassesOverRowsWithoutWeight) {
  // Row 1 would win, but weighs nothing; then the rule is the one on the other rows.
  const Numbers samples{600, 0, 600, 600, 600, 600, 600, 600};
  const Updates eight = support::rows({{0, 0}, {2, 0}, {2, 1}, {1, 3}, {5, 1}, {3, 8}, {40, 40}, {41, 38}});
  const Updates seven = support::rows({{0, 0}, {2, 1}, {1, 3}, {5, 1}, {3, 8}, {40, 40}, {41, 38}});
  EXPECT_EQ(update_of(krum_entry, "weights = 'samples'", eight, 2, samples), update_of(krum_entry, "", seven, 2));
}

TEST(MultiKrum, OfFlowerSelectsWithoutWeightsAndAveragesWithThem) {
  const Numbers samples{100, 300, 100, 100, 100, 100, 9000};
  EXPECT_EQ(update_of(multi_krum_entry, "compat = 'flower'\nkeep = 2", kUpdates, 2, samples), (Numbers{1.5, 0}));
  EXPECT_EQ(update_of(multi_krum_entry, "weights = 'samples'\nweights_kind = 'mean'\nkeep = 2", kUpdates, 2, samples),
            (Numbers{1.5, 0}));
  EXPECT_EQ(error_of([&] {
              update_of(multi_krum_entry, "compat = 'flower'\nkeep = 2", kUpdates, 2, Numbers{0, 0, 1, 1, 1, 1, 1});
            }),
            "multi_krum: needs at least 7 rows that report samples for f = 2, got 5");
}

TEST(Krum, RefusesWeightsOfWhichHalfMayBeMalicious) {
  const Numbers samples{100, 100, 100, 100, 100, 500, 500};
  EXPECT_EQ(error_of([&] { update_of(krum_entry, "weights = 'samples'", kUpdates, 2, samples); }),
            "krum: the 2 heaviest of 7 rows hold 0.667 of the weight, and less than half is needed; use weights = \"capped\"");
  // Capped at 0.45 the pair at (40, 40) would still find a neighbor heavy enough in each other, so the bound goes by mass too.
  EXPECT_EQ(error_of([&] { update_of(krum_entry, "weights = 'capped'", kUpdates, 2, samples); }),
            "krum: by mass 2F + 2 < n is needed, and F = 3.15 of n = 7; use weights = \"capped\" with a smaller cap_share, or "
            "neighbors = \"n-f-1\" and bound = \"2f+1\"");
  EXPECT_EQ(update_of(krum_entry, "weights = 'capped'\ncap_share = 0.34", kUpdates, 2, samples), (Numbers{2, 0}));
  EXPECT_EQ(update_of(krum_entry, "weights = 'capped'\ncompat = 'byzfl'", kUpdates, 2, samples),
            (Numbers{1, 3}));  // 69 by hand, all benign
}

TEST(Krum, TakesItsOwnFBeforeTheRounds) {
  EXPECT_EQ(update_of(krum_entry, "f = 1", kLadder, 2), update_of(krum_entry, "", kLadder, 1));
  EXPECT_NE(update_of(krum_entry, "f = 1", kLadder, 2), update_of(krum_entry, "", kLadder, 2));
}

}  // namespace
}  // namespace tocsin::defense
