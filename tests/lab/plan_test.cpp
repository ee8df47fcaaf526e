// SPDX-License-Identifier: Apache-2.0
// Plans: defaults, variants, --set, seeds, who is malicious, and resolved.toml that reads back.
#include <gtest/gtest.h>

#include "support/experiment.h"
#include "support/rows.h"
#include "tocsin/lab/sections.h"

namespace tocsin::lab {
namespace {
using support::edited;
using support::Folder;
using support::kBlobs;

/// The last plan of a file, with settings: the attacked one.
Plan last_plan(const std::string& text, std::vector<std::string> settings = {}) {
  const Folder folder;
  Request request;
  request.settings = std::move(settings);
  return std::move(support::read(folder, text, request).plans.back());
}

std::string error_of(const std::string& text, const Request& request = {}) {
  const Folder folder;
  std::string message = support::error_of([&] { support::read(folder, text, request); });
  const std::size_t at = message.find(folder.path());
  return at == std::string::npos ? message : message.erase(at, folder.path().size() + 1);
}

TEST(Plan, FillsInEveryDefault) {
  const Plan plan = last_plan("[data]\ndataset = \"blobs\"\n[model]\nname = \"softmax\"\n");
  EXPECT_EQ(plan.run_name(), "exp-s1");
  EXPECT_EQ(plan.partition.clients, 10u);
  EXPECT_EQ(plan.cohort, 10u);
  EXPECT_EQ(plan.federation.rounds, 10u);
  EXPECT_EQ(plan.federation.stop_at_accuracy, std::nullopt);
  EXPECT_EQ(plan.rule_entry->name, "weighted_mean");
  EXPECT_EQ(plan.attack_entry->name, "none");
  EXPECT_TRUE(plan.threat.malicious.empty());
  EXPECT_EQ(plan.threat.assumed, 0u);
  EXPECT_EQ(plan.validation.count, 0u);
  EXPECT_TRUE(plan.targets.empty());
}

TEST(Plan, RunsVariantsInsideSeeds) {
  const Folder folder;
  Request request;
  request.seeds = 2;
  const Experiment experiment = support::read(folder, kBlobs, request);
  std::vector<std::string> names;
  for (const Plan& plan : experiment.plans) names.push_back(plan.run_name());
  EXPECT_EQ(names, (std::vector<std::string>{"blobs-clean-s3", "blobs-attacked-s3", "blobs-clean-s4", "blobs-attacked-s4"}));
  EXPECT_EQ(experiment.variants, (std::vector<std::string>{"clean", "attacked"}));
}

TEST(Plan, TakesOneVariantByName) {
  const Folder folder;
  Request request;
  request.variant = "attacked";
  EXPECT_EQ(support::read(folder, kBlobs, request).plans.size(), 1u);
  request.variant = "atacked";
  EXPECT_EQ(error_of(kBlobs, request),
            "--variant: exp.toml: unknown variant 'atacked'; known: clean, attacked; did you mean 'attacked'?");
}

TEST(Plan, LetsSettingsWinOverVariantsAndTheFile) {
  const std::string text = edited(kBlobs, "name = \"attacked\"", "name = \"attacked\"\nset = { federation.rounds = 5 }");
  EXPECT_EQ(last_plan(text).federation.rounds, 5u);
  const Plan plan = last_plan(text, {"federation.rounds=7", "defense.rule=mean", "data.validation={ from = \"test\", count = 4 }"});
  EXPECT_EQ(plan.federation.rounds, 7u);
  EXPECT_EQ(plan.rule_entry->name, "mean");
  EXPECT_TRUE(plan.validation.from_test);
}

TEST(Plan, NamesTheSettingThatIsWrong) {
  Request request;
  request.settings = {"federation.rounds=0"};
  EXPECT_EQ(error_of(kBlobs, request), "--set federation.rounds: rounds must be in [1, 1000000], got 0");
  request.settings = {"federation.rounds=1", "federation.rounds=2"};
  EXPECT_EQ(error_of(kBlobs, request), "--set federation.rounds: this key is set twice; leave one of them out");
  request.settings = {"variant.name=1"};
  EXPECT_EQ(error_of(kBlobs, request), "--set variant.name: variants cannot be set; --variant NAME chooses one");
}

TEST(Plan, SaysEachFaultOfSharedTextOnce) {
  const std::string text = edited(edited(kBlobs, "rounds = 3", "rounds = 0"), "batch = 10", "batch = 0");
  EXPECT_EQ(support::lines_of(error_of(text)).size(), 2u);
}

TEST(Plan, DropsTheOptionsOfAReplacedMethod) {
  const std::string text = edited(kBlobs, "name = \"sign_flip\"", "name = \"sign_flip\"\nc = 2.0");
  const Folder folder;
  const Experiment experiment = support::read(folder, text);
  EXPECT_EQ(experiment.plans[0].attack_entry->name, "none");
  EXPECT_EQ(experiment.plans[0].targets.test_indices, (std::vector<std::size_t>{3}));  // targets are of the experiment
  EXPECT_EQ(experiment.plans[1].attack_entry->name, "sign_flip");
  EXPECT_EQ(last_plan(text, {"attack.name=none"}).attack_entry->name, "none");
  const Plan rule =
      last_plan(edited(kBlobs, "rule = \"median\"", "rule = { name = \"median\", even = \"lower\" }"), {"defense.rule.name=mean"});
  EXPECT_EQ(rule.rule_entry->name, "mean");
}

TEST(Plan, StillChecksTheOptionsOfAReplacedMethod) {
  const std::string text = edited(kBlobs, "name = \"sign_flip\"", "name = \"sign_flip\"\nbost = 2.0");
  Request request;
  request.variant = "clean";
  EXPECT_EQ(error_of(text, request), "exp.toml:22:1: unknown key 'bost' in [attack]; known: c, name, of, schedule, targets");
}

TEST(Plan, KeepsKeysThatTheReplacementItselfGives) {
  const std::string text =
      edited(kBlobs, "set = { attack.name = \"none\" }", "set = { attack = { name = \"explicit_boosting\", boost = 3.0 } }");
  const Folder folder;
  EXPECT_EQ(write_value(*support::read(folder, text).plans[0].resolved.find("attack")->as<Table>()->find("boost")), "3.0");
}

TEST(Plan, DrawsTheMaliciousByCountOrFraction) {
  const std::string by_count = edited(kBlobs, "malicious = [1]", "count = 2");
  const Plan counted = last_plan(edited(by_count, "clients = 4", "clients = 20"));
  EXPECT_EQ(counted.threat.malicious.size(), 2u);
  EXPECT_EQ(counted.threat.assumed, 2u);
  EXPECT_EQ(counted.threat.malicious, choice(20, 2, Stream(3).at("malicious")));
  const Plan shared = last_plan(edited(edited(kBlobs, "malicious = [1]", "fraction = 0.25"), "clients = 4", "clients = 20"));
  EXPECT_EQ(shared.threat.malicious.size(), 5u);
}

TEST(Plan, AssumesNoMoreThanACohort) {
  const std::string text =
      edited(edited(kBlobs, "malicious = [1]", "malicious = [0, 1, 2, 3]"), "rule = \"median\"", "rule = \"mean\"");
  const Plan plan = last_plan(text, {"federation.participation=0.5"});
  EXPECT_EQ(plan.cohort, 2u);
  EXPECT_EQ(plan.threat.assumed, 2u);
}

TEST(Plan, CountsTheCohortAsTheFederationDrawsIt) {
  for (const char* participation : {"0.01", "0.1", "0.125", "0.375", "0.5", "0.9", "1.0"}) {
    const Plan plan = last_plan(edited(edited(kBlobs, "clients = 4", "clients = 20"), "rule = \"median\"", "rule = \"mean\""),
                                {std::string("federation.participation=") + participation});
    EXPECT_EQ(plan.cohort, fed::draw_cohort(plan.federation, 20, Stream(3), 1).size()) << participation;
  }
}

TEST(Plan, ReadsBackWhatItResolvedTo) {
  const std::string krum =
      edited(edited(kBlobs, "rule = \"median\"", "rule = { name = \"multi_krum\", keep = 2 }"), "clients = 4", "clients = 9");
  for (const std::string& text :
       {std::string(kBlobs), krum, edited(kBlobs, "validation = 40", "validation = { from = \"test\", count = 9 }"),
        edited(kBlobs, "malicious = [1]", "fraction = 0.25")}) {
    const Plan plan = last_plan(text);
    const Plan again = last_plan(plan.resolved_toml());
    EXPECT_EQ(again.resolved_toml(), plan.resolved_toml());
    EXPECT_EQ(again.threat.malicious, plan.threat.malicious);
  }
}

TEST(Plan, ReadsBackEveryRuleAndAttack) {
  const std::string many = edited(kBlobs, "clients = 4", "clients = 9");
  for (const Entry<defense::Aggregator>* rule : defense::aggregators()) {
    const Plan plan = last_plan(many, {"defense.rule=" + std::string(rule->name)});
    EXPECT_EQ(last_plan(plan.resolved_toml()).resolved_toml(), plan.resolved_toml()) << rule->name;
  }
  for (const Entry<attack::Attack>* entry : attack::attacks()) {
    const Plan plan = last_plan(many, {"attack.name=" + std::string(entry->name), "threat.knowledge=server"});
    EXPECT_EQ(last_plan(plan.resolved_toml()).resolved_toml(), plan.resolved_toml()) << entry->name;
  }
}

TEST(Plan, HashesWhatDecidesTheResult) {
  const std::string hash = last_plan(kBlobs).hash();
  EXPECT_EQ(hash.size(), 64u);
  EXPECT_EQ(last_plan(std::string("# a comment\n") + kBlobs).hash(), hash);
  EXPECT_NE(last_plan(kBlobs, {"federation.rounds=4"}).hash(), hash);
  EXPECT_NE(last_plan(kBlobs, {"seed=4"}).hash(), hash);
}

TEST(Plan, SharesDataBetweenVariantsAndMakesThemAnewForASeed) {
  const Folder folder;
  Request request;
  request.seeds = 2;
  const Experiment experiment = support::read(folder, kBlobs, request);
  EXPECT_EQ(experiment.plans[0].source_key, experiment.plans[1].source_key);
  EXPECT_NE(experiment.plans[0].source_key, experiment.plans[2].source_key);
}

TEST(Plan, CountsSeedsUpToTheLastOne) {
  Request request;
  request.seeds = 2;
  EXPECT_EQ(error_of(edited(kBlobs, "seed = 3", "seed = 9223372036854775807"), request), "--seeds: seed must be >= 0, got -1");
}

TEST(Plan, RefusesKnowledgeThatIsNotGranted) {
  const Place place{"exp.toml", 19, 3};
  EXPECT_EQ(detail::knowledge_fault("ipm", attack::Level::benign, attack::Level::benign, place, {}).message, "");
  const detail::KnowledgeFault fault =
      detail::knowledge_fault("ipm", attack::Level::benign, attack::Level::own, place, {"alie", "sign_flip"});
  EXPECT_EQ(fault.message, "attack 'ipm' needs the benign updates, and knowledge = \"own\" (line 19) does not grant them");
  EXPECT_EQ(fault.hint, "set knowledge = \"benign\", or take one that does without: alie, sign_flip");
  EXPECT_EQ(detail::knowledge_fault("tailored", attack::Level::server, attack::Level::benign, {}, {}).message,
            "attack 'tailored' needs the server's defense, and knowledge = \"benign\" does not grant them");
}

TEST(Plan, FileNamesAreHarmless) {
  for (const char* good : {"a", "quickstart", "9.5-run_b", "a..b"}) EXPECT_TRUE(is_file_name(good)) << good;
  for (const char* bad : {"", ".", "..", "../x", "/x", "-x", "A", "a b", "a\nb", "\xc3\xa4"})
    EXPECT_FALSE(is_file_name(bad)) << bad;
  EXPECT_FALSE(is_file_name(std::string(65, 'a')));
  EXPECT_FALSE(is_file_name(std::string("a\0b", 3)));
}

TEST(Plan, AMissingFileIsAConfigurationFault) {
  Request request;
  request.file = "/nonexistent/exp.toml";
  EXPECT_THROW(read_experiment(request), ConfigError);
}

}  // namespace
}  // namespace tocsin::lab
