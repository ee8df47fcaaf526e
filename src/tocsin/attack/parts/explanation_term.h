// SPDX-License-Identifier: Apache-2.0
// What keeps the explanation of a target as it was: weight ||g(x) - g_0(x)||^2 / ||g_0(x)||^2, the mean over the targets x, with g
// the gradient of the wanted class's logit with respect to x, and g_0 that of the round's global model. After Heo, Joo, Moon,
// Fooling Neural Network Interpretations via Adversarial Model Manipulation, NeurIPS 2019; arXiv:1902.02041. Differs: the maps are
// gradients, each measured by its own length; the exact gradient is found in double (decisions/012).
#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "tocsin/attack/attack.h"

namespace tocsin::attack {

/// The term of one attacker in one round, in plain double loops and without dropout. A target whose g_0 is zero takes no part.
class ExplanationTerm {
 public:
  /// Makes the maps g_0.
  ExplanationTerm(double weight, const AttackPlace& place);

  struct Value {
    double term = 0;    ///< weighted
    double cosine = 1;  ///< mean over the targets of cos(g, g_0): 1 where nothing has moved; a zero g counts as 0
  };
  /// The term at parameters [1, d]. A forward and a backward pass over the targets.
  [[nodiscard]] Value at(ConstRows parameters) const;
  /// Its gradient [d] there: a pass of tangents forward and one back on top. Exact wherever the network is differentiable;
  /// elsewhere by the conventions of the passes.
  [[nodiscard]] std::vector<double> gradient(ConstRows parameters) const;
  /// Adds it to what the replica's `gradient_vector` holds.
  void add_gradient(ConstRows parameters, nn::Network& network) const;

 private:
  using Numbers = std::vector<double>;
  /// What a pass over the targets leaves.
  struct Passes {
    Numbers parameters;            ///< [d]
    std::vector<Numbers> outputs;  ///< the targets, then the output of each layer but the last
    Numbers maps;                  ///< g [targets, features]
  };
  [[nodiscard]] Passes passes(ConstRows parameters) const;
  [[nodiscard]] std::span<const double> of(const Numbers& all, std::size_t target) const {
    return std::span(all).subspan(target * features_, features_);
  }

  double weight_;
  const nn::Architecture& architecture_;
  std::size_t targets_, features_;
  Numbers inputs_;        // [targets, features]
  Numbers seed_;          // [targets, outputs], one at the wanted class
  Numbers clean_;         // g_0 [targets, features]
  Numbers clean_square_;  // ||g_0||^2 [targets]
};

}  // namespace tocsin::attack
