// SPDX-License-Identifier: Apache-2.0
// One pass over [n, d] float rows, one thread: weighted sum, norms, scan for NaN and Inf at the speed of memory; mean and folding a
// row, in twice the digits, at a half or a third of it. Counter: bytes of rows read once.
#include <benchmark/benchmark.h>

#include "tocsin/kernels/combine.h"
#include "tocsin/kernels/norms.h"
#include "tocsin/kernels/weighted_mean.h"

namespace tocsin::kernels {
namespace {

template <auto Kernel>
void pass_over(benchmark::State& state) {
  Updates rows(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)));
  const std::vector<double> row(rows.coordinates(), 0.25);
  for (std::size_t i = 0; i < rows.clients(); ++i) rows.rows().assign(i, row);
  const ConstRows view = rows.rows();
  for (auto _ : state) benchmark::DoNotOptimize(Kernel(view));
  const double bytes = 4 * static_cast<double>(rows.clients()) * static_cast<double>(rows.coordinates());
  state.counters["bytes"] = benchmark::Counter(bytes, benchmark::Counter::kIsIterationInvariantRate);
}
auto weighted_sum(ConstRows rows) { return combine(rows, std::vector<double>(rows.clients(), 0.1)); }
auto mean(ConstRows rows) { return weighted_mean(rows, std::vector<double>(rows.clients(), 600)); }
auto lengths(ConstRows rows) { return norms(rows); }
auto scan(ConstRows rows) { return non_finite(rows); }
auto fold(ConstRows rows) {
  RunningMean mean(rows.coordinates(), static_cast<double>(rows.clients()));
  for (std::size_t i = 0; i < rows.clients(); ++i) mean.add(1, rows, i);
  return mean.take();
}

#define TOCSIN_BENCH(Kernel) \
  BENCHMARK(pass_over<Kernel>)->Args({10, 3'382'346})->Args({100, 582'026})->Unit(benchmark::kMillisecond)
TOCSIN_BENCH(weighted_sum);
TOCSIN_BENCH(mean);
TOCSIN_BENCH(lengths);
TOCSIN_BENCH(scan);
TOCSIN_BENCH(fold);

}  // namespace
}  // namespace tocsin::kernels
