// SPDX-License-Identifier: Apache-2.0
// No attack: the malicious clients do what benign ones do. For the clean variant of an experiment.
// The threat stays in the plan, so that records of the clean and the attacked variant name the same clients.
#include <memory>

#include "tocsin/attack/registry.h"

namespace tocsin::attack {
namespace {
class None final : public Attack {};
}  // namespace

constinit const Entry<Attack> none_entry{
    .name = "none",
    .summary = "the malicious clients train and send honestly",
    .paper = "-",
    .status = Status::verified,
    .facts = {.reads = "nothing beyond a benign client"},
    .make = [](Options&) -> std::unique_ptr<Attack> { return std::make_unique<None>(); },
};

}  // namespace tocsin::attack
