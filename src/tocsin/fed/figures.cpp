// SPDX-License-Identifier: Apache-2.0
#include "tocsin/fed/figures.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tocsin/core/errors.h"
#include "tocsin/kernels/against.h"
#include "tocsin/kernels/combine.h"

namespace tocsin::fed {

MeanFigures to_benign_mean(ConstRows updates, std::span<const double> norms, std::span<const std::size_t> benign,
                           std::span<const double> result, Workers* workers) {
  const std::size_t n = updates.clients(), h = benign.size();
  require(norms.size() == n, "figures: {} norms for {} rows", norms.size(), n);
  if (h == 0) return {};
  const std::vector<double> mean =
      kernels::combine(RowList(updates, benign).view(), std::vector<double>(h, 1.0 / static_cast<double>(h)), workers);
  const kernels::Against found = kernels::against(updates, mean, workers);
  double length2 = 0.0;
  for (const double value : mean) length2 += value * value;
  MeanFigures figures{.distance = std::vector<double>(n), .cosine = std::vector<double>(n), .result = {}};
  for (std::size_t i = 0; i < n; ++i) {
    const double lengths = norms[i] * std::sqrt(length2);
    figures.distance[i] = std::sqrt(found.distance2[i]);
    figures.cosine[i] = lengths == 0.0 ? 0.0 : std::clamp(found.product[i] / lengths, -1.0, 1.0);
  }
  if (result.empty()) return figures;
  require(result.size() == mean.size(), "figures: a result of {} coordinates for updates of {}", result.size(), mean.size());
  double own2 = 0.0, product = 0.0, apart2 = 0.0, spread = 0.0;
  for (std::size_t j = 0; j < mean.size(); ++j) {
    const double apart = result[j] - mean[j];
    own2 += result[j] * result[j], product += result[j] * mean[j], apart2 += apart * apart;
  }
  for (const std::size_t i : benign) spread += found.distance2[i] / static_cast<double>(h);
  const auto over = [](double value, double by) { return by == 0.0 ? std::numeric_limits<double>::quiet_NaN() : value / by; };
  figures.result = {.distance = std::sqrt(apart2),
                    .relative = over(std::sqrt(apart2), std::sqrt(length2)),
                    .cosine = std::clamp(over(product, std::sqrt(own2) * std::sqrt(length2)), -1.0, 1.0),
                    .kappa = over(apart2, spread)};
  return figures;
}

}  // namespace tocsin::fed
