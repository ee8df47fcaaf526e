// SPDX-License-Identifier: Apache-2.0
// The same bytes for any number of workers, after an interruption, after saving and loading; and others for another seed.
#include <gtest/gtest.h>

#include <stop_token>

#include "support/attacks.h"
#include "support/federation.h"

namespace tocsin::fed {
namespace {
using support::Federation;
using support::Scenario;
using support::text_of_run;

/// Everything that lives across rounds is in use: momentum, participation, an attack.
Scenario busy(std::string rule = "weighted_mean") {
  Scenario scenario{.clients = 8, .rule = std::move(rule), .attack = "explicit_boosting", .malicious = {1, 6}, .assumed = 1};
  scenario.attack_options = "steps = 3\nboost = 2";
  scenario.targets = {{.index = 3, .label = 0, .wanted = 1}};
  scenario.federation.participation = 0.75;
  scenario.federation.server.momentum = 0.5;
  return scenario;
}

class Reproducible : public testing::TestWithParam<std::string> {};

TEST_P(Reproducible, AnyNumberOfWorkersGivesTheSameBytes) {
  Scenario scenario = busy(GetParam());
  const std::string once = text_of_run(scenario, 3);
  EXPECT_EQ(text_of_run(scenario, 3), once);
  for (const std::size_t workers : {2U, 5U}) {
    scenario.workers = workers;
    EXPECT_EQ(text_of_run(scenario, 3), once) << workers;
  }
}

TEST_P(Reproducible, AnotherSeedGivesOtherBytes) {
  Scenario scenario = busy(GetParam());
  const std::string once = text_of_run(scenario, 1);
  scenario.seed = 8;
  EXPECT_NE(text_of_run(scenario, 1), once);
}

TEST_P(Reproducible, SavingAndLoadingHalfwayChangesNothing) {
  const Scenario scenario = busy(GetParam());
  const Federation whole(scenario), first(scenario), second(scenario);
  State expected = whole.start();
  const auto records = whole.rounds(expected, 4);
  State before = first.start();
  first.rounds(before, 2);
  State after = second.start();
  load(after, save(before));
  load(*second.parts.rule, save(*first.parts.rule));
  EXPECT_EQ(support::text_of(second.round(after)), support::text_of(records[2]));
  EXPECT_EQ(support::text_of(second.round(after)), support::text_of(records[3]));
  EXPECT_EQ(save(after), save(expected));
}
INSTANTIATE_TEST_SUITE_P(Rules, Reproducible, testing::Values("weighted_mean", "median", "multi_krum"),
                         [](const auto& entry) { return entry.param; });

TEST(Folding, GivesTheBytesOfKeepingTheRows) {
  Scenario scenario = busy();
  scenario.workers = 3;
  scenario.federation.keep_rows = true;
  const Federation keeping(scenario);
  scenario.federation.keep_rows = false;
  const Federation folding(scenario);
  ASSERT_FALSE(folds(keeping.parts));
  ASSERT_TRUE(folds(folding.parts));
  State kept = keeping.start(), folded = folding.start();
  for (std::size_t round = 0; round < 3; ++round) {
    const RoundRecord a = keeping.round(kept), b = folding.round(folded);
    EXPECT_EQ(a.update_norms, b.update_norms);
    EXPECT_EQ(a.weights, b.weights);
    EXPECT_EQ(a.distance_to_mean.size(), a.cohort.size());
    EXPECT_TRUE(b.distance_to_mean.empty());
  }
  EXPECT_EQ(support::bytes_of(kept.global.rows()), support::bytes_of(folded.global.rows()));
}

TEST(Folding, SetsRowsAsideAsTheRuleWould) {
  const support::TrainBy attack([](attack::AttackPlace, Rows update) {
    std::vector<double> row(update.coordinates(), 1.0);
    row[3] = std::numeric_limits<double>::quiet_NaN();
    update.assign(0, row);
    return attack::Sent{};
  });
  std::vector<State> states;
  std::vector<RoundRecord> records;
  for (const bool keep : {true, false}) {
    Scenario scenario;
    scenario.malicious = {2};
    scenario.federation.keep_rows = keep;
    Federation federation(scenario);
    federation.parts.attack = &attack;
    federation.parts.attack_entry = &support::kTrainsEntry;
    states.push_back(federation.start());
    records.push_back(federation.round(states.back()));
    ASSERT_EQ(records.back().set_aside.size(), 1U);
    EXPECT_EQ(records.back().set_aside[0].first, 3U);
    EXPECT_EQ(records.back().set_aside[0].client, 2U);
  }
  const std::vector<double> kept = support::parameters(states[0]), folded = support::parameters(states[1]);
  EXPECT_EQ(kept, folded);
  EXPECT_EQ(records[0].weights, records[1].weights);
}

TEST(Folding, HappensOnlyWhereNobodyNeedsTheRows) {
  Scenario scenario;
  scenario.federation.keep_rows = false;
  EXPECT_TRUE(folds(Federation(scenario).parts));
  scenario.rule_options = "weights = 'capped'";
  EXPECT_FALSE(folds(Federation(scenario).parts)) << "the cap depends on the rows that are left";
  scenario.rule_options.clear();
  scenario.rule = "median";
  EXPECT_FALSE(folds(Federation(scenario).parts));
  scenario.rule = "mean";
  scenario.attack = "sign_flip";
  EXPECT_TRUE(folds(Federation(scenario).parts));
  scenario.malicious = {0};
  EXPECT_FALSE(folds(Federation(scenario).parts));
  scenario.malicious.clear();
  scenario.federation.keep_rows.reset();
  EXPECT_FALSE(folds(Federation(scenario).parts)) << "fifteen parameters are kept without asking";
}

TEST(Interruption, WhileClientsTrainLeavesEverythingAsItWas) {
  for (const std::string rule : {"weighted_mean", "median"}) {
    Scenario scenario = busy(rule);
    scenario.federation.keep_rows = false;
    for (const std::size_t workers : {1U, 3U}) {
      scenario.workers = workers;
      const Federation federation(scenario);
      State state = federation.start();
      federation.round(state);
      const Snapshot before = save(state);
      std::stop_source stop;
      EXPECT_THROW(federation.round(state, stop.get_token(),
                                    [&](std::size_t done, std::size_t) {
                                      if (done == 2) stop.request_stop();
                                    }),
                   Interrupted);
      EXPECT_EQ(save(state), before);
      const Federation undisturbed(scenario);
      State expected = undisturbed.start();
      undisturbed.round(expected);
      EXPECT_EQ(support::text_of(federation.round(state)), support::text_of(undisturbed.round(expected)));
    }
  }
}

TEST(Interruption, AfterTheRuleHasDecidedPutsItsStateBack) {
  std::stop_source stop;
  bool interrupt = false;
  support::SpyRule rule([&](ConstRows, const Round&) {
    if (interrupt) stop.request_stop();
  });
  Federation federation(Scenario{});
  federation.parts.rule = &rule;
  federation.parts.rule_entry = &support::kSpyEntry;
  State state = federation.start();
  federation.round(state);
  const Snapshot before = save(state);
  interrupt = true;
  EXPECT_THROW(federation.round(state, stop.get_token()), Interrupted);
  EXPECT_EQ(save(state), before);
  EXPECT_EQ(rule.calls(), 1);
}

TEST(Memory, OfAnAttackerIsHandedBackInTheRoundsItTakesPartIn) {
  const support::TrainBy attack([](attack::AttackPlace place, Rows update) {
    attack::Sent sent;
    sent.memory = place.memory;
    auto& seen = sent.memory.fields.try_emplace("seen", std::int64_t{0}).first->second;
    std::get<std::int64_t>(seen) += 1;
    sent.memory.fields["last"] = update.row(0);
    sent.note = "counted";
    return sent;
  });
  Scenario scenario;
  scenario.malicious = {1, 4};
  scenario.federation.participation = 0.6;
  Federation federation(scenario);
  federation.parts.attack = &attack;
  federation.parts.attack_entry = &support::kTrainsEntry;
  State state = federation.start();
  std::vector<std::int64_t> took_part(2, 0);
  for (const RoundRecord& record : federation.rounds(state, 6)) {
    for (const std::uint32_t client : record.malicious) ++took_part[client == 1 ? 0 : 1];
    EXPECT_EQ(record.notes.size(), record.malicious.size());
    for (std::size_t i = 0; i < record.notes.size(); ++i)
      EXPECT_EQ(record.notes[i], fmt::format("client {}: counted", record.malicious[i]));
  }
  ASSERT_NE(took_part[0], 0);
  ASSERT_NE(took_part[0], took_part[1]) << "choose another seed: the test cannot tell the seats apart";
  for (std::size_t seat = 0; seat < 2; ++seat)
    EXPECT_EQ(std::get<std::int64_t>(state.attacker_memory[seat].fields.at("seen")), took_part[seat]);
  State loaded = federation.start();
  load(loaded, save(state));
  EXPECT_EQ(loaded.attacker_memory, state.attacker_memory);
}

}  // namespace
}  // namespace tocsin::fed
