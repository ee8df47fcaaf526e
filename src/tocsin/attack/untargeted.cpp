// SPDX-License-Identifier: Apache-2.0
// Untargeted: climb the training loss over the attacker's own shard (never the test set) and send the change times a boost.
// Bhagoji, Chakraborty, Mittal, Calo, arXiv:1811.12470 (the untargeted goal); the published code could not run it.
#include <memory>
#include <utility>

#include "tocsin/attack/parts/campaign.h"
#include "tocsin/attack/parts/stealth_training.h"
#include "tocsin/attack/registry.h"

namespace tocsin::attack {
namespace {
struct UntargetedOptions {
  Campaign campaign;
  Boost boost;
  StepPlan step;
  OwnWalk walk;
};

/// Costs benign training of as many epochs.
class Untargeted final : public Attack {
 public:
  explicit Untargeted(UntargetedOptions options) : options_(std::move(options)) {}

  Sent train(AttackPlace place, Rows update) const override {
    const Sending sending{.lambda = options_.boost.lambda(place.round), .scope = options_.boost.scope};
    return options_.campaign.conduct(std::move(place), update, sending, [&](Scene& scene, Rows change) {
      const AttackPlace& at = scene.place;
      nn::Network& network = at.training.network;
      const nn::OptimizerPlan plan = options_.step.resolve(at.benign.optimizer, at.round.index);
      nn::Optimizer optimizer(plan, network.gradient_vector().coordinates(), network.gradient_vector().element());
      nn::BatchWalk walk = options_.walk.over(at);
      nn::TrainingReport report;
      network.load(scene.start);
      while (walk.next()) {
        const double loss = network.gradient(walk.wanted(), at.training.stream.at("dropout").at(walk.step())).loss;
        optimizer.step(network.parameters(), network.gradient_vector(), plan.learning_rate, -1.0);
        report.add(loss, walk.samples());
      }
      network.save(change);
      subtract(change, scene.start);
      report.average();
      return report;
    });
  }

 private:
  UntargetedOptions options_;
};

UntargetedOptions read(Options& options) {
  UntargetedOptions result;
  result.boost = read_boost(options);
  refuse_idle_scope(options, result.boost);
  result.walk = read_own_walk(options, 0);
  result.step = read_step_plan(options);
  result.campaign = read_campaign(options, false);
  return result;
}
}  // namespace

constinit const Entry<Attack> untargeted_entry{
    .name = "untargeted",
    .summary = "climbs the training loss on its own shard and sends the change times a boost",
    .paper = "arXiv:1811.12470",
    .status = Status::lightly_tested,
    .facts = {.trains = true,
              .stateful = true,
              .fedsgd = false,
              .batch = read_own_batch,
              .reads = "its shard, the global parameters, its own share in the average and the server's rate",
              .differs = "climbs the loss of its own shard, never of the test set; the published code could not run it"},
    .make = [](Options& options) -> std::unique_ptr<Attack> { return std::make_unique<Untargeted>(read(options)); },
};

}  // namespace tocsin::attack
