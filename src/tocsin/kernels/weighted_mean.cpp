// SPDX-License-Identifier: Apache-2.0
// Means by tiles of columns: a tile of both sums stays in the nearest cache while the rows pass by.
#include "tocsin/kernels/weighted_mean.h"

#include <algorithm>
#include <cmath>

#include "tocsin/core/errors.h"
#include "tocsin/kernels/row_kernels.h"

namespace tocsin::kernels {
namespace {
constexpr std::size_t kTileColumns = 1024;
constexpr std::size_t kTilesAnItem = 16;  // of work for a thread

/// A power of two by which weights add up to at most 1, so that no sum leaves the range of its rows.
double scale_for(double total) {
  if (!(total > 0) || !std::isfinite(total)) return 1.0;
  int exponent = 0;
  std::frexp(total, &exponent);
  return std::ldexp(1.0, std::clamp(-exponent, -1000, 1000));
}

}  // namespace

void detail::TotalWeight::add(double weight) {
  const double next = sum + weight, part = next - sum;
  rest += (sum - (next - part)) + (weight - part);
  sum = next;
}

std::vector<double> weighted_mean(ConstRows rows, std::span<const double> weights, Workers* workers) {
  require(weights.size() == rows.clients(), "weighted mean: {} weights for {} rows", weights.size(), rows.clients());
  double most = 0;
  for (const double weight : weights) most += weight;
  const double scale = scale_for(most);
  std::vector<double> result(rows.coordinates());
  rows.visit([&]<class T>(TypedRows<const T> typed) {
    detail::TotalWeight total;
    std::vector<detail::HalvedWeight> used;
    std::vector<const T*> begins;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (weights[i] == 0) continue;
      total.add(scale * weights[i]);
      used.push_back(detail::halved(scale * weights[i]));
      begins.push_back(typed[i].data());
    }
    constexpr std::size_t columns = kTileColumns * kTilesAnItem;
    for_each(workers, (result.size() + columns - 1) / columns, [&](std::size_t, std::size_t item) {
      std::vector<const T*> here(begins.size());
      std::vector<double> rests(kTileColumns);
      const std::size_t end = std::min(result.size(), (item + 1) * columns);
      for (std::size_t begin = item * columns; begin < end; begin += kTileColumns) {
        const std::span sum = std::span(result).subspan(begin, std::min(kTileColumns, end - begin));
        const std::span rest = std::span(rests).first(sum.size());
        std::fill(rest.begin(), rest.end(), 0.0);
        std::transform(begins.begin(), begins.end(), here.begin(), [&](const T* row) { return row + begin; });
        detail::add_rows_twofold(sum, rest, used, here);
        detail::divide_twofold(sum, rest, total.sum, total.rest);
      }
    });
  });
  return result;
}

RunningMean::RunningMean(std::size_t coordinates, double most)
    : sum_(coordinates, 0.0), rest_(coordinates, 0.0), scale_(scale_for(most)) {}

void RunningMean::add(double weight, ConstRows rows, std::size_t i) {
  require(i < rows.clients(), "running mean: row {} does not exist, there are {}", i, rows.clients());
  require(sum_.size() == rows.coordinates(), "running mean: {} coordinates and rows of {}", sum_.size(), rows.coordinates());
  if (weight == 0) return;
  total_.add(scale_ * weight);
  const detail::HalvedWeight halves = detail::halved(scale_ * weight);
  rows.visit([&]<class T>(TypedRows<const T> typed) {
    const T* const row[] = {typed[i].data()};
    detail::add_rows_twofold(sum_, rest_, std::span(&halves, 1), row);
  });
}

std::vector<double> RunningMean::take() {
  detail::divide_twofold(sum_, rest_, total_.sum, total_.rest);
  rest_ = {};
  return std::move(sum_);
}

}  // namespace tocsin::kernels
