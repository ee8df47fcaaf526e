// SPDX-License-Identifier: Apache-2.0
// The three passes of a 5x5 convolution by Winograd's F(2x2, 5x5), one thread, batch 50: the second layers of lenet (32 -> 64
// channels, 12x12) and of paper_cnn (64 -> 64, 24x24). Counter: products that direct convolution would take.
#include "tocsin/kernels/winograd.h"

#include <benchmark/benchmark.h>

#include <vector>

#include "tocsin/core/random.h"

namespace tocsin::kernels {
namespace {

struct Layer {
  WinogradShape shape;
  std::vector<float> in, out, weights, u, transposed, scratch;
  explicit Layer(const benchmark::State& state)
      : shape{.batch = 50,
              .channels = static_cast<std::size_t>(state.range(0)),
              .height = static_cast<std::size_t>(state.range(1)),
              .width = static_cast<std::size_t>(state.range(1)),
              .filters = 64},
        in(shape.batch * shape.channels * shape.height * shape.width),
        out(shape.batch * shape.filters * shape.out_height() * shape.out_width()),
        weights(shape.kernel * shape.kernel * shape.channels * shape.filters),
        u(shape.transformed()),
        transposed(u),
        scratch(shape.scratch()) {
    Draws draws(Stream(1).at("bench"));
    for (auto* values : {&in, &out, &weights})
      for (float& value : *values) value = static_cast<float>(draws.normal());
    winograd_weights(shape, weights.data(), u.data());
    winograd_transposed(shape, u.data(), transposed.data());
  }
  void count(benchmark::State& state) const {
    state.counters["products"] =
        benchmark::Counter(static_cast<double>(out.size() * 25 * shape.channels), benchmark::Counter::kIsIterationInvariantRate);
  }
};

void forward(benchmark::State& state) {
  Layer at(state);
  for (auto _ : state) winograd_forward(at.shape, at.in.data(), at.u.data(), nullptr, true, at.out.data(), at.scratch.data());
  at.count(state);
}
void data(benchmark::State& state) {
  Layer at(state);
  for (auto _ : state) winograd_data(at.shape, at.out.data(), at.transposed.data(), at.in.data(), at.scratch.data());
  at.count(state);
}
void gradient(benchmark::State& state) {
  Layer at(state);
  for (auto _ : state) winograd_gradient(at.shape, at.in.data(), at.out.data(), at.weights.data(), at.scratch.data());
  at.count(state);
}
void weights(benchmark::State& state) {
  Layer at(state);
  for (auto _ : state) {
    winograd_weights(at.shape, at.weights.data(), at.u.data());
    winograd_transposed(at.shape, at.u.data(), at.transposed.data());
  }
}
BENCHMARK(forward)->Args({32, 12})->Args({64, 24})->Unit(benchmark::kMillisecond);
BENCHMARK(data)->Args({32, 12})->Args({64, 24})->Unit(benchmark::kMillisecond);
BENCHMARK(gradient)->Args({32, 12})->Args({64, 24})->Unit(benchmark::kMillisecond);
BENCHMARK(weights)->Args({32, 12})->Args({64, 24})->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tocsin::kernels
