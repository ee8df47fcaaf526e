// SPDX-License-Identifier: Apache-2.0
// What every measure asks of a map first: are all its values finite, and how large are they.
#pragma once
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace tocsin::explain {

/// The value of a measure that is not defined for its arguments: a record shows null, a mean leaves it out and counts it.
inline constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

/// Whether no value is NaN or infinite. O(n).
bool finite(std::span<const double> map);

/// Whether all values are equal; true for an empty map. O(n).
bool constant(std::span<const double> map);

/// How many values are not zero. O(n).
std::size_t nonzero(std::span<const double> map);

/// A power of two that brings the largest |value| to [1, 2), so that squares neither overflow nor vanish and no other bit changes;
/// 1 for a zero map. All values must be finite. O(n).
double unit(std::span<const double> map);

/// The map with each value multiplied by `factor`.
std::vector<double> times(std::span<const double> map, double factor);

/// |values| divided by their sum [n]: the map as a distribution over its cells; empty for a zero map. All must be finite. O(n).
std::vector<double> shares(std::span<const double> map);

}  // namespace tocsin::explain
