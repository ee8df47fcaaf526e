// SPDX-License-Identifier: Apache-2.0
// Krum on a Gram matrix: scores and weights from distances alone; the rules around them are in krum.cpp.
#include "tocsin/defense/krum.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "tocsin/core/errors.h"

namespace tocsin::defense {
namespace {

/// c of n - f - c neighbours.
std::size_t fewer(Neighbors neighbors) {
  switch (neighbors) {
    case Neighbors::n_f:
      return 0;
    case Neighbors::n_f_1:
      return 1;
    case Neighbors::n_f_2:
      return 2;
    case Neighbors::n_f_3:
      return 3;
  }
  return 2;
}

double counted(double squared, Distance distance) {
  if (distance == Distance::plain) return std::sqrt(squared);
  return distance == Distance::fourth ? squared * squared : squared;
}

void check_bound(std::size_t n, std::size_t f, Bound bound) {
  const std::size_t least = 2 * f + (bound == Bound::two_f_3 ? 3 : 1);
  if (n < least) throw TooFew(fmt::format("krum: needs at least 2f + {} = {} rows for f = {}, got {}", least - 2 * f, least, f, n));
}

/// Rows in ascending score, equal scores in row order.
std::vector<std::size_t> by_score(const std::vector<double>& scores) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  return order;
}

/// The winner of each scoring, until 2f + 2 rows are left.
std::vector<std::size_t> iterative_winners(const kernels::Gram& gram, std::size_t f, const KrumOptions& options) {
  std::vector<std::size_t> left(gram.clients()), winners;
  std::iota(left.begin(), left.end(), std::size_t{0});
  while (left.size() > 2 * f + 2) {
    const std::vector<double> scores = krum_scores(kernels::sub_gram(gram, left), f, options);
    const auto best = left.begin() + (std::min_element(scores.begin(), scores.end()) - scores.begin());
    winners.push_back(*best);
    left.erase(best);
  }
  return winners;
}

/// score_i by mass: the nearest other rows up to a mass M_i that leaves out the row itself and F.
std::vector<double> scores_by_mass(const kernels::Gram& gram, const Masses& masses, const KrumOptions& options) {
  const std::size_t n = gram.clients();
  std::vector<double> scores(n);
  std::vector<std::pair<double, std::size_t>> others;
  std::vector<std::size_t> order(n > 0 ? n - 1 : 0);
  for (std::size_t i = 0; i < n; ++i) {
    others.clear();
    for (std::size_t j = 0; j < n; ++j)
      if (j != i) others.emplace_back(gram.distance2(i, j), j);
    std::sort(others.begin(), others.end());
    std::transform(others.begin(), others.end(), order.begin(), [](const auto& other) { return other.second; });
    const double beyond_one = static_cast<double>(fewer(options.neighbors)) - 1.0;
    const double mass = masses.total - masses.malicious - masses.of_row[i] - beyond_one;
    const std::vector<double> portions = take(order, masses.of_row, std::max(0.0, mass));
    for (const auto& [distance, row] : others)
      if (portions[row] > 0) scores[i] += portions[row] * counted(distance, options.distance);
  }
  return scores;
}
}  // namespace

std::vector<double> krum_scores(const kernels::Gram& gram, std::size_t f, const KrumOptions& options) {
  const std::size_t n = gram.clients(), without = f + fewer(options.neighbors);
  const std::size_t count = std::min(n > without ? n - without : 0, n > 0 ? n - 1 : 0);
  std::vector<double> scores(n);
  for (std::size_t i = 0; i < n; ++i)
    for (const double distance : kernels::nearest(gram, i, count)) scores[i] += counted(distance, options.distance);
  return scores;
}

std::vector<double> krum_weights(const kernels::Gram& gram, std::size_t f, const KrumOptions& options) {
  const std::size_t n = gram.clients();
  check_bound(n, f, options.bound);
  std::vector<std::size_t> chosen;
  if (options.selection == Selection::iterative) {
    chosen = iterative_winners(gram, f, options);
    if (chosen.empty())
      throw TooFew(fmt::format("krum: iterative selection needs more than 2f + 2 = {} rows for f = {}, got {}", 2 * f + 2, f, n));
  } else {
    require(options.keep >= 1 && options.keep <= n - f, "krum: keep must be in [1, n - f] = [1, {}], got {}", n - f, options.keep);
    chosen = by_score(krum_scores(gram, f, options));
    chosen.resize(options.keep);
  }
  std::vector<double> weights(n, 0.0);
  for (const std::size_t row : chosen) weights[row] = 1.0 / static_cast<double>(chosen.size());
  return weights;
}

std::vector<double> krum_weights_by_mass(const kernels::Gram& gram, const Masses& masses, std::optional<double> keep,
                                         const KrumOptions& options) {
  const std::size_t n = gram.clients();
  require(masses.of_row.size() == n, "krum: {} masses for {} rows", masses.of_row.size(), n);
  require(options.selection == Selection::once, "krum: masses have no iterative selection");
  if (options.bound == Bound::two_f_3 && !(2 * masses.malicious + 2 < masses.total))
    throw TooFew(fmt::format(
        "krum: by mass 2F + 2 < n is needed, and F = {:.4g} of n = {:.4g}; use weights = \"capped\" with a smaller cap_share, or "
        "neighbors = \"n-f-1\" and bound = \"2f+1\"",
        masses.malicious, masses.total));
  std::vector<std::size_t> order = by_score(scores_by_mass(gram, masses, options));
  std::erase_if(order, [&](std::size_t row) { return masses.of_row[row] == 0; });
  if (order.empty()) throw TooFew("krum: no row has any weight");
  std::vector<double> weights(n, 0.0);
  if (!keep) {
    weights[order.front()] = 1.0;
    return weights;
  }
  const double most = masses.total - masses.malicious;
  if (!(*keep > 0 && *keep <= most * (1 + 1e-12)))
    throw TooFew(fmt::format("krum: the mass to keep must be in (0, n - F] = (0, {:.6g}], got {:.6g}", most, *keep));
  weights = take(order, masses.of_row, *keep);
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& weight : weights) weight /= total;
  return weights;
}

double Keep::of(double n, double f) const {
  switch (kind) {
    case Kind::count:
      return static_cast<double>(count);
    case Kind::n_f_2:
      return n - f - 2;
    case Kind::n_f:
      return n - f;
    case Kind::n_2f_3:
      return n - 2 * f - 3;
    case Kind::fraction:
      return std::max(1.0, std::floor(fraction * n + 1e-9));  // 0.29 of 100 is 29
  }
  return 1;
}

}  // namespace tocsin::defense
