// SPDX-License-Identifier: Apache-2.0
// L2 distances between all rows of a round, and the band of them that each row lies in.
// Bhagoji et al., arXiv:1811.12470, "weight update statistics": R_i = [min_j d(x_i, x_j), max_j d(x_i, x_j)], and an agent is
// stealthy if max(|R_m^max - min over the others of R^min|, |R_m^min - max over the others of R^max|) < kappa.
#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "tocsin/core/layout.h"
#include "tocsin/core/rows.h"
#include "tocsin/core/workers.h"

namespace tocsin::defense {

/// ||x_i - x_j|| [n, n]: over all coordinates, and without those of biases.
struct PairDistances {
  std::vector<double> all;
  std::vector<double> weights;  ///< empty without a layout of d coordinates
};
/// From the Gram matrices of the runs of weights and of biases, each centred on the column median: one pass makes both. O(n^2 d).
PairDistances pair_distances(ConstRows rows, const Layout* layout, Workers* workers = nullptr);

/// An interval of distances; NaN where there is none.
struct Band {
  double least, most;
};
/// R_i of `row` against `others` (rows it is not among), by the distances [n, n] of n rows.
Band band_against(std::span<const double> distances, std::size_t n, std::size_t row, std::span<const std::size_t> others);
/// The least R^min and the largest R^max of `rows`, each against the rest of them; NaN for fewer than two.
Band band_among(std::span<const double> distances, std::size_t n, std::span<const std::size_t> rows);
/// max(|own.most - others.least|, |own.least - others.most|).
double departure(const Band& own, const Band& others);

/// R_i of each row against all others [n]; NaN for a row alone.
std::vector<Band> bands(std::span<const double> distances, std::size_t n);
/// The departure of each row from the band of all others [n], as if it were the malicious one and they were not; NaN for n < 3.
/// O(n^2).
std::vector<double> departures(std::span<const double> distances, std::size_t n);

}  // namespace tocsin::defense
