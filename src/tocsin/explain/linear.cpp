// SPDX-License-Identifier: Apache-2.0
// Pearson and cosine, and the rank measures on plain spans, each on all cells and on the union of the two supports.
#include <algorithm>
#include <cmath>
#include <utility>

#include "tocsin/core/errors.h"
#include "tocsin/explain/similarity.h"

namespace tocsin::explain {
namespace {

using Map = std::span<const double>;
using Measure = double (*)(Map, Map);

bool usable(Map a, Map b) {
  require(a.size() == b.size(), "similarity: the maps have {} and {} values", a.size(), b.size());
  return finite(a) && finite(b);
}

/// sum x y / sqrt(sum x^2 sum y^2); exactly 1 for equal arguments, since the root of a rounded square is the number itself.
double normalized_product(Map x, Map y) {
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += x[i] * y[i];
    xx += x[i] * x[i];
    yy += y[i] * y[i];
  }
  return std::clamp(xy / std::sqrt(xx * yy), -1.0, 1.0);
}

std::vector<double> centered(Map map) {
  std::vector<double> result = times(map, unit(map));
  double sum = 0;
  for (const double value : result) sum += value;
  const double mean = sum / static_cast<double>(result.size());
  for (double& value : result) value -= mean;
  return times(result, unit(result));
}

double on_support(Map a, Map b, Measure measure) {
  require(a.size() == b.size(), "similarity: the maps have {} and {} values", a.size(), b.size());
  std::vector<double> x, y;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] != 0 || b[i] != 0) {
      x.push_back(a[i]);
      y.push_back(b[i]);
    }
  return measure(x, y);
}

}  // namespace

double pearson(Map a, Map b) {
  if (!usable(a, b) || constant(a) || constant(b)) return kUndefined;
  return normalized_product(centered(a), centered(b));
}
double pearson_support(Map a, Map b) { return on_support(a, b, pearson); }

double cosine(Map a, Map b) {
  if (!usable(a, b) || nonzero(a) == 0 || nonzero(b) == 0) return kUndefined;
  return normalized_product(times(a, unit(a)), times(b, unit(b)));
}
double cosine_support(Map a, Map b) { return on_support(a, b, cosine); }

double spearman(Map a, Map b) { return usable(a, b) ? spearman(ascending(a), ascending(b)) : kUndefined; }
double spearman_support(Map a, Map b) { return on_support(a, b, spearman); }
double spearman_abs(Map a, Map b) { return usable(a, b) ? spearman(by_magnitude(a), by_magnitude(b)) : kUndefined; }
double spearman_abs_support(Map a, Map b) { return on_support(a, b, spearman_abs); }
double kendall(Map a, Map b) { return usable(a, b) ? kendall(ascending(a), ascending(b)) : kUndefined; }
double kendall_support(Map a, Map b) { return on_support(a, b, kendall); }

double topk(Map a, Map b, std::size_t k) {
  if (!usable(a, b) || k > nonzero(a) || k > nonzero(b)) return kUndefined;
  return overlap(by_magnitude(a), by_magnitude(b), k);
}
double topk(Map a, Map b) { return topk(a, b, a.size() / 10); }
double topk_support(Map a, Map b) { return on_support(a, b, topk); }
double topk_chance(std::size_t n) {
  const std::size_t k = n / 10;  // rounded down
  return k == 0 ? kUndefined : static_cast<double>(k) / static_cast<double>(n);
}

}  // namespace tocsin::explain
