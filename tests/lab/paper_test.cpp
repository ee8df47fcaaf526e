// SPDX-License-Identifier: Apache-2.0
// P1, P2, P4, P8 and P9 of Bhagoji et al. in a size of their own: the small one with `mlp`. Asserted is what this size does, in
// bands from seeds 1 to 3 (experiments/bhagoji2019/results/small-mlp-seeds-1-to-3.md; the gaps were measured later); what the paper
// claims is a verdict of `tocsin reproduce`.
#include <gtest/gtest.h>

#include "support/experiment.h"
#include "tocsin/lab/reproduce.h"

namespace tocsin::lab {
namespace {

/// A measured figure of one claim, and where it must lie.
struct Band {
  const char *experiment, *variant, *field;
  Measure::Statistic statistic;
  double least, most;
};

using Statistic = Measure::Statistic;
// Beside each: least and most over the three seeds.
constexpr Band kBands[] = {
    {"P1", "boosting", "target_confidence", Statistic::max, 0.5, 0.97},                      // .71 to .87 by round 3
    {"P1", "boosting", "attack_success_rate", Statistic::last, 1.0, 1.0},                    // 1
    {"P1", "boosting", "test_accuracy", Statistic::last, 0.79, 0.88},                        // .836 to .848
    {"P1", "sham", "target_confidence", Statistic::max, 0.0, 0.3},                           // .047 to .102
    {"P2", "boosting", "stealth.accuracy_check.passed", Statistic::mean, 0.0, 0.1},          // 0
    {"P2", "boosting", "stealth.accuracy_check_printed.passed", Statistic::mean, 0.0, 0.1},  // 0
    {"P2", "boosting", "stealth.band.gap", Statistic::mean, 1.6, 3.1},                       // 2.30 to 2.43
    {"P2", "boosting", "stealth.sparsity.malicious_sparsity", Statistic::mean, 0.5, 0.7},    // .576 to .583; the others: .27
    {"P2", "sham", "stealth.accuracy_check.passed", Statistic::mean, 0.85, 1.0},             // 1
    {"P2", "sham", "stealth.band.gap", Statistic::mean, -0.6, 0.0},                          // -.17 to -.14
    {"P4", "alternating", "target_confidence", Statistic::mean, 0.15, 0.65},                 // .29 to .38
    {"P4", "alternating", "stealth.accuracy_check.passed", Statistic::mean, 0.8, 1.0},       // 1
    {"P4", "alternating", "stealth.band.gap", Statistic::mean, 2.6, 5.2},  // 3.81 to 3.97: it does not follow the band
    {"P4", "alternating", "test_accuracy", Statistic::last, 0.83, 0.90},   // .860 to .868
    {"P8", "implicit", "target_confidence", Statistic::mean, 0.0, 0.1},    // .015 to .024; explicit: .82
    {"P9", "copies-1000", "target_confidence", Statistic::max, 0.0, 0.3},  // .081 to .119
    {"P9", "copies-1000", "test_accuracy", Statistic::last, 0.83, 0.90},   // .863 to .869
};

TEST(SlowPaper, BehavesAsMeasuredInASizeOfItsOwn) {
  const support::Folder folder;
  Reproduction reproduction = read_reproduction({.paper = std::string(TOCSIN_SOURCE_DIR) + "/experiments/bhagoji2019",
                                                 .names = {"P1", "P2", "P4", "P8", "P9"},
                                                 .small = true,
                                                 .seeds = 1,
                                                 .settings = {"model.name=mlp"}});
  DataShelf shelf;
  Observer nobody;
  run_reproduction(
      reproduction,
      {.options = {.out = folder.at("out"), .memory_limit_bytes = std::nullopt, .arguments = {"tocsin"}}, .shelf = &shelf}, nobody,
      {});
  const std::vector<Verdict> all = verdicts(reproduction);
  for (const Band& band : kBands) {
    bool found = false;
    for (const Verdict& verdict : all) {
      const Expectation& claim = verdict.expectation;
      if (found || verdict.experiment != band.experiment || claim.variants.front() != band.variant ||
          claim.measure.field != band.field || claim.measure.statistic != band.statistic)
        continue;
      found = true;
      const double measured = verdict.outcome.measured.front();
      EXPECT_GE(measured, band.least) << band.experiment << " " << band.variant << " " << band.field;
      EXPECT_LE(measured, band.most) << band.experiment << " " << band.variant << " " << band.field;
    }
    EXPECT_TRUE(found) << band.experiment << ": no claim speaks of " << band.field << " of " << band.variant;
  }
}

}  // namespace
}  // namespace tocsin::lab
