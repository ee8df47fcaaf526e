// SPDX-License-Identifier: Apache-2.0
// The Gram matrix of [n, d] float rows, one thread: plain, centred on the column median, and the plain loops it is tested against.
// Counters: pairs x columns a second (multiply_adds), and bytes of rows read once.
#include <benchmark/benchmark.h>

#include "rows.h"
#include "tocsin/kernels/gram.h"

namespace tocsin::kernels {
namespace {

template <auto Kernel>
void gram_of(benchmark::State& state) {
  const Updates rows = rows_of(state);
  for (auto _ : state) benchmark::DoNotOptimize(Kernel(rows.rows()));
  const double n = static_cast<double>(rows.clients()), d = static_cast<double>(rows.coordinates());
  state.counters["multiply_adds"] = benchmark::Counter(n * (n + 1) / 2 * d, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["bytes"] = benchmark::Counter(n * d * 4, benchmark::Counter::kIsIterationInvariantRate);
}
Gram plain(ConstRows rows) { return gram(rows); }
Gram centered(ConstRows rows) { return centered_gram(rows); }

// 3,382,346 is the paper's CNN, 582,026 is lenet.
BENCHMARK(gram_of<plain>)->Args({10, 3'382'346})->Args({100, 582'026})->Args({400, 65'536})->Unit(benchmark::kMillisecond);
BENCHMARK(gram_of<centered>)->Args({10, 3'382'346})->Args({100, 582'026})->Args({400, 65'536})->Unit(benchmark::kMillisecond);
BENCHMARK(gram_of<gram_reference>)->Args({10, 65'536})->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tocsin::kernels
