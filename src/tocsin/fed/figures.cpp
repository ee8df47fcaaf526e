// SPDX-License-Identifier: Apache-2.0
#include "tocsin/fed/figures.h"

#include <algorithm>
#include <cmath>

#include "tocsin/core/errors.h"
#include "tocsin/kernels/against.h"
#include "tocsin/kernels/combine.h"

namespace tocsin::fed {

MeanFigures to_benign_mean(ConstRows updates, std::span<const double> norms, ConstRows benign, Workers* workers) {
  const std::size_t n = updates.clients(), h = benign.clients();
  require(norms.size() == n, "figures: {} norms for {} rows", norms.size(), n);
  if (h == 0) return {};
  const std::vector<double> mean = kernels::combine(benign, std::vector<double>(h, 1.0 / static_cast<double>(h)), workers);
  const kernels::Against found = kernels::against(updates, mean, workers);
  double length2 = 0.0;
  for (const double value : mean) length2 += value * value;
  MeanFigures figures{std::vector<double>(n), std::vector<double>(n)};
  for (std::size_t i = 0; i < n; ++i) {
    const double lengths = norms[i] * std::sqrt(length2);
    figures.distance[i] = std::sqrt(found.distance2[i]);
    figures.cosine[i] = lengths == 0.0 ? 0.0 : std::clamp(found.product[i] / lengths, -1.0, 1.0);
  }
  return figures;
}

}  // namespace tocsin::fed
