// SPDX-License-Identifier: Apache-2.0
// Attacks and rules that only tests need: what they do is a function given by the test.
#pragma once
#include <functional>
#include <string>
#include <utility>

#include "tocsin/attack/attack.h"
#include "tocsin/defense/aggregator.h"

namespace tocsin::support {

/// Crafts by a function of the malicious rows and the knowledge.
class CraftBy final : public attack::Attack {
 public:
  using Craft = std::function<void(Rows, const attack::Knowledge&, std::span<const attack::AttackRound>)>;
  explicit CraftBy(Craft craft) : craft_(std::move(craft)) {}
  void craft(Rows malicious, const attack::Knowledge& knowledge, std::span<const attack::AttackRound> rounds) const override {
    craft_(malicious, knowledge, rounds);
  }

 private:
  Craft craft_;
};
/// Trains by a function.
class TrainBy final : public attack::Attack {
 public:
  using Train = std::function<attack::Sent(attack::AttackPlace, Rows)>;
  explicit TrainBy(Train train) : train_(std::move(train)) {}
  attack::Sent train(attack::AttackPlace place, Rows update) const override { return train_(std::move(place), update); }

 private:
  Train train_;
};
inline const Entry<attack::Attack> kCraftsEntry{.name = "crafts",
                                                .summary = "-",
                                                .paper = "-",
                                                .status = Status::lightly_tested,
                                                .facts = {.crafts = true, .needs_own = true},
                                                .make = nullptr};
inline const Entry<attack::Attack> kTrainsEntry{.name = "trains",
                                                .summary = "-",
                                                .paper = "-",
                                                .status = Status::lightly_tested,
                                                .facts = {.trains = true, .stateful = true},
                                                .make = nullptr};

/// A mean that hands everything it sees to a function first, and counts its calls as its state.
class SpyRule final : public defense::Aggregator {
 public:
  using See = std::function<void(ConstRows, const Round&)>;
  explicit SpyRule(See see) : see_(std::move(see)) {}
  defense::Aggregation aggregate(ConstRows updates, const Round& round) override {
    ++calls_;
    see_(updates, round);
    defense::Aggregation result;
    result.weights.assign(updates.clients(), 1.0 / static_cast<double>(updates.clients()));
    result.update.assign(updates.coordinates(), 0.0);
    for (std::size_t i = 0; i < updates.clients(); ++i)
      for (std::size_t j = 0; j < updates.coordinates(); ++j) result.update[j] += result.weights[i] * updates.at(i, j);
    return result;
  }
  void visit(SnapshotVisitor& visitor) override { visitor.scalar("calls", calls_); }
  [[nodiscard]] std::int64_t calls() const { return calls_; }

 private:
  See see_;
  std::int64_t calls_ = 0;
};
inline const Entry<defense::Aggregator> kSpyEntry{.name = "spy",
                                                  .summary = "-",
                                                  .paper = "-",
                                                  .status = Status::lightly_tested,
                                                  .facts = {.selects = true, .stateful = true},
                                                  .make = nullptr};

}  // namespace tocsin::support
