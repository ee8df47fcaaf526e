// SPDX-License-Identifier: Apache-2.0
#include "tocsin/lab/comparable.h"

#include <filesystem>
#include <set>

#include "tocsin/core/errors.h"

namespace tocsin::lab {
namespace {
void check_targets(const ComparedPlans::Named& run, const TargetPlan& first) {
  const TargetPlan& own = run.plan->targets;
  if (own.count > 0)
    throw RunError(Exit::mismatch,
                   fmt::format("{}: its targets are drawn by the run's seed, so runs attack different images", run.name),
                   "name them in the plan: targets = { test_indices = [...], wanted = [...] }");
  if (own.test_indices != first.test_indices || own.wanted != first.wanted)
    throw RunError(Exit::mismatch, fmt::format("{}: its targets differ from those of the first attacked run", run.name));
}

/// Runs of one kind carry out the same attack, or none, over different seeds.
void check_kind(const std::vector<ComparedPlans::Named>& runs, const ComparedPlans::Named& first, std::string_view kind) {
  std::set<std::uint64_t> seeds;
  for (const ComparedPlans::Named& run : runs) {
    const std::vector<std::string> keys = differing_keys(*first.plan, *run.plan);
    if (!keys.empty())
      throw RunError(Exit::mismatch,
                     fmt::format("{} and {} are not the same federation: {} differ", first.name, run.name, joined(keys)),
                     "runs to compare differ in name, seed, [threat] and [attack] alone");
    if (!seeds.insert(run.plan->seed).second)
      throw RunError(Exit::mismatch, fmt::format("{}: another run of its kind has seed {} too", run.name, run.plan->seed),
                     "each run of a kind needs a seed of its own");
    const std::string_view attack = run.plan->attack_entry->name;
    if (kind == "benign" && attack != "none" && attack != "sham")
      throw RunError(Exit::mismatch, fmt::format("{} is given as benign, and its attack is '{}'", run.name, attack),
                     "a benign run has attack none, or sham");
    if (kind == "sham" && attack != "sham")
      throw RunError(Exit::mismatch, fmt::format("{} is given as the control, and its attack is '{}'", run.name, attack),
                     "a control has attack sham");
  }
}

ComparedPlans plans_of(const ComparedRuns& runs) {
  const auto named = [](const std::vector<RecordedRun>& from) {
    std::vector<ComparedPlans::Named> to;
    for (const RecordedRun& run : from) to.push_back({run.name(), &run.plan()});
    return to;
  };
  return {named(runs.benign), named(runs.attacked), named(runs.sham)};
}
}  // namespace

void check_comparable(const ComparedPlans& plans) {
  require(!plans.benign.empty() && !plans.attacked.empty(), "compare: at least one benign and one attacked run are needed");
  const ComparedPlans::Named& first = plans.benign.front();
  check_kind(plans.benign, first, "benign");
  check_kind(plans.attacked, first, "attacked");
  check_kind(plans.sham, first, "sham");
  for (const ComparedPlans::Named& run : plans.attacked) check_targets(run, plans.attacked.front().plan->targets);
}

void check_comparable(const ComparedRuns& runs) {
  std::set<std::string> paths;
  std::error_code ignored;
  for (const auto* kind : {&runs.benign, &runs.attacked, &runs.sham})
    for (const RecordedRun& run : *kind)
      if (!paths.insert(std::filesystem::weakly_canonical(run.path(), ignored).string()).second)
        throw RunError(Exit::mismatch, fmt::format("{} is given twice", run.name()), "each run once, in one place");
  check_comparable(plans_of(runs));
}

}  // namespace tocsin::lab
