// SPDX-License-Identifier: Apache-2.0
// Column statistics of [n, d] float rows, one thread: median, median with shares, weighted median, moments, and the plain median.
// Counter: bytes of rows read once.
#include <benchmark/benchmark.h>

#include "rows.h"
#include "tocsin/kernels/columns.h"

namespace tocsin::kernels {
namespace {

template <auto Kernel>
void columns_of(benchmark::State& state) {
  const Updates rows = rows_of(state);
  for (auto _ : state) benchmark::DoNotOptimize(Kernel(rows.rows()));
  const double bytes = 4 * static_cast<double>(rows.clients()) * static_cast<double>(rows.coordinates());
  state.counters["bytes"] = benchmark::Counter(bytes, benchmark::Counter::kIsIterationInvariantRate);
}
auto median(ConstRows rows) { return column_median(rows); }
auto median_with_shares(ConstRows rows) { return column_median_with_shares(rows, Even::average); }
auto weighted(ConstRows rows) {
  std::vector<double> weights(rows.clients());
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<double>(100 + i * 37 % 101);
  return weighted_column_median_with_shares(rows, weights, Even::average);
}
auto moments(ConstRows rows) { return column_moments(rows); }
auto reference(ConstRows rows) { return column_median_reference(rows); }

// 3,382,346 is the paper's CNN, 582,026 is lenet.
#define TOCSIN_BENCH(Kernel) \
  BENCHMARK(columns_of<Kernel>)->Args({10, 3'382'346})->Args({11, 3'382'346})->Args({100, 582'026})->Unit(benchmark::kMillisecond)
TOCSIN_BENCH(median);
TOCSIN_BENCH(median_with_shares);
TOCSIN_BENCH(weighted);
TOCSIN_BENCH(moments);
BENCHMARK(columns_of<reference>)->Args({10, 65'536})->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tocsin::kernels
