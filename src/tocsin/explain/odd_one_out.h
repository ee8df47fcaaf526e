// SPDX-License-Identifier: Apache-2.0
// The triangle test: among benign models and one attacked model, is the attacked one least like the others? No classifier.
// Byer and Abrams, A Comparison of the Triangular and Two-Sample Taste-Test Methods, Food Technology 7, 1953, for three models.
// Differs: similarities take the place of tasters; more than three models are allowed.
#pragma once
#include <cstddef>
#include <vector>

#include "tocsin/explain/cell.h"
#include "tocsin/explain/scale.h"

namespace tocsin::explain {

/// h: how like the others each model is on an image, of A_j first, then of the benign runs of other seeds by number: the mean of
/// its similarities with the rest. Empty if one of the pairs is undefined.
std::vector<double> likeness(const Cell& cell, std::size_t image, std::size_t j);

/// All NaN where fewer than three models can be set against each other.
struct OddOneOut {
  double score = kUndefined;   ///< how often A_j is the odd one, ties shared, over images and j
  double chance = kUndefined;  ///< 1 / number of models
  std::vector<double> ranks;   ///< of each A_j: its rank from the odd end by its mean h, over the number of models
};
/// Images on which a pair is undefined are left out for that A_j. O(images attacked benign^2).
OddOneOut odd_one_out(const Cell& cell);

}  // namespace tocsin::explain
