// SPDX-License-Identifier: Apache-2.0
// Clients on the threads of this process: one client, one thread, all its local steps in a row (architecture, "Learning").
// A thread keeps its replica for good: building a network's primitives takes 11-80 ms, loading another client's vector under 1 ms.
#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <utility>

#include "tocsin/core/errors.h"
#include "tocsin/fed/fleet.h"

namespace tocsin::fed {
namespace {

/// Hands finished rows on in item order: item i waits for its buffer until item i - `window` has been folded. Items begin in
/// ascending order, so the lowest one not folded never waits.
class FoldQueue {
 public:
  FoldQueue(std::size_t items, std::size_t window) : window_(window), finished_(items, false) {}

  [[nodiscard]] std::size_t buffer_of(std::size_t item) const { return item % window_; }

  /// False if another item failed: then this one has no business any more.
  bool wait_for_buffer(std::size_t item) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return failed_ || item < next_ + window_; });
    return !failed_;
  }
  /// Folds every row that is due, this one or others that waited for it.
  template <class Fold>
  void finish(std::size_t item, Fold&& fold) {
    const std::lock_guard lock(mutex_);
    finished_[item] = true;
    while (!failed_ && next_ < finished_.size() && finished_[next_]) fold(next_++);
    changed_.notify_all();
  }
  void fail() {
    const std::lock_guard lock(mutex_);
    failed_ = true;
    changed_.notify_all();
  }

 private:
  std::size_t window_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<bool> finished_;
  std::size_t next_ = 0;
  bool failed_ = false;
};

/// Counts finished clients and tells, one at a time.
class Tally {
 public:
  explicit Tally(const std::function<void(std::size_t)>& tell) : tell_(tell) {}
  void one_more() {
    if (!tell_) return;
    const std::lock_guard lock(mutex_);
    tell_(++done_);
  }

 private:
  const std::function<void(std::size_t)>& tell_;
  std::mutex mutex_;
  std::size_t done_ = 0;
};

class ThreadFleet final : public Fleet {
 public:
  ThreadFleet(const nn::Architecture& architecture, std::size_t batch, nn::Precision precision, std::size_t workers)
      : architecture_(architecture),
        batch_(batch),
        precision_(precision),
        replicas_(workers),
        workers_(workers, nn::prepare_thread) {
    require(batch > 0, "fleet: the batch must hold at least one sample");
  }

  std::vector<WorkResult> train(const RoundWork& work, std::span<const WorkItem> items, Rows updates,
                                const std::function<void(std::size_t)>& finished, std::stop_token stop) override {
    require(updates.clients() == items.size(), "fleet: {} items need as many rows, got {}", items.size(), updates.clients());
    std::vector<WorkResult> results(items.size());
    Tally tally(finished);
    workers_.run(
        items.size(),
        [&](std::size_t worker, std::size_t i) {
          results[i] = run_client(worker, work, items[i], updates.slice(i, i + 1), stop);
          tally.one_more();
        },
        stop);
    return results;
  }

  std::vector<WorkResult> train_folding(const RoundWork& work, std::span<const WorkItem> items,
                                        const std::function<void(std::size_t, ConstRows)>& fold,
                                        const std::function<void(std::size_t)>& finished, std::stop_token stop) override {
    const std::size_t window = std::min(items.size(), 2 * workers_.count());
    if (buffers_.clients() < window || buffers_.element() != work.global.element())
      buffers_ = Updates(window, architecture_.parameters(), work.global.element());
    std::vector<WorkResult> results(items.size());
    FoldQueue queue(items.size(), window);
    Tally tally(finished);
    const Rows buffers = buffers_.rows();
    const auto client = [&](std::size_t worker, std::size_t i) {
      if (!queue.wait_for_buffer(i)) return;
      const auto row = [&](std::size_t item) { return buffers.slice(queue.buffer_of(item), queue.buffer_of(item) + 1); };
      results[i] = run_client(worker, work, items[i], row(i), stop);
      queue.finish(i, [&](std::size_t item) { fold(item, row(item)); });
      tally.one_more();
    };
    workers_.run(
        items.size(),
        [&](std::size_t worker, std::size_t i) {
          try {
            client(worker, i);
          } catch (...) {
            queue.fail();
            throw;
          }
        },
        stop);
    return results;
  }

  nn::Evaluation evaluate(ConstRows global, const data::Dataset& data, std::span<const std::uint32_t> samples,
                          std::stop_token stop) override {
    if (samples.empty()) return {};
    const std::size_t chunks = (samples.size() + nn::kEvaluationChunk - 1) / nn::kEvaluationChunk;
    std::vector<nn::ChunkLoss> parts(chunks);
    std::vector<char> loaded(workers_.count(), 0);
    workers_.run(
        chunks,
        [&](std::size_t worker, std::size_t i) {
          nn::Network& network = evaluation_replica(worker);
          if (loaded[worker] == 0) network.load(global);
          loaded[worker] = 1;
          const std::size_t first = i * nn::kEvaluationChunk;
          const auto chunk = samples.subspan(first, std::min(nn::kEvaluationChunk, samples.size() - first));
          parts[i] = nn::evaluate_chunk(network, data, chunk);
        },
        stop);
    return nn::join_chunks(parts, samples.size());
  }

  std::vector<std::size_t> hits(std::size_t models, Element element, const std::function<void(std::size_t, Rows)>& make,
                                const data::Dataset& data, std::span<const std::uint32_t> samples, std::stop_token stop) override {
    std::vector<std::size_t> result(models, 0);
    std::vector<Updates> made(workers_.count());
    workers_.run(
        models,
        [&](std::size_t worker, std::size_t k) {
          if (made[worker].clients() == 0) made[worker] = Updates(1, architecture_.parameters(), element);
          make(k, made[worker].rows());
          nn::Network& network = evaluation_replica(worker);
          network.load(std::as_const(made[worker]).rows());
          for (std::size_t first = 0; first < samples.size(); first += nn::kEvaluationChunk)
            result[k] +=
                nn::evaluate_chunk(network, data, samples.subspan(first, std::min(nn::kEvaluationChunk, samples.size() - first)))
                    .correct;
        },
        stop);
    return result;
  }

  std::vector<double> logits(ConstRows global, const data::Dataset& data, std::span<const std::uint32_t> samples) override {
    std::vector<double> result;
    if (samples.empty()) return result;
    workers_.run(1, [&](std::size_t worker, std::size_t) {
      nn::Network& network = evaluation_replica(worker);
      network.load(global);
      for (std::size_t first = 0; first < samples.size(); first += network.capacity()) {
        network.put(data, samples.subspan(first, std::min(network.capacity(), samples.size() - first)));
        network.forward();
        const std::vector<double> part = network.logits();
        result.insert(result.end(), part.begin(), part.end());
      }
    });
    return result;
  }

  Workers* workers() override { return &workers_; }

 private:
  struct Replica {
    std::unique_ptr<nn::Network> whole;       // for batches
    std::unique_ptr<nn::Network> small;       // for an attacker's targets: capacity = their number
    std::unique_ptr<nn::Network> evaluation;  // forward only, where `whole` does not serve
  };

  nn::Network& replica(std::size_t worker) {
    auto& network = replicas_[worker].whole;
    if (!network) network = nn::make_network(architecture_, batch_, precision_);
    return *network;
  }
  nn::Network& evaluation_replica(std::size_t worker) {
    const std::size_t batch = evaluation_batch(batch_);
    if (batch == batch_) return replica(worker);
    auto& network = replicas_[worker].evaluation;
    if (!network) network = nn::make_network(architecture_, batch, precision_);
    return *network;
  }
  nn::Network& small_replica(std::size_t worker, std::size_t capacity) {
    auto& network = replicas_[worker].small;
    if (!network || network->capacity() != capacity) network = nn::make_network(architecture_, capacity, precision_);
    return *network;
  }

  WorkResult run_client(std::size_t worker, const RoundWork& work, const WorkItem& item, Rows update, const std::stop_token& stop) {
    nn::Network& network = replica(worker);
    network.enable_dropout(true);
    const nn::TrainingPlace place{
        .network = network, .data = *work.train, .samples = item.samples, .round = work.round, .stream = item.stream, .stop = stop};
    if (item.attack == nullptr) {
      const nn::TrainingReport report = attack::benign_update(*work.training, place, work.global, update, work.algorithm);
      if (!std::isfinite(report.loss)) {
        const double nan = std::numeric_limits<double>::quiet_NaN();
        update.assign(0, std::vector<double>(update.coordinates(), nan));
      }
      return {.report = report, .memory = item.memory, .note = {}};
    }
    nn::Network& small = item.targets.empty() ? network : small_replica(worker, item.targets.size());
    small.enable_dropout(true);
    attack::Sent sent = item.attack->train(attack::AttackPlace{.training = place,
                                                               .small = small,
                                                               .benign = *work.training,
                                                               .target_data = *work.test,
                                                               .targets = item.targets,
                                                               .round = item.attack_round,
                                                               .algorithm = work.algorithm,
                                                               .memory = item.memory},
                                           update);
    return {.report = sent.report, .memory = std::move(sent.memory), .note = std::move(sent.note)};
  }

  const nn::Architecture& architecture_;
  std::size_t batch_;
  nn::Precision precision_;
  std::vector<Replica> replicas_;
  Updates buffers_;  // of rows that wait to be folded
  Workers workers_;  // last: its threads end before the replicas they use
};

}  // namespace

std::unique_ptr<Fleet> make_thread_fleet(const nn::Architecture& architecture, std::size_t batch, nn::Precision precision,
                                         std::size_t workers) {
  return std::make_unique<ThreadFleet>(architecture, batch, precision, workers);
}

}  // namespace tocsin::fed
