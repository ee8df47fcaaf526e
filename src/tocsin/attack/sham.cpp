// SPDX-License-Identifier: Apache-2.0
// Sham: the attacker trains honestly, with its random streams keyed anew. The control of every experiment: what changes between a
// clean run and a sham one is what chance alone does.
#include <memory>
#include <utility>

#include "tocsin/attack/parts/campaign.h"
#include "tocsin/attack/registry.h"

namespace tocsin::attack {
namespace {
/// Costs benign training.
class Sham final : public Attack {
 public:
  explicit Sham(const Schedule& schedule) : schedule_(schedule) {}

  Sent train(AttackPlace place, Rows update) const override {
    return Campaign{.schedule = schedule_}.conduct(std::move(place), update, {}, [](Scene& scene, Rows change) {
      const AttackPlace& at = scene.place;
      const nn::TrainingPlace anew{.network = at.training.network,
                                   .data = at.training.data,
                                   .samples = at.training.samples,
                                   .round = at.training.round,
                                   .stream = at.round.stream.at("sham"),
                                   .stop = at.training.stop};
      return benign_update(at.benign, anew, at.round.global, change, at.algorithm);
    });
  }

 private:
  Schedule schedule_;
};
}  // namespace

constinit const Entry<Attack> sham_entry{
    .name = "sham",
    .summary = "trains honestly with other random streams: the control",
    .paper = "-",
    .status = Status::verified,
    .facts = {.trains = true, .reads = "its shard and the global parameters, as a benign client"},
    .make = [](Options& options) -> std::unique_ptr<Attack> { return std::make_unique<Sham>(read_schedule(options, false)); },
};

}  // namespace tocsin::attack
