// SPDX-License-Identifier: Apache-2.0
// The pairs of a cell, their figures and the odd one out, against values worked out by hand.
#include "tocsin/explain/cell.h"

#include <gtest/gtest.h>

#include "support/cells.h"
#include "tocsin/explain/odd_one_out.h"

namespace tocsin::explain {
namespace {

using Numbers = std::vector<double>;

/// Two images, three runs of either kind.
const Cell kCell = support::cell_of({{0, 2, 5}, {1, 3, 2}}, {{4, 9, 7}, {2, 8, 6}});

Numbers values(const Cell& cell, Set set, std::size_t image) {
  Numbers result;
  for (const Member& one : members(cell, set, image)) result.push_back(one.value);
  return result;
}
Cell without_seeds(Cell cell) {
  cell.shared_seeds = false;
  return cell;
}

TEST(Cell, ObservesPairsOfDifferentSeeds) {
  EXPECT_EQ(values(kCell, Set::observed, 0), (Numbers{-9, -7, -2, -5, -1, -4}));
  EXPECT_EQ(values(kCell, Set::observed, 1), (Numbers{-7, -5, -1, -3, 0, -6}));
  EXPECT_EQ(values(kCell, Set::same_seed, 0), (Numbers{-4, -7, -2}));
  EXPECT_EQ(values(kCell, Set::seeds, 0), (Numbers{-2, -5, -3}));
  EXPECT_EQ(values(kCell, Set::seeds, 1), (Numbers{-2, -1, -1}));
  EXPECT_TRUE(members(kCell, Set::rounds, 0).empty());
}
TEST(Cell, ObservesAllPairsWhereNoSeedIsShared) {
  EXPECT_EQ(values(without_seeds(kCell), Set::observed, 0), (Numbers{-4, -9, -7, -2, -7, -5, -1, -4, -2}));
  EXPECT_TRUE(members(without_seeds(kCell), Set::same_seed, 0).empty());
}
TEST(Cell, ObservesTheOnlyPairOfTwoRunsEvenOfOneSeed) {
  EXPECT_EQ(values(support::cell_of({{3}}, {{5}}), Set::observed, 0), (Numbers{-2}));
}
TEST(Cell, CountsHowOftenTheObservedPairIsLessAlike) {
  EXPECT_EQ(less_alike(values(kCell, Set::observed, 0), values(kCell, Set::seeds, 0)), 11.0 / 18);
  EXPECT_EQ(less_alike(values(kCell, Set::observed, 1), values(kCell, Set::seeds, 1)), 13.0 / 18);
}
TEST(Cell, LeavesOutWhatIsUndefinedAndCountsIt) {
  Cell cell = kCell;
  cell.across[1] = NAN;        // (B_1, A_2) of the first image
  cell.among_benign[2] = NAN;  // (B_1, B_3)
  EXPECT_EQ(undefined_images(cell), 1);
  EXPECT_EQ(figures(cell, Set::observed).undefined, 1);
  EXPECT_EQ(figures(cell, Set::observed).pairs, 11);
  EXPECT_EQ(figures(cell, Set::seeds).mean, (-2.5 - 4.0 / 3) / 2);
  EXPECT_EQ(less_alike(Numbers{NAN, 1}, Numbers{2, NAN}), 1);
  EXPECT_TRUE(std::isnan(less_alike(Numbers{NAN}, Numbers{2})));
}
TEST(Cell, AveragesWithinAnImageFirst) {
  EXPECT_EQ(figures(kCell, Set::observed).mean, (-28.0 / 6 - 22.0 / 6) / 2);
  const Cell three = support::cell_of({{0, 1}, {0, 2}, {0, 9}}, {{0, 0}, {0, 0}, {0, 0}});
  EXPECT_EQ(figures(three, Set::seeds).median, -2);
  EXPECT_EQ(figures(three, Set::seeds).mean, -4);
  EXPECT_TRUE(std::isnan(figures(three, Set::sham).mean));
}
TEST(Cell, RefusesBlocksOfTheWrongSize) {
  EXPECT_NO_THROW(check(kCell));
  Cell cell = kCell;
  cell.by_run[at(Set::rounds)] = {1, 2};
  EXPECT_THROW(check(cell), std::invalid_argument);
  cell = kCell;
  cell.by_run[at(Set::seeds)] = Numbers(6);
  EXPECT_THROW(check(cell), std::invalid_argument);
  cell = kCell;
  cell.across.pop_back();
  EXPECT_THROW(check(cell), std::invalid_argument);
}
TEST(Cell, NamesItsSets) {
  EXPECT_EQ(text(Set::observed), "observed");
  EXPECT_EQ(text(Set::random_weights), "random_weights");
  EXPECT_TRUE(is_ceiling(Set::sham) && !is_ceiling(Set::same_seed) && is_floor(Set::other_image) && !is_floor(Set::sham));
}

TEST(OddOneOut, AveragesTheSimilaritiesOfEachModelWithTheRest) {
  EXPECT_EQ(likeness(kCell, 0, 0), (Numbers{-1.5, -2.5, -2}));
  EXPECT_EQ(likeness(kCell, 0, 1), (Numbers{-6.5, -7, -4.5}));
  EXPECT_EQ(likeness(kCell, 0, 2), (Numbers{-6, -4.5, -3.5}));
  EXPECT_EQ(likeness(kCell, 1, 0), (Numbers{-0.5, -1, -0.5}));
  EXPECT_EQ(likeness(kCell, 1, 1), (Numbers{-6.5, -4, -3.5}));
  EXPECT_EQ(likeness(kCell, 1, 2), (Numbers{-4, -3.5, -2.5}));
}
TEST(OddOneOut, IsTheAttackedModelInThreeOfSixTriangles) {
  const OddOneOut result = odd_one_out(kCell);
  EXPECT_EQ(result.score, 0.5);
  EXPECT_EQ(result.chance, 1.0 / 3);
  EXPECT_EQ(result.ranks, (Numbers{1, 1.0 / 3, 1.0 / 3}));  // sums of h: (-2, -3.5, -2.5), (-13, -11, -8), (-10, -8, -6)
}
TEST(OddOneOut, SharesATie) {
  const OddOneOut result = odd_one_out(support::cell_of({{0, 0, 0}}, {{0, 0, 0}}));
  EXPECT_EQ(result.score, 1.0 / 3);
  EXPECT_EQ(result.ranks, (Numbers{1, 1, 1}));
}
TEST(OddOneOut, SetsALoneRunOfItsOwnSeedAgainstAllBenignOnes) {
  const OddOneOut result = odd_one_out(support::cell_of({{0, 1}}, {{5}}, false));
  EXPECT_EQ(result.score, 1);
  EXPECT_EQ(result.chance, 1.0 / 3);
  EXPECT_EQ(result.ranks, (Numbers{1.0 / 3}));
}
TEST(OddOneOut, NeedsThreeModelsAndDefinedPairs) {
  EXPECT_TRUE(std::isnan(odd_one_out(support::cell_of({{0, 1}}, {{5, 6}})).score));
  EXPECT_TRUE(std::isnan(odd_one_out(support::cell_of({{0}}, {{5}}, false)).chance));
  Cell cell = kCell;
  cell.across[1] = NAN;  // takes A_2 on the first image out, which would not have scored
  EXPECT_EQ(odd_one_out(cell).score, (1.0 / 2 + 2.0 / 3) / 2);
}

}  // namespace
}  // namespace tocsin::explain
