// SPDX-License-Identifier: Apache-2.0
// How much memory a run will hold, part by part, and how much may be used: a run that cannot fit is refused with the numbers.
// reliability.md, section 8.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "tocsin/lab/setting.h"

namespace tocsin::lab {

/// One holder of memory.
struct Holding {
  std::string what;     ///< "updates"
  std::string formula;  ///< "400 x 3,382,346 x 4 B"
  double bytes = 0;
  std::string reason;  ///< "krum holds every row"; may be empty
};

struct MemoryEstimate {
  std::vector<Holding> holdings;
  bool folds = false;  ///< rows are folded in as they finish, [n, d] is not stored
  [[nodiscard]] double bytes() const;
};

/// What a run with so many workers holds at its peak.
MemoryEstimate estimate_memory(const Plan& plan, const Setting& setting, std::size_t workers);

/// The least of available memory, control-group limits minus use (both hierarchies, every ancestor), RLIMIT_AS and RLIMIT_DATA
/// minus use, and `limit`.
struct MemoryAllowed {
  double bytes = 0;    ///< of the tightest bound, before the factor
  std::string source;  ///< "limit of the control group"
  [[nodiscard]] double usable() const { return kShare * bytes; }
  static constexpr double kShare = 0.9;
};
MemoryAllowed memory_allowed(std::optional<double> limit_bytes = std::nullopt);

/// Throws RunError(Exit::estimate) with the table of section 8 if the run cannot fit.
void check_memory(const Plan& plan, const Setting& setting, std::size_t workers, const MemoryAllowed& allowed);

/// The lines under the first: one a holding, aligned, indented by two blanks.
std::vector<std::string> memory_lines(const MemoryEstimate& estimate);

/// Samples that one round trains on, on average over cohorts, and evaluates; passes for explanations, by one thread.
struct RoundCost {
  double trained = 0, evaluated = 0, explained = 0;
};
RoundCost round_cost(const Plan& plan, const Setting& setting);
/// Seconds of a whole run, about: training shared by the workers, evaluation and explanations at the forward share of the flops.
double estimate_seconds(const Plan& plan, const Setting& setting, std::size_t workers, double samples_per_second);

}  // namespace tocsin::lab
