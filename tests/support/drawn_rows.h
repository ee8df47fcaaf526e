// SPDX-License-Identifier: Apache-2.0
// Rows for property tests of kernels: any shape, both element types, misaligned views, and the values that break careless loops.
#pragma once
#include <rapidcheck.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "tocsin/core/rows.h"

namespace tocsin::support {

/// What values a drawn matrix holds.
enum class Values {
  small_integers,  ///< -8 .. 8: every sum is exact
  any,             ///< normals of many sizes, zeros of both signs, denormals, values near the end of float
};

/// A matrix and a view of some of its columns, which begins wherever it likes.
struct DrawnRows {
  Updates owner;
  std::size_t begin = 0, end = 0;
  [[nodiscard]] ConstRows view() const { return owner.rows().columns(begin, end); }
};

/// A value of `kind`, as both element types can hold it.
inline double drawn_value(Values kind) {
  const int whole = *rc::gen::inRange(-8, 9);
  if (kind == Values::small_integers) return whole;
  const int which = *rc::gen::inRange(0, 12);
  constexpr std::array<double, 6> special{-0.0, 0.0, 1e-45, -1.1754942e-38, 3e38, -3e38};
  if (which < 6) return static_cast<double>(static_cast<float>(special[static_cast<std::size_t>(which)]));
  const int exponent = *rc::gen::inRange(-30, 31);
  return static_cast<double>(
      static_cast<float>(std::ldexp(1.0 + *rc::gen::inRange(0, 1 << 20) / 1048576.0, exponent) * (whole < 0 ? -1 : 1)));
}

/// n in [least_rows, most_rows], d in [1, most_columns], of which a view leaves out up to seven columns at either end. Values are
/// drawn for a pool of 64 and dealt out by a counter, so that large matrices stay cheap to draw; equal values are common.
inline DrawnRows drawn_rows(Values kind, std::size_t most_rows = 40, std::size_t most_columns = 400, std::size_t least_rows = 1) {
  const auto n = *rc::gen::inRange<std::size_t>(least_rows, most_rows + 1);
  const auto inner = *rc::gen::inRange<std::size_t>(1, most_columns + 1);
  const auto before = *rc::gen::inRange<std::size_t>(0, 8), after = *rc::gen::inRange<std::size_t>(0, 8);
  const Element element = *rc::gen::arbitrary<bool>() ? Element::float32 : Element::float64;
  std::vector<double> pool(64);
  for (double& value : pool) value = drawn_value(kind);
  auto state = *rc::gen::arbitrary<std::uint32_t>();
  DrawnRows result{Updates(n, before + inner + after, element), before, before + inner};
  std::vector<double> row(result.owner.coordinates());
  for (std::size_t i = 0; i < n; ++i) {
    for (double& value : row) {
      state = state * 1664525U + 1013904223U;
      value = pool[state >> 26U];
    }
    result.owner.rows().assign(i, row);
  }
  return result;
}

/// Bits, so that -0 and 0 differ.
inline std::vector<std::uint64_t> bits(const std::vector<double>& values) {
  std::vector<std::uint64_t> result(values.size());
  std::memcpy(result.data(), values.data(), values.size() * sizeof(double));
  return result;
}

}  // namespace tocsin::support
