// SPDX-License-Identifier: Apache-2.0
// A map put in order once, and what can be read from the order alone: ranks, Spearman, Kendall's tau-b, the largest cells.
// Kendall, The Treatment of Ties in Ranking Problems, Biometrika 33(3), 1945; Knight, A Computer Method for Calculating Kendall's
// Tau with Ungrouped Data, JASA 61, 1966. Differs: both maps are ordered beforehand, so pairs are put in order by counting.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tocsin::explain {

/// The order of n values. Sums over it are of integers, so permuted maps give the same bits.
struct Ranking {
  std::vector<std::uint32_t> order;  ///< indices in order of value, equal values by index
  std::vector<std::uint32_t> group;  ///< of each index: a number that is equal for equal values and ascends along the order
};

/// Smallest value first. All values must be finite. O(n log n).
Ranking ascending(std::span<const double> map);
/// Largest |value| first. All values must be finite. O(n log n).
Ranking by_magnitude(std::span<const double> map);
/// The order of the cells with keep[i] != 0 alone, numbered anew from 0. O(n), nothing is sorted.
Ranking kept(const Ranking& ranking, std::span<const char> keep);

/// Average ranks from 1 [n]: equal values share the mean of their places. O(n).
std::vector<double> ranks(const Ranking& ranking);

/// Pearson of the average ranks; undefined if all values of one are equal. O(n).
double spearman(const Ranking& a, const Ranking& b);
/// Kendall's tau-b; undefined if all values of one are equal. O(n log n).
double kendall(const Ranking& a, const Ranking& b);
/// Share of the first k of a that are among the first k of b; undefined for k = 0 or k > n. O(n).
double overlap(const Ranking& a, const Ranking& b, std::size_t k);

}  // namespace tocsin::explain
