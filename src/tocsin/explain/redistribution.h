// SPDX-License-Identifier: Apache-2.0
// Rules of layer-wise relevance propagation as data: how an affine layer hands what arrives at its outputs on to its inputs.
// Bach et al., On Pixel-Wise Explanations, PLoS ONE 10, 2015 (z, epsilon, alpha-beta); Montavon et al., Explaining NonLinear
// Classification Decisions with Deep Taylor Decomposition, Pattern Recognition 65, 2017 (z+, zB, w^2); Montavon et al., Layer-Wise
// Relevance Propagation: An Overview, 2019 (gamma, composites).
#pragma once
#include <string_view>
#include <vector>

namespace tocsin::explain {

/// What stands for the inputs a, the weights w and the bias b in a term; v+ = max(v, 0), v- = min(v, 0).
enum class Inputs { all, positive, negative, ones, low, high };
enum class Weights { all, positive, negative, minus_positive, minus_negative, raised, squared, ones };
enum class Bias { none, all, positive, negative, raised, squared };

/// z_k += sum_j w_jk x_j + b_k. `raised` is v + gamma v+.
struct Term {
  Inputs x = Inputs::all;
  Weights w = Weights::all;
  Bias b = Bias::none;
};
/// R_j += coefficient sum over its terms of x_j sum_k w_jk R_k / S(z_k).
struct Branch {
  double coefficient = 1.0;
  std::vector<Term> terms;
};
/// S(z) = z + epsilon sign(z), sign(0) = +1; where that is 0 the denominator is `at_zero`.
struct Redistribution {
  std::vector<Branch> branches;
  double epsilon = 0.0;
  double gamma = 0.0;            ///< of `raised`
  double low = 0.0, high = 1.0;  ///< smallest and largest input, for zB
  double at_zero = 1.0;
};

/// How a rule treats the layer's bias: scaled with the weights, as it is, or left out.
enum class BiasUse { scaled, plain, none };

/// LRP-0 (epsilon = 0) and LRP-epsilon.
Redistribution lrp_epsilon(double epsilon, bool bias = true);
/// For inputs >= 0.
Redistribution lrp_gamma(double gamma, BiasUse bias = BiasUse::scaled);
/// alpha - beta = 1. Any inputs. z+ is alpha 1, beta 0, without bias.
Redistribution lrp_alpha_beta(double alpha, double beta, bool bias = true);
/// For a first layer alone: their numerators do not vanish where an input is 0.
Redistribution z_box(double low, double high);
Redistribution w_squared(bool bias = false);
Redistribution flat();

}  // namespace tocsin::explain
