// SPDX-License-Identifier: Apache-2.0
// The values of an update, tensor by tensor, against the values of all others.
// Bhagoji et al., arXiv:1811.12470, figures of the update's coordinates, benign against malicious, judged there by eye.
// Differs: two numbers in place of the eye, and each row against all others, since a server does not know the benign ones.
// The Wasserstein distance keeps the update's unit, so tensors count by their size; the Kolmogorov-Smirnov distance has none, so
// every tensor counts alike, as it would to someone who looks at one picture each.
#include <limits>
#include <memory>
#include <utility>

#include "tocsin/defense/detector_registry.h"
#include "tocsin/defense/histogram.h"

namespace tocsin::defense {
namespace {

std::size_t read_coordinates(Options& options) {
  const auto read = options.count_or_word(
      "coordinates", {.fallback = std::size_t{2000},
                      .at_least = 1,
                      .words = {"all"},
                      .help = "coordinates of each tensor that are looked at, the same in every round; or all of them"});
  return read.index() == 0 ? std::get<0>(read) : 0;
}

class UpdateHistogram final : public Detector {
 public:
  explicit UpdateHistogram(std::size_t coordinates) : coordinates_(coordinates) {}

  Suspicion suspicion(ConstRows updates, const Round& round) override {
    const std::size_t n = updates.clients();
    Suspicion found;
    found.samples = sample_layers(updates, round.layout, coordinates_, round.workers);
    std::vector<std::vector<ValueDistance>> distances(found.samples.size());
    for_each(round.workers, distances.size(), [&](std::size_t, std::size_t layer) {
      const std::vector<std::vector<double>>& values = found.samples[layer].values;
      distances[layer] = against_others({values.begin(), values.end()});
    });
    Reading moved{std::vector<double>(n, 0.0)}, gap{std::vector<double>(n, 0.0)};
    for (std::size_t layer = 0; layer < distances.size(); ++layer)
      for (std::size_t i = 0; i < n; ++i) {
        moved.suspicion[i] += distances[layer][i].wasserstein * static_cast<double>(found.samples[layer].size);
        gap.suspicion[i] += distances[layer][i].kolmogorov_smirnov;
      }
    for (std::size_t i = 0; i < n; ++i) {
      moved.suspicion[i] /= static_cast<double>(updates.coordinates());
      gap.suspicion[i] /= static_cast<double>(distances.size());
    }
    found.readings = {std::move(moved), std::move(gap)};
    return found;
  }

 private:
  std::size_t coordinates_;  // a tensor; 0: all
};
}  // namespace

constinit const Entry<Detector> update_histogram_entry{
    .name = "update_histogram",
    .summary = "how the values of an update are distributed in each tensor, against those of the others",
    .paper = "arXiv:1811.12470",
    .status = Status::lightly_tested,
    .facts = {.readings = {{{"", "values (Wasserstein)"}, {"_ks", "values (Kolmogorov-Smirnov)"}}},
              .score = "Wasserstein-1 distance to the others' pooled values, the mean over tensors by size; and Kolmogorov-Smirnov "
                       "distance, the plain mean over tensors",
              .standard = true},
    .make = [](Options& options) -> std::unique_ptr<Detector> {
      return std::make_unique<UpdateHistogram>(read_coordinates(options));
    },
};

}  // namespace tocsin::defense
