// SPDX-License-Identifier: Apache-2.0
// What `explain` and `compare` have in common: the plan of [explain] as their flags change it, and which round is looked at.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "command_line.h"
#include "tocsin/lab/explain_plan.h"
#include "tocsin/lab/recorded_run.h"

namespace tocsin::apps {

/// [explain] of a run (null: the default one) with --preset and --library over it, then `settings`, keys of that table. A preset
/// takes the place of methods that the run's own table lists. Throws ConfigError, and RunError(Exit::usage) for an idle --library.
lab::ExplainPlan explain_plan(const CommandLine& line, const lab::Plan* run, const std::vector<std::string>& settings);

/// Throws RunError(Exit::usage): a flag that changes nothing is one that was meant otherwise.
[[noreturn]] void refuse_idle(const std::string& flag, const std::string& why);

/// The runs in these folders, in their order.
std::vector<lab::RecordedRun> opened(const std::vector<std::string>& paths);
/// --round, else the eighth with preset "paper" where the run kept it, as in the paper; else 0, the last.
std::size_t asked_round(const CommandLine& line, const lab::ExplainPlan& plan, const lab::RecordedRun& run);

}  // namespace tocsin::apps
