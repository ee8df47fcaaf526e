// SPDX-License-Identifier: Apache-2.0
// Joint stealth objective: minimise lambda L_mal(w^_G) + L_tr(w_m) + rho dist(w_m, c). Each step is the sum of a benign one and a
// malicious one times lambda, both from the same point: w <- w + step(L_tr + rho dist) + lambda step(L_mal).
// Bhagoji, Chakraborty, Mittal, Calo, arXiv:1811.12470, "Stealthy model poisoning".
// Differs: each part has its own optimizer state; nothing is boosted at the end, since lambda is in the steps.
#include <memory>
#include <utility>

#include "tocsin/attack/parts/stealth_training.h"
#include "tocsin/attack/registry.h"

namespace tocsin::attack {
namespace {
/// E passes over the own shard, and with each batch a step on the targets.
class Joint final : public Attack {
 public:
  explicit Joint(StealthOptions options) : options_(std::move(options)) {}

  Sent train(AttackPlace place, Rows update) const override {
    const Sending sending{.needs_estimate = options_.distance.anchor == Anchor::previous_others};
    return options_.campaign.conduct(std::move(place), update, sending, [&](Scene& scene, Rows change) {
      StealthTraining training(options_, scene, nn::BatchOrder::shuffled, "joint");
      while (training.next_batch()) {
        const bool found = training.find_malicious_step();
        training.take_stealth_step();
        if (found) training.apply_malicious_step();
      }
      return training.finish(change);
    });
  }

 private:
  StealthOptions options_;
};
}  // namespace

constinit const Entry<Attack> joint_entry{
    .name = "joint",
    .summary = "minimises the training loss, a distance and the boosted loss on the targets together",
    .paper = "arXiv:1811.12470",
    .status = Status::lightly_tested,
    .facts = stealth_facts("each part has its own optimizer state; nothing is boosted at the end, since lambda is in the steps"),
    .make = [](Options& options) -> std::unique_ptr<Attack> { return std::make_unique<Joint>(read_stealth(options, 5)); },
};

}  // namespace tocsin::attack
