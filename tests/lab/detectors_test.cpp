// SPDX-License-Identifier: Apache-2.0
// The detectors of a plan: the standard ones, listed ones in their place or beside them, labels, and resolved.toml.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/experiment.h"
#include "tocsin/lab/estimate.h"

namespace tocsin::lab {
namespace {
using support::edited;
using support::Folder;
using support::kBlobs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// The experiment with these lines in [defense].
std::string with(const std::string& lines) { return edited(kBlobs, "rule = \"median\"", "rule = \"median\"\n" + lines); }

std::vector<std::string> labels(const std::string& text) {
  const Folder folder;
  std::vector<std::string> result;
  const Experiment experiment = support::read(folder, text);
  for (const PlannedDetector& one : experiment.plans[0].detectors) result.push_back(one.label);
  return result;
}

std::string fault(const std::string& text) {
  try {
    labels(text);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "fine";
}

TEST(Detectors, AreTheStandardOnesInTheOrderOfTheRegistry) {
  std::vector<std::string> standard;
  for (const Entry<defense::Detector>* entry : defense::detectors())
    if (entry->facts.standard) standard.emplace_back(entry->name);
  EXPECT_EQ(labels(kBlobs), standard);
  EXPECT_GE(standard.size(), 6U);
}

TEST(Detectors, MayBeSwitchedOffAndListedOneByOne) {
  EXPECT_THAT(labels(with("standard_detectors = false")), ElementsAre());
  EXPECT_THAT(labels(with("standard_detectors = false\ndetectors = [\"sparsity\", { name = \"norm\" }]")),
              ElementsAre("sparsity", "norm"));
}

TEST(Detectors, TakeThePlaceOfTheStandardOneOfTheirLabel) {
  EXPECT_EQ(labels(with("detectors = [{ name = \"norm\" }, { name = \"distance_band\", kappa = 2 }]")), labels(kBlobs));
  std::vector<std::string> more = labels(kBlobs);
  more.emplace_back("whole");
  EXPECT_EQ(labels(with("detectors = [{ name = \"accuracy_check\", label = \"whole\", samples = \"all\" }]")), more);
}

TEST(Detectors, StandInResolvedTomlWithEveryOptionAndReadBackToTheSame) {
  const Folder folder;
  const std::string text = with("detectors = [{ name = \"accuracy_check\", label = \"whole\", samples = \"all\", gamma = 0.2 }]");
  const Experiment first = support::read(folder, text);
  const std::string resolved = first.plans[0].resolved_toml();
  EXPECT_THAT(resolved, HasSubstr("{ name = \"accuracy_check\", label = \"accuracy_check\", samples = 250, gamma = 0.1 }"));
  EXPECT_THAT(resolved, HasSubstr("{ name = \"accuracy_check\", label = \"whole\", samples = \"all\", gamma = 0.2 }"));
  EXPECT_THAT(resolved, HasSubstr("standard_detectors = true"));
  const Experiment again = support::read(folder, resolved);
  EXPECT_EQ(again.plans[0].resolved_toml(), resolved);
  EXPECT_EQ(again.plans[0].detectors.size(), first.plans[0].detectors.size());
}

TEST(Detectors, ThatAreAskedForGetTheRowsThatAMeanWouldFold) {
  const Folder folder;
  const auto plan = [&](const std::string& text) {
    return std::move(support::read(folder, edited(text, "rule = \"median\"", "rule = \"mean\"")).plans[0]);
  };
  const auto again = [&](const Plan& first) { return std::move(support::read(folder, first.resolved_toml()).plans[0]); };
  const Plan standard = plan(kBlobs), named = plan(with("detectors = [\"norm\"]")),
             other = plan(with("detectors = [{ name = \"norm\", label = \"length\" }]")),
             alone = plan(with("standard_detectors = false\ndetectors = [\"norm\"]"));
  EXPECT_FALSE(standard.federation.keep_rows);
  EXPECT_FALSE(again(standard).federation.keep_rows) << "resolved.toml lists the standard ones";
  for (const Plan* one : {&named, &other, &alone}) {
    EXPECT_EQ(one->federation.keep_rows, true);
    EXPECT_EQ(again(*one).federation.keep_rows, true);
    EXPECT_EQ(again(*one).resolved_toml(), one->resolved_toml());
  }
  EXPECT_THAT(named.resolved_toml(), HasSubstr("keep_rows = true")) << "or it would be the plan of the standard ones";
  EXPECT_NE(named.hash(), standard.hash());
  EXPECT_FALSE(std::move(support::read(folder, with("detectors = [\"norm\"]")).plans[0]).federation.keep_rows)
      << "the median keeps them";
}

TEST(Detectors, ThatAreAskedForAreRefusedWhereRowsAreLetGo) {
  const auto folding = [](const std::string& detectors) {
    return edited(edited(with(detectors), "rule = \"median\"", "rule = \"mean\""), "rounds = 3", "rounds = 3\nkeep_rows = false");
  };
  EXPECT_EQ(fault(folding("standard_detectors = true")), "fine");
  EXPECT_THAT(fault(folding("detectors = [\"norm\"]")),
              HasSubstr("detector 'norm' looks at the rows of a round, and keep_rows = false lets them go as they finish"));
  const std::string capped =
      edited(folding("detectors = [\"norm\"]"), "rule = \"mean\"", "rule = { name = \"mean\", weights = \"capped\" }");
  EXPECT_EQ(fault(capped), "fine") << "a capped mean keeps its rows";
}

TEST(Detectors, AreReplacedAsAWholeByAVariant) {
  const Folder folder;
  const std::string text = edited(with("detectors = [{ name = \"norm\", label = \"mine\" }]"), "name = \"attacked\"",
                                  "name = \"attacked\"\nset = { defense.detectors = [{ name = \"norm\", label = \"yours\" }] }");
  const Experiment experiment = support::read(folder, text);
  EXPECT_EQ(experiment.plans[0].detectors.back().label, "mine");
  EXPECT_EQ(experiment.plans[1].detectors.back().label, "yours");
}

TEST(Detectors, NeedLabelsOfTheirOwn) {
  EXPECT_THAT(fault(with("detectors = [\"norm\", \"norm\"]")), HasSubstr("detector 'norm' is listed twice"));
  EXPECT_THAT(fault(with("detectors = [{ name = \"norm\", label = \"x\" }, { name = \"sparsity\", label = \"x\" }]")),
              HasSubstr("detector 'x' is listed twice"));
  EXPECT_THAT(fault(with("detectors = [{ name = \"norm\", label = \"accuracy_check_printed\" }]")),
              HasSubstr("two detectors would stand in the records as 'accuracy_check_printed'"));
  EXPECT_THAT(fault(with("detectors = [{ name = \"norm\", label = \"band\" }]")),
              HasSubstr("two detectors would stand in the records as 'band'"));
  EXPECT_THAT(fault(with("detectors = [{ name = \"norm\", label = \"a b\" }]")), HasSubstr("'a b' cannot be a label"));
}

TEST(Detectors, AreReadStrictly) {
  EXPECT_THAT(fault(with("detectors = [{ name = \"norm\", gamma = 1 }]")), HasSubstr("unknown key 'gamma'"));
  EXPECT_THAT(fault(with("detectors = [{ name = \"accuracy_check\", gamma = 2 }]")), HasSubstr("gamma must be in [0, 1], got 2"));
  EXPECT_THAT(fault(with("detectors = [{ name = \"accuracy_check\", samples = 0 }]")), HasSubstr("samples must be >= 1, got 0"));
  EXPECT_THAT(fault(with("detectors = [{ label = \"x\" }]")), HasSubstr("'name' is required"));
  const std::string unknown = fault(with("detectors = [{ name = \"norms\", gamma = 1, kappa = 2 }]"));
  EXPECT_THAT(unknown, HasSubstr("unknown detector 'norms'"));
  EXPECT_THAT(unknown, ::testing::Not(HasSubstr("unknown key"))) << "its options are neither right nor wrong";
}

TEST(Detectors, ThatExplainAskForNamesThatAreKnown) {
  const auto asking = [](const std::string& options) {
    return fault(with("detectors = [{ name = \"explanation_similarity\"" + options + " }]"));
  };
  EXPECT_EQ(asking(""), "fine");
  EXPECT_EQ(asking(", method = \"lrp_z\", similarity = \"cosine\", neuron = \"own\", kappa = 3.0, images = 4"), "fine");
  EXPECT_THAT(asking(", method = \"gradeint\""),
              AllOf(HasSubstr("unknown method 'gradeint'; known: input, gradient, input_x_gradient, "),
                    HasSubstr("did you mean 'gradient'?"), HasSubstr("exp.toml:")));
  EXPECT_THAT(asking(", similarity = \"ssim\""), HasSubstr("unknown similarity 'ssim'; known: ssim_drawn, pearson"));
  EXPECT_THAT(asking(", neuron = \"target\""), HasSubstr("target"));
  EXPECT_THAT(asking(", images = 0"), HasSubstr("images must be >= 1"));
}

TEST(Detectors, ThatExplainAreRefusedWithoutAHoldOut) {
  EXPECT_THAT(fault(edited(with("detectors = [\"explanation_similarity\"]"), "validation = 40\n", "")),
              HasSubstr("detector 'explanation_similarity' explains models on labelled samples of the server's, and none are held "
                        "out"));
}

TEST(Detectors, ThatExplainAreRefusedOnANetworkTheyDoNotFit) {
  const auto meeting = [](const std::string& options) {
    try {
      support::meet(with("detectors = [{ name = \"explanation_similarity\"" + options + " }]"));
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string("fine");
  };
  EXPECT_EQ(meeting(""), "fine");
  EXPECT_THAT(meeting(", method = \"grad_cam\""), HasSubstr("detector 'explanation_similarity' does not fit network"));
  EXPECT_THAT(meeting(", similarity = \"ssim_drawn\""), HasSubstr("compares neighbours"));
}

TEST(Detectors, ThatExplainAreCountedInTheEstimate) {
  const auto text = [](const std::string& detectors) { return with("standard_detectors = false\n" + detectors); };
  const auto evaluated = [&](const std::string& detectors) {
    const support::Met met = support::meet(text(detectors));
    return round_cost(met.plan, met.setting).evaluated;
  };
  const double without = evaluated("");
  EXPECT_EQ(evaluated("detectors = [\"explanation_similarity\"]"), without + 4 * 16 * 3) << "4 clients; the answer, there and back";
  EXPECT_EQ(evaluated("detectors = [{ name = \"explanation_similarity\", images = 99, method = \"smoothgrad\" }]"),
            without + 4 * 40 * (1 + 2 * 64))
      << "40 are held out";
  const support::Met met = support::meet(text("detectors = [\"explanation_similarity\"]"));
  const MemoryEstimate estimate = estimate_memory(met.plan, met.setting, 2);
  EXPECT_TRUE(std::any_of(estimate.holdings.begin(), estimate.holdings.end(),
                          [](const Holding& one) { return one.reason == "for explanations of models" && one.bytes > 4 * 4 * 8; }));
}

TEST(Detectors, AreCountedInTheMemoryOfARun) {
  const auto held = [](const std::string& text) {
    const Folder folder;
    const Experiment experiment = support::read(folder, text);
    DataShelf shelf;
    const Plan& plan = experiment.plans[1];
    for (const Holding& holding : estimate_memory(plan, make_setting(plan, shelf.get(plan)), 2).holdings)
      if (holding.what == "detectors") return holding.bytes;
    return 0.0;
  };
  EXPECT_EQ(held(kBlobs), 9 * (2 * 8 + 8.0) + 4 * 4 * 8 * (4 + 2.0)) << "two models and a sum of 9 parameters; six [4, 4] matrices";
  EXPECT_EQ(held(with("standard_detectors = false")), 0.0);
}

}  // namespace
}  // namespace tocsin::lab
