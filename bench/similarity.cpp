// SPDX-License-Identifier: Apache-2.0
// Similarities of one pair of 28 x 28 maps: each alone, all together, and all together on maps prepared before. One thread.
#include "tocsin/explain/similarity.h"

#include <benchmark/benchmark.h>

#include <string>

#include "tocsin/core/random.h"
#include "tocsin/explain/drawn.h"

namespace tocsin::explain {
namespace {

/// Two maps of normals that share half of their variance; a third of the cells, the same in both, is 0 as a background is.
struct Pair {
  std::vector<double> a = std::vector<double>(784, 0.0), b = a;
  std::vector<std::uint8_t> drawn_a, drawn_b;
  explicit Pair(std::uint64_t number = 0) {
    Draws draws(Stream(1).at("maps").at(number));
    for (std::size_t i = 0; i < a.size(); ++i) {
      const double common = draws.normal(), x = draws.normal(), y = draws.normal();
      if (i % 3 != 0) a[i] = common + x, b[i] = common + y;
    }
    drawn_a = drawn(a, Sign::both), drawn_b = drawn(b, Sign::both);
  }
  [[nodiscard]] Seen first() const { return {.map = a, .drawn = drawn_a, .height = 28, .width = 28}; }
  [[nodiscard]] Seen second() const { return {.map = b, .drawn = drawn_b, .height = 28, .width = 28}; }
};

void alone(benchmark::State& state, const Similarity& similarity) {
  const Pair pair;
  for (auto _ : state) benchmark::DoNotOptimize(similarity.measure(pair.first(), pair.second()));
}

std::vector<const Similarity*> all() {
  std::vector<const Similarity*> result;
  for (const Similarity& one : similarities()) result.push_back(&one);
  return result;
}

/// Over 100 pairs in turn, so that no branch is foretold from the same maps seen before.
void together(benchmark::State& state) {
  std::vector<Pair> pairs;
  for (std::uint64_t number = 0; number < 100; ++number) pairs.emplace_back(number);
  const std::vector<const Similarity*> chosen = all();
  std::size_t turn = 0;
  for (auto _ : state) {
    const Pair& pair = pairs[turn++ % pairs.size()];
    benchmark::DoNotOptimize(measured(pair.first(), pair.second(), chosen));
  }
}

void prepared_before(benchmark::State& state) {
  const Pair pair;
  const Prepared a = prepared(pair.first()), b = prepared(pair.second());
  for (auto _ : state)
    for (const Similarity& one : similarities()) benchmark::DoNotOptimize(one.measure(a, b));
}

const bool kRegistered = [] {
  for (const Similarity& one : similarities())
    benchmark::RegisterBenchmark(std::string(one.name).c_str(), [&one](benchmark::State& state) {
      alone(state, one);
    })->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark("all_together", together)->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark("all_prepared_before", prepared_before)->Unit(benchmark::kMicrosecond);
  return true;
}();

}  // namespace
}  // namespace tocsin::explain
