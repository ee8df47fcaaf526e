// SPDX-License-Identifier: Apache-2.0
// Rows for the benchmarks of kernels.
#pragma once
#include <benchmark/benchmark.h>

#include <cstdint>

#include "tocsin/core/rows.h"

namespace tocsin::kernels {

/// [range 0, range 1] floats in [-0.5, 0.5), the same every time.
inline Updates rows_of(const benchmark::State& state) {
  Updates result(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)));
  std::uint32_t word = 1;
  result.rows().visit([&]<class T>(TypedRows<T> rows) {
    for (std::size_t i = 0; i < rows.clients(); ++i)
      for (T& value : rows[i]) value = static_cast<T>((word = word * 1664525U + 1013904223U) >> 8U) / T{16'777'216} - T{0.5};
  });
  return result;
}

}  // namespace tocsin::kernels
