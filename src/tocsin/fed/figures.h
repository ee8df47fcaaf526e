// SPDX-License-Identifier: Apache-2.0
// Where each update, and the result, lies to the mean of the benign ones: figures of the record, made with the truth that no
// defence has.
#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "tocsin/core/rows.h"
#include "tocsin/core/workers.h"

namespace tocsin::fed {

/// Where the result R of a round lies to mu, the mean of the benign rows (rules.md, section 6); NaN where it is undefined.
struct ResultFigures {
  double distance, relative, cosine;  ///< ||R - mu||, the same over ||mu||, cos(R, mu)
  double kappa;                       ///< ||R - mu||^2 over the mean, weighted as mu is, of ||x_i - mu||^2 of the benign rows
};

/// Against mu: ||x_i - mu|| and cos(x_i, mu), the latter 0 where either is zero. [n] each.
struct MeanFigures {
  std::vector<double> distance, cosine;
  std::optional<ResultFigures> result;             ///< where there was one
  std::optional<ResultFigures> result_by_samples;  ///< against the mean by sample counts, where those of benign rows differ
};

/// `norms` [n] are those of the updates, `benign` rows of them (finite), `result` [d] or empty, `samples` [n] or empty. O(n d). All
/// is empty if there is no benign row; rows that are not finite give NaN or Inf.
MeanFigures to_benign_mean(ConstRows updates, std::span<const double> norms, std::span<const std::size_t> benign,
                           std::span<const double> result = {}, std::span<const double> samples = {}, Workers* workers = nullptr);

}  // namespace tocsin::fed
