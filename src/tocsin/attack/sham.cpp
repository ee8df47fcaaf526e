// SPDX-License-Identifier: Apache-2.0
// Sham: the attacker trains honestly, with its random streams keyed anew. The control of every experiment: what changes between a
// clean run and a sham one is what chance alone does.
#include <memory>
#include <utility>

#include "tocsin/attack/registry.h"

namespace tocsin::attack {
namespace {
/// Costs benign training.
class Sham final : public Attack {
 public:
  Sent train(AttackPlace place, Rows update) const override {
    const nn::TrainingPlace& own = place.training;
    const nn::TrainingPlace anew{.network = own.network,
                                 .data = own.data,
                                 .samples = own.samples,
                                 .round = own.round,
                                 .stream = place.round.stream.at("sham"),
                                 .stop = own.stop};
    const nn::TrainingReport report = benign_update(place.benign, anew, place.round.global, update, place.algorithm);
    return {.report = report, .memory = std::move(place.memory), .note = {}};
  }
};
}  // namespace

constinit const Entry<Attack> sham_entry{
    .name = "sham",
    .summary = "trains honestly with other random streams: the control",
    .paper = "-",
    .status = Status::verified,
    .facts = {.trains = true, .reads = "its shard and the global parameters, as a benign client"},
    .make = [](Options&) -> std::unique_ptr<Attack> { return std::make_unique<Sham>(); },
};

}  // namespace tocsin::attack
