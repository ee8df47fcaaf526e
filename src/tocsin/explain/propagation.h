// SPDX-License-Identifier: Apache-2.0
// Layer-wise relevance propagation: one walk back, a rule for each affine layer, the neuron's logit as the seed.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "tocsin/core/options.h"
#include "tocsin/explain/method.h"

namespace tocsin::explain {

/// Which rule where. The first affine layer may have one of its own.
struct RuleSet {
  Redistribution dense, convolution;
  std::optional<Redistribution> first = {};
  bool positive_seed = false;  ///< start from max(f_c, 0) (deep Taylor), not f_c
};

/// The walk plan of a network: ReLUs let pass, average pools give by share. A batch_norm follows the rule of its kind of input.
WalkPlan plan_of(const RuleSet& rules, const nn::Architecture& architecture);

/// A method that walks so.
std::unique_ptr<Method> make_propagation(RuleSet rules);

/// Reads `first` ("same", "zb", "w_squared", "flat"), `low`, `high`, `first_bias` into rules.first, if `fallback` may be replaced.
std::optional<Redistribution> read_first(Options& options, std::string_view fallback);

}  // namespace tocsin::explain
