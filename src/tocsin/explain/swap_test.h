// SPDX-License-Identifier: Apache-2.0
// Are attacked runs exchangeable with benign ones? A permutation test over runs, exact for as few as there are.
// Gretton et al., A Kernel Two-Sample Test, JMLR 13, 2012 (the statistic); Westfall and Young, Resampling-Based Multiple Testing,
// 1993 (the family). Differs: runs that share a seed are exchanged seed by seed; only runs are permuted, never images.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tocsin/explain/cell.h"

namespace tocsin::explain {

/// T of every pattern, the runs as they are first; empty if nothing can be exchanged, or no image has all its pairs defined (others
/// are left out). T is the mean of half the similarity of two benign and half that of two attacked runs less that of one of each.
///
/// With shared seeds a pattern exchanges B_i and A_i for some seeds, never the first: 2^(K - 1) patterns, or for K > 14 the
/// identity and 10,000 random ones; seeds that only one kind has stay out. Otherwise all pairs count, and a pattern says which of
/// the runs are called benign: all of them up to 10,000, else the identity and 10,000 random ones. A lone run has no pair of its
/// kind, and those of the other kind count in full. Random patterns come from the stream `explain/swap` of `seed`.
std::vector<double> swap_statistics(const Cell& cell, std::uint64_t seed = 1);

/// Share of the patterns with T at least the first less 1e-12; NaN for none.
double swap_p(std::span<const double> statistics);

/// The same for each method of a table, against the largest of all methods in a pattern, each divided by its standard deviation
/// over the patterns. A method whose T does not vary, or that has no patterns, is left out: NaN. Throws std::invalid_argument if
/// the others differ in the number of patterns.
std::vector<double> family_wise_p(std::span<const std::vector<double>> methods);

}  // namespace tocsin::explain
