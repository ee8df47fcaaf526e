// SPDX-License-Identifier: Apache-2.0
// L_mal, the attacker's own objective: the mean cross-entropy of its targets with the labels it wants for them.
// It lives on the small replica, which holds as many samples as there are targets, so that a step on one target costs one sample.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "tocsin/attack/attack.h"
#include "tocsin/core/options.h"

namespace tocsin::attack {

/// How the attacker takes steps of its own.
struct StepPlan {
  std::optional<nn::OptimizerKind> optimizer;  ///< none: the benign training's, with all its options
  std::optional<double> learning_rate;         ///< none: the benign one of the round
  /// The optimizer of this round, its rate in `learning_rate`.
  [[nodiscard]] nn::OptimizerPlan resolve(const nn::OptimizerPlan& benign, std::size_t round) const;
};
/// Reads `optimizer` and `learning_rate`.
StepPlan read_step_plan(Options& options);
/// Reads `dropout`: whether it is on while the targets are learnt.
bool read_dropout(Options& options);

/// L_mal of one attacker in one round.
class TargetLoss {
 public:
  /// `batch` targets a step, 0: all. Throws std::invalid_argument, naming `attack`, without targets or labels.
  TargetLoss(AttackPlace& place, const StepPlan& steps, bool dropout, std::size_t batch, std::string_view attack);
  TargetLoss(const TargetLoss&) = delete;
  TargetLoss& operator=(const TargetLoss&) = delete;

  /// The replica whose parameters are learnt; load them first.
  [[nodiscard]] nn::Network& network() { return place_.small; }
  /// Mean loss over the next batch, with dropout keyed by `step`, and its gradient in the network.
  double gradient(std::size_t step);
  /// `boost` times a step of the optimizer along the last gradient, on the network's parameters or on others [1, raw].
  void step(double boost = 1.0) { step(place_.small.parameters(), boost); }
  void step(Rows parameters, double boost = 1.0) {
    optimizer_.step(parameters, place_.small.gradient_vector(), plan_.learning_rate, boost);
  }
  /// Mean loss over all targets, without dropout.
  double loss();
  /// The same as the published code reads it: with dropout as while learning, masks keyed by `step`.
  double noisy_loss(std::size_t step);
  [[nodiscard]] std::size_t last_batch() const { return wanted_.size(); }

 private:
  /// Mean loss over the targets put, with masks, and its gradient in the network.
  double mean_gradient(const Stream& masks);
  void put(std::span<const std::uint32_t> chosen);

  AttackPlace& place_;
  std::size_t batch_;
  nn::OptimizerPlan plan_;
  nn::Optimizer optimizer_;
  std::vector<std::uint32_t> all_, order_, put_;
  std::vector<std::int32_t> wanted_;
};

/// Mean probability of the wanted labels under `parameters` [1, d]. One forward pass over the targets.
double target_confidence(AttackPlace& place, ConstRows parameters);

}  // namespace tocsin::attack
