// SPDX-License-Identifier: Apache-2.0
// From figures to words: is what was observed alike, different, or not settled? Only an interval inside the margin says alike.
// Schuirmann, A Comparison of the Two One-Sided Tests Procedure, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "tocsin/explain/bootstrap.h"
#include "tocsin/explain/cell.h"

namespace tocsin::explain {

enum class Verdict {
  undecided,
  distinguishable,           ///< less alike than two benign runs, by more than the margin
  blind,                     ///< the similarity cannot tell a trained model from a random one, so it proves nothing
  closer,                    ///< more alike than two benign runs: a shared seed, or a narrower set
  indistinguishable,         ///< the interval lies inside the margin
  shifted,                   ///< a real difference whose size is not settled
  indistinguishable_rounds,  ///< two runs alone: as alike as one run in consecutive rounds
  needs_benign_run,          ///< two runs alone: less alike than that, as two seeds would be too
};
std::string_view text(Verdict verdict);

/// What a verdict is given from.
struct Evidence {
  std::size_t images = 0, undefined_images = 0;
  Scope scope = Scope::models;
  Set ceiling = Set::seeds;          ///< the main ceiling; `rounds` if there is one benign run alone
  Estimate auc = {};                 ///< against the main ceiling
  Estimate ceiling_over_floor = {};  ///< the main ceiling over random weights
  double p = 1;                      ///< of the swap test, family-wise; NaN if there is none
  double margin = 0.1;               ///< how far from .5 an AUC may lie and still be called equal, in (0, .5)
};

struct Decision {
  Verdict verdict = Verdict::undecided;
  std::string words;  ///< the verdict with its figures or its reason; in scope `models` it ends in "(these models)"
};

/// The first line of the table that applies. Throws std::invalid_argument if the margin is outside (0, .5).
Decision decide(const Evidence& evidence);

}  // namespace tocsin::explain
