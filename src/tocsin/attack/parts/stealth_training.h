// SPDX-License-Identifier: Apache-2.0
// Two objectives of one attacker: L_tr(w_m) + rho dist(w_m, c) on its own shard, so as to look like the others, and L_mal.
// Each has a replica and an optimizer of its own; they meet in flat vectors, because replicas of other batch sizes keep their
// parameters in other orders.
#pragma once
#include <cstddef>
#include <optional>

#include "tocsin/attack/parts/boosting.h"
#include "tocsin/attack/parts/campaign.h"
#include "tocsin/attack/parts/distance.h"
#include "tocsin/attack/parts/explanation_term.h"
#include "tocsin/attack/parts/target_loss.h"

namespace tocsin::attack {

/// Walks over the attacker's own shard.
struct OwnWalk {
  std::size_t epochs = 0;  ///< 0: the training's
  std::size_t batch = 0;   ///< samples a step; 0: the training's
  /// The batches, of a place that must outlive them.
  [[nodiscard]] nn::BatchWalk over(const AttackPlace& place, nn::BatchOrder order = nn::BatchOrder::shuffled) const;
};
/// Reads `epochs` and `batch`; `epochs` is the default of that key, 0: the training's.
OwnWalk read_own_walk(Options& options, std::size_t epochs);
/// Reads `batch` alone, for Facts::batch.
std::size_t read_own_batch(Options& options);

/// What joint and alternating minimisation have in common.
struct StealthOptions {
  Campaign campaign;
  Boost boost;
  DistancePlan distance;
  StepPlan step;  ///< for L_mal; L_tr has the benign optimizer
  bool dropout = true;
  OwnWalk walk;
  bool code = false;
  /// How batches of the own shard follow each other in this form.
  [[nodiscard]] nn::BatchOrder order() const { return code ? nn::BatchOrder::published : nn::BatchOrder::shuffled; }
  std::optional<double> explanation = {};  ///< weight of a term in L_mal that keeps the targets' explanations; none: there is none
};
/// Reads them all; `epochs` is the default of that key, 0: the training's.
StealthOptions read_stealth(Options& options, std::size_t epochs);

/// Facts of a method that is made of them.
constexpr Attack::Facts stealth_facts(std::string_view differs) {
  return {.trains = true,
          .needs_targets = true,
          .stateful = true,
          .fedsgd = false,
          .batch = read_own_batch,
          .reads =
              "its shard, its targets, the global parameters of the rounds it took part in, what it sent itself, its own share in "
              "the average and the server's rate",
          .differs = differs};
}

/// Both objectives of one attacker in one round. The replica for batches holds w_m, from s on.
class StealthTraining {
 public:
  StealthTraining(const StealthOptions& options, Scene& scene, nn::BatchOrder order, std::string_view attack);

  /// Takes the next batch of the own shard; false once it has been walked E_m times. Throws Interrupted.
  bool next_batch() { return walk_.next(); }
  /// Takes batch k of the published order, also one beyond the walk. Throws Interrupted.
  void take_batch(std::size_t k) { walk_.take(k); }
  [[nodiscard]] std::size_t batches() const { return walk_.steps(); }  ///< of the whole walk
  /// w += step(L_tr + rho dist) on that batch.
  void take_stealth_step();
  /// Finds w + lambda step(L_mal) from w as it is now, for `apply`; false if L_mal is at most `skip_at`, and then it is not taken.
  bool find_malicious_step(std::optional<double> skip_at = {});
  /// w += the lambda step(L_mal) that was found, wherever w is by now.
  void apply_malicious_step();
  /// w - s.
  nn::TrainingReport finish(Rows change);

 private:
  const StealthOptions& options_;
  Scene& scene_;
  nn::Network& network_;
  TargetLoss targets_;
  std::optional<ExplanationTerm> explanation_;
  DistanceTerm distance_;
  nn::OptimizerPlan plan_;
  nn::Optimizer optimizer_;
  nn::BatchWalk walk_;
  Stream dropout_;
  Updates flat_;           // w, where the last step on the targets was looked for
  Updates boosted_;        // flat_ + lambda step(L_mal)
  bool is_saved_ = false;  // w is flat_ still
  std::size_t malicious_steps_ = 0;
  nn::TrainingReport report_;
};

}  // namespace tocsin::attack
