// SPDX-License-Identifier: Apache-2.0
// How one number of a client compares with the same number of all others: the suspicion of detectors that look for outliers.
#pragma once
#include <cstddef>
#include <span>
#include <vector>

namespace tocsin::defense {

/// The median of each value's others [n], the mean of the middle two if they are even in number; NaN for a value alone. O(n log n).
std::vector<double> medians_of_others(std::span<const double> values);

}  // namespace tocsin::defense
