// SPDX-License-Identifier: Apache-2.0
// The distance band: how far the distances of an update to the others leave the band of the others' own distances.
// Bhagoji et al., Analyzing Federated Learning through an Adversarial Lens, ICML 2019, section 3; arXiv:1811.12470.
// Differs: the paper compares the malicious agent with the benign ones, which a server cannot; here each row takes its turn as the
// suspect and all others stand for the benign ones. The paper names no kappa, so there is a verdict only where one is given.
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "tocsin/defense/detector_registry.h"
#include "tocsin/defense/distances.h"

namespace tocsin::defense {
namespace {

std::optional<double> read_kappa(Options& options) {
  constexpr std::string_view kHelp = "suspicions of it or above are flagged; default: no verdict, since the paper gives no number";
  if (options.has("kappa")) return options.number("kappa", {.fallback = std::nullopt, .at_least = 0.0, .help = kHelp});
  options.raw("kappa", "number >= 0", std::nullopt, kHelp);
  return std::nullopt;
}

class DistanceBand final : public Detector {
 public:
  explicit DistanceBand(std::optional<double> kappa) : kappa_(kappa) {}

  Suspicion suspicion(ConstRows updates, const Round& round) override {
    const std::size_t n = updates.clients();
    Suspicion found;
    if (round.distances.size() == n * n) {
      found.readings = {reading(round.distances, n), reading(round.weight_distances, n)};
      return found;
    }
    const PairDistances made = pair_distances(updates, round.layout, round.workers);
    found.readings = {reading(made.all, n), reading(made.weights, n)};
    return found;
  }

 private:
  [[nodiscard]] Reading reading(std::span<const double> distances, std::size_t n) const {
    const double none = std::numeric_limits<double>::quiet_NaN();
    Reading result;
    result.suspicion.assign(n, none);
    Figure nearest{"nearest", std::vector<double>(n, none)}, farthest{"farthest", std::vector<double>(n, none)};
    if (distances.size() == n * n) {
      result.suspicion = departures(distances, n);
      const std::vector<Band> own = bands(distances, n);
      for (std::size_t i = 0; i < n; ++i) nearest.values[i] = own[i].least, farthest.values[i] = own[i].most;
    }
    result.figures = {std::move(nearest), std::move(farthest)};
    result.threshold = kappa_;
    result.flags_threshold = true;  // stealthy iff below kappa
    return result;
  }

  std::optional<double> kappa_;
};
}  // namespace

constinit const Entry<Detector> distance_band_entry{
    .name = "distance_band",
    .summary = "how far an update's distances to the others leave the band of the others' own distances",
    .paper = "arXiv:1811.12470",
    .status = Status::lightly_tested,
    .facts = {.readings = {{{"", "distance band"}, {"_weights", "distance band, weights only"}}},
              .score = "max(|R_i^max - least R_j^min|, |R_i^min - largest R_j^max|) over all others j, R the least and the largest "
                       "L2 distance to others",
              .standard = true,
              .needs_distances = true},
    .make = [](Options& options) -> std::unique_ptr<Detector> { return std::make_unique<DistanceBand>(read_kappa(options)); },
};

}  // namespace tocsin::defense
