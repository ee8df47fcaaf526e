// SPDX-License-Identifier: Apache-2.0
// The middle of columns in double, a tile at a time: shared by the column median and by the centring of the Gram matrix.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "tocsin/core/rows.h"
#include "tocsin/kernels/sorting.h"

namespace tocsin::kernels::detail {

/// Integers in which values of T are sorted.
template <class T>
using OrderKey = std::conditional_t<sizeof(T) == sizeof(float), std::int32_t, std::int64_t>;

/// (a + b) / 2, also where the sum leaves the range of double.
inline double average(double a, double b) {
  const double sum = a + b;
  return std::isfinite(sum) ? sum / 2 : a / 2 + b / 2;
}

/// The one nearer to 0; 0 if they are equally far on either side.
inline double nearer_zero(double a, double b) {
  if (std::abs(a) == std::abs(b)) return a == b ? a : 0.0;
  return std::abs(a) < std::abs(b) ? a : b;
}

/// Room for the tiles of one thread.
template <class T>
struct MiddleScratch {
  explicit MiddleScratch(std::size_t clients) : keys(clients * kSortedColumns) {}
  std::vector<OrderKey<T>> keys;
  T values[2 * kSortedColumns] = {};  ///< lower middle, then (if the network wants two) upper middle
};

/// out[c] = of(lower, upper), the wanted one or two positions of column begin + c.
template <class T>
void middles(const Network& network, TypedRows<const T> rows, std::size_t begin, std::span<double> out, MiddleScratch<T>& scratch,
             double (*of)(double, double) = average) {
  const std::size_t upper = (network.last() - network.first()) * kSortedColumns;
  for (std::size_t first = 0; first < out.size(); first += kSortedColumns) {
    const std::size_t count = std::min(kSortedColumns, out.size() - first);
    sorted_tile(network, rows, begin + first, count, scratch.keys.data(), scratch.values);
    for (std::size_t c = 0; c < count; ++c)
      out[first + c] = of(static_cast<double>(scratch.values[c]), static_cast<double>(scratch.values[upper + c]));
  }
}

}  // namespace tocsin::kernels::detail
