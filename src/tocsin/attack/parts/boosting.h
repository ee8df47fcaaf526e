// SPDX-License-Identifier: Apache-2.0
// Boosting: an update counts alpha_m times in the average, so the attacker sends lambda times what it wants to happen.
// Bhagoji, Chakraborty, Mittal, Calo, arXiv:1811.12470, section 3 (lambda = 1 / alpha_m).
#pragma once
#include <optional>

#include "tocsin/attack/attack.h"
#include "tocsin/core/layout.h"
#include "tocsin/core/options.h"

namespace tocsin::attack {

/// What of an update an attacker treats apart: all of it, or weights only, by the layout's own marking.
enum class Scope { all, weights };
/// Reads `scope`.
Scope read_scope(Options& options);

/// lambda and where it applies.
struct Boost {
  std::optional<double> factor;  ///< none: "auto"
  Scope scope = Scope::all;
  /// lambda of this round: the factor, or 1 / (alpha_m times the server rate), or 1 where the rule applies rows whole.
  /// alpha_m is the share of all malicious clients of the round where they collude.
  [[nodiscard]] double lambda(const AttackRound& round) const;
};
/// Reads `boost` and `scope`.
Boost read_boost(Options& options);
/// Where the boost is all that the scope matters for: refuses scope = "weights" beside boost = 1.
void refuse_idle_scope(Options& options, const Boost& boost);

/// row_j *= lambda, [1, d], in double; biases stay as they are where only weights are boosted.
void boost_change(Rows row, double lambda, const Layout& layout, Scope scope);
/// Where a row [1, d] was moved from `from` by a boosted step, its biases take a plain one instead: b = b_from + (b - b_from) /
/// lambda.
void plain_biases(Rows row, ConstRows from, double lambda, const Layout& layout);

}  // namespace tocsin::attack
