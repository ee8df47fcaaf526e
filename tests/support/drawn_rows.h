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

/// Uniform in [least, end), from the first trial on (inRange alone grows with the trials).
template <class T>
T drawn_in(T least, T end) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<T>(least, end));
}

/// A value of `kind`, as both element types can hold it.
inline double drawn_value(Values kind) {
  const int whole = drawn_in(-8, 9);
  if (kind == Values::small_integers) return whole;
  const int which = drawn_in(0, 12);
  constexpr std::array<double, 6> special{-0.0, 0.0, 1e-45, -1.1754942e-38, 3e38, -3e38};
  if (which < 6) return static_cast<double>(static_cast<float>(special[static_cast<std::size_t>(which)]));
  const int exponent = drawn_in(-30, 31);
  return static_cast<double>(
      static_cast<float>(std::ldexp(1.0 + drawn_in(0, 1 << 20) / 1048576.0, exponent) * (whole < 0 ? -1 : 1)));
}

/// n in [least_rows, most_rows], d in [1, most_columns], of which a view leaves out up to seven columns at either end. Values are
/// drawn for a pool of 64 and dealt out by a counter, so that large matrices stay cheap to draw; equal values are common.
inline DrawnRows drawn_rows(Values kind, std::size_t most_rows = 40, std::size_t most_columns = 400, std::size_t least_rows = 1) {
  const auto n = drawn_in<std::size_t>(least_rows, most_rows + 1);
  const auto inner = drawn_in<std::size_t>(1, most_columns + 1);
  const auto before = drawn_in<std::size_t>(0, 8), after = drawn_in<std::size_t>(0, 8);
  const Element element = *rc::gen::arbitrary<bool>() ? Element::float32 : Element::float64;
  std::vector<double> pool(64);
  for (double& value : pool) value = drawn_value(kind);
  std::uint32_t state = drawn_in<std::uint32_t>(0, 1U << 31U);
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

/// n rows of an odd number of columns of small integers, always the same.
inline Updates integer_rows(std::size_t n, Element element, std::size_t d = 131) {
  Updates result(n, d, element);
  std::vector<double> row(d);
  std::uint32_t state = 7;
  for (std::size_t i = 0; i < n; ++i) {
    for (double& value : row) value = static_cast<double>(((state = state * 1664525U + 1013904223U) >> 24U) % 17) - 8;
    result.rows().assign(i, row);
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
