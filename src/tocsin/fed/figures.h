// SPDX-License-Identifier: Apache-2.0
// Where each update lies to the mean of the benign ones: figures of the record, made with the truth that no defence has.
#pragma once
#include <span>
#include <vector>

#include "tocsin/core/rows.h"
#include "tocsin/core/workers.h"

namespace tocsin::fed {

/// Against mu, the mean of the benign rows: ||x_i - mu|| and cos(x_i, mu), the latter 0 where either is zero. [n] each.
struct MeanFigures {
  std::vector<double> distance, cosine;
};

/// `norms` [n] are those of the updates. O(n d). Both results are empty if there is no benign row; rows that are not finite give
/// NaN or Inf.
MeanFigures to_benign_mean(ConstRows updates, std::span<const double> norms, ConstRows benign, Workers* workers = nullptr);

}  // namespace tocsin::fed
