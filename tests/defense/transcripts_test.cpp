// SPDX-License-Identifier: Apache-2.0
// A transcript a rule: what it says, to four digits, about three fixed rounds; a change of behaviour shows up in review as a diff.
// TOCSIN_WRITE_TRANSCRIPTS=1 writes tests/transcripts/<rule>.txt anew; the test then fails once, so that nobody runs with it by
// habit.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "support/rule_case.h"

namespace tocsin::defense {
namespace {
using support::RuleCase;
using support::RuleRound;

std::string four_digits(const std::vector<double>& values) {
  std::string line;
  for (const double value : values) line += fmt::format(" {:10.4g}", value + 0.0);
  return line + "\n";
}

/// Three rounds of nine clients, the last two of them malicious: honest, then far away together, then one of them not finite.
std::string transcript(const RuleCase& rule) {
  std::string text = fmt::format("{}, rounds of 9 clients, 8 coordinates, f = 2\n", rule.entry->name);
  for (const OptionDoc& option : options_of(*rule.entry)) text += fmt::format("  {} = {}\n", option.key, option.fallback);
  const auto made = rule.make();
  const char* const kinds[] = {"all honest", "two far away", "one of the two not finite"};
  for (std::size_t t = 0; t < 3; ++t) {
    RuleRound on(9, 8, 2, true, 20 + t);
    on.samples = {600, 300, 450, 600, 750, 600, 500, 400, 650};
    on.change([&](std::size_t i, std::size_t j, double x) {
      if (t == 2 && i == 8 && j == 3) return std::numeric_limits<double>::quiet_NaN();
      return t > 0 && i >= 7 ? x - 40 : x;
    });
    Round round = on.round();
    round.index = t + 1;
    Faults faults;
    const Decision decision = decide(*made, *rule.entry, Options::describing(faults), on.updates.rows(), round);
    text += fmt::format("round {}, {}\n", t + 1, kinds[t]);
    if (!decision.held.empty()) text += fmt::format("  held: {}\n", decision.held);
    if (!decision.aggregation.note.empty()) text += fmt::format("  note: {}\n", decision.aggregation.note);
    text += "  update " + four_digits(decision.aggregation.update);
    text += "  weights" + four_digits(decision.aggregation.weights);
  }
  return text;
}

class RuleTranscripts : public testing::TestWithParam<RuleCase> {};

TEST_P(RuleTranscripts, AreAsCommitted) {
  const std::string path = std::string(TOCSIN_SOURCE_DIR) + "/tests/transcripts/" + std::string(GetParam().entry->name) + ".txt";
  const std::string now = transcript(GetParam());
  if (std::getenv("TOCSIN_WRITE_TRANSCRIPTS") != nullptr) {
    std::ofstream(path) << now;
    FAIL() << "wrote " << path << "; look at the difference, then run without TOCSIN_WRITE_TRANSCRIPTS";
  }
  std::ifstream file(path);
  const std::string committed(std::istreambuf_iterator<char>(file), {});
  EXPECT_EQ(now, committed) << "if this is meant: TOCSIN_WRITE_TRANSCRIPTS=1, and say so under Results in CHANGELOG.md";
}

INSTANTIATE_TEST_SUITE_P(Of, RuleTranscripts, testing::ValuesIn(support::default_rule_cases()),
                         [](const auto& rule) { return support::name_of(rule.param); });

}  // namespace
}  // namespace tocsin::defense
