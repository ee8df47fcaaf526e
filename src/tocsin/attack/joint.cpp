// SPDX-License-Identifier: Apache-2.0
// Joint stealth objective: minimise lambda L_mal(w^_G) + L_tr(w_m) + rho dist(w_m, c). Each step is the sum of a benign one and a
// malicious one times lambda, both from the same point: w <- w + step(L_tr + rho dist) + lambda step(L_mal).
// Bhagoji, Chakraborty, Mittal, Calo, arXiv:1811.12470, "Stealthy model poisoning".
// Differs: each part has its own optimizer state; nothing is boosted at the end, since lambda is in the steps. form "code" walks
// its batches without reshuffling (batch k begins at sample k B mod (l - B), floor(E l / B) of them) and squares the distance.
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
      StealthTraining training(options_, scene, options_.order(), "joint");
      while (training.next_batch()) {
        training.find_malicious_step();
        training.take_stealth_step();
        training.apply_malicious_step();
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
    .facts =
        stealth_facts("each part has its own optimizer state; nothing is boosted at the end, since lambda is in the steps; form "
                      "\"code\" does not reshuffle its batches and takes half the square of the distance"),
    .make = [](Options& options) -> std::unique_ptr<Attack> { return std::make_unique<Joint>(read_stealth(options, 0)); },
};

}  // namespace tocsin::attack
