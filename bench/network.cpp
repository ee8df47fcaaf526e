// SPDX-License-Identifier: Apache-2.0
// Training and evaluation steps of every built-in network, one thread: samples a second ("items_per_second") and 10^9 operations a
// second. bench_network --benchmark_filter=train/lenet
#include <benchmark/benchmark.h>

#include <memory>
#include <numeric>
#include <string>

#include "tocsin/core/random.h"
#include "tocsin/nn/training.h"

namespace tocsin::nn {
namespace {

constexpr std::size_t kShard = 600;

/// A replica with random parameters and a shard of random samples.
struct Bench {
  Bench(const BuiltIn& built, std::size_t batch, Precision precision)
      : architecture(built_in(built.name, built.usual_input, built.usual_outputs)) {
    data.name = "random";
    data.shape = built.usual_input;
    data.classes = architecture.loss() == Loss::cross_entropy ? built.usual_outputs : 0;
    data.outputs = data.classes == 0 ? built.usual_outputs : 0;
    Draws draws(Stream(1).at("bench"));
    data.pixels.resize(kShard * data.shape.features());
    for (std::uint8_t& pixel : data.pixels) pixel = static_cast<std::uint8_t>(draws.below(256));
    for (std::size_t i = 0; i < kShard; ++i) {
      if (data.classes > 0)
        data.labels.push_back(static_cast<std::int32_t>(draws.below(data.classes)));
      else
        for (std::size_t k = 0; k < data.outputs; ++k) data.targets.push_back(static_cast<float>(draws.normal()));
    }
    network = make_network(architecture, batch, precision);
    Updates start(1, architecture.parameters());
    initialise(architecture, Init::glorot, Stream(2), start.rows());
    network->load(start.rows());
    samples.resize(kShard);
    std::iota(samples.begin(), samples.end(), 0U);
  }
  void report(benchmark::State& state, std::size_t count, double flops) const {
    state.SetItemsProcessed(static_cast<std::int64_t>(count));
    state.counters["GF/s"] = benchmark::Counter(static_cast<double>(count) * flops / 1e9, benchmark::Counter::kIsRate);
  }
  Architecture architecture;
  data::Dataset data;
  std::unique_ptr<Network> network;
  std::vector<std::uint32_t> samples;
};

/// One epoch of local training over 600 samples.
void train_epoch(benchmark::State& state, const BuiltIn& built, std::size_t batch, OptimizerKind optimizer, Precision precision) {
  prepare_libraries();
  Bench bench(built, batch, precision);
  LocalTraining training;
  training.batch = batch;
  training.optimizer.kind = optimizer;
  training.optimizer.learning_rate = optimizer == OptimizerKind::adam ? 1e-4 : 1e-3;
  std::size_t count = 0, round = 0;
  for (auto _ : state)
    count +=
        train(training, {.network = *bench.network, .data = bench.data, .samples = bench.samples, .stream = Stream(3).at(++round)})
            .samples;
  bench.report(state, count, bench.architecture.flops_per_sample());
}

void evaluate_shard(benchmark::State& state, const BuiltIn& built, Precision precision) {
  prepare_libraries();
  Bench bench(built, 64, precision);
  std::size_t count = 0;
  for (auto _ : state) count += evaluate(*bench.network, bench.data, bench.samples).samples;
  bench.report(state, count, bench.architecture.forward_flops_per_sample());
}

/// Loading a flat vector into the replica and saving it: what changing the client costs.
void change_client(benchmark::State& state, const BuiltIn& built) {
  prepare_libraries();
  Bench bench(built, 32, Precision::float32);
  Updates flat(1, bench.architecture.parameters());
  for (auto _ : state) {
    bench.network->save(flat.rows());
    bench.network->load(flat.rows());
  }
}

const bool kRegistered = [] {
  for (const BuiltIn& built : built_in_networks())
    for (const Precision precision : {Precision::float32, Precision::bf16}) {
      if (!available(precision)) continue;
      const std::string suffix = std::string(built.name) + "/" + std::string(text(precision));
      for (const OptimizerKind optimizer : {OptimizerKind::sgd, OptimizerKind::adam})
        benchmark::RegisterBenchmark(("train/" + suffix + (optimizer == OptimizerKind::sgd ? "/sgd" : "/adam")).c_str(),
                                     [=](benchmark::State& state) { train_epoch(state, built, 32, optimizer, precision); });
      benchmark::RegisterBenchmark(("evaluate/" + suffix).c_str(),
                                   [=](benchmark::State& state) { evaluate_shard(state, built, precision); });
      if (precision == Precision::float32)
        benchmark::RegisterBenchmark(("change_client/" + std::string(built.name)).c_str(),
                                     [=](benchmark::State& state) { change_client(state, built); });
    }
  return true;
}();

}  // namespace
}  // namespace tocsin::nn
