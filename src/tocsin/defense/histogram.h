// SPDX-License-Identifier: Apache-2.0
// The values that updates take in each tensor, from a sample of coordinates, and how far one set of values is from another.
// Bhagoji et al., arXiv:1811.12470, compare such histograms by eye; the numbers here stand for that look. Wasserstein-1 is the mean
// way a value has to move, in units of the update; Kolmogorov-Smirnov the largest gap of the two distribution functions, in [0, 1].
#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "tocsin/core/layout.h"
#include "tocsin/core/rows.h"
#include "tocsin/core/workers.h"
#include "tocsin/defense/detector.h"

namespace tocsin::defense {

/// Of each tensor at most `most` coordinates (0: all), the same for every row and in every round and run: a choice that depends on
/// the tensor's place and size alone. Without a layout of d coordinates everything is one tensor, "all".
std::vector<LayerSample> sample_layers(ConstRows rows, const Layout* layout, std::size_t most, Workers* workers = nullptr);

/// How far two sets of values lie apart; NaN where there is none.
struct ValueDistance {
  double wasserstein, kolmogorov_smirnov;
};
/// Of two samples of any size, each ascending. O(a + b).
ValueDistance value_distance(std::span<const double> a, std::span<const double> b);
/// Of each set against all others pooled [n]; all of one size, ascending. NaN for a set alone. O(n m (log(n m) + n)).
std::vector<ValueDistance> against_others(const std::vector<std::span<const double>>& sets);

}  // namespace tocsin::defense
