// SPDX-License-Identifier: Apache-2.0
#include "tocsin/fed/figures.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tocsin/core/errors.h"
#include "tocsin/kernels/against.h"
#include "tocsin/kernels/combine.h"

namespace tocsin::fed {
namespace {

/// The mean of some rows by weights that sum to 1, and how the rows lie to it.
struct Center {
  std::vector<double> mean;
  double length2 = 0.0;
  kernels::Against found;  ///< of every row of `updates`
};

Center center_of(ConstRows updates, std::span<const std::size_t> benign, const std::vector<double>& weights, Workers* workers) {
  Center center{.mean = kernels::combine(RowList(updates, benign).view(), weights, workers), .found = {}};
  for (const double value : center.mean) center.length2 += value * value;
  center.found = kernels::against(updates, center.mean, workers);
  return center;
}

ResultFigures figures_of(std::span<const double> result, const Center& center, std::span<const std::size_t> benign,
                         const std::vector<double>& weights) {
  double own2 = 0.0, product = 0.0, apart2 = 0.0, spread = 0.0;
  for (std::size_t j = 0; j < center.mean.size(); ++j) {
    const double apart = result[j] - center.mean[j];
    own2 += result[j] * result[j], product += result[j] * center.mean[j], apart2 += apart * apart;
  }
  for (std::size_t i = 0; i < benign.size(); ++i) spread += weights[i] * center.found.distance2[benign[i]];
  const auto over = [](double value, double by) { return by == 0.0 ? std::numeric_limits<double>::quiet_NaN() : value / by; };
  return {.distance = std::sqrt(apart2),
          .relative = over(std::sqrt(apart2), std::sqrt(center.length2)),
          .cosine = std::clamp(over(product, std::sqrt(own2) * std::sqrt(center.length2)), -1.0, 1.0),
          .kappa = over(apart2, spread)};
}

/// The benign rows' parts of all their samples; empty where the counts say nothing: none, all the same or all 0.
std::vector<double> parts_of(std::span<const double> samples, std::span<const std::size_t> benign) {
  std::vector<double> parts;
  double total = 0.0;
  bool differ = false;
  for (const std::size_t i : samples.empty() ? std::span<const std::size_t>{} : benign) {
    parts.push_back(samples[i]);
    total += samples[i];
    differ = differ || samples[i] != parts.front();
  }
  if (!differ || total == 0.0) return {};
  for (double& part : parts) part /= total;
  return parts;
}

}  // namespace

MeanFigures to_benign_mean(ConstRows updates, std::span<const double> norms, std::span<const std::size_t> benign,
                           std::span<const double> result, std::span<const double> samples, Workers* workers) {
  const std::size_t n = updates.clients(), h = benign.size();
  require(norms.size() == n, "figures: {} norms for {} rows", norms.size(), n);
  require(samples.empty() || samples.size() == n, "figures: {} sample counts for {} rows", samples.size(), n);
  require(result.empty() || result.size() == updates.coordinates(), "figures: a result of {} coordinates for updates of {}",
          result.size(), updates.coordinates());
  if (h == 0) return {};
  const std::vector<double> even(h, 1.0 / static_cast<double>(h));
  const Center center = center_of(updates, benign, even, workers);
  MeanFigures figures{.distance = std::vector<double>(n), .cosine = std::vector<double>(n), .result = {}, .result_by_samples = {}};
  for (std::size_t i = 0; i < n; ++i) {
    const double lengths = norms[i] * std::sqrt(center.length2);
    figures.distance[i] = std::sqrt(center.found.distance2[i]);
    figures.cosine[i] = lengths == 0.0 ? 0.0 : std::clamp(center.found.product[i] / lengths, -1.0, 1.0);
  }
  if (result.empty()) return figures;
  figures.result = figures_of(result, center, benign, even);
  if (const std::vector<double> parts = parts_of(samples, benign); !parts.empty())
    figures.result_by_samples = figures_of(result, center_of(updates, benign, parts, workers), benign, parts);
  return figures;
}

}  // namespace tocsin::fed
