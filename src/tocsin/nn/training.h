// SPDX-License-Identifier: Apache-2.0
// What a client does with its shard, as a value, and the one function that does it; evaluation of every sample.
// Attacks are made of the same pieces: an optimizer, a batch order, `gradient`, a scaled step. There is no second training loop.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>
#include <utility>
#include <vector>

#include "tocsin/core/options.h"
#include "tocsin/core/random.h"
#include "tocsin/core/rows.h"
#include "tocsin/data/dataset.h"
#include "tocsin/nn/network.h"

namespace tocsin::nn {

enum class OptimizerKind { sgd, adam };

/// An optimizer as data. PyTorch's definitions: weight decay is added to the gradient; momentum buffer b = momentum b + g, the
/// first b = g; nesterov g + momentum b; Adam with bias correction, epsilon outside the root.
struct OptimizerPlan {
  OptimizerKind kind = OptimizerKind::sgd;
  double learning_rate = 0.1;
  double momentum = 0.0;
  bool nesterov = false;
  double weight_decay = 0.0;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  std::vector<std::pair<std::size_t, double>> schedule = {};  ///< (round, rate) ascending: the rate from that round on
  [[nodiscard]] double rate_at(std::size_t round) const;
  /// Plain SGD: nothing needs the gradient itself, so the fused step may be used.
  [[nodiscard]] bool is_plain() const { return kind == OptimizerKind::sgd && momentum == 0.0 && weight_decay == 0.0; }
};
/// Reads `optimizer`, `learning_rate`, `momentum`, `nesterov`, `weight_decay`, `betas`, `epsilon`, `schedule` of a table.
OptimizerPlan read_optimizer(Options& options, const OptimizerPlan& defaults);

/// A term of the loss that pulls parameters to an anchor [1, raw]: it adds factor (parameters - anchor) to the gradient.
struct Pull {
  ConstRows anchor;
  double factor = 0;
};

/// The state of one optimizer over one raw vector: moments, step count. Fresh for each client and round.
class Optimizer {
 public:
  Optimizer(const OptimizerPlan& plan, std::size_t coordinates, Element element);
  /// parameters += boost * (the step for `gradient` at `rate`); both [1, raw] of one element type. One pass over memory.
  void step(Rows parameters, ConstRows gradient, double rate, double boost = 1.0) {
    step(parameters, gradient, rate, boost, nullptr);
  }
  /// The same with a pull taken along, in the same pass. Returns ||parameters - anchor||^2 after the step.
  double step(Rows parameters, ConstRows gradient, double rate, const Pull& pull) {
    return step(parameters, gradient, rate, 1.0, &pull);
  }
  void reset();  ///< as new, keeping the memory

 private:
  double step(Rows parameters, ConstRows gradient, double rate, double boost, const Pull* pull);

  OptimizerPlan plan_;
  std::size_t steps_ = 0;
  Updates moments_;  ///< 0, 1 or 2 rows of [raw]
};

/// Local training of a client: E epochs over its shard in batches of B, reshuffled every epoch, the last batch as short as it is.
struct LocalTraining {
  std::size_t epochs = 1;
  std::size_t batch = 50;
  OptimizerPlan optimizer = {};
  Precision precision = Precision::float32;
};
/// Reads [training].
LocalTraining read_training(Options& options);

/// Everything a run of local training works on. The network holds the start parameters and ends with the trained ones.
struct TrainingPlace {
  Network& network;
  const data::Dataset& data;
  std::span<const std::uint32_t> samples;  ///< the shard
  std::size_t round = 1;                   ///< for the rate schedule
  Stream stream = Stream(0);               ///< of this client and round: at("shuffle").at(epoch), at("dropout").at(step)
  std::stop_token stop = {};               ///< looked at between batches: Interrupted
};
struct TrainingReport {
  double loss = 0;          ///< mean training loss over all samples seen
  std::size_t samples = 0;  ///< samples processed
  std::size_t steps = 0;
  /// Counts a step over `batch` samples with this sum of losses; `average` makes the sum of all of them a mean.
  void add(double sum, std::size_t batch) { loss += sum, samples += batch, ++steps; }
  void average() { loss /= samples > 0 ? static_cast<double>(samples) : 1.0; }
};

/// How the batches of a shard follow each other. published: as the code of arXiv:1811.12470 walks them: never reshuffled, batch k
/// begins at sample k B mod (l - B), so that the last B samples are hardly used; floor(E l / B) batches, all of B samples.
/// as_listed: in the order of the shard.
enum class BatchOrder { shuffled, as_listed, published };

/// The batches of local training, one after the other. Every training loop is one of these.
class BatchWalk {
 public:
  /// `epochs` walks over the shard of `place` in batches of `batch`, at most the network's capacity; both must outlive it.
  BatchWalk(const TrainingPlace& place, std::size_t epochs, std::size_t batch, BatchOrder order = BatchOrder::shuffled);
  /// Puts the next batch into the network; false where there is none. Throws Interrupted.
  bool next();
  /// Puts batch k of the published order into the network, also one beyond the walk. Throws Interrupted.
  void take(std::size_t k);
  [[nodiscard]] Wanted wanted() const { return {labels_, targets_}; }
  [[nodiscard]] std::size_t samples() const { return chosen_.size(); }  ///< of the batch
  [[nodiscard]] std::size_t step() const { return step_ - 1; }          ///< how many were taken before this batch
  [[nodiscard]] std::size_t steps() const { return steps_; }            ///< of the whole walk

 private:
  /// Batches of an epoch, the last one as short as it is.
  [[nodiscard]] std::size_t per_epoch() const { return (place_.samples.size() + batch_ - 1) / batch_; }
  void put(std::span<const std::uint32_t> chosen);

  const TrainingPlace& place_;
  std::size_t batch_, steps_ = 0, step_ = 0;
  BatchOrder kind_;
  std::vector<std::uint32_t> order_;
  std::span<const std::uint32_t> chosen_;
  std::vector<std::int32_t> labels_;
  std::vector<float> targets_;
};

/// The order in which a shard is walked in an epoch: a permutation of `samples`.
std::vector<std::uint32_t> epoch_order(std::span<const std::uint32_t> samples, const Stream& stream, std::size_t epoch);
/// Runs it. Throws Interrupted. The loss may be non-finite: that is data, not an error.
TrainingReport train(const LocalTraining& training, const TrainingPlace& place);
/// FedSGD: the gradient of the mean loss over the whole shard at the start parameters, no step taken; into `flat` [1, d].
TrainingReport full_gradient(const LocalTraining& training, const TrainingPlace& place, Rows flat);

/// Labels (or targets) of `samples` gathered for a batch.
void gather_wanted(const data::Dataset& data, std::span<const std::uint32_t> samples, std::vector<std::int32_t>& labels,
                   std::vector<float>& targets);

/// Mean loss and accuracy over samples, every one counted once, in chunks of 256 joined by the fixed tree.
struct Evaluation {
  double loss = 0, accuracy = 0;
  std::size_t samples = 0;
  double balanced_accuracy = 0;                     ///< mean over the classes that occur of hits / count; 0 for a regression
  std::vector<std::size_t> hits = {}, counts = {};  ///< [classes]; empty for a regression
  /// Accuracy of answering the most frequent class always; 0 for a regression. A model that is no better may have collapsed.
  [[nodiscard]] double majority_baseline() const;
};
/// Sums over a chunk, and its hits and samples by class [classes].
struct ChunkLoss : BatchLoss {
  std::vector<std::uint32_t> hits = {}, counts = {};
};
/// Sums of one chunk: evaluate = join of chunks in order; chunks may be computed by different workers.
ChunkLoss evaluate_chunk(Network& network, const data::Dataset& data, std::span<const std::uint32_t> chunk);
/// Adds up the chunks of `samples` samples by a tree that depends on their number alone.
Evaluation join_chunks(std::span<const ChunkLoss> chunks, std::size_t samples);
Evaluation evaluate(Network& network, const data::Dataset& data, std::span<const std::uint32_t> samples);
constexpr std::size_t kEvaluationChunk = 256;

/// Softmax probabilities [outputs] of logits.
std::vector<double> softmax(std::span<const double> logits);

}  // namespace tocsin::nn
