// SPDX-License-Identifier: Apache-2.0
// What a malicious client costs beside a benign one: training samples a second of one client of 500 random images, batch 50,
// Adam. `one_target` is the cost of a step on a single target alone (items are steps).
#include <benchmark/benchmark.h>

#include <numeric>

#include "support/attacker.h"
#include "support/federation.h"
#include "tocsin/attack/parts/campaign.h"

namespace tocsin::attack {
namespace {

constexpr std::size_t kShard = 500, kBatch = 50;

/// One client and its memory of an earlier round, so that the distance term has its anchor.
struct Client : support::Attacker {
  explicit Client(const std::string& name) : Attacker(support::noise_images(kShard), name, kBatch, nn::Precision::float32) {
    samples.resize(kShard);
    std::iota(samples.begin(), samples.end(), 0U);
    targets = {{.index = 3, .label = 3, .wanted = 5}};
    training.optimizer.kind = nn::OptimizerKind::adam;
    training.optimizer.learning_rate = 1e-3;
    round.index = 2;
    round.weight = 0.1;
    Participation last;
    last.round = 1;
    last.global = std::vector<double>(architecture.parameters(), 0.0);
    last.sent = last.global;
    memory = save(last);
  }
};

void client(benchmark::State& state, const std::string& network, const std::string& name, const std::string& options) {
  nn::prepare_libraries();
  Client one(network);
  const Entry<Attack>* entry = attacks().find(name);
  if (!entry->facts.stateful) one.memory = {};
  const auto attack = support::make(*entry, options);
  std::size_t samples = 0, steps = 0;
  for (auto _ : state) {
    const Sent sent = one.run(*attack);
    samples += sent.report.samples;
    steps += sent.report.steps;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(name == "explicit_boosting" ? steps : samples));
}
// Ten passes over the shard, as in the paper.
const char* const kAlternating = "epochs = 10\nstealth_steps = 10";
const char* const kFree = "epochs = 10\nstealth_steps = 10\ndistance = { anchor = 'none' }";
BENCHMARK_CAPTURE(client, lenet_benign, "lenet", "none", "");
BENCHMARK_CAPTURE(client, lenet_alternating, "lenet", "alternating_minimization", kAlternating);
BENCHMARK_CAPTURE(client, lenet_alternating_without_distance, "lenet", "alternating_minimization", kFree);
BENCHMARK_CAPTURE(client, lenet_joint, "lenet", "joint", "epochs = 1");
BENCHMARK_CAPTURE(client, lenet_one_target, "lenet", "explicit_boosting", "steps = 100");
BENCHMARK_CAPTURE(client, paper_cnn_benign, "paper_cnn", "none", "");
BENCHMARK_CAPTURE(client, paper_cnn_alternating, "paper_cnn", "alternating_minimization", kAlternating);
BENCHMARK_CAPTURE(client, paper_cnn_one_target, "paper_cnn", "explicit_boosting", "steps = 20");

}  // namespace
}  // namespace tocsin::attack
