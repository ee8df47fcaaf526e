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

/// row_j = from_j + lambda_j (row_j - from_j), both [1, d]: a step taken lambda times; lambda_j is 1 for biases where only weights
/// are boosted. In double, one rounding.
void boost_step(Rows row, ConstRows from, double lambda, const Layout& layout, Scope scope);
/// row_j *= lambda_j.
void boost_change(Rows row, double lambda, const Layout& layout, Scope scope);

}  // namespace tocsin::attack
