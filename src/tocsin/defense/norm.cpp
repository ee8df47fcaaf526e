// SPDX-License-Identifier: Apache-2.0
// The length of an update, against the median length of the others.
// A screen as old as federated learning; boosting (Bhagoji et al., arXiv:1811.12470) makes updates long.
// Differs: relative to the median of the others and in both directions, so that a row cannot hide behind its own length and one
// that is too short stands out as well.
#include <cmath>
#include <limits>
#include <memory>

#include "tocsin/defense/detector_registry.h"
#include "tocsin/defense/others.h"
#include "tocsin/kernels/norms.h"

namespace tocsin::defense {
namespace {

/// |length - median of the others| / median of the others: 9 for a row ten times as long; infinite beside others of length 0.
class Norm final : public Detector {
 public:
  Suspicion suspicion(ConstRows updates, const Round& round) override {
    const std::vector<double> lengths = kernels::norms(updates, round.workers), usual = medians_of_others(lengths);
    Reading reading{std::vector<double>(lengths.size())};
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      const double away = std::abs(lengths[i] - usual[i]);
      reading.suspicion[i] = away == 0.0 ? 0.0 : away / usual[i];
    }
    return {.readings = {std::move(reading)}};
  }
};
}  // namespace

constinit const Entry<Detector> norm_entry{
    .name = "norm",
    .summary = "how far an update's length is from the median length of the others",
    .paper = "folklore; arXiv:1811.12470 for what it is up against",
    .status = Status::lightly_tested,
    .facts = {.readings = {{{"", "length"}, {}}}, .score = "|length - m| / m, m the median length of the others", .standard = true},
    .make = [](Options&) -> std::unique_ptr<Detector> { return std::make_unique<Norm>(); },
};

}  // namespace tocsin::defense
