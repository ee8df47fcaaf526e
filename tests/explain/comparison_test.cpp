// SPDX-License-Identifier: Apache-2.0
// All figures of a cell together: by hand, under weights against plain loops, and the laws that any comparison keeps.
#include "tocsin/explain/comparison.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "support/cells.h"

namespace tocsin::explain {
namespace {

using Numbers = std::vector<double>;
const CompareOptions kFew{.bootstrap = {.resamples = 200}};

Comparison compared(const Cell& cell, const CompareOptions& options = kFew) {
  return compare(std::vector<Cell>{cell}, options).front();
}
Cell drawn(const support::CellShape& shape, std::uint64_t number = 0) {
  return support::drawn_cell(shape, Stream(7).at("comparison").at(number));
}

TEST(Comparison, OfTwoImagesAndThreeRunsByHand) {
  const Comparison found = compared(support::cell_of({{0, 2, 5}, {1, 3, 2}}, {{4, 9, 7}, {2, 8, 6}}));
  EXPECT_NEAR(found.auc[at(Set::seeds)].value, 2.0 / 3, 1e-15);
  EXPECT_NEAR(found.percentile, 100.0 / 3, 1e-12);
  EXPECT_EQ(found.odd_one_out.score, 0.5);
  EXPECT_NEAR(found.swap_statistic, 7.0 / 6, 1e-15);
  EXPECT_EQ(found.swap_p, 0.25);
  EXPECT_EQ(found.family_p, 0.25);
  EXPECT_EQ(found.swap_patterns, 4);
  EXPECT_EQ(found.scope, Scope::models);
  EXPECT_EQ(found.verdict, Verdict::undecided);
  EXPECT_EQ(found.words, "undecided (too few runs) (these models)");
  EXPECT_TRUE(std::isnan(found.position.value) && std::isnan(found.auc[at(Set::rounds)].value));
}

/// Some values repeat and some are undefined, in every set.
Cell rough_cell(std::size_t images, std::size_t benign, std::size_t attacked, bool shared, std::uint64_t seed) {
  Cell cell = drawn({.images = images, .benign = benign, .attacked = attacked, .shared_seeds = shared}, seed);
  Draws draws(Stream(seed).at("rough"));
  const auto roughen = [&](Numbers& values, std::size_t count) {
    values.resize(count);
    for (double& value : values) value = draws.below(6) == 0 ? NAN : static_cast<double>(draws.below(5));
  };
  roughen(cell.among_benign, cell.among_benign.size());
  roughen(cell.across, cell.across.size());
  for (const Set set : kSets)
    if (is_floor(set) || (is_ceiling(set) && set != Set::seeds)) roughen(cell.by_run[at(set)], images * benign);
  return cell;
}

/// P(a < b) + P(a = b) / 2 with every pair weighed, image by image.
double weighed(const Cell& cell, Set first, Set second, const Numbers& images, const Numbers& slots) {
  double sum = 0, weight = 0;
  for (std::size_t x = 0; x < cell.images; ++x) {
    double below = 0, all = 0;
    for (const Member& a : members(cell, first, x))
      for (const Member& b : members(cell, second, x)) {
        if (std::isnan(a.value) || std::isnan(b.value)) continue;
        const double w = slots[a.slot] * slots[b.slot];
        below += w * (a.value < b.value ? 1 : a.value == b.value ? 0.5 : 0);
        all += w;
      }
    if (all > 0) sum += images[x] * below / all, weight += images[x];
  }
  return weight > 0 ? sum / weight : NAN;
}
double weighed_mean(const Cell& cell, Set set, const Numbers& images, const Numbers& slots) {
  double sum = 0, weight = 0;
  for (std::size_t x = 0; x < cell.images; ++x) {
    double values = 0, all = 0;
    for (const Member& one : members(cell, set, x))
      if (!std::isnan(one.value)) values += slots[one.slot] * one.value, all += slots[one.slot];
    if (all > 0) sum += images[x] * values / all, weight += images[x];
  }
  return weight > 0 ? sum / weight : NAN;
}
bool same(double a, double b) { return (std::isnan(a) && std::isnan(b)) || std::abs(a - b) < 1e-12; }

RC_GTEST_PROP(Comparison, AveragesUnderWeightsAreThoseOfPlainLoops, ()) {
  const bool shared = *rc::gen::arbitrary<bool>();
  const auto benign = *rc::gen::inRange<std::size_t>(1, 6), attacked = *rc::gen::inRange<std::size_t>(1, 6);
  const Cell cell = rough_cell(4, benign, attacked, shared, *rc::gen::arbitrary<std::uint32_t>());
  const auto weights = [](std::size_t n) {
    Numbers result(n);
    for (double& weight : result) weight = *rc::gen::inRange(0, 3);
    return result;
  };
  const Numbers images = weights(4), slots = slot_weights(cell, weights(benign), weights(attacked));
  const Averages found = Ordered(cell, Set::rounds, Set::other_class).averages(images, slots);
  for (const Set set : kSets) {
    const Set first = set == Set::sham ? Set::same_seed : Set::observed;
    const double below = weighed(cell, first, set, images, slots);
    if (is_ceiling(set)) RC_ASSERT(same(found.auc[at(set)], below));
    if (is_floor(set)) RC_ASSERT(same(found.auc[at(set)], 1 - below));
  }
  RC_ASSERT(same(found.ceiling_over_floor, 1 - weighed(cell, main_ceiling(cell), Set::random_weights, images, slots)));
  RC_ASSERT(same(found.observed, weighed_mean(cell, Set::observed, images, slots)));
  RC_ASSERT(same(found.ceiling, weighed_mean(cell, Set::rounds, images, slots)));
  RC_ASSERT(same(found.floor, weighed_mean(cell, Set::other_class, images, slots)));

  const Numbers once(4, 1.0), all = slot_weights(cell, Numbers(benign, 1.0), Numbers(attacked, 1.0));
  RC_ASSERT(same(Ordered(cell, Set::rounds, Set::other_class).averages(once, all).floor, figures(cell, Set::other_class).mean));
}

TEST(Comparison, OfPairsLikeTheCeilingIsAHalfAtPositionOne) {
  Cell cell = drawn({.images = 25, .benign = 5, .attacked = 5});
  cell.across = cell.among_benign;
  const Comparison found = compared(cell);
  EXPECT_EQ(found.auc[at(Set::seeds)].value, 0.5);
  EXPECT_NEAR(found.position.value, 1, 1e-12);
  EXPECT_EQ(found.verdict, Verdict::indistinguishable);
}
TEST(Comparison, OfPairsLikeRandomWeightsIsAtPositionZero) {
  Cell cell = drawn({.images = 25, .benign = 5, .attacked = 5});
  std::fill(cell.across.begin(), cell.across.end(), -20.0);
  std::fill(cell.by_run[at(Set::random_weights)].begin(), cell.by_run[at(Set::random_weights)].end(), -20.0);
  const Comparison found = compared(cell);
  EXPECT_EQ(found.position.value, 0);
  EXPECT_EQ(found.auc[at(Set::random_weights)].value, 0.5);
  EXPECT_EQ(found.verdict, Verdict::distinguishable);
}
TEST(Comparison, HasNoPositionBetweenACeilingAndAFloorThatMayBeEqual) {
  Cell cell = drawn({.images = 25, .benign = 5, .attacked = 5});
  Draws draws(Stream(1).at("floor"));
  for (double& value : cell.by_run[at(Set::random_weights)]) value = figures(cell, Set::seeds).mean + draws.normal();
  const Comparison found = compared(cell);
  EXPECT_TRUE(std::isnan(found.position.value));
  EXPECT_LT(found.ceiling_less_floor.interval->low, 0);
  EXPECT_GT(found.ceiling_less_floor.interval->high, 0);
  EXPECT_EQ(found.verdict, Verdict::blind);
}
TEST(Comparison, FindsALargeEffect) {
  const Comparison found = compared(drawn({.images = 25, .benign = 6, .attacked = 6, .shift = 10}));
  EXPECT_EQ(found.verdict, Verdict::distinguishable);
  EXPECT_EQ(found.swap_p, 1.0 / 32);
  EXPECT_EQ(found.odd_one_out.score, 1);
  EXPECT_GT(found.auc[at(Set::seeds)].interval->low, 0.9);
  EXPECT_GE(found.auc[at(Set::seeds)].interval->high, found.auc[at(Set::seeds)].value);
}

/// The same cell with images and seeds in another order.
Cell permuted(const Cell& cell, const std::vector<std::uint32_t>& images, const std::vector<std::uint32_t>& seeds) {
  Cell result = cell;
  const std::size_t k = seeds.size();
  for (std::size_t x = 0; x < cell.images; ++x)
    for (std::size_t i = 0; i < k; ++i) {
      for (std::size_t j = 0; j < k; ++j) {
        const std::size_t to = (x * k + i) * k + j;
        result.among_benign[to] = cell.of_benign(images[x], seeds[i], seeds[j]);
        result.among_attacked[to] = cell.of_attacked(images[x], seeds[i], seeds[j]);
        result.across[to] = cell.of_both(images[x], seeds[i], seeds[j]);
      }
      for (const Set set : {Set::rounds, Set::random_weights})
        result.by_run[at(set)][x * k + i] = cell.by_run[at(set)][images[x] * k + seeds[i]];
    }
  return result;
}

RC_GTEST_PROP(Comparison, DoesNotDependOnTheOrderOfImagesAndSeeds, ()) {
  const auto seed = *rc::gen::arbitrary<std::uint32_t>();
  const Cell cell = drawn({.images = 6, .benign = 5, .attacked = 5}, seed);
  const Cell turned = permuted(cell, permutation(6, Stream(seed).at("images")), permutation(5, Stream(seed).at("seeds")));
  const CompareOptions options{.bootstrap = {.resamples = 1}};
  const Comparison a = compared(cell, options), b = compared(turned, options);
  for (const Set set : kSets) {
    RC_ASSERT(same(a.auc[at(set)].value, b.auc[at(set)].value));
    RC_ASSERT(same(a.sets[at(set)].mean, b.sets[at(set)].mean) && same(a.sets[at(set)].median, b.sets[at(set)].median));
  }
  RC_ASSERT(same(a.odd_one_out.score, b.odd_one_out.score));
  RC_ASSERT(same(a.swap_statistic, b.swap_statistic) && a.swap_p == b.swap_p);
  RC_ASSERT(same(a.ceiling_over_floor.value, b.ceiling_over_floor.value));
}

std::string bytes(const std::vector<Comparison>& all) {
  std::string result;
  const auto add = [&](double value) { result.append(reinterpret_cast<const char*>(&value), sizeof value); };
  const auto add_estimate = [&](const Estimate& one) {
    add(one.value);
    if (one.interval) add(one.interval->low), add(one.interval->high);
  };
  for (const Comparison& one : all) {
    for (const Set set : kSets) add_estimate(one.auc[at(set)]), add(one.sets[at(set)].mean);
    add_estimate(one.position), add_estimate(one.ceiling_over_floor), add(one.swap_p), add(one.family_p);
    result += one.words;
  }
  return result;
}

TEST(Comparison, HasTheSameBytesForAnyNumberOfWorkers) {
  std::vector<Cell> methods;
  for (std::uint64_t m = 0; m < 5; ++m) methods.push_back(drawn({.images = 21, .benign = 4, .attacked = 4, .shift = 1}, m));
  const std::string expected = bytes(compare(methods, kFew));
  for (const std::size_t count : {1U, 2U, 8U}) {
    Workers workers(count);
    EXPECT_EQ(bytes(compare(methods, kFew, &workers)), expected);
  }
  EXPECT_NE(bytes(compare(methods, {.bootstrap = {.resamples = 200, .seed = 2}})), expected);
}

TEST(Comparison, SaysWhatItResampled) {
  EXPECT_EQ(compared(drawn({.images = 20, .benign = 3, .attacked = 3})).scope, Scope::models);
  EXPECT_TRUE(compared(drawn({.images = 20, .benign = 3, .attacked = 3})).auc[at(Set::seeds)].interval.has_value());
  EXPECT_FALSE(compared(drawn({.images = 19, .benign = 3, .attacked = 3})).auc[at(Set::seeds)].interval.has_value());
  const Comparison seeds_only = compared(drawn({.images = 1, .benign = 4, .attacked = 4}));
  EXPECT_EQ(seeds_only.scope, Scope::runs);
  EXPECT_FALSE(seeds_only.images_resampled);
  EXPECT_TRUE(seeds_only.auc[at(Set::seeds)].interval.has_value());
}
TEST(Comparison, OfTwoRunsIsAgainstConsecutiveRounds) {
  const Comparison apart = compared(drawn({.images = 30, .shift = 9}));
  EXPECT_EQ(apart.ceiling, Set::rounds);
  EXPECT_EQ(apart.verdict, Verdict::needs_benign_run);
  EXPECT_TRUE(std::isnan(apart.swap_p) && std::isnan(apart.odd_one_out.score) && std::isnan(apart.auc[at(Set::seeds)].value));
  Cell cell = drawn({.images = 30});
  cell.across = cell.by_run[at(Set::rounds)];
  EXPECT_EQ(compared(cell).verdict, Verdict::indistinguishable_rounds);
}
TEST(Comparison, OfTwoBenignRunsAndOneAttackedIsTheTriangle) {
  const Comparison found = compared(drawn({.images = 30, .benign = 2, .shared_seeds = false, .shift = 12}));
  EXPECT_EQ(found.verdict, Verdict::distinguishable);
  EXPECT_TRUE(found.words.ends_with("(these models)"));
  EXPECT_EQ(found.odd_one_out.score, 1);
  EXPECT_EQ(found.odd_one_out.chance, 1.0 / 3);
  EXPECT_EQ(found.swap_patterns, 3);
}
TEST(Comparison, OfRunsWithoutCommonSeedsCountsAllPairs) {
  const Comparison found = compared(drawn({.images = 20, .benign = 5, .attacked = 4, .shared_seeds = false}));
  EXPECT_EQ(found.sets[at(Set::observed)].pairs, 20 * 20);
  EXPECT_EQ(found.sets[at(Set::same_seed)].pairs, 0);
  EXPECT_EQ(found.swap_patterns, 126);
  EXPECT_EQ(found.scope, Scope::runs);
}
TEST(Comparison, IsUndecidedWhenTooManyImagesAreUndefined) {
  Cell cell = drawn({.images = 20, .benign = 5, .attacked = 5, .shift = 10});
  cell.across[1] = NAN;
  EXPECT_EQ(compared(cell).verdict, Verdict::distinguishable);
  cell.across[26] = NAN;
  EXPECT_EQ(compared(cell).undefined_images, 2);
  EXPECT_EQ(compared(cell).words, "undecided (undefined)");
  std::fill(cell.across.begin(), cell.across.end(), NAN);
  EXPECT_EQ(compared(cell).words, "undecided (undefined)");
}
TEST(Comparison, JudgesPairsOfOneSeedAgainstShamRuns) {
  Cell cell = drawn({.images = 20, .benign = 5, .attacked = 5});
  for (std::size_t x = 0; x < 20; ++x)
    for (std::size_t i = 0; i < 5; ++i) cell.by_run[at(Set::sham)].push_back(cell.of_both(x, i, i));
  const Comparison found = compared(cell);
  EXPECT_EQ(found.auc[at(Set::sham)].value, 0.5);
  EXPECT_EQ(found.sets[at(Set::sham)].mean, found.sets[at(Set::same_seed)].mean);
}
TEST(Comparison, RefusesCellsThatAreNoFamilyAndSetsThatAreNoCeiling) {
  const std::vector<Cell> cells{drawn({.images = 2}), drawn({.images = 3})};
  EXPECT_THROW(compare(cells), std::invalid_argument);
  EXPECT_THROW(compared(cells[0], {.ceiling = Set::other_image}), std::invalid_argument);
  EXPECT_THROW(compared(cells[0], {.floor = Set::seeds}), std::invalid_argument);
  EXPECT_THROW(compared(cells[0], {.margin = 0.5}), std::invalid_argument);
  EXPECT_TRUE(compare({}).empty());
}
TEST(Comparison, InterpolatesPercentilesLinearly) {
  Numbers values(101);
  for (std::size_t i = 0; i <= 100; ++i) values[i] = static_cast<double>(100 - i);
  values.push_back(NAN);
  const Interval found = *percentile_interval(values);
  EXPECT_NEAR(found.low, 2.5, 1e-12);
  EXPECT_NEAR(found.high, 97.5, 1e-12);
  EXPECT_FALSE(percentile_interval({NAN}).has_value());
}

}  // namespace
}  // namespace tocsin::explain
