// SPDX-License-Identifier: Apache-2.0
// The median of all but one, for each one: from a single sort, since leaving out a rank moves the middle by at most one.
#include "tocsin/defense/others.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace tocsin::defense {

std::vector<double> medians_of_others(std::span<const double> values) {
  const std::size_t n = values.size();
  std::vector<double> result(n, std::numeric_limits<double>::quiet_NaN());
  if (n < 2) return result;
  std::vector<std::pair<double, std::size_t>> sorted(n);
  for (std::size_t i = 0; i < n; ++i) sorted[i] = {values[i], i};
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t rank = 0; rank < n; ++rank) {
    const auto other = [&](std::size_t k) { return sorted[k < rank ? k : k + 1].first; };  // the k-th of the others
    const double low = other((n - 2) / 2), high = other((n - 1) / 2);
    result[sorted[rank].second] = low == high ? low : low + (high - low) / 2;
  }
  return result;
}

}  // namespace tocsin::defense
