// SPDX-License-Identifier: Apache-2.0
// Folding: the bits of `decide` on kept rows, whatever is set aside (rules.md, L4 (c) and (d)).
#include <gtest/gtest.h>

#include <limits>

#include "support/rule_case.h"
#include "tocsin/fed/server.h"

namespace tocsin::fed {
namespace {
using support::RuleCase;
using support::RuleRound;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr std::size_t kRows = 7, kColumns = 133;

std::vector<RuleCase> folding_cases() {
  std::vector<RuleCase> cases;
  for (const Entry<defense::Aggregator>* entry : {&defense::mean_entry, &defense::weighted_mean_entry})
    for (const char* weights : {"none", "samples", "capped"})
      cases.push_back({.entry = entry, .options = fmt::format("weights = '{}'", weights)});
  return cases;
}

class FoldedRows : public testing::TestWithParam<RuleCase> {};

/// Both ways, with `bad` rows not finite.
void expect_same(const RuleCase& rule, RuleRound round, const std::vector<std::size_t>& bad, defense::NonFiniteCounts counts) {
  round.change([&](std::size_t i, std::size_t j, double x) {
    const bool is_bad = std::find(bad.begin(), bad.end(), i) != bad.end();
    return is_bad && (i % 2 == 0 ? j == 7 : j > 3) ? (i % 2 == 0 ? kNan : kInf) : x;
  });
  const defense::Decision kept = support::decide(rule, round, counts);
  const Table table = parse_toml(rule.options, "test.toml");
  Faults faults;
  Options options(&table, Place{"test.toml", 0, 0}, "[defense.rule]", faults);
  const auto made = rule.entry->make(options);
  if (!made->folds()) return;
  Folding folding(made->fixed_weights(round.round()), round.round(), kColumns);
  for (std::size_t i = 0; i < round.clients(); ++i) folding.add(i, round.updates.rows().slice(i, i + 1));
  const defense::Decision folded = folding.decide(*rule.entry, options, counts);
  EXPECT_EQ(folded.aggregation.update, kept.aggregation.update);
  EXPECT_EQ(folded.aggregation.weights, kept.aggregation.weights);
  EXPECT_EQ(folded.held, kept.held);
  EXPECT_EQ(folded.too_few, kept.too_few);
  EXPECT_EQ(folded.diverged, kept.diverged);
  ASSERT_EQ(folded.set_aside.size(), bad.size());
  for (std::size_t k = 0; k < bad.size(); ++k) {
    EXPECT_EQ(folded.set_aside[k].row, kept.set_aside[k].row);
    EXPECT_EQ(folded.set_aside[k].client, kept.set_aside[k].client);
    EXPECT_EQ(folded.set_aside[k].first, kept.set_aside[k].first);
    EXPECT_EQ(folded.set_aside[k].count, kept.set_aside[k].count);
  }
}

TEST_P(FoldedRows, GiveTheBitsOfKeptOnes) {
  const std::vector<std::vector<std::size_t>> sets_aside{{}, {0}, {3}, {1, 2, 6}, {0, 1, 2, 3, 4, 5}, {0, 1, 2, 3, 4, 5, 6}};
  for (const Element element : {Element::float32, Element::float64})
    for (const auto& bad : sets_aside)
      for (const auto counts : {defense::NonFiniteCounts::count, defense::NonFiniteCounts::keep}) {
        const RuleRound drawn(kRows, kColumns, 2);
        RuleRound round = drawn;
        round.samples = {600, 7, 311, 1000, 599, 0, 41};
        round.updates = Updates(kRows, kColumns, element);
        for (std::size_t i = 0; i < kRows; ++i) round.updates.rows().assign(i, drawn.updates.rows(), i);
        if (element == Element::float64)
          round.change([](std::size_t i, std::size_t j, double x) { return x + 1.0 / static_cast<double>(3 + i + j); });
        SCOPED_TRACE(fmt::format("{} set aside of {}", bad.size(), element == Element::float64 ? "double" : "float"));
        expect_same(GetParam(), round, bad, counts);
      }
}

TEST_P(FoldedRows, HoldAsKeptOnesDo) {
  RuleRound weightless(kRows, kColumns, 1);
  weightless.samples = {0, 0, 5, 0, 0, 0, 0};
  expect_same(GetParam(), weightless, {2}, defense::NonFiniteCounts::count);
  RuleRound loud(kRows, kColumns, 1);
  loud.updates = Updates(kRows, kColumns, Element::float64);
  loud.change([](std::size_t, std::size_t, double) { return 1.7e308; });
  expect_same(GetParam(), loud, {4}, defense::NonFiniteCounts::count);
}

INSTANTIATE_TEST_SUITE_P(Of, FoldedRows, testing::ValuesIn(folding_cases()),
                         [](const auto& rule) { return support::name_of(rule.param); });

/// A mean that wants three rows: what the facts say is asked for folded rows too.
TEST(Folding, IsRefusedTooFewRows) {
  Entry<defense::Aggregator> entry = defense::mean_entry;
  entry.facts.min_clients = [](std::size_t, Options&) { return std::size_t{3}; };
  entry.facts.min_clients_text = "3";
  RuleRound round(4, 2, 0);
  round.change([](std::size_t i, std::size_t, double x) { return i > 1 ? kNan : x; });
  Folding folding({1, 1, 1, 1}, round.round(), 2);
  for (std::size_t i = 0; i < 4; ++i) folding.add(i, round.updates.rows().slice(i, i + 1));
  Faults faults;
  const defense::Decision decision = folding.decide(entry, Options::describing(faults), defense::NonFiniteCounts::count);
  EXPECT_TRUE(decision.too_few);
  EXPECT_EQ(decision.held, "mean needs n >= 3, got 2 (4 rows sent, 2 set aside as non-finite)");
  EXPECT_TRUE(decision.aggregation.update.empty());
}

TEST(Folding, WantsAWeightARow) {
  const RuleRound round(4, 2, 0);
  EXPECT_EQ(support::error_of([&] { Folding({1, 1}, round.round(), 2); }), "folding: 4 rows need as many weights, got 2");
}

}  // namespace
}  // namespace tocsin::fed
