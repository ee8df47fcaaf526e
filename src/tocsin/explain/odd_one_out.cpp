// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/odd_one_out.h"

#include <algorithm>
#include <cmath>

namespace tocsin::explain {
namespace {

/// The benign runs that stand beside A_j: those of other seeds.
std::vector<std::size_t> beside(const Cell& cell, std::size_t j) {
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < cell.benign; ++i)
    if (!cell.shared_seeds || i != j) result.push_back(i);
  return result;
}

/// Sums of the same similarities in another order differ in the last bits: what is this close is a tie.
double slack(const std::vector<double>& values) {
  double most = 0;
  for (const double value : values) most = std::max(most, std::abs(value));
  return 1e-12 * most;
}

/// 1 if the first is the smallest, shared among all that are as small.
double share_of_first(const std::vector<double>& h) {
  const double edge = *std::min_element(h.begin(), h.end()) + slack(h);
  if (h.front() > edge) return 0;
  return 1 / static_cast<double>(std::count_if(h.begin(), h.end(), [&](double value) { return value <= edge; }));
}

/// (1 + how many others are as odd as the first or odder) / all.
double rank_of_first(const std::vector<double>& h) {
  const double edge = h.front() + slack(h);
  const auto odder = std::count_if(h.begin(), h.end(), [&](double value) { return value <= edge; });  // the first among them
  return static_cast<double>(odder) / static_cast<double>(h.size());
}

}  // namespace

std::vector<double> likeness(const Cell& cell, std::size_t image, std::size_t j) {
  const std::vector<std::size_t> runs = beside(cell, j);
  std::vector<double> result(runs.size() + 1, 0.0);
  for (std::size_t u = 0; u < runs.size(); ++u) {
    const double with_attacked = cell.of_both(image, runs[u], j);
    result[0] += with_attacked;
    result[u + 1] += with_attacked;
    for (std::size_t v = 0; v < u; ++v) {
      const double value = cell.of_benign(image, runs[v], runs[u]);
      result[u + 1] += value;
      result[v + 1] += value;
    }
  }
  for (double& value : result) {
    value /= static_cast<double>(runs.size());
    if (std::isnan(value)) return {};
  }
  return result;
}

OddOneOut odd_one_out(const Cell& cell) {
  OddOneOut result{.ranks = std::vector<double>(cell.attacked, kUndefined)};
  std::vector<double> score(cell.images, 0.0);
  std::vector<std::size_t> asked(cell.images, 0);
  double chance = 0;
  std::size_t tested = 0;
  for (std::size_t j = 0; j < cell.attacked; ++j) {
    const std::size_t models = beside(cell, j).size() + 1;
    if (models < 3) continue;
    std::vector<double> sum(models, 0.0);
    bool any = false;
    for (std::size_t image = 0; image < cell.images; ++image) {
      const std::vector<double> h = likeness(cell, image, j);
      if (h.empty()) continue;
      any = true;
      score[image] += share_of_first(h);
      ++asked[image];
      for (std::size_t u = 0; u < models; ++u) sum[u] += h[u];
    }
    if (any) result.ranks[j] = rank_of_first(sum);
    chance += 1 / static_cast<double>(models);
    ++tested;
  }
  double sum = 0;
  std::size_t images = 0;
  for (std::size_t image = 0; image < cell.images; ++image)
    if (asked[image] > 0) sum += score[image] / static_cast<double>(asked[image]), ++images;
  if (tested > 0) result.chance = chance / static_cast<double>(tested);
  if (images > 0) result.score = sum / static_cast<double>(images);
  return result;
}

}  // namespace tocsin::explain
