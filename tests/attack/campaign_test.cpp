// SPDX-License-Identifier: Apache-2.0
// When an attacker attacks, what it remembers and guesses, what it adds: shared by every method that trains.
#include <gtest/gtest.h>

#include <cmath>

#include "support/attacker.h"
#include "support/rows.h"
#include "tocsin/attack/parts/campaign.h"
#include "tocsin/attack/parts/target_loss.h"
#include "tocsin/attack/registry.h"

namespace tocsin::attack {
namespace {
using support::Attacker;

std::vector<double> clean(Attacker& place) {
  const auto none = support::make(*attacks().find("none"));
  place.run(*none);
  return place.update.rows().row(0);
}
std::vector<double> sent(Attacker& place, const std::string& attack, const std::string& options, std::string* note = nullptr) {
  const auto made = support::make(*attacks().find(attack), options);
  Sent result = place.run(*made);
  place.memory = std::move(result.memory);
  if (note != nullptr) *note = result.note;
  return place.update.rows().row(0);
}

TEST(Schedule, NamesItsRoundsByStartPeriodAndStop) {
  const auto rounds = [](std::size_t start, std::size_t period, std::optional<std::size_t> stop = std::nullopt) {
    Schedule schedule;
    schedule.start = start;
    schedule.period = period;
    schedule.stop = stop;
    std::vector<std::size_t> due;
    for (std::size_t t = 1; t <= 12; ++t)
      if (schedule.is_due(t)) due.push_back(t);
    return due;
  };
  using Rounds = std::vector<std::size_t>;
  EXPECT_EQ(rounds(1, 1).size(), 12U);
  EXPECT_EQ(rounds(10, 1), (Rounds{10, 11, 12}));
  EXPECT_EQ(rounds(2, 4), (Rounds{2, 6, 10}));
  EXPECT_EQ(rounds(3, 1, 2), (Rounds{3, 4}));
  EXPECT_EQ(rounds(3, 3, 4), (Rounds{3, 6}));
}

TEST(Schedule, SendsTheCleanUpdateToTheByteWhereItRests) {
  for (const std::string attack :
       {"explicit_boosting", "implicit_boosting", "joint", "alternating_minimization", "data_poisoning", "untargeted"}) {
    Attacker place;
    place.round.index = 3;
    const std::vector<double> benign = clean(place);
    std::string note;
    EXPECT_EQ(sent(place, attack, "schedule = { start = 4 }", &note), benign) << attack;
    EXPECT_EQ(note, "not scheduled: sent its clean update");
    place.memory = {};  // of the same round
    EXPECT_NE(sent(place, attack, "schedule = { start = 3 }", &note), benign) << attack;
  }
}

TEST(Schedule, HoldsOffFromTheConfidenceOnThatIsAskedFor) {
  Attacker place;
  const std::vector<double> benign = clean(place);
  AttackPlace at{.training = {.network = *place.network, .data = *place.problem.train, .samples = place.samples, .stop = {}},
                 .small = *place.small,
                 .benign = place.training,
                 .target_data = *place.problem.test,
                 .targets = place.targets,
                 .round = place.round};
  const double confidence = target_confidence(at, place.round.global);
  ASSERT_GT(confidence, 0.0);
  ASSERT_LT(confidence, 1.0);
  std::string note;
  const auto hold_off = [](double at_confidence) { return fmt::format("schedule = {{ hold_off = {:.17g} }}", at_confidence); };
  EXPECT_EQ(sent(place, "explicit_boosting", hold_off(confidence), &note), benign);
  EXPECT_EQ(note, fmt::format("held off at confidence {:.4f}: sent its clean update", confidence));
  EXPECT_NE(sent(place, "explicit_boosting", hold_off(confidence * 1.001), &note), benign);
  EXPECT_EQ(note, "");
}

TEST(TargetConfidence, IsTheMeanProbabilityOfTheWantedLabels) {
  Attacker place;
  clean(place);
  AttackPlace at{.training = {.network = *place.network, .data = *place.problem.train, .samples = place.samples, .stop = {}},
                 .small = *place.small,
                 .benign = place.training,
                 .target_data = *place.problem.test,
                 .targets = place.targets,
                 .round = place.round};
  const Updates zero(1, place.architecture.parameters(), Element::float64);
  EXPECT_NEAR(target_confidence(at, zero.rows()), 1.0 / 3.0, 1e-15);
}

TEST(Estimate, RunsWithoutOneBeforeTheSecondParticipationAndSaysSo) {
  for (const std::string kind : {"pre", "post"}) {
    Attacker place, plain;
    std::string note;
    const std::vector<double> first = sent(place, "explicit_boosting", "estimate = '" + kind + "'", &note);
    EXPECT_EQ(first, sent(plain, "explicit_boosting", ""));
    EXPECT_EQ(note, "no estimate of the others before its second participation");
    Participation last;
    load(last, place.memory);
    EXPECT_EQ(last.round, 1);
    EXPECT_EQ(last.global, place.global.rows().row(0));
    EXPECT_EQ(last.sent, first);
    EXPECT_EQ(last.share, 0.2);
    EXPECT_TRUE(plain.memory.fields.empty()) << "nothing is remembered where nothing is guessed";
  }
}

TEST(Estimate, IsExactUnderAMeanWhereTheOthersRepeatThemselves) {
  // Three rounds in which the others move the model by v: w' = w + v + alpha delta. The attacker takes part in the first and last.
  Attacker place;
  const std::size_t d = place.architecture.parameters();
  std::vector<double> v(d);
  for (std::size_t j = 0; j < d; ++j) v[j] = 0.01 * static_cast<double>(j) - 0.05;
  const std::vector<double> w = place.global.rows().row(0), first = sent(place, "explicit_boosting", "estimate = 'post'");
  std::vector<double> now(d);
  for (std::size_t j = 0; j < d; ++j) now[j] = w[j] + 2 * v[j] + 0.2 * first[j];
  place.global.rows().assign(0, now);
  place.round.index = 3;
  Participation last;
  load(last, place.memory);
  const std::vector<double> others = last.others(place.round.global, 3);
  for (std::size_t j = 0; j < d; ++j) EXPECT_NEAR(others[j], v[j], 1e-14);

  // post: the average lands on what was learnt from w although the others move it by v; pre: on what was learnt from w + v.
  Attacker alone;
  alone.global.rows().assign(0, now);
  const std::vector<double> learnt = sent(alone, "explicit_boosting", "boost = 1");
  const Snapshot memory = place.memory;
  const std::vector<double> post = sent(place, "explicit_boosting", "estimate = 'post'");
  for (std::size_t j = 0; j < d; ++j) EXPECT_NEAR(now[j] + v[j] + 0.2 * post[j], now[j] + learnt[j], 1e-12);

  place.memory = memory;
  const std::vector<double> pre = sent(place, "explicit_boosting", "estimate = 'pre'");
  std::vector<double> ahead(d);
  for (std::size_t j = 0; j < d; ++j) ahead[j] = now[j] + v[j];
  alone.global.rows().assign(0, ahead);
  const std::vector<double> from_there = sent(alone, "explicit_boosting", "boost = 1");
  for (std::size_t j = 0; j < d; ++j) EXPECT_NEAR(now[j] + v[j] + 0.2 * pre[j], ahead[j] + from_there[j], 1e-12);
  EXPECT_NE(pre, post);
}

TEST(Estimate, TakesARowThatIsNotFiniteAsSetAside) {
  Attacker place;
  sent(place, "explicit_boosting", "estimate = 'post'\nboost = 1e300\nsteps = 1\nlearning_rate = 1e300");
  Participation last;
  load(last, place.memory);
  EXPECT_EQ(last.sent, std::vector<double>(place.architecture.parameters(), 0.0));
  place.round.index = 2;
  for (const double value : sent(place, "explicit_boosting", "estimate = 'post'")) EXPECT_TRUE(std::isfinite(value));
}

TEST(Distance, IsLeftOutBeforeTheSecondParticipation) {
  for (const std::string attack : {"joint", "alternating_minimization"}) {
    Attacker place, free;
    std::string note;
    EXPECT_EQ(sent(place, attack, "distance = { anchor = 'previous_others', weight = 10 }", &note),
              sent(free, attack, "distance = { anchor = 'none' }"))
        << attack;
    EXPECT_EQ(note, "no estimate of the others before its second participation");
    place.round.index = free.round.index = 2;
    EXPECT_NE(sent(place, attack, "distance = { anchor = 'previous_others', weight = 10 }"),
              sent(free, attack, "distance = { anchor = 'none' }"))
        << attack;
  }
}

/// What is noted of the second round, the first one with an estimate.
std::string second_note(Attacker& place, const std::string& attack, const std::string& options) {
  sent(place, attack, options);
  place.round.index = 2;
  std::string note;
  sent(place, attack, options, &note);
  return note;
}

TEST(Estimate, IsFlaggedAsAGuessWhereRowsAreAppliedWhole) {
  Attacker place;
  place.round.rows_applied_whole = true;
  EXPECT_EQ(second_note(place, "explicit_boosting", "estimate = 'pre'"), "its estimate of the others is a guess under this rule");
}

TEST(Estimate, IsFlaggedAsAGuessBesideTheServersMomentum) {
  Attacker place;
  place.round.server_momentum = true;
  EXPECT_EQ(second_note(place, "implicit_boosting", "estimate = 'post'"),
            "its estimate of the others is a guess beside the server's momentum");
}

TEST(Estimate, RefusesAMemoryOfTheFuture) {
  Participation last;
  last.round = 4;
  last.global = last.sent = {0.0};
  const Updates now = support::rows({{1}});
  EXPECT_EQ(support::error_of([&] { static_cast<void>(last.others(now.rows(), 4)); }),
            "estimate: round 4 of 1 coordinates does not precede round 4 of 1");
}

TEST(AddBenign, AddsTheOwnCleanUpdateAfterBoosting) {
  Attacker place;
  const std::vector<double> benign = clean(place), plain = sent(place, "explicit_boosting", ""),
                            both = sent(place, "explicit_boosting", "add_benign = true");
  for (std::size_t j = 0; j < plain.size(); ++j) EXPECT_EQ(both[j], plain[j] + benign[j]);
}

TEST(Boost, IsSharedByThoseWhoCollude) {
  Attacker place;
  const std::vector<double> alone = sent(place, "explicit_boosting", "boost = 5");
  EXPECT_EQ(sent(place, "explicit_boosting", ""), alone) << "1 / 0.2";
  place.round.coalition = 0.4;
  EXPECT_EQ(sent(place, "explicit_boosting", ""), sent(place, "explicit_boosting", "boost = 2.5"));
}

TEST(Sham, IsHonestWithOtherStreams) {
  Attacker place;
  const std::vector<double> benign = clean(place), sham = sent(place, "sham", "");
  EXPECT_NE(sham, benign);
  double distance = 0, length = 0;
  for (std::size_t j = 0; j < sham.size(); ++j) {
    distance += (sham[j] - benign[j]) * (sham[j] - benign[j]);
    length += benign[j] * benign[j];
  }
  EXPECT_LT(distance, 0.1 * length) << "the same training in another order";
}

TEST(DataPoisoning, EqualsBenignTrainingOnTheEnlargedShard) {
  Attacker place;
  data::Dataset enlarged = *place.problem.train;
  std::vector<std::uint32_t> samples = place.samples;
  const std::vector<std::uint32_t> indices = indices_of(place.targets);
  data::Dataset targets = data::subset(*place.problem.test, indices);
  for (std::size_t i = 0; i < place.targets.size(); ++i) targets.labels[i] = place.targets[i].wanted;
  const auto first = static_cast<std::uint32_t>(enlarged.size());
  data::append(enlarged, targets);
  for (int copy = 0; copy < 4; ++copy)
    for (std::uint32_t i = 0; i < indices.size(); ++i) samples.push_back(first + i);
  Updates expected(1, place.architecture.parameters(), Element::float64);
  benign_update(
      place.training,
      {.network = *place.network, .data = enlarged, .samples = samples, .round = 1, .stream = Stream(3).at("client"), .stop = {}},
      place.round.global, expected.rows());
  EXPECT_EQ(sent(place, "data_poisoning", "copies = 4"), expected.rows().row(0));
}

TEST(AlternatingMinimization, SkipsStepsOnTargetsThatAreLearnt) {
  Attacker place;
  const std::string none = "distance = { anchor = 'none' }\nepochs = 1\n";
  nn::LocalTraining once = place.training;
  once.epochs = 1;
  place.training = once;
  EXPECT_EQ(sent(place, "alternating_minimization", none + "tolerance = 1e9"), clean(place));
  EXPECT_NE(sent(place, "alternating_minimization", none), clean(place));
}

TEST(AlternatingMinimization, CountsItsOwnSamplesAndItsTargets) {
  Attacker place;
  const auto attack = support::make(*attacks().find("alternating_minimization"), "epochs = 2\nstealth_steps = 2\nbatch = 7");
  const Sent result = place.run(*attack);
  EXPECT_EQ(result.report.steps, 6U) << "batches of 7, 7 and 6, twice";
  EXPECT_EQ(result.report.samples, 2 * 20 + 3 * 2U) << "and three steps on two targets";
}

TEST(Joint, IsPulledToItsAnchorByTheWeightOfTheDistance) {
  Attacker place;
  const std::string options = "epochs = 1\ndistance = { anchor = 'own_benign', form = 'half_squared', weight = ";
  const std::vector<double> free = sent(place, "joint", options + "0 }"), weak = sent(place, "joint", options + "1e-3 }"),
                            strong = sent(place, "joint", options + "1 }"), benign = clean(place);
  const auto distance = [&](const std::vector<double>& row) {
    double sum = 0;
    for (std::size_t j = 0; j < row.size(); ++j) sum += (row[j] - benign[j]) * (row[j] - benign[j]);
    return sum;
  };
  EXPECT_LT(distance(weak), distance(free));
  EXPECT_LT(distance(strong), distance(weak));
}

TEST(Untargeted, RaisesTheLossItTrainsOn) {
  Attacker place;
  const std::vector<double> update = sent(place, "untargeted", "boost = 1");
  const auto loss = [&](double factor) {
    std::vector<double> parameters = place.global.rows().row(0);
    for (std::size_t j = 0; j < parameters.size(); ++j) parameters[j] += factor * update[j];
    place.network->load(support::rows({parameters}, Element::float64).rows());
    return nn::evaluate(*place.network, *place.problem.train, place.samples).loss;
  };
  EXPECT_GT(loss(1.0), loss(0.0));
  EXPECT_LT(loss(-0.1), loss(0.0));
}

TEST(Options, RefuseWhatAMethodDoesNotUseOrCannotMean) {
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"explicit_boosting", "epochs = 3"},
      {"explicit_boosting", "distance = { weight = 1 }"},
      {"implicit_boosting", "boost = 10"},
      {"implicit_boosting", "scope = 'weights'"},
      {"joint", "steps = 5"},
      {"joint", "stealth_steps = 5"},
      {"joint", "order = 'stealth_first'"},
      {"alternating_minimization", "steps = 5"},
      {"alternating_minimization", "stealth_steps = 0"},
      {"alternating_minimization", "distance = { anchor = 'none', weight = 1e-3 }"},
      {"alternating_minimization", "distance = { anchor = 'mean' }"},
      {"alternating_minimization", "schedule = { hold_off = 0 }"},
      {"alternating_minimization", "schedule = { hold_off = 1.5 }"},
      {"alternating_minimization", "schedule = { start = 0 }"},
      {"alternating_minimization", "schedule = { end = 3 }"},
      {"alternating_minimization", "estimate = 'both'"},
      {"alternating_minimization", "boost = 1\nscope = 'weights'\ndistance = { anchor = 'none' }"},
      {"joint", "boost = 1\nscope = 'weights'\ndistance = { anchor = 'none' }"},
      {"data_poisoning", "boost = 10"},
      {"data_poisoning", "copies = 0"},
      {"data_poisoning", "estimate = 'pre'"},
      {"untargeted", "schedule = { hold_off = 0.5 }"},
      {"untargeted", "dropout = false"},
      {"sham", "epochs = 1"}};
  for (const auto& [attack, options] : bad)
    EXPECT_THROW(support::make(*attacks().find(attack), options), ConfigError) << attack << ": " << options;
}

}  // namespace
}  // namespace tocsin::attack
