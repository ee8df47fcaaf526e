// SPDX-License-Identifier: Apache-2.0
// Who learns what: a defence never who is malicious, an attack never more than the threat model grants. Over all attacks.
#include <gtest/gtest.h>

#include "support/attacks.h"
#include "support/federation.h"

namespace tocsin::fed {
namespace {
using support::Federation;
using support::Scenario;

template <class T>
concept TellsWhoIsMalicious = requires(T value) {
  value.malicious;
}
|| requires(T value) { value.benign; }
|| requires(T value) { value.attack; }
|| requires(T value) { value.threat; };
static_assert(!TellsWhoIsMalicious<Round> && TellsWhoIsMalicious<ThreatPlan>);

/// All that a rule receives in two rounds, as text, when `malicious` are the malicious clients and send what benign ones would.
std::string seen_by_rule(std::vector<std::uint32_t> malicious, const std::string& attack) {
  std::string seen;
  support::SpyRule rule([&seen](ConstRows updates, const Round& round) {
    seen += fmt::format("{} {} {} {}\n", round.index, round.assumed_malicious, round.root.empty(), round.stream.uniform(0));
    for (std::size_t i = 0; i < updates.clients(); ++i) seen += fmt::format("{} {} ", round.cohort[i], round.samples[i]);
    seen += support::bytes_of(updates) + support::bytes_of(round.global);
  });
  Scenario scenario;
  scenario.attack = attack;
  if (attack == "sign_flip") scenario.attack_options = "c = -1";  // minus minus one times the honest row
  scenario.malicious = std::move(malicious);
  scenario.assumed = 1;
  Federation federation(scenario);
  federation.parts.rule = &rule;
  federation.parts.rule_entry = &support::kSpyEntry;
  State state = federation.start();
  federation.rounds(state, 2);
  return seen;
}

TEST(Defense, CannotTellWhichClientIsMalicious) {
  for (const std::string attack : {"none", "sign_flip"}) {
    const std::string first = seen_by_rule({0}, attack);
    EXPECT_EQ(seen_by_rule({4}, attack), first);
    EXPECT_EQ(seen_by_rule({1, 3}, attack), first);
    EXPECT_EQ(seen_by_rule({}, attack), first);
  }
}

TEST(Knowledge, HoldsTheBenignRowsOnlyWhereTheyAreGranted) {
  for (const attack::Level level : {attack::Level::own, attack::Level::benign, attack::Level::server}) {
    std::size_t called = 0;
    std::string own, benign;
    const support::CraftBy attack(
        [&](Rows malicious, const attack::Knowledge& knowledge, std::span<const attack::AttackRound> rounds) {
          ++called;
          EXPECT_EQ(knowledge.level, level);
          EXPECT_EQ(support::bytes_of(knowledge.own), support::bytes_of(malicious));
          EXPECT_NE(knowledge.own.pointer(0), malicious.pointer(0)) << "a copy, which crafting does not change";
          EXPECT_EQ(rounds.size(), 2U);
          EXPECT_EQ(rounds[1].cohort, 5U);
          own = support::bytes_of(knowledge.own);
          benign = support::bytes_of(knowledge.benign);
        });
    Scenario scenario;
    scenario.malicious = {1, 3};
    scenario.knowledge = level;
    std::string rows;
    support::SpyRule rule([&](ConstRows updates, const Round&) {
      const std::vector<std::size_t> good = {0, 2, 4}, bad = {1, 3};
      EXPECT_EQ(own, support::bytes_of(RowList(updates, bad).view()));
      EXPECT_EQ(benign, level == attack::Level::own ? "" : support::bytes_of(RowList(updates, good).view()));
    });
    Federation federation(scenario);
    federation.parts.attack = &attack;
    federation.parts.attack_entry = &support::kCraftsEntry;
    federation.parts.rule = &rule;
    federation.parts.rule_entry = &support::kSpyEntry;
    State state = federation.start();
    federation.round(state);
    EXPECT_EQ(called, 1U);
  }
}

/// An attack of the registry in a federation that suits it.
Scenario attacked(const std::string& name) {
  Scenario scenario{.attack = name, .malicious = {1, 3}, .knowledge = attack::Level::server};
  scenario.targets = {{.index = 3, .label = 0, .wanted = 1}, {.index = 7, .label = 1, .wanted = 2}};
  return scenario;
}
/// Bytes of the rows that reach the rule in a round, client by client; the federation is changed just before it.
std::vector<std::string> rows_sent(const Scenario& scenario, const std::function<void(Federation&)>& change = {},
                                   std::size_t in_round = 1) {
  std::vector<std::string> rows;
  support::SpyRule rule([&](ConstRows updates, const Round& round) {
    if (round.index == in_round)
      for (std::size_t i = 0; i < updates.clients(); ++i) rows.push_back(support::bytes_of(updates.slice(i, i + 1)));
  });
  Federation federation(scenario);
  federation.parts.rule = &rule;
  federation.parts.rule_entry = &support::kSpyEntry;
  State state = federation.start();
  for (std::size_t round = 1; round <= in_round; ++round) {
    if (change && round == in_round) change(federation);
    federation.round(state);
  }
  return rows;
}
constexpr std::size_t kBenign[] = {0, 2, 4}, kMalicious[] = {1, 3};

class EveryAttack : public testing::TestWithParam<const Entry<attack::Attack>*> {
 protected:
  [[nodiscard]] std::string name() const { return std::string(GetParam()->name); }
};

TEST_P(EveryAttack, LeavesBenignRowsUntouched) {
  const auto honest = rows_sent(attacked("none")), found = rows_sent(attacked(name()));
  for (const std::size_t i : kBenign) EXPECT_EQ(found[i], honest[i]);
}

TEST_P(EveryAttack, ChangesNothingWithoutAttackers) {
  Scenario scenario = attacked(name());
  scenario.malicious.clear();
  EXPECT_EQ(rows_sent(scenario), rows_sent(attacked("none")));
}

TEST_P(EveryAttack, SendsTheSameBytesForAnyNumberOfWorkers) {
  Scenario scenario = attacked(name());
  const auto once = rows_sent(scenario);
  for (const std::size_t workers : {2U, 5U}) {
    scenario.workers = workers;
    EXPECT_EQ(rows_sent(scenario), once);
  }
}

/// Gives the benign clients each other's shards, all of one size: counts are public.
void swap_shards(Federation& federation) {
  data::Partition& shards = federation.parts.partition;
  std::swap(shards[0], shards[2]);
  std::swap(shards[2], shards[4]);
}

TEST_P(EveryAttack, SendsTheSameBytesWhateverTheOthersHold) {
  Faults scratch;
  Options options = Options::describing(scratch);
  if (GetParam()->facts.needs(options) != attack::Level::own) GTEST_SKIP() << "reads what others send, by its own account";
  Scenario scenario = attacked(name());
  scenario.knowledge = attack::Level::own;
  for (const std::size_t round : {1U, 2U}) {
    const auto once = rows_sent(scenario, {}, round), other = rows_sent(scenario, swap_shards, round);
    for (const std::size_t i : kMalicious) EXPECT_EQ(other[i], once[i]);
    for (const std::size_t i : kBenign) EXPECT_NE(other[i], once[i]);
  }
}

TEST_P(EveryAttack, EstimatesTheOthersFromWhatItHasAlone) {
  const std::vector<OptionDoc> docs = options_of(*GetParam());
  if (std::none_of(docs.begin(), docs.end(), [](const OptionDoc& doc) { return doc.key == "estimate"; }))
    GTEST_SKIP() << "makes no estimate";
  Scenario scenario = attacked(name());
  scenario.knowledge = attack::Level::own;
  const auto without = rows_sent(scenario, {}, 2);
  for (const char* estimate : {"estimate = 'pre'", "estimate = 'post'"}) {
    scenario.attack_options = estimate;
    const auto first = rows_sent(scenario), once = rows_sent(scenario, {}, 2), other = rows_sent(scenario, swap_shards, 2);
    for (const std::size_t i : kMalicious) {
      EXPECT_EQ(first[i], rows_sent(attacked(name()))[i]) << "no estimate before its second participation";
      EXPECT_NE(once[i], without[i]) << estimate;
      EXPECT_EQ(other[i], once[i]) << estimate;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryAttack, testing::ValuesIn(attack::attacks().begin(), attack::attacks().end()),
                         [](const auto& entry) { return std::string(entry.param->name); });

}  // namespace
}  // namespace tocsin::fed
