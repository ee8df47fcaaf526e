// SPDX-License-Identifier: Apache-2.0
// Rows that are not finite, too few of the others, outputs out of range: what the server decides around any rule.
#include "tocsin/defense/set_aside.h"

#include <gtest/gtest.h>

#include <limits>

#include "support/rows.h"
#include "tocsin/defense/registry.h"

namespace tocsin::defense {
namespace {
using Numbers = std::vector<double>;
using support::error_of;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

const std::vector<std::uint32_t> kCohort{2, 3, 5, 7, 11, 13, 17, 19};
const Numbers kSamples{10, 20, 30, 40, 50, 60, 70, 80};
const Updates kEight =
    support::rows({{0, 0}, {kNan, 1}, {2, 0}, {1, 3}, {5, 1}, {3, kInf}, {40, 40}, {41, 38}});  // rows 1 and 5 are set aside

Decision decide_with(const Entry<Aggregator>& entry, const std::string& toml, const Updates& updates, const Round& round,
                     NonFiniteCounts counts = NonFiniteCounts::count) {
  const Table table = parse_toml(toml, "test.toml");
  Faults faults;
  Options options(&table, Place{"test.toml", 0, 0}, "[defense.rule]", faults);
  const auto rule = entry.make(options);
  options.finish();
  faults.raise();
  return decide(*rule, entry, options, updates.rows(), round, counts);
}

TEST(Survivors, AreTheFiniteRowsInOrder) {
  const Survivors survivors(kEight.rows(), Round{.cohort = kCohort, .samples = kSamples, .assumed_malicious = 3});
  EXPECT_EQ(survivors.kept(), (std::vector<std::size_t>{0, 2, 3, 4, 6, 7}));
  EXPECT_EQ(survivors.rows().row(1), (Numbers{2, 0}));
  EXPECT_EQ(survivors.round().assumed_malicious, 1U);
  EXPECT_EQ(survivors.round().set_aside, 2U);
  EXPECT_EQ(Numbers(survivors.round().samples.begin(), survivors.round().samples.end()), (Numbers{10, 30, 40, 50, 70, 80}));
  EXPECT_EQ(survivors.round().cohort[1], 5U);
  ASSERT_EQ(survivors.set_aside().size(), 2U);
  EXPECT_EQ(survivors.set_aside()[0].client, 3U);
  EXPECT_EQ(survivors.set_aside()[0].first, 0U);
  EXPECT_EQ(survivors.set_aside()[1].client, 13U);
  EXPECT_EQ(survivors.set_aside()[1].first, 1U);
  EXPECT_EQ(survivors.set_aside()[1].count, 1U);
}

TEST(Survivors, NeverLowerFBelowZeroAndKeepItIfAsked) {
  EXPECT_EQ(Survivors(kEight.rows(), Round{.assumed_malicious = 1}).round().assumed_malicious, 0U);
  const Survivors kept(kEight.rows(), Round{.assumed_malicious = 3}, NonFiniteCounts::keep);
  EXPECT_EQ(kept.round().assumed_malicious, 3U);
  EXPECT_EQ(kept.round().set_aside, 0U);
}

TEST(Survivors, PutWeightsBackInTheirPlaces) {
  const Survivors survivors(kEight.rows(), Round{});
  EXPECT_EQ(survivors.in_place({1, 2, 3, 4, 5, 6}), (Numbers{1, 0, 2, 3, 4, 0, 5, 6}));
  EXPECT_EQ(error_of([&] { (void)survivors.in_place({1}); }), "1 weights for 6 rows");
}

TEST(Survivors, RefuseARoundOfAnotherSize) {
  const std::vector<std::uint32_t> two{0, 1};
  EXPECT_EQ(error_of([&] { Survivors(kEight.rows(), Round{.cohort = two}); }), "a round of 2 clients with 8 updates");
}

TEST(Decide, IsTheRuleOnTheRemainingRows) {
  const Decision decision = decide_with(krum_entry, "", kEight, Round{.cohort = kCohort, .assumed_malicious = 3});
  EXPECT_EQ(decision.held, "");
  EXPECT_EQ(decision.aggregation.update, (Numbers{2, 0}));
  EXPECT_EQ(decision.aggregation.weights, (Numbers{0, 0, 1, 0, 0, 0, 0, 0}));
  EXPECT_EQ(decision.set_aside.size(), 2U);
}

TEST(Decide, HoldsARoundOfTooFewRows) {
  const Decision decision = decide_with(krum_entry, "", kEight, Round{.assumed_malicious = 2}, NonFiniteCounts::keep);
  EXPECT_EQ(decision.held, "krum needs n >= 2f+3 = 7, got 6 (8 rows sent, 2 set aside as non-finite)");
  EXPECT_TRUE(decision.too_few);
  EXPECT_TRUE(decision.aggregation.update.empty());
  EXPECT_EQ(decide_with(median_entry, "", support::rows({{1}, {2}}), Round{.assumed_malicious = 1}).held,
            "median needs n >= 2f+1 = 3, got 2");
}

TEST(Decide, LeavesTheFormulaOutWhereOptionsChangeIt) {
  EXPECT_EQ(decide_with(krum_entry, "compat = 'byzfl'", support::rows({{1}, {2}}), Round{.assumed_malicious = 1}).held,
            "krum needs n >= 3, got 2");
}

TEST(NeededText, HasTheFormulaOnlyWhereItHolds) {
  Faults faults;
  Options defaults = Options::describing(faults);
  EXPECT_EQ(needed_text(krum_entry, 2, defaults), "2f+3 = 7");
  EXPECT_EQ(needed_text(mean_entry, 2, defaults), "1");
  const Table table = parse_toml("compat = 'byzfl'", "test.toml");
  Options byzfl(&table, Place{"test.toml", 0, 0}, "[defense.rule]", faults);
  EXPECT_EQ(needed_text(krum_entry, 2, byzfl), "5");
}

TEST(Decide, CountsRowsSetAsideAgainstARulesOwnF) {
  // f = 3 would need 9 rows; with two set aside it is 1 and needs 5.
  EXPECT_EQ(decide_with(krum_entry, "f = 3", kEight, Round{.assumed_malicious = 0}).aggregation.update, (Numbers{2, 0}));
  EXPECT_EQ(decide_with(krum_entry, "f = 3", kEight, Round{.assumed_malicious = 0}, NonFiniteCounts::keep).held,
            "krum needs n >= 9, got 6 (8 rows sent, 2 set aside as non-finite)");
}

TEST(Decide, CapsTheRowsThatAreLeft) {
  // Without the row of 1000 samples f is 1 and U = 0.45 * 40 / 0.55, whatever that row claimed: shares 0.45 and four of 0.1375.
  const Updates rows = support::rows({{1, 0}, {kNan, 0}, {0, 1}, {0, 0}, {0, 0}, {0, 0}}, Element::float64);
  const Numbers samples{100, 1000, 10, 10, 10, 10};
  const Decision decision =
      decide_with(weighted_mean_entry, "weights = 'capped'", rows, Round{.samples = samples, .assumed_malicious = 2});
  ASSERT_EQ(decision.held, "");
  EXPECT_NEAR(decision.aggregation.update[0], 0.45, 1e-15);
  EXPECT_NEAR(decision.aggregation.update[1], 0.1375, 1e-15);
  EXPECT_EQ(decision.aggregation.weights[1], 0.0);
}

TEST(Decide, HoldsWithoutAnyRow) {
  const Decision decision = decide_with(mean_entry, "", support::rows({{kNan}, {kInf}}), Round{});
  EXPECT_EQ(decision.held, "no row left: all were set aside as non-finite");
  EXPECT_TRUE(decision.too_few);
  EXPECT_EQ(decision.set_aside.size(), 2U);
  EXPECT_EQ(decide_with(mean_entry, "", Updates(0, 3), Round{}).held, "no row left: none was sent");
}

TEST(Decide, HoldsWithoutAnyWeight) {
  const Numbers none(2, 0.0);
  const Decision decision = decide_with(weighted_mean_entry, "", support::rows({{1}, {2}}), Round{.samples = none});
  EXPECT_EQ(decision.held, "no weight left: every row that may be used has weight 0");
  EXPECT_FALSE(decision.too_few);
}

TEST(Decide, HoldsWhereWeightsPromiseNothing) {
  const Numbers samples{1, 1, 5};
  const Decision decision = decide_with(median_entry, "weights = 'samples'", support::rows({{1}, {2}, {3}}),
                                        Round{.samples = samples, .assumed_malicious = 1});
  EXPECT_EQ(decision.held,
            "median: the 1 heaviest of 3 rows hold 0.714 of the weight, and less than half is needed; use weights = \"capped\"");
  EXPECT_TRUE(decision.too_few);
}

/// A rule that counts its rounds and answers with ever larger numbers.
class Growing final : public Aggregator {
 public:
  Aggregation aggregate(ConstRows updates, const Round&) override {
    ++rounds_;
    return {.update = {rounds_ < 2 ? 3e38 : 4e38}, .weights = Numbers(updates.clients(), 0.0), .note = ""};
  }
  void visit(SnapshotVisitor& visitor) override { visitor.scalar("rounds", rounds_); }
  std::int64_t rounds_ = 0;
};
const Entry<Aggregator> kGrowing{.name = "growing", .summary = "", .paper = "", .facts = {.stateful = true}, .make = nullptr};

TEST(Decide, HoldsAnOutputThatLeavesTheRangeOfTheRowsAndRestoresTheRule) {
  Growing rule;
  Faults faults;
  const Options none = Options::describing(faults);
  for (const Element element : {Element::float32, Element::float64}) {
    const Updates one = support::rows({{1}}, element);
    rule.rounds_ = 0;
    EXPECT_EQ(decide(rule, kGrowing, none, one.rows(), Round{}).held, "");
    EXPECT_EQ(rule.rounds_, 1);
    const Decision second = decide(rule, kGrowing, none, one.rows(), Round{});
    const bool fits = element == Element::float64;
    EXPECT_EQ(second.held, fits ? "" : "diverged: the aggregate is not finite");
    EXPECT_EQ(second.diverged, !fits);
    EXPECT_EQ(rule.rounds_, fits ? 2 : 1);
  }
}

}  // namespace
}  // namespace tocsin::defense
