// SPDX-License-Identifier: Apache-2.0
// Bootstrap, swap test and figures of comparison tables with 10 + 10 runs: one family of 13 methods by size of the group, and a
// whole table of 13 methods, 12 similarities and 4 groups on two workers. The cells themselves are made beforehand.
#include "tocsin/explain/comparison.h"

#include <benchmark/benchmark.h>

#include "support/cells.h"

namespace tocsin::explain {
namespace {

constexpr std::size_t kMethods = 13, kSimilarities = 12;
constexpr std::size_t kGroups[] = {10, 40, 40, 100};  // images

std::vector<Cell> family(std::size_t images) {
  std::vector<Cell> result;
  for (std::uint64_t m = 0; m < kMethods; ++m) {
    Cell& cell = result.emplace_back(
        support::drawn_cell({.images = images, .benign = 10, .attacked = 10, .shift = 1}, Stream(1).at("cell").at(m)));
    for (const Set set : {Set::sham, Set::other_image, Set::other_class}) cell.by_run[at(set)] = cell.by_run[at(Set::rounds)];
  }
  return result;
}

void methods(benchmark::State& state) {
  const std::vector<Cell> cells = family(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(compare(cells));
}
BENCHMARK(methods)->Arg(10)->Arg(40)->Arg(100)->Unit(benchmark::kMillisecond);

void whole_table(benchmark::State& state) {
  std::vector<std::vector<Cell>> families;
  for (const std::size_t images : kGroups) families.push_back(family(images));
  Workers workers(2);
  for (auto _ : state)
    for (std::size_t similarity = 0; similarity < kSimilarities; ++similarity)
      for (const std::vector<Cell>& cells : families) benchmark::DoNotOptimize(compare(cells, {}, &workers));
}
BENCHMARK(whole_table)->Unit(benchmark::kSecond)->Iterations(1)->UseRealTime();

}  // namespace
}  // namespace tocsin::explain
