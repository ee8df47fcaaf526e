// SPDX-License-Identifier: Apache-2.0
// The laws of attacks (rules.md, section 7) for every entry of the registry, on single clients and on finished rows.
// In whole rounds they are checked again by tests/fed/knowledge_test.cpp.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/attacker.h"
#include "support/rows.h"
#include "tocsin/attack/registry.h"

namespace tocsin::attack {
namespace {
using support::Attacker;

const Updates kHonest = support::rows({{1, 0, -2, 5}, {0, 3, 4, -1}}),
              kBenign = support::rows({{1, 2, 3, 1}, {4, 5, 6, 2}, {7, 8, 9, 4}});

class AttackLaws : public testing::TestWithParam<const Entry<Attack>*> {
 protected:
  AttackLaws() : attack_(support::make(*GetParam())) {}
  [[nodiscard]] Level needs() const {
    Faults scratch;
    Options options = Options::describing(scratch);
    return GetParam()->facts.needs(options);
  }
  /// Rows of doubles that the attack makes of kHonest.
  std::vector<std::vector<double>> craft(ConstRows benign, Level level) const {
    Updates rows = kHonest;
    const std::vector<AttackRound> rounds(2);
    attack_->craft(rows.rows(), {.level = level, .own = kHonest.rows(), .benign = benign}, rounds);
    return {rows.rows().row(0), rows.rows().row(1)};
  }
  std::vector<double> train(Attacker& place) const {
    attack_->train({.training = {.network = *place.network,
                                 .data = *place.problem.train,
                                 .samples = place.samples,
                                 .round = 1,
                                 .stream = Stream(3).at("client"),
                                 .stop = {}},
                    .small = *place.small,
                    .benign = place.training,
                    .target_data = *place.problem.test,
                    .targets = place.targets,
                    .round = place.round},
                   place.update.rows());
    return place.update.rows().row(0);
  }
  std::unique_ptr<Attack> attack_;
};

/// A place whose small replica exists.
struct Ready : Attacker {
  Ready() { small = nn::make_network(architecture, targets.size(), nn::Precision::float64); }
};

/// The same data with every sample but `kept` made unreadable.
std::shared_ptr<const data::Dataset> only(const data::Dataset& whole, const std::vector<std::uint32_t>& kept) {
  auto result = std::make_shared<data::Dataset>(whole);
  const std::size_t features = whole.shape.features();
  std::fill(result->values.begin(), result->values.end(), std::numeric_limits<float>::quiet_NaN());
  for (const std::uint32_t sample : kept)
    std::copy_n(whole.values.begin() + static_cast<std::ptrdiff_t>(sample * features), features,
                result->values.begin() + static_cast<std::ptrdiff_t>(sample * features));
  return result;
}

TEST_P(AttackLaws, SameInputsGiveTheSameBytes) {
  EXPECT_EQ(craft(kBenign.rows(), Level::server), craft(kBenign.rows(), Level::server));
  Ready first, second;
  EXPECT_EQ(train(first), train(second));
  EXPECT_EQ(train(first), second.update.rows().row(0)) << "nothing of the first call is left in the replicas";
}

TEST_P(AttackLaws, FactsSayWhereItInterferes) {
  if (!GetParam()->facts.crafts) {
    EXPECT_EQ(craft(kBenign.rows(), Level::server), (std::vector{kHonest.rows().row(0), kHonest.rows().row(1)}));
  }
  if (!GetParam()->facts.trains) {
    Ready attacked, benign;
    benign_update(benign.training,
                  {.network = *benign.network,
                   .data = *benign.problem.train,
                   .samples = benign.samples,
                   .round = 1,
                   .stream = Stream(3).at("client"),
                   .stop = {}},
                  benign.round.global, benign.update.rows());
    EXPECT_EQ(train(attacked), benign.update.rows().row(0));
  }
  data::Shard shard{{4, 5, 6}};
  attack_->poison(shard, AttackRound{});
  if (!GetParam()->facts.poisons) {
    EXPECT_EQ(shard.samples, (std::vector<std::uint32_t>{4, 5, 6}));
  }
}

TEST_P(AttackLaws, NoAttackersNoChange) {
  Updates none(0, 4);
  attack_->craft(none.rows(), {.level = Level::server, .own = {}, .benign = kBenign.rows()}, {});
  EXPECT_EQ(none.clients(), 0U);
}

TEST_P(AttackLaws, BenignRowsAndTheGlobalModelAreUntouched) {
  const std::vector<std::vector<double>> before = {kBenign.rows().row(0), kBenign.rows().row(1), kBenign.rows().row(2)};
  craft(kBenign.rows(), Level::server);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(kBenign.rows().row(i), before[i]);
  Ready place;
  const std::vector<double> global = place.global.rows().row(0);
  train(place);
  EXPECT_EQ(place.global.rows().row(0), global);
}

TEST_P(AttackLaws, WhatIsNotGrantedIsNotRead) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  if (needs() == Level::own) {
    const Updates unreadable = support::rows({{nan, nan, nan, nan}});
    EXPECT_EQ(craft(unreadable.rows(), Level::own), craft({}, Level::own));
  }
  Ready place, sealed;
  const std::vector<std::uint32_t> targets = indices_of(sealed.targets);
  sealed.problem.train = only(*sealed.problem.train, sealed.samples);
  sealed.problem.test = only(*sealed.problem.test, GetParam()->facts.needs_targets ? targets : std::vector<std::uint32_t>{});
  EXPECT_EQ(train(sealed), train(place)) << "others' samples, or test samples that are no targets, were read";
}

TEST_P(AttackLaws, WhatItSendsIsFinite) {
  for (const auto& row : craft(kBenign.rows(), Level::server))
    for (const double value : row) EXPECT_TRUE(std::isfinite(value));
  Ready place;
  for (const double value : train(place)) EXPECT_TRUE(std::isfinite(value));
}

TEST_P(AttackLaws, StatelessOnesReturnTheirMemoryUnchanged) {
  if (GetParam()->facts.stateful) GTEST_SKIP() << "keeps a memory, by its own account";
  Attacker place;
  place.memory.fields["kept"] = 2.5;
  EXPECT_EQ(place.run(*attack_).memory, place.memory);
}

TEST_P(AttackLaws, DescribesItsOptions) {
  for (const OptionDoc& option : options_of(*GetParam())) {
    EXPECT_FALSE(option.help.empty()) << option.key;
    if (option.type == "table") continue;  // its own options follow
    EXPECT_FALSE(option.fallback.empty()) << option.key << ": a newcomer runs an attack by its name alone";
  }
}

INSTANTIATE_TEST_SUITE_P(Registry, AttackLaws, testing::ValuesIn(attacks().begin(), attacks().end()),
                         [](const auto& entry) { return std::string(entry.param->name); });

}  // namespace
}  // namespace tocsin::attack
