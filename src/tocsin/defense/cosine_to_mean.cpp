// SPDX-License-Identifier: Apache-2.0
// The angle between an update and the mean of the others.
// Folklore; the cosine of updates is what FoolsGold (arXiv:1808.04866) and FLTrust (arXiv:2012.13995) weigh by.
// Differs: the mean leaves the row itself out, or a loud row would agree with the mean that it made.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "tocsin/defense/detector_registry.h"
#include "tocsin/kernels/against.h"
#include "tocsin/kernels/combine.h"
#include "tocsin/kernels/norms.h"

namespace tocsin::defense {
namespace {
constexpr double kCancelled = 1e-8;  // a remainder below this share of what was subtracted has lost its digits

/// 1 - cos, in [0, 2]; the cosine of a row of zeros, or with others that add up to zero, is 0.
class CosineToMean final : public Detector {
 public:
  Suspicion suspicion(ConstRows updates, const Round& round) override {
    const std::size_t n = updates.clients();
    Figure cosine{"cosine", std::vector<double>(n, std::numeric_limits<double>::quiet_NaN())};
    if (n > 1) {
      const std::vector<double> sum = kernels::combine(updates, std::vector<double>(n, 1.0), round.workers);
      const kernels::Against found = kernels::against(updates, sum, round.workers);
      const std::vector<double> lengths = kernels::norms(updates, round.workers);
      double sum2 = 0.0;
      for (const double value : sum) sum2 += value * value;
      // With s the sum of all rows: x_i . (s - x_i) and ||s - x_i||^2 need no further pass.
      for (std::size_t i = 0; i < n; ++i) {
        const double own2 = lengths[i] * lengths[i];
        const double rest2 = sum2 - 2.0 * found.product[i] + own2;
        cosine.values[i] = rest2 > kCancelled * std::max(sum2, own2)
                               ? cosine_of(found.product[i] - own2, lengths[i], std::sqrt(rest2))
                               : with_the_rest(updates, i, lengths[i], round.workers);
      }
    }
    Reading reading{std::vector<double>(n)};
    for (std::size_t i = 0; i < n; ++i) reading.suspicion[i] = 1.0 - cosine.values[i];
    reading.figures = {std::move(cosine)};
    return {.readings = {std::move(reading)}};
  }

 private:
  static double cosine_of(double product, double length, double other) {
    const double lengths = length * other;
    return lengths == 0.0 ? 0.0 : std::clamp(product / lengths, -1.0, 1.0);
  }
  /// The same from the others alone, where row i is so loud that subtracting it would leave noise. O(n d).
  static double with_the_rest(ConstRows updates, std::size_t i, double length, Workers* workers) {
    std::vector<double> weights(updates.clients(), 1.0);
    weights[i] = 0.0;
    const std::vector<double> rest = kernels::combine(updates, weights, workers);
    double rest2 = 0.0;
    for (const double value : rest) rest2 += value * value;
    return cosine_of(kernels::against(updates.slice(i, i + 1), rest, workers).product[0], length, std::sqrt(rest2));
  }
};
}  // namespace

constinit const Entry<Detector> cosine_to_mean_entry{
    .name = "cosine_to_mean",
    .summary = "the angle between an update and the mean of the others",
    .paper = "folklore; compare arXiv:1808.04866 and arXiv:2012.13995",
    .status = Status::lightly_tested,
    .facts = {.readings = {{{"", "direction"}, {}}}, .score = "1 - cosine with the mean of the others", .standard = true},
    .make = [](Options&) -> std::unique_ptr<Detector> { return std::make_unique<CosineToMean>(); },
};

}  // namespace tocsin::defense
