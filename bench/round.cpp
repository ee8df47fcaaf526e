// SPDX-License-Identifier: Apache-2.0
// One whole round of a federation: 10 clients of 600 random images, evaluation of 1,000, by network, rule and workers. `apart` is
// two federations of one worker that know nothing of each other: what the machine can give to two workers at most. Counters give
// the shares of a round that are not training: `inspect` (detectors), `aggregate` (crafting, rule, figures, server step) and
// `evaluate`. Detectors are timed with shards of 6,000, since what they cost does not depend on how long clients train.
#include <benchmark/benchmark.h>

#include "support/federation.h"
#include "tocsin/defense/detector_registry.h"

namespace tocsin::fed {
namespace {

constexpr std::size_t kClients = 10, kTest = 1000;

void one_round(benchmark::State& state, const std::string& network, const std::string& rule, std::size_t shard = 600,
               bool detectors = false) {
  nn::prepare_libraries();
  support::Scenario scenario;
  scenario.problem = support::noise_images(kClients * shard);
  scenario.network = network;
  scenario.clients = kClients;
  scenario.rule = rule;
  scenario.assumed = 1;
  scenario.training.batch = 50;
  scenario.training.precision = nn::Precision::float32;
  scenario.training.optimizer.learning_rate = 0.01;
  scenario.workers = static_cast<std::size_t>(state.range(0));
  support::Federation federation(scenario);
  federation.parts.test_samples.resize(kTest);
  std::vector<std::unique_ptr<defense::Detector>> made;
  if (detectors) {
    federation.parts.validation_data = federation.parts.problem.test.get();
    federation.parts.validation_samples = federation.parts.test_samples;
    for (const Entry<defense::Detector>* entry : defense::detectors()) {
      if (!entry->facts.standard) continue;
      made.push_back(support::make(*entry));
      federation.parts.detectors.push_back({std::string(entry->name), made.back().get(), entry});
    }
  }
  State round_state = federation.start();
  RoundTimes times;
  run_round(round_state, federation.parts, times, {}, {});  // makes the replicas, once in the life of a federation
  double total = 0, inspect = 0, aggregate = 0, evaluate = 0;
  for (auto _ : state) {
    const RoundRecord record = run_round(round_state, federation.parts, times, {}, {});
    benchmark::DoNotOptimize(record.test.loss);
    total += times.total_seconds;
    inspect += times.inspect_seconds;
    aggregate += times.aggregate_seconds;
    evaluate += times.evaluate_seconds;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kClients * shard));
  const auto share = [&](double part) { return benchmark::Counter(part / total, benchmark::Counter::kAvgThreads); };
  if (detectors) state.counters["inspect_share"] = share(inspect);
  state.counters["aggregate_share"] = share(aggregate);
  state.counters["evaluate_share"] = share(evaluate);
}
BENCHMARK_CAPTURE(one_round, lenet_weighted_mean, "lenet", "weighted_mean")->Arg(1)->Arg(2)->UseRealTime();
BENCHMARK_CAPTURE(one_round, lenet_weighted_mean_apart, "lenet", "weighted_mean")->Arg(1)->Threads(2)->UseRealTime();
BENCHMARK_CAPTURE(one_round, lenet_detectors, "lenet", "weighted_mean", 6000, true)->Arg(2)->UseRealTime();
BENCHMARK_CAPTURE(one_round, lenet_krum, "lenet", "krum")->Arg(1)->Arg(2)->UseRealTime();
BENCHMARK_CAPTURE(one_round, mlp_median, "mlp", "median")->Arg(1)->Arg(2)->UseRealTime();
BENCHMARK_CAPTURE(one_round, softmax_weighted_mean, "softmax", "weighted_mean")->Arg(1)->Arg(2)->UseRealTime();

}  // namespace
}  // namespace tocsin::fed
