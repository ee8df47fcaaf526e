// SPDX-License-Identifier: Apache-2.0
// Expectations: how they are read, and what hand-made records come to.
#include "tocsin/lab/expect.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "support/experiment.h"
#include "support/rows.h"
#include "tocsin/lab/recorder.h"

namespace tocsin::lab {
namespace {
using Statistic = Measure::Statistic;

/// Four rounds; client 2 of the cohort is malicious in rounds 1, 2 and 4.
std::vector<Table> records() {
  std::vector<Table> records;
  for (
      const char* line :
      {R"({"round":1,"target_confidence":0.5,"cohort":[0,2,3],"malicious":[2],"update_norms":[1,9,3],"selected":[2],"stealth":{"accuracy_check":{"passed":true}}})",
       R"({"round":2,"target_confidence":0.95,"cohort":[0,2,3],"malicious":[2],"update_norms":[2,8,4],"selected":[0],"stealth":{"accuracy_check":{"passed":false}}})",
       R"({"round":3,"target_confidence":"nan","cohort":[0,1,3],"malicious":[],"update_norms":[1,7,3],"selected":[1]})",
       R"({"round":4,"target_confidence":0.75,"cohort":[0,2,3],"malicious":[2],"update_norms":[5,null,6],"selected":[0,2],"stealth":{"accuracy_check":{"passed":null}}})"})
    records.push_back(parse_record(line));
  return records;
}

Measure measure(const std::string& field, Statistic statistic) {
  Measure result;
  result.field = field;
  result.statistic = statistic;
  return result;
}

/// `where value > bound`.
Measure above(Measure result, double bound) {
  result.where = Comparison::more;
  result.where_low = bound;
  return result;
}

Measure within(Measure result, std::size_t from, std::size_t to) {
  result.from = from;
  result.to = to;
  return result;
}

TEST(Expect, EachStatisticIsWhatItsNameSays) {
  const std::vector<Table> all = records();
  Measure confidence = measure("target_confidence", Statistic::last);
  EXPECT_EQ(evaluate(confidence, all), 0.75);
  confidence.statistic = Statistic::at;
  confidence.round = 2;
  EXPECT_EQ(evaluate(confidence, all), 0.95);
  EXPECT_EQ(evaluate(within(measure("target_confidence", Statistic::max), 1, 2), all), 0.95);
  EXPECT_EQ(evaluate(within(measure("target_confidence", Statistic::min), 1, 2), all), 0.5);
  EXPECT_EQ(evaluate(within(measure("target_confidence", Statistic::mean), 1, 2), all), 0.725);
  EXPECT_EQ(evaluate(above(measure("target_confidence", Statistic::count), 0.6), all), 2);
  EXPECT_EQ(evaluate(above(measure("target_confidence", Statistic::share), 0.6), all), 0.5);
  EXPECT_EQ(evaluate(above(measure("target_confidence", Statistic::first), 0.6), all), 2);
}

TEST(Expect, WhatNeverHappensIsInfinitelyLateAndWhatIsNotThereIsNoNumber) {
  const std::vector<Table> all = records();
  EXPECT_EQ(evaluate(above(measure("target_confidence", Statistic::first), 0.99), all), HUGE_VAL);
  EXPECT_TRUE(std::isnan(evaluate(measure("validation_accuracy", Statistic::last), all)));
  EXPECT_TRUE(std::isnan(evaluate(above(measure("validation_accuracy", Statistic::count), 0.0), all)));
  Measure late = measure("target_confidence", Statistic::at);
  late.round = 9;
  EXPECT_TRUE(std::isnan(evaluate(late, all)));
}

TEST(Expect, ANumberThatIsNoneSpoilsAMeanAndNoCount) {
  const std::vector<Table> all = records();
  EXPECT_TRUE(std::isnan(evaluate(measure("target_confidence", Statistic::mean), all)));
  EXPECT_TRUE(std::isnan(evaluate(measure("target_confidence", Statistic::max), all)));
  EXPECT_EQ(evaluate(above(measure("target_confidence", Statistic::count), -1.0), all), 3);
}

TEST(Expect, FlagsAreZeroAndOneAndNullIsLeftOut) {
  EXPECT_EQ(evaluate(measure("stealth.accuracy_check.passed", Statistic::mean), records()), 0.5);
}

TEST(Expect, AListOverTheCohortIsReadByWhoseItIs) {
  const std::vector<Table> all = records();
  Measure norms = within(measure("update_norms", Statistic::mean), 1, 2);
  EXPECT_EQ(evaluate(norms, all), 8.5);
  norms.of = Whose::benign;
  EXPECT_EQ(evaluate(norms, all), 2.5);
  norms.of = Whose::lowest_benign;
  EXPECT_EQ(evaluate(norms, all), 1.5);
  norms.of = Whose::highest_benign;
  EXPECT_EQ(evaluate(norms, all), 3.5);
  norms = measure("update_norms", Statistic::last);  // nothing of the attacker's in rounds 3 and 4
  EXPECT_EQ(evaluate(norms, all), 8);
}

TEST(Expect, SelectedIsTheShareOfThoseClientsThatWere) {
  const std::vector<Table> all = records();
  EXPECT_DOUBLE_EQ(evaluate(measure("selected", Statistic::mean), all), 2.0 / 3.0);
  Measure benign = within(measure("selected", Statistic::last), 1, 2);
  benign.of = Whose::benign;
  EXPECT_EQ(evaluate(benign, all), 0.5);
}

TEST(Expect, RoundsCanBeThoseWithOrWithoutTheAttacker) {
  Measure rounds = above(measure("update_norms", Statistic::count), 0.0);
  rounds.of = Whose::benign;
  EXPECT_EQ(evaluate(rounds, records()), 4);
  rounds.among = Measure::Rounds::quiet;
  EXPECT_EQ(evaluate(rounds, records()), 1);
  rounds.among = Measure::Rounds::attacked;
  EXPECT_EQ(evaluate(rounds, records()), 3);
}

TEST(Expect, NothingHoldsWithoutANumber) {
  for (const Comparison is :
       {Comparison::less, Comparison::at_most, Comparison::more, Comparison::at_least, Comparison::equal, Comparison::between}) {
    EXPECT_FALSE(holds(NAN, is, 1, 2));
    EXPECT_FALSE(holds(1, is, NAN, NAN));
  }
  EXPECT_TRUE(holds(2, Comparison::between, 1, 2));
  EXPECT_FALSE(holds(2.5, Comparison::between, 1, 2));
}

/// One record that says so.
std::vector<Table> of_confidence(double value) {
  return {parse_record(fmt::format(R"({{"round":1,"target_confidence":{},"cohort":[0],"malicious":[]}})", value))};
}

TEST(Expect, SeveralSeedsAreJudgedByTheirMeanOrEachAlone) {
  const std::vector<Table> high = of_confidence(0.75), low = of_confidence(0.25);
  const RecordsOf runs{{{"a", 1}, &high}, {{"a", 2}, &low}};
  Expectation expectation;
  expectation.variants = {"a"};
  expectation.measure = measure("target_confidence", Statistic::last);
  expectation.is = Comparison::more;
  expectation.low = 0.4;
  Outcome outcome = judge(expectation, runs);
  EXPECT_EQ(outcome.measured, (std::vector<double>{0.75, 0.25}));
  EXPECT_EQ(outcome.held, 1u);
  EXPECT_TRUE(outcome.reproduced);
  expectation.every = true;
  EXPECT_FALSE(judge(expectation, runs).reproduced);
}

TEST(Expect, AReferenceIsTakenFromTheSameSeed) {
  const std::vector<Table> one = of_confidence(0.5), two = of_confidence(0.75), low = of_confidence(0.25);
  const RecordsOf runs{{{"a", 1}, &two}, {{"a", 2}, &one}, {{"b", 1}, &one}, {{"b", 2}, &low}};
  Expectation expectation;
  expectation.variants = {"a"};
  expectation.measure = measure("target_confidence", Statistic::last);
  expectation.is = Comparison::at_least;
  expectation.than = Reference{expectation.measure, {"b"}, 1.0, 0.25};
  const Outcome outcome = judge(expectation, runs);
  EXPECT_EQ(outcome.expected, (std::vector<double>{0.75, 0.5}));
  EXPECT_EQ(outcome.held, 2u);
  EXPECT_TRUE(outcome.reproduced);
  expectation.than->times = 2.0;
  EXPECT_FALSE(judge(expectation, runs).reproduced);
}

TEST(Expect, SeveralVariantsAreSoManyRuns) {
  const std::vector<Table> moved = of_confidence(1.0), stayed = of_confidence(0.0);
  const RecordsOf runs{{{"a", 1}, &moved}, {{"b", 1}, &stayed}, {{"c", 1}, &moved}};
  Expectation expectation;
  expectation.variants = {"a", "b", "c"};
  expectation.measure = measure("target_confidence", Statistic::last);
  expectation.is = Comparison::at_least;
  expectation.low = 0.5;
  EXPECT_EQ(judge(expectation, runs).measured, (std::vector<double>{1, 0, 1}));
  EXPECT_EQ(judge(expectation, runs).held, 2u);
}

TEST(Expect, ARunThatIsMissingIsNotReproduced) {
  Expectation expectation;
  expectation.variants = {"a"};
  expectation.measure = measure("target_confidence", Statistic::last);
  expectation.is = Comparison::less;
  expectation.low = 1;
  const std::vector<Table> one = of_confidence(0.5);
  EXPECT_FALSE(judge(expectation, {{{"b", 1}, &one}}).reproduced);
}

/// A good file with one expectation, of which a piece is replaced; the first line of the error, or "fine".
std::string said(const std::string& from = "", const std::string& to = "", bool small = false) {
  const support::Folder folder;
  std::string text = std::string(support::kBlobs) + R"([small]
federation.rounds = 2
[[variant]]
name = "late"
size = "full"
[[expect]]
claim = "it learns"
variant = "clean"
field = "test_accuracy"
statistic = "max"
is = ">"
value = 0.9
)";
  if (!from.empty()) text = support::edited(text, from, to);
  try {
    Request request;
    request.small = small;
    support::read(folder, text, request);
  } catch (const ConfigError& error) {
    std::string line = support::lines_of(error.what()).front();
    return line.starts_with(folder.path()) ? line.substr(folder.path().size() + 1) : line;
  }
  return "fine";
}

TEST(Expect, AGoodFileIsReadInBothSizes) {
  EXPECT_EQ(said(), "fine");
  EXPECT_EQ(said("", "", true), "fine");
}

TEST(Expect, EachFaultHasItsPlaceAndTheNearestName) {
  EXPECT_EQ(said("test_accuracy", "test_acuracy"),
            "exp.toml:38:9: records have no field 'test_acuracy'; did you mean 'test_accuracy'?");
  EXPECT_EQ(said("\"test_accuracy\"", "\"malicious_range\""),
            "exp.toml:38:9: records have no field 'malicious_range'; did you mean 'stealth.accuracy_check.malicious_range' or "
            "'stealth.accuracy_check_printed.malicious_range' or 'stealth.distance_band.malicious_range'?");
  EXPECT_EQ(said("variant = \"clean\"", "variant = \"claen\""),
            "exp.toml:37:11: unknown variant 'claen'; known: clean, attacked, late; did you mean 'clean'?");
  EXPECT_EQ(said("variant = \"clean\"", "variant = [\"clean\", \"late\"]"),
            "exp.toml:37:11: variant 'late' does not run in the small size; size = \"full\"");
  EXPECT_EQ(said("variant = \"clean\"\n", ""),
            "exp.toml:35:1: 'variant' is required in [expect] entry 1: the file has some; one of clean, attacked, late");
  EXPECT_EQ(said("statistic = \"max\"", "statistic = \"at\""), "exp.toml:39:13: 'at' needs 'round'");
  EXPECT_EQ(said("statistic = \"max\"", "statistic = \"max\"\nround = 2"),
            "exp.toml:40:9: 'round' has no effect: only statistic = \"at\" has one");
  EXPECT_EQ(said("statistic = \"max\"", "statistic = \"count\""),
            "exp.toml:39:13: count, share and first need 'where'; where = { is = \">\", value = 0.9 }");
  EXPECT_EQ(said("statistic = \"max\"", "statistic = \"max\"\nof = \"benign\""),
            "exp.toml:40:6: 'of' has no effect: test_accuracy is one number a round");
  EXPECT_EQ(said("statistic = \"max\"", "statistic = \"max\"\nrounds = [3, 1]"),
            "exp.toml:40:10: 'rounds' must be [from] or [from, to], counted from 1");
  EXPECT_EQ(said("value = 0.9", ""), "exp.toml:35:1: 'value' is required in [expect] entry 1");
  EXPECT_EQ(said("value = 0.9", "value = [1, 2]"), "exp.toml:41:9: expected a number, got an array");
  EXPECT_EQ(said("is = \">\"", "is = \"between\""), "exp.toml:41:9: is = \"between\" needs value = [least, largest]");
  EXPECT_EQ(said("value = 0.9", "value = 0.9\nthan = { variant = \"attacked\" }"),
            "exp.toml:41:9: 'value' and 'than' cannot both stand here");
  EXPECT_EQ(said("value = 0.9", "than = { varaint = \"attacked\" }").substr(0, 41), "exp.toml:41:10: unknown key 'varaint' in ");
}

TEST(Expect, ItIsNoPartOfThePlan) {
  const support::Folder folder;
  const Experiment plain = support::read(folder, support::kBlobs);
  const Experiment claimed = support::read(folder, std::string(support::kBlobs) + R"([[expect]]
claim = "it learns"
variant = "clean"
field = "test_accuracy"
statistic = "last"
is = ">"
value = 0.9
)");
  ASSERT_EQ(claimed.expectations.size(), 1u);
  EXPECT_EQ(plain.plans[0].hash(), claimed.plans[0].hash());
  EXPECT_EQ(plain.plans[0].resolved_toml(), claimed.plans[0].resolved_toml());
}

TEST(Expect, EveryNumberOfARecordMayBeNamed) {
  const support::Folder folder;
  const auto results = support::run(folder,
                                    support::edited(support::kBlobs, "rule = \"median\"", "rule = \"krum\"") +
                                        "[[variant]]\nname = \"last\"\nset = { partition.clients = 5 }\n",
                                    "runs", 2, [] {
                                      Request request;
                                      request.variant = "last";
                                      return request;
                                    }());
  std::set<std::string> known;
  for (const RecordField& field : record_fields()) known.insert(field.name);
  const std::set<std::string> no_field{"round", "cohort", "malicious", "targets", "set_aside", "notes", "held_because"};
  std::set<std::string> seen;
  const auto walk = [&](const Table& table, const std::string& front, auto&& again) -> void {
    for (const Table::Member& member : table.members()) {
      const std::string name = front + member.key;
      if (const Table* inner = member.value.as<Table>())
        again(*inner, name + ".", again);
      else if (no_field.count(name) == 0 && !name.ends_with(".skipped"))
        seen.insert(name);
    }
  };
  for (const Table& record : read_records(FinishedRun(results[0].path))) walk(record, "", walk);
  EXPECT_GT(seen.size(), 10u);
  for (const std::string& name : seen) EXPECT_EQ(known.count(name), 1u) << name;
}

TEST(Expect, TheGapIsBetweenTheBandsOnEitherSide) {
  const auto gap = [](double least, double most) {
    const Table record = parse_record(fmt::format(
        R"({{"stealth":{{"band":{{"malicious_min":{},"malicious_max":{},"benign_min":4,"benign_max":6}}}}}})", least, most));
    return value_in(record, "stealth.band.gap", Whose::malicious);
  };
  EXPECT_EQ(gap(9, 11), 3.0);    // above
  EXPECT_EQ(gap(1, 3.5), 0.5);   // below
  EXPECT_EQ(gap(5.5, 8), -0.5);  // reaches in from above
  EXPECT_EQ(gap(3, 4.25), -0.25);
  EXPECT_EQ(gap(4.5, 5.5), -1.5);  // within
  EXPECT_EQ(gap(3, 9), -3.0);      // around it
  EXPECT_EQ(value_in(parse_record(R"({"stealth":{"band":{"malicious_min":null,"malicious_max":2,"benign_min":1,"benign_max":3}}})"),
                     "stealth.band.gap", Whose::malicious),
            std::nullopt);
}

TEST(Expect, RecordsThatDoNotFitTheirDoneAreRefused) {
  const support::Folder folder;
  const std::string path = support::run(folder, support::kBlobs)[0].path;
  EXPECT_EQ(read_records(FinishedRun(path)).size(), 3u);
  std::ofstream(path + "/records.jsonl", std::ios::app) << "{}\n";
  EXPECT_NE(support::error_of([&] { read_records(FinishedRun(path)); }).find("is not the one that DONE names"), std::string::npos);
  std::ofstream(path + "/resolved.toml", std::ios::app) << "# edited\n";
  EXPECT_NE(support::error_of([&] { (void)FinishedRun(path).resolved(); }).find("is not the one that DONE names"),
            std::string::npos);
}

TEST(Expect, RecordsMayNotBeNestedWithoutEnd) {
  const auto nested = [](std::size_t depth) { return R"({"a":)" + std::string(depth, '[') + std::string(depth, ']') + "}"; };
  EXPECT_NO_THROW(parse_record(nested(31)));
  EXPECT_EQ(support::error_of([&] { parse_record(nested(200'000), "records.jsonl", 4); }),
            "records.jsonl: line 4: more than 32 lists and objects within each other");
}

}  // namespace
}  // namespace tocsin::lab
