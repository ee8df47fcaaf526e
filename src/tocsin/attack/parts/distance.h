// SPDX-License-Identifier: Apache-2.0
// The distance term rho dist(w_m, c): what keeps a stealthy update near one that would not be noticed.
// Bhagoji, Chakraborty, Mittal, Calo, arXiv:1811.12470, section 4 (rho ||delta_m - delta_ben||_2).
#pragma once
#include <cstddef>
#include <optional>
#include <vector>

#include "tocsin/attack/parts/boosting.h"
#include "tocsin/attack/parts/campaign.h"
#include "tocsin/core/options.h"

namespace tocsin::attack {

/// c = w plus the attacker's own clean update (a full local training comes first), or plus its estimate of what the others send.
enum class Anchor { none, own_benign, previous_others };
/// ||w_m - c||_2 (the text; its gradient at distance 0 is 0) or half the square (the code).
enum class DistanceForm { norm, half_squared };

struct DistancePlan {
  Anchor anchor = Anchor::previous_others;
  double weight = 1e-4;  ///< rho
  DistanceForm form = DistanceForm::norm;
  Scope scope = Scope::all;  ///< weights: biases are left out
};
/// Reads `distance` = { anchor, weight, form }; `code`: what "form" stands for.
DistancePlan read_distance(Options& options, bool code, Scope scope);

/// The term on one replica in one round. Without an estimate yet there is none.
class DistanceTerm {
 public:
  /// On the replica for batches. May train the attacker's clean update: load the replica afterwards.
  DistanceTerm(const DistancePlan& plan, Scene& scene);
  /// A step of `optimizer` along the network's gradient plus rho grad dist, in one pass over memory.
  void step(nn::Network& network, nn::Optimizer& optimizer, double rate);
  /// The parameters were changed by another hand: the distance is not known any more.
  void forget() { square_.reset(); }
  [[nodiscard]] bool is_active() const { return anchor_.clients() > 0; }

 private:
  double leave_out(ConstRows parameters);

  DistancePlan plan_;
  Updates anchor_;                 // c in the replica's order [1, raw]; empty: no term
  std::vector<std::size_t> free_;  // raw places that take no part
  std::optional<double> square_;   // ||w_m - c||^2 where it is known
};

}  // namespace tocsin::attack
