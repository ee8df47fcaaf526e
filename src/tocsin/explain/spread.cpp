// SPDX-License-Identifier: Apache-2.0
// Maps as distributions: how far one must be moved to become another, and how widely one is spread.
#include <algorithm>
#include <array>
#include <cmath>

#include "tocsin/core/errors.h"
#include "tocsin/core/random.h"
#include "tocsin/explain/similarity.h"

namespace tocsin::explain {
namespace {

using Map = std::span<const double>;

/// Shares of a finite map that is not zero; empty otherwise.
std::vector<double> shares_of(Map map) { return finite(map) ? shares(map) : std::vector<double>{}; }

void require_equal(Map a, Map b) {
  require(a.size() == b.size(), "similarity: the maps have {} and {} values", a.size(), b.size());
}
void require_shape(Map map, std::size_t height, std::size_t width) {
  require(map.size() == height * width, "similarity: a map of {} values is not {} x {}", map.size(), height, width);
}

/// Sums over the columns (`down` = false, one a row) or over the rows.
std::vector<double> marginal(Map p, std::size_t height, std::size_t width, bool down) {
  std::vector<double> result(down ? width : height, 0.0);
  for (std::size_t y = 0; y < height; ++y)
    for (std::size_t x = 0; x < width; ++x) result[down ? x : y] += p[y * width + x];
  return result;
}

double moved(const std::vector<double>& p, const std::vector<double>& q) {
  double result = 0, ahead = 0;
  for (std::size_t i = 0; i < p.size(); ++i) result += std::abs(ahead += p[i] - q[i]);
  return result;
}

double mean_place(const std::vector<double>& p) {
  double result = 0;
  for (std::size_t i = 0; i < p.size(); ++i) result += static_cast<double>(i) * p[i];
  return result;
}

}  // namespace

double mse(Map a, Map b) {
  require_equal(a, b);
  const std::vector<double> p = shares_of(a), q = shares_of(b);
  if (p.empty() || q.empty()) return kUndefined;
  double sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i) sum += (p[i] - q[i]) * (p[i] - q[i]);
  return sum / static_cast<double>(p.size());
}

double w1_values(Map a, Map b) {
  require_equal(a, b);
  if (!finite(a) || !finite(b) || nonzero(a) == 0 || nonzero(b) == 0) return kUndefined;
  std::vector<double> x(a.begin(), a.end()), y(b.begin(), b.end());
  std::sort(x.begin(), x.end());
  std::sort(y.begin(), y.end());
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += std::abs(x[i] - y[i]);
  return sum / static_cast<double>(x.size());
}

double w1_space(Map a, Map b, std::size_t height, std::size_t width) {
  require_shape(a, height, width);
  require_shape(b, height, width);
  const std::vector<double> p = shares_of(a), q = shares_of(b);
  if (p.empty() || q.empty()) return kUndefined;
  return moved(marginal(p, height, width, false), marginal(q, height, width, false)) +
         moved(marginal(p, height, width, true), marginal(q, height, width, true));
}

Center center(Map map, std::size_t height, std::size_t width) {
  require_shape(map, height, width);
  const std::vector<double> p = shares_of(map);
  if (p.empty()) return {};
  return {.row = mean_place(marginal(p, height, width, false)), .column = mean_place(marginal(p, height, width, true))};
}

double center_shift(Map a, Map b, std::size_t height, std::size_t width) {
  const Center from = center(a, height, width), to = center(b, height, width);
  return std::hypot(from.row - to.row, from.column - to.column);
}

double entropy(Map map) {
  const std::vector<double> p = shares_of(map);
  if (p.empty()) return kUndefined;
  double sum = 0;
  for (const double share : p)
    if (share > 0) sum -= share * stable_log(share);
  return sum;
}

double gini(Map map) {
  std::vector<double> p = shares_of(map);
  if (p.empty()) return kUndefined;
  std::sort(p.begin(), p.end());
  const auto n = static_cast<double>(p.size());
  double sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i) sum += (2 * static_cast<double>(i + 1) - n - 1) * p[i];
  return sum / n;
}

double entropy_100(Map map) {
  if (!finite(map) || constant(map)) return kUndefined;
  const std::vector<double> values = times(map, unit(map) / 2);  // so that the range is finite too
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  std::array<std::size_t, 100> counts{};
  for (const double value : values) {
    const double bin = std::min(99.0, std::floor(100 * (value - *least) / (*most - *least)));
    ++counts[static_cast<std::size_t>(bin)];
  }
  double sum = 0;
  for (const std::size_t count : counts) {
    const double share = static_cast<double>(count) / static_cast<double>(values.size());
    if (count > 0) sum -= share * stable_log(share);
  }
  return sum;
}

double complexity_rise(Map original, Map random) {
  const double before = entropy_100(original);  // never 0: the smallest and the largest value fall into different bins
  return (entropy_100(random) - before) / before;
}

}  // namespace tocsin::explain
