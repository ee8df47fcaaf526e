// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/redistribution.h"

#include "tocsin/core/errors.h"

namespace tocsin::explain {

Redistribution lrp_epsilon(double epsilon, bool bias) {
  require(epsilon >= 0.0, "lrp_epsilon: epsilon must be >= 0, got {}", epsilon);
  return {.branches = {{1.0, {{Inputs::all, Weights::all, bias ? Bias::all : Bias::none}}}}, .epsilon = epsilon};
}

Redistribution lrp_gamma(double gamma, BiasUse bias) {
  require(gamma >= 0.0, "lrp_gamma: gamma must be >= 0, got {}", gamma);
  const Bias used = bias == BiasUse::scaled ? Bias::raised : bias == BiasUse::plain ? Bias::all : Bias::none;
  return {.branches = {{1.0, {{Inputs::all, Weights::raised, used}}}}, .gamma = gamma};
}

Redistribution lrp_alpha_beta(double alpha, double beta, bool bias) {
  require(beta >= 0.0 && alpha - beta > 1.0 - 1e-9 && alpha - beta < 1.0 + 1e-9,
          "lrp_alpha_beta: alpha - beta must be 1 and beta >= 0, got alpha {} and beta {}", alpha, beta);
  Redistribution rule;
  rule.branches.push_back({alpha,
                           {{Inputs::positive, Weights::positive, bias ? Bias::positive : Bias::none},
                            {Inputs::negative, Weights::negative, Bias::none}}});
  if (beta > 0.0)
    rule.branches.push_back({-beta,
                             {{Inputs::positive, Weights::negative, bias ? Bias::negative : Bias::none},
                              {Inputs::negative, Weights::positive, Bias::none}}});
  return rule;
}

Redistribution z_box(double low, double high) {
  require(low <= 0.0 && high >= 0.0 && low < high, "z_box: needs low <= 0 <= high, got {} and {}", low, high);
  return {.branches = {{1.0,
                        {{Inputs::all, Weights::all, Bias::none},
                         {Inputs::low, Weights::minus_positive, Bias::none},
                         {Inputs::high, Weights::minus_negative, Bias::none}}}},
          .low = low,
          .high = high};
}

Redistribution w_squared(bool bias) {
  return {.branches = {{1.0, {{Inputs::ones, Weights::squared, bias ? Bias::squared : Bias::none}}}}};
}

Redistribution flat() { return {.branches = {{1.0, {{Inputs::ones, Weights::ones, Bias::none}}}}}; }

}  // namespace tocsin::explain
