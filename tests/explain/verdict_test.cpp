// SPDX-License-Identifier: Apache-2.0
// The table of verdicts, line by line and in its order.
#include "tocsin/explain/verdict.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tocsin::explain {
namespace {

/// Evidence that is undecided for no fault of its own.
Evidence evidence(double low, double high, double p = 1) {
  return {.images = 40,
          .undefined_images = 0,
          .scope = Scope::runs,
          .ceiling = Set::seeds,
          .auc = {.value = (low + high) / 2, .interval = Interval{low, high}},
          .ceiling_over_floor = {.value = 0.9, .interval = Interval{0.8, 1}},
          .p = p,
          .margin = 0.1};
}
void expect(const Evidence& given, Verdict verdict, std::string_view words) {
  const Decision decision = decide(given);
  EXPECT_EQ(text(decision.verdict), text(verdict));
  EXPECT_EQ(decision.words, words);
}

TEST(Verdict, IsUndecidedWithoutAnInterval) {
  Evidence given = evidence(0.9, 1);
  given.auc.interval.reset();
  expect(given, Verdict::undecided, "undecided (too few runs)");
  given.images = 1;
  expect(given, Verdict::undecided, "undecided (one image)");
  given.auc.value = NAN;
  expect(given, Verdict::undecided, "undecided (undefined)");
}
TEST(Verdict, IsUndecidedWithOverAFiveHundredthsOfTheImagesUndefined) {
  Evidence given = evidence(0.9, 1);
  given.undefined_images = 2;
  EXPECT_EQ(decide(given).verdict, Verdict::distinguishable);
  given.undefined_images = 3;
  expect(given, Verdict::undecided, "undecided (undefined)");
}
TEST(Verdict, IsDistinguishableAboveTheMargin) {
  expect(evidence(0.625, 0.875), Verdict::distinguishable, "distinguishable, AUC 0.750 [0.625, 0.875]");
  EXPECT_EQ(decide(evidence(0.6, 0.8)).verdict, Verdict::undecided);
}
TEST(Verdict, IsBlindBeforeItIsAlikeButNotBeforeItIsDistinguishable) {
  Evidence given = evidence(0.45, 0.55);
  given.ceiling_over_floor.interval = Interval{0.74, 1};
  expect(given, Verdict::blind, "blind");
  given.ceiling_over_floor.interval = Interval{0.75, 1};
  EXPECT_EQ(decide(given).verdict, Verdict::indistinguishable);
  given = evidence(0.7, 0.8);
  given.ceiling_over_floor.interval = Interval{0.2, 0.3};
  EXPECT_EQ(decide(given).verdict, Verdict::distinguishable);
}
TEST(Verdict, ProvesNothingWithoutPairsOfRandomWeights) {
  Evidence given = evidence(0.45, 0.55);
  given.ceiling_over_floor = {.value = NAN};
  expect(given, Verdict::undecided, "undecided (no pairs with random weights)");
}
TEST(Verdict, IsCloserBelowTheMargin) {
  expect(evidence(0.2, 0.39), Verdict::closer, "closer than benign runs");
  EXPECT_EQ(decide(evidence(0.2, 0.4)).verdict, Verdict::undecided);
}
TEST(Verdict, IsIndistinguishableOnlyInsideTheMargin) {
  expect(evidence(0.4, 0.6), Verdict::indistinguishable, "indistinguishable (margin 0.1)");
  expect(evidence(0.4, 0.6, 0.05), Verdict::indistinguishable,
         "indistinguishable (margin 0.1); a difference exists within the margin");
  EXPECT_EQ(decide(evidence(0.39, 0.6)).verdict, Verdict::undecided);
  EXPECT_EQ(decide(evidence(0.4, 0.61)).verdict, Verdict::undecided);
}
TEST(Verdict, IsShiftedBySignificanceAlone) {
  expect(evidence(0.5, 0.7, 0.05), Verdict::shifted, "shifted");
  expect(evidence(0.5, 0.7, 0.06), Verdict::undecided, "undecided");
  expect(evidence(0.5, 0.7, NAN), Verdict::undecided, "undecided");
}
TEST(Verdict, OfFewRunsSpeaksOfTheseModels) {
  Evidence given = evidence(0.45, 0.55);
  given.scope = Scope::models;
  expect(given, Verdict::indistinguishable, "indistinguishable (margin 0.1) (these models)");
  given = evidence(0.5, 0.7);
  given.scope = Scope::models;
  expect(given, Verdict::undecided, "undecided (these models)");
}
TEST(Verdict, OfTwoRunsIsNeverDistinguishable) {
  Evidence given = evidence(0.9, 1);
  given.ceiling = Set::rounds;
  given.scope = Scope::models;
  expect(given, Verdict::needs_benign_run, "undecided: needs a second benign run (these models)");
  given.auc.interval = Interval{0.1, 0.6};
  expect(given, Verdict::indistinguishable_rounds, "indistinguishable (rounds) (these models)");
  given.ceiling_over_floor.interval = Interval{0.5, 1};
  expect(given, Verdict::blind, "blind (these models)");
}
TEST(Verdict, RefusesAMarginThatAllowsEverything) {
  Evidence given = evidence(0.4, 0.6);
  given.margin = 0.5;
  EXPECT_THROW(decide(given), std::invalid_argument);
}

}  // namespace
}  // namespace tocsin::explain
