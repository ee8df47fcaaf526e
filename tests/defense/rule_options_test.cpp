// SPDX-License-Identifier: Apache-2.0
// Options of the rules: presets move defaults, explicit keys win, what has no effect or no meaning is refused at its place.
#include "tocsin/defense/rule_options.h"

#include <gtest/gtest.h>

#include "support/rule_case.h"

namespace tocsin::defense {
namespace {
using support::error_of;

/// What the options of `entry` come out as, of the keys named; "-" for one that has no effect.
std::string resolved(const Entry<Aggregator>& entry, const std::string& toml, const std::vector<std::string>& keys) {
  const Table table = parse_toml(toml, "test.toml");
  Faults faults;
  Options options(&table, Place{"test.toml", 0, 0}, "[defense.rule]", faults);
  entry.make(options);
  options.finish();
  faults.raise();
  const Table result = options.resolved();
  std::vector<std::string> values;
  for (const std::string& key : keys) values.push_back(result.find(key) == nullptr ? "-" : write_value(*result.find(key)));
  return joined(values, " ");
}

std::size_t fewest(const Entry<Aggregator>& entry, const std::string& toml, std::size_t f) {
  const Table table = parse_toml(toml, "test.toml");
  Faults faults;
  Options options(&table, Place{"test.toml", 0, 0}, "[defense.rule]", faults);
  entry.make(options);
  return entry.facts.min_clients(f, options);
}

/// The first fault of `toml`, or "none".
std::string fault_of(const Entry<Aggregator>& entry, const std::string& toml) {
  try {
    support::make(entry, toml);
  } catch (const ConfigError& error) {
    const Fault& first = error.faults().front();
    return fmt::format("{}: {}; {}", first.place.text(), first.message, first.hint);
  }
  return "none";
}

struct Preset {
  const char *compat, *krum, *multi_krum, *even;
};
class Presets : public testing::TestWithParam<Preset> {};
TEST_P(Presets, MoveTheDefaults) {
  const std::string compat = fmt::format("compat = '{}'", GetParam().compat);
  EXPECT_EQ(resolved(krum_entry, compat, {"neighbors", "distance", "bound"}), GetParam().krum);
  EXPECT_EQ(resolved(multi_krum_entry, compat, {"keep", "selection", "weights", "weights_kind"}), GetParam().multi_krum);
  EXPECT_EQ(resolved(median_entry, compat, {"even"}), GetParam().even);
}
constexpr const char* kPlainMulti = R"("n-f-2" "once" "none" "mass")";
INSTANTIATE_TEST_SUITE_P(
    Of, Presets,
    testing::Values(Preset{"paper", R"("n-f-2" "squared" "2f+3")", kPlainMulti, R"("average")"},
                    Preset{"byzfl", R"("n-f-1" "squared" "2f+1")", R"("n-f" "once" "none" "mass")", R"("average")"},
                    Preset{"epfl", R"("n-f-1" "plain" "2f+3")", kPlainMulti, R"("lower")"},
                    Preset{"krum", R"("n-f-2" "squared" "2f+3")", kPlainMulti, R"("average")"},
                    Preset{"epfml", R"("n-f-2" "fourth" "2f+3")", R"(1 "once" "none" "mass")", R"("average")"},
                    Preset{"blades", R"("n-f-2" "fourth" "2f+3")", R"(1 "once" "none" "mass")", R"("average")"},
                    Preset{"flpoison", R"("n-f-1" "plain" "2f+3")", R"("fraction" "once" "none" "mass")", R"("average")"},
                    Preset{"ndss21", R"("n-f-3" "squared" "2f+3")", R"(- "iterative" "none" "mass")", R"("lower")"},
                    Preset{"fldetector", R"("n-f-2" "squared" "2f+3")", kPlainMulti, R"("upper")"},
                    Preset{"flower", R"("n-f-2" "squared" "2f+3")", R"("n-f-2" "once" "samples" "mean")", R"("average")"}),
    [](const auto& preset) { return std::string(preset.param.compat); });

TEST(RuleOptions, ExplicitKeysWinOverAPreset) {
  EXPECT_EQ(resolved(krum_entry, "compat = 'epfl'\ndistance = 'squared'", {"neighbors", "distance"}), R"("n-f-1" "squared")");
  EXPECT_EQ(resolved(krum_entry, "compat = 'byzfl'\nneighbors = 'n-f-2'", {"neighbors", "bound"}), R"("n-f-2" "2f+3")");
  EXPECT_EQ(resolved(median_entry, "compat = 'fldetector'\neven = 'lower'", {"even"}), R"("lower")");
  EXPECT_EQ(resolved(multi_krum_entry, "compat = 'flower'\nweights = 'none'", {"weights"}), R"("none")");
}

TEST(RuleOptions, MinimaFollowTheOptions) {
  EXPECT_EQ(fewest(mean_entry, "", 3), 1U);
  EXPECT_EQ(fewest(median_entry, "", 3), 7U);
  EXPECT_EQ(fewest(median_entry, "f = 1", 3), 3U);
  EXPECT_EQ(fewest(weighted_mean_entry, "weights = 'capped'", 3), 7U);  // 3 of 7 hold 0.43, 3 of 6 hold half
  EXPECT_EQ(fewest(weighted_mean_entry, "weights = 'capped'\ncap_share = 0.2", 3), 15U);
  EXPECT_EQ(fewest(median_entry, "weights = 'capped'\ncap_share = 0.2", 3), 15U);
  EXPECT_EQ(fewest(krum_entry, "weights = 'capped'\ncap_share = 0.2", 3), 15U);
  EXPECT_EQ(fewest(krum_entry, "", 3), 9U);
  EXPECT_EQ(fewest(krum_entry, "compat = 'byzfl'", 3), 7U);
  EXPECT_EQ(fewest(krum_entry, "compat = 'byzfl'\nf = 2", 3), 5U);
  EXPECT_EQ(fewest(multi_krum_entry, "", 3), 9U);
  EXPECT_EQ(fewest(multi_krum_entry, "keep = 'n-2f-3'", 3), 10U);
  EXPECT_EQ(fewest(multi_krum_entry, "keep = 20", 3), 23U);
  EXPECT_EQ(fewest(multi_krum_entry, "keep = 'fraction'\nfraction = 0.9", 3), 21U);  // 18 of 21 may be kept, 18 of 20 may not
  EXPECT_EQ(fewest(multi_krum_entry, "selection = 'iterative'", 3), 9U);
  EXPECT_EQ(fewest(multi_krum_entry, "compat = 'byzfl'", 3), 7U);
}

TEST(RuleOptions, RefuseWhatHasNoEffectOrNoMeaning) {
  EXPECT_EQ(
      fault_of(krum_entry, "bound = '2f+1'"),
      "test.toml:1:9: bound = \"2f+1\" leaves a row without neighbors unless neighbors = \"n-f-1\"; set neighbors = \"n-f-1\", "
      "or bound = \"2f+3\"");
  EXPECT_EQ(fault_of(multi_krum_entry, "fraction = 0.3"),
            "test.toml:1:12: 'fraction' has no effect unless keep = \"fraction\"; remove it, or set keep = \"fraction\"");
  EXPECT_EQ(
      fault_of(median_entry, "weights = 'capped'\ncap_share = 1e-300"),
      "test.toml:2:13: cap_share = 1e-300: as many clients as ids can number hold more than that each; a share such as 0.45, or "
      "weights = \"samples\"");
  EXPECT_EQ(fault_of(median_entry, "cap_share = 0.3"),
            "test.toml:1:13: 'cap_share' has no effect unless weights = \"capped\"; remove it, or set weights = \"capped\"");
  EXPECT_EQ(fault_of(krum_entry, "mass = 'mean'"),
            "test.toml:1:8: 'mass' has no effect unless weights are \"samples\" or \"capped\"; remove it, or set weights");
  EXPECT_EQ(fault_of(multi_krum_entry, "selection = 'iterative'\nkeep = 3"),
            "test.toml:2:8: 'keep' has no effect with selection = \"iterative\", which keeps n-2f-2 rows; remove it, or set "
            "selection = \"once\"");
  EXPECT_EQ(fault_of(multi_krum_entry, "selection = 'iterative'\nweights = 'samples'"),
            "test.toml:1:13: selection = \"iterative\" has no meaning by mass; set weights_kind = \"mean\", or weights = \"none\"");
  EXPECT_EQ(fault_of(multi_krum_entry, "compat = 'flower'\nmass = 'worst'"),
            "test.toml:2:8: 'mass' has no effect with weights_kind = \"mean\"; remove it");
  EXPECT_EQ(
      fault_of(krum_entry, "keep = 3"),
      "test.toml:1:1: unknown key 'keep' in krum; known: bound, cap_share, compat, distance, f, mass, neighbors, over, weights; ");
}

TEST(RuleOptions, ResolvedReadBackAsTheyAre) {
  std::vector<support::RuleCase> cases = support::rule_cases();
  for (const char* compat : {"byzfl", "epfl", "epfml", "flpoison", "ndss21", "fldetector", "flower"})
    for (const Entry<Aggregator>* entry : aggregators()) {
      cases.emplace_back();
      cases.back().entry = entry;
      cases.back().options = fmt::format("compat = '{}'", compat);
    }
  for (const support::RuleCase& rule : cases) {
    std::string text = rule.options;
    for (int pass = 0; pass < 2; ++pass) {
      const Table table = parse_toml(text, "test.toml");
      Faults faults;
      Options options(&table, Place{"test.toml", 0, 0}, "[defense.rule]", faults);
      rule.entry->make(options);
      options.finish();
      EXPECT_EQ(error_of([&] { faults.raise(); }), "no exception") << name_of(rule) << ", pass " << pass;
      const std::string again = write_toml(options.resolved());
      EXPECT_TRUE(pass == 0 || again == text) << name_of(rule) << ":\n" << text << "then\n" << again;
      text = again;
    }
  }
}

TEST(RuleOptions, AllRulesDocumentTheirOptions) {
  for (const Entry<Aggregator>* entry : aggregators())
    for (const OptionDoc& option : options_of(*entry)) {
      EXPECT_FALSE(option.help.empty()) << entry->name << "." << option.key;
      EXPECT_FALSE(option.fallback.empty()) << entry->name << "." << option.key;
    }
}

TEST(ColumnRanges, MergeNeighborsOfAKind) {
  Layout layout;
  layout.tensors = {{.name = "0.weight", .shape = {4}, .offset = 0, .size = 4, .is_bias = false},
                    {.name = "1.weight", .shape = {2}, .offset = 4, .size = 2, .is_bias = false},
                    {.name = "1.bias", .shape = {1}, .offset = 6, .size = 1, .is_bias = true},
                    {.name = "2.weight", .shape = {3}, .offset = 7, .size = 3, .is_bias = false}};
  const std::vector<ColumnRange> ranges = column_ranges("median", &layout, 10);
  ASSERT_EQ(ranges.size(), 3U);
  EXPECT_EQ(ranges[0].end, 6U);
  EXPECT_TRUE(ranges[1].is_bias);
  EXPECT_EQ(ranges[2].begin, 7U);
}

TEST(AssumedMalicious, CountsRowsSetAsideAgainstARulesOwnF) {
  const AssumedMalicious own(3), rounds;
  EXPECT_EQ(own.of(Round{.assumed_malicious = 1, .set_aside = 2}), 1U);
  EXPECT_EQ(own.of(Round{.assumed_malicious = 1, .set_aside = 5}), 0U);
  EXPECT_EQ(rounds.of(Round{.assumed_malicious = 1, .set_aside = 2}), 1U);
}

}  // namespace
}  // namespace tocsin::defense
