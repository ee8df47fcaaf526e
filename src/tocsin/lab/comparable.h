// SPDX-License-Identifier: Apache-2.0
// Which runs may be compared with each other.
#pragma once
#include <string>
#include <vector>

#include "tocsin/lab/recorded_run.h"

namespace tocsin::lab {

/// The runs of a comparison. Sham runs belong to the benign runs of their seed.
struct ComparedRuns {
  std::vector<RecordedRun> benign, attacked, sham;
};

/// Their plans, before they are run.
struct ComparedPlans {
  struct Named {
    std::string name;  ///< of the run
    const Plan* plan = nullptr;
  };
  std::vector<Named> benign, attacked, sham;
};

/// Throws RunError(Exit::mismatch) naming every key outside name, seed, [threat] and [attack] in which plans differ, targets that
/// are drawn or differ, a seed twice among the benign runs or among the attacked ones, a benign run with an attack, a control that
/// is none.
void check_comparable(const ComparedPlans& plans);
/// The same of runs, none of which may be given twice.
void check_comparable(const ComparedRuns& runs);

}  // namespace tocsin::lab
