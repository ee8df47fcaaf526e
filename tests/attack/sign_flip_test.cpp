// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/rows.h"
#include "tocsin/attack/registry.h"

namespace tocsin::attack {
namespace {
using Numbers = std::vector<double>;

const Updates kBenign = support::rows({{1, 2, 3}, {4, 5, 6}, {7, 8, 9}});  // X3 of rules.md

/// Rows that two attackers with honest rows (1, 0, -2) and (0, 3, 4) send.
std::vector<Numbers> crafted(const std::string& options, ConstRows benign = kBenign.rows(), std::size_t round = 1) {
  Updates rows = support::rows({{1, 0, -2}, {0, 3, 4}});
  const std::vector<AttackRound> rounds(2, {.index = round});
  support::make(sign_flip_entry, options)->craft(rows.rows(), {.level = Level::benign, .own = {}, .benign = benign}, rounds);
  return {rows.rows().row(0), rows.rows().row(1)};
}

TEST(SignFlip, TurnsItsOwnUpdateRound) {
  EXPECT_EQ(crafted(""), (std::vector<Numbers>{{-1, 0, 2}, {0, -3, -4}}));
  EXPECT_EQ(crafted("c = 100"), (std::vector<Numbers>{{-100, 0, 200}, {0, -300, -400}}));
}

TEST(SignFlip, TurnsTheBenignMeanRound) {
  EXPECT_EQ(crafted("of = 'benign_mean'"), (std::vector<Numbers>{{-4, -5, -6}, {-4, -5, -6}}));
}

TEST(SignFlip, CancelsThePlainSumOfAllRows) {
  const std::vector<Numbers> rows = crafted("of = 'benign_mean'\nc = 'cancel'");
  for (std::size_t j = 0; j < 3; ++j) {
    double sum = rows[0][j] + rows[1][j];
    for (std::size_t i = 0; i < 3; ++i) sum += kBenign.rows().at(i, j);
    EXPECT_EQ(sum, 0.0);
  }
}

TEST(SignFlip, IsHonestWhereNobodyBenignTakesPart) {
  EXPECT_EQ(crafted("of = 'benign_mean'", {}), (std::vector<Numbers>{{1, 0, -2}, {0, 3, 4}}));
}

TEST(SignFlip, IsHonestInRoundsThatAreNotScheduled) {
  const std::string options = "schedule = { start = 3, period = 2, stop = 4 }";  // rounds 3 and 5
  for (std::size_t round = 1; round <= 8; ++round)
    EXPECT_EQ(crafted(options, kBenign.rows(), round)[0], (round == 3 || round == 5 ? Numbers{-1, 0, 2} : Numbers{1, 0, -2}))
        << round;
}

TEST(SignFlip, NeedsTheBenignRowsOnlyForTheirMean) {
  for (const auto& [text, level] : {std::pair{"of = 'own'", Level::own}, std::pair{"of = 'benign_mean'", Level::benign}}) {
    const Table table = parse_toml(text, "test.toml");
    Faults faults;
    Options options(&table, Place{"test.toml", 0, 0}, "[attack]", faults);
    EXPECT_EQ(sign_flip_entry.facts.needs(options), level);
  }
}

TEST(SignFlip, RefusesToCancelWithItsOwnRows) {
  EXPECT_NE(support::error_of([] { support::make(sign_flip_entry, "c = 'cancel'"); }).find("defined for the benign mean only"),
            std::string::npos);
}

}  // namespace
}  // namespace tocsin::attack
