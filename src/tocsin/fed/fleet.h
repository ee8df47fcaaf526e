// SPDX-License-Identifier: Apache-2.0
// Where clients run. The round loop cannot tell threads from ranks.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "tocsin/attack/attack.h"
#include "tocsin/core/workers.h"
#include "tocsin/data/dataset.h"
#include "tocsin/nn/training.h"

namespace tocsin::fed {

using attack::Algorithm;

/// Batch of the replica that evaluates, forward only; it divides a chunk of evaluation, so that no padded row is computed. Where
/// the training's batch does so too and is not small, one replica trains and evaluates.
constexpr std::size_t evaluation_batch(std::size_t training_batch) {
  return training_batch >= 32 && nn::kEvaluationChunk % training_batch == 0 ? training_batch : 64;
}

/// One client's work in one round, by value.
struct WorkItem {
  std::uint32_t client = 0;
  std::span<const std::uint32_t> samples;  ///< its shard (already poisoned, for an attacker); empty: it sends zeros
  Stream stream = Stream(0);               ///< of this client and round
  const attack::Attack* attack = nullptr;  ///< trains in place of the benign client; null: benign training
  attack::AttackRound attack_round;
  std::span<const attack::Target> targets;
  Snapshot memory;
};
struct WorkResult {
  nn::TrainingReport report;
  Snapshot memory;
  std::string note;
};

/// What all clients of a round share.
struct RoundWork {
  std::size_t round = 1;
  ConstRows global;  ///< [1, d]
  Algorithm algorithm = Algorithm::fedavg;
  const nn::LocalTraining* training = nullptr;
  const data::Dataset* train = nullptr;
  const data::Dataset* test = nullptr;  ///< where targets point into
};

/// Clients somewhere. Results and rows do not depend on how many run at a time. A benign client whose training loss is not finite
/// sends a row of NaN, so that the server sets it aside (reliability.md, 2.4).
class Fleet {
 public:
  virtual ~Fleet() = default;
  /// Runs all items; row i of `updates` [items, d] becomes item i's update. `finished` is called after each, from any thread, one
  /// at a time. Throws Interrupted if `stop` is requested; what a client threw is rethrown.
  virtual std::vector<WorkResult> train(const RoundWork& work, std::span<const WorkItem> items, Rows updates,
                                        const std::function<void(std::size_t done)>& finished, std::stop_token stop) = 0;
  /// The same, but no row is kept: `fold` gets each finished row [1, d] in item order, one at a time.
  virtual std::vector<WorkResult> train_folding(const RoundWork& work, std::span<const WorkItem> items,
                                                const std::function<void(std::size_t item, ConstRows row)>& fold,
                                                const std::function<void(std::size_t done)>& finished, std::stop_token stop) = 0;
  /// Mean loss and accuracy of `global` over samples; all workers share the work.
  virtual nn::Evaluation evaluate(ConstRows global, const data::Dataset& data, std::span<const std::uint32_t> samples,
                                  std::stop_token stop) = 0;
  /// Hits [models] over samples of so many parameter vectors, `make(k, row)` writing vector k into row [1, d]: one model a worker
  /// at a time, each made once, on any thread, and gone when it is evaluated.
  virtual std::vector<std::size_t> hits(std::size_t models, Element element,
                                        const std::function<void(std::size_t k, Rows row)>& make, const data::Dataset& data,
                                        std::span<const std::uint32_t> samples, std::stop_token stop) = 0;
  /// Logits [samples, outputs] of `global`: for targets.
  virtual std::vector<double> logits(ConstRows global, const data::Dataset& data, std::span<const std::uint32_t> samples) = 0;
  /// Threads that kernels may use between phases; null where there are none.
  virtual Workers* workers() = 0;
};

/// Threads of this process, one client at a time each. A thread makes its replica when it first needs it and keeps it; beside it a
/// second, small one of the targets' number for attackers, so that a step on one target costs one sample, not a batch.
std::unique_ptr<Fleet> make_thread_fleet(const nn::Architecture& architecture, std::size_t batch, nn::Precision precision,
                                         std::size_t workers);

}  // namespace tocsin::fed
