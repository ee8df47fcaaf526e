// SPDX-License-Identifier: Apache-2.0
// Distances by Gram matrices; bands and departures by looking at every pair once.
#include "tocsin/defense/distances.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tocsin/core/errors.h"
#include "tocsin/defense/rule_options.h"
#include "tocsin/kernels/gram.h"

namespace tocsin::defense {
namespace {
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

void add(kernels::Gram& sum, const kernels::Gram& more) {
  for (std::size_t i = 0; i < sum.clients(); ++i)
    for (std::size_t j = 0; j < sum.clients(); ++j) sum(i, j) += more(i, j);
}

std::vector<double> lengths(const kernels::Gram& gram) {
  const std::size_t n = gram.clients();
  std::vector<double> result(n * n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) result[i * n + j] = std::sqrt(gram.distance2(i, j));
  return result;
}

/// The shortest and the longest pair of rows, `without` left out (n: none), and where they are.
struct Extremes {
  Band band{kInfinity, -kInfinity};
  std::size_t nearest[2] = {0, 0}, farthest[2] = {0, 0};
};
Extremes extremes(std::span<const double> distances, std::size_t n, std::size_t without) {
  Extremes found;
  for (std::size_t i = 0; i < n; ++i) {
    if (i == without) continue;
    for (std::size_t j = i + 1; j < n; ++j) {
      if (j == without) continue;
      const double distance = distances[i * n + j];
      if (distance < found.band.least) found.band.least = distance, found.nearest[0] = i, found.nearest[1] = j;
      if (distance > found.band.most) found.band.most = distance, found.farthest[0] = i, found.farthest[1] = j;
    }
  }
  return found;
}
}  // namespace

PairDistances pair_distances(ConstRows rows, const Layout* layout, Workers* workers) {
  const std::size_t n = rows.clients();
  if (layout == nullptr || layout->coordinates() != rows.coordinates())
    return {.all = lengths(kernels::centered_gram(rows, workers)), .weights = {}};
  kernels::Gram weights(n), biases(n);
  for (const ColumnRange& range : column_ranges("distances", layout, rows.coordinates()))
    add(range.is_bias ? biases : weights, kernels::centered_gram(rows.columns(range.begin, range.end), workers));
  add(biases, weights);
  return {.all = lengths(biases), .weights = lengths(weights)};
}

Band band_against(std::span<const double> distances, std::size_t n, std::size_t row, std::span<const std::size_t> others) {
  if (others.empty()) return {kNone, kNone};
  Band band{kInfinity, -kInfinity};
  for (const std::size_t other : others) {
    require(row < n && other < n && other != row, "band: row {} against row {} of {}", row, other, n);
    band = {std::min(band.least, distances[row * n + other]), std::max(band.most, distances[row * n + other])};
  }
  return band;
}

Band band_among(std::span<const double> distances, std::size_t n, std::span<const std::size_t> rows) {
  if (rows.size() < 2) return {kNone, kNone};
  Band band{kInfinity, -kInfinity};
  for (std::size_t k = 0; k + 1 < rows.size(); ++k) {
    const Band with_later = band_against(distances, n, rows[k], rows.subspan(k + 1));
    band = {std::min(band.least, with_later.least), std::max(band.most, with_later.most)};
  }
  return band;
}

double departure(const Band& own, const Band& others) {
  const double over = std::abs(own.most - others.least), under = std::abs(own.least - others.most);
  return std::isnan(over) || std::isnan(under) ? kNone : std::max(over, under);
}

std::vector<Band> bands(std::span<const double> distances, std::size_t n) {
  std::vector<Band> result(n, {kNone, kNone});
  if (n < 2) return result;
  for (std::size_t i = 0; i < n; ++i) {
    Band band{kInfinity, -kInfinity};
    for (std::size_t j = 0; j < n; ++j)
      if (j != i) band = {std::min(band.least, distances[i * n + j]), std::max(band.most, distances[i * n + j])};
    result[i] = band;
  }
  return result;
}

std::vector<double> departures(std::span<const double> distances, std::size_t n) {
  std::vector<double> result(n, kNone);
  if (n < 3) return result;
  const std::vector<Band> own = bands(distances, n);
  const Extremes all = extremes(distances, n, n);
  for (std::size_t i = 0; i < n; ++i) {
    // The extremes of the pairs without i are those of all pairs, unless i is an end of one of them.
    const bool matters = i == all.nearest[0] || i == all.nearest[1] || i == all.farthest[0] || i == all.farthest[1];
    result[i] = departure(own[i], matters ? extremes(distances, n, i).band : all.band);
  }
  return result;
}

}  // namespace tocsin::defense
