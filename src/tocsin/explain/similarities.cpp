// SPDX-License-Identifier: Apache-2.0
// The table of named similarities: which function each calls, with the conventions of the suite.
#include <algorithm>
#include <array>
#include <cmath>

#include "tocsin/core/errors.h"
#include "tocsin/explain/drawn.h"
#include "tocsin/explain/similarity.h"

namespace tocsin::explain {
namespace {

/// Marks the cells where at least one of the two is not zero.
std::vector<char> support(const Prepared& a, const Prepared& b) {
  std::vector<char> result(a.seen.map.size());
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = a.seen.map[i] != 0 || b.seen.map[i] != 0 ? 1 : 0;
  return result;
}

using OfMaps = double (*)(std::span<const double>, std::span<const double>);
template <OfMaps Measure>
double of_maps(const Prepared& a, const Prepared& b) {
  return Measure(a.seen.map, b.seen.map);
}

using OfShapes = double (*)(std::span<const double>, std::span<const double>, std::size_t, std::size_t);
template <OfShapes Measure>
double of_shapes(const Prepared& a, const Prepared& b) {
  return Measure(a.seen.map, b.seen.map, a.seen.height, a.seen.width);
}

using OfOrders = double (*)(const Ranking&, const Ranking&);
template <OfOrders Measure, Ranking Prepared::*Order>
double of_orders(const Prepared& a, const Prepared& b) {
  return Measure(a.*Order, b.*Order);
}
template <OfOrders Measure, Ranking Prepared::*Order>
double of_orders_support(const Prepared& a, const Prepared& b) {
  const std::vector<char> keep = support(a, b);
  return Measure(kept(a.*Order, keep), kept(b.*Order, keep));
}

double largest_cells(const Prepared& a, const Prepared& b, const Ranking& x, const Ranking& y) {
  const std::size_t k = x.order.size() / 10;
  return k > nonzero(a.seen.map) || k > nonzero(b.seen.map) ? kUndefined : overlap(x, y, k);
}
double topk_of(const Prepared& a, const Prepared& b) { return largest_cells(a, b, a.magnitudes, b.magnitudes); }
double topk_support_of(const Prepared& a, const Prepared& b) {
  const std::vector<char> keep = support(a, b);
  return largest_cells(a, b, kept(a.magnitudes, keep), kept(b.magnitudes, keep));
}

double drawn_of(const Prepared& a, const Prepared& b) {
  require(a.seen.drawn.size() == a.seen.map.size() && b.seen.drawn.size() == b.seen.map.size(),
          "ssim_drawn: needs the drawn maps beside maps of {} cells, got {} and {}", a.seen.map.size(), a.seen.drawn.size(),
          b.seen.drawn.size());
  return ssim_drawn(a.seen.drawn, b.seen.drawn, a.seen.height, a.seen.width);
}

double w1_values_of(const Prepared& a, const Prepared& b) {
  const double a_most = largest(a.seen.map), b_most = largest(b.seen.map);
  if (a_most == 0 || b_most == 0) return kUndefined;
  double sum = 0;
  for (std::size_t k = 0; k < a.values.order.size(); ++k)
    sum += std::abs(a.seen.map[a.values.order[k]] / a_most - b.seen.map[b.values.order[k]] / b_most);
  return sum / static_cast<double>(a.values.order.size());
}

constexpr bool kDistance = true, kSpatial = true, kSorted = true, kNo = false;
constexpr auto kValues = &Prepared::values, kMagnitudes = &Prepared::magnitudes;

constexpr std::array kTable{
    Similarity{"ssim_drawn", "SSIM of the maps as drawn, Gaussian window", kNo, kSpatial, kNo, drawn_of},
    Similarity{"pearson", "correlation of the values", kNo, kNo, kNo, of_maps<pearson>},
    Similarity{"pearson_support", "pearson where a map is not zero", kNo, kNo, kNo, of_maps<pearson_support>},
    Similarity{"cosine", "cosine of the angle between the maps", kNo, kNo, kNo, of_maps<cosine>},
    Similarity{"cosine_support", "cosine where a map is not zero", kNo, kNo, kNo, of_maps<cosine_support>},
    Similarity{"spearman", "correlation of the ranks", kNo, kNo, kSorted, of_orders<spearman, kValues>},
    Similarity{"spearman_support", "spearman where a map is not zero", kNo, kNo, kSorted, of_orders_support<spearman, kValues>},
    Similarity{"spearman_abs", "correlation of the ranks of the magnitudes", kNo, kNo, kSorted, of_orders<spearman, kMagnitudes>},
    Similarity{"spearman_abs_support", "spearman_abs where a map is not zero", kNo, kNo, kSorted,
               of_orders_support<spearman, kMagnitudes>},
    Similarity{"kendall", "Kendall's tau-b", kNo, kNo, kSorted, of_orders<kendall, kValues>},
    Similarity{"kendall_support", "kendall where a map is not zero", kNo, kNo, kSorted, of_orders_support<kendall, kValues>},
    Similarity{"topk", "share of the tenth of largest magnitude that both have", kNo, kNo, kSorted, topk_of},
    Similarity{"topk_support", "topk where a map is not zero", kNo, kNo, kSorted, topk_support_of},
    Similarity{"ssim_uniform", "SSIM of a / max |a|, uniform window", kNo, kSpatial, kNo, of_shapes<ssim_uniform>},
    Similarity{"ssim_abs", "SSIM of |a| / max |a|, uniform window", kNo, kSpatial, kNo, of_shapes<ssim_abs>},
    Similarity{"ssim_raw", "SSIM of the raw values, uniform window", kNo, kSpatial, kNo, of_shapes<ssim_raw>},
    Similarity{"mse", "mean squared difference of the shares", kDistance, kNo, kNo, of_maps<mse>},
    Similarity{"w1_values", "mean difference of the sorted a / max |a|", kDistance, kNo, kSorted, w1_values_of},
    Similarity{"w1_space", "how far the shares must be moved, in cells", kDistance, kSpatial, kNo, of_shapes<w1_space>},
    Similarity{"center_shift", "distance of the centres of the shares, in cells", kDistance, kSpatial, kNo,
               of_shapes<center_shift>},
};

}  // namespace

Prepared prepared(const Seen& seen, bool sorted) {
  require(seen.map.size() == seen.height * seen.width, "prepared: a map of {} values is not {} x {}", seen.map.size(), seen.height,
          seen.width);
  Prepared result{.seen = seen, .finite = finite(seen.map), .sorted = sorted, .values = {}, .magnitudes = {}};
  if (!result.finite || !sorted) return result;
  result.values = ascending(seen.map);
  result.magnitudes = by_magnitude(seen.map);
  return result;
}

double Similarity::measure(const Prepared& a, const Prepared& b) const {
  require(a.seen.height == b.seen.height && a.seen.width == b.seen.width, "{}: maps of {} x {} and {} x {} cells", name,
          a.seen.height, a.seen.width, b.seen.height, b.seen.width);
  require(!sorted || (a.sorted && b.sorted), "{}: needs maps prepared with their orders", name);
  return a.finite && b.finite ? of(a, b) : kUndefined;
}

double Similarity::measure(const Seen& a, const Seen& b) const { return measure(prepared(a, sorted), prepared(b, sorted)); }

std::span<const Similarity> similarities() { return kTable; }

const Similarity* find_similarity(std::string_view name) {
  const auto found = std::find_if(kTable.begin(), kTable.end(), [&](const Similarity& one) { return one.name == name; });
  return found == kTable.end() ? nullptr : &*found;
}

std::vector<double> measured(const Seen& a, const Seen& b, std::span<const Similarity* const> chosen) {
  const bool sorted = std::any_of(chosen.begin(), chosen.end(), [](const Similarity* one) { return one->sorted; });
  const Prepared x = prepared(a, sorted), y = prepared(b, sorted);
  std::vector<double> result;
  result.reserve(chosen.size());
  for (const Similarity* one : chosen) result.push_back(one->measure(x, y));
  return result;
}

}  // namespace tocsin::explain
