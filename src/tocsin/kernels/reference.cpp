// SPDX-License-Identifier: Apache-2.0
// The plain loops that say what each kernel means; tests compare. Row order, double, no tiles, no threads.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "tocsin/core/errors.h"
#include "tocsin/kernels/columns.h"
#include "tocsin/kernels/combine.h"
#include "tocsin/kernels/gram.h"
#include "tocsin/kernels/half_mass.h"
#include "tocsin/kernels/middle.h"
#include "tocsin/kernels/norms.h"
#include "tocsin/kernels/weighted_mean.h"

namespace tocsin::kernels {
namespace {
using Column = std::vector<std::pair<double, std::size_t>>;  // (value, row)

/// Column j in ascending order, -0 before +0, equal values in row order.
Column sorted_column(ConstRows rows, std::size_t j) {
  Column column(rows.clients());
  for (std::size_t i = 0; i < column.size(); ++i) column[i] = {rows.at(i, j), i};
  std::stable_sort(column.begin(), column.end(), [](const auto& a, const auto& b) {
    return a.first < b.first || (a.first == b.first && std::signbit(a.first) && !std::signbit(b.first));
  });
  return column;
}

double chosen(double lower, double upper, Even even) {
  if (even == Even::lower) return lower;
  return even == Even::upper ? upper : detail::average(lower, upper);
}
}  // namespace

std::vector<double> column_median_reference(ConstRows rows, Even even) {
  const std::size_t n = rows.clients();
  require(n >= 1, "the median of no rows does not exist");
  std::vector<double> result(rows.coordinates());
  for (std::size_t j = 0; j < result.size(); ++j) {
    const Column column = sorted_column(rows, j);
    result[j] = chosen(column[(n - 1) / 2].first, column[n / 2].first, even);
  }
  return result;
}

std::vector<double> weighted_column_median_reference(ConstRows rows, std::span<const double> weights, Even even) {
  const HalfMass half(weights);
  std::vector<double> result(rows.coordinates());
  for (std::size_t j = 0; j < result.size(); ++j) {
    const Column column = sorted_column(rows, j);
    double lower = 0, upper = 0, mass = 0;
    for (auto value = column.rbegin(); value != column.rend(); ++value) {  // the smallest v with mass(<= v) >= half is met last
      double up_to = 0;
      for (const auto& [other, row] : column) up_to += other <= value->first ? weights[row] : 0.0;
      if (half.reached(up_to)) lower = value->first;
    }
    for (const auto& [value, row] : column) {
      if (!half.passed(mass) && weights[row] > 0) upper = value;
      mass += weights[row];
    }
    result[j] = chosen(lower, upper, even);
  }
  return result;
}

Moments column_moments_reference(ConstRows rows, std::size_t ddof) {
  const std::size_t n = rows.clients(), d = rows.coordinates();
  require(n > ddof, "moments: {} rows are too few for ddof = {}", n, ddof);
  Moments result{.mean = std::vector<double>(d), .deviation = std::vector<double>(d)};
  for (std::size_t j = 0; j < d; ++j) {
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < n; ++i) sum += rows.at(i, j);
    const double mean = sum / static_cast<double>(n);
    for (std::size_t i = 0; i < n; ++i) squares += (rows.at(i, j) - mean) * (rows.at(i, j) - mean);
    result.mean[j] = mean;
    result.deviation[j] = std::sqrt(squares / static_cast<double>(n - ddof));
  }
  return result;
}

std::vector<double> combine_reference(ConstRows rows, std::span<const double> weights) {
  require(weights.size() == rows.clients(), "combine: {} weights for {} rows", weights.size(), rows.clients());
  std::vector<double> result(rows.coordinates());
  for (std::size_t i = 0; i < weights.size(); ++i)
    for (std::size_t j = 0; j < result.size() && weights[i] != 0; ++j) result[j] += weights[i] * rows.at(i, j);
  return result;
}

std::vector<double> weighted_mean_reference(ConstRows rows, std::span<const double> weights) {
  require(weights.size() == rows.clients(), "weighted mean: {} weights for {} rows", weights.size(), rows.clients());
  std::vector<double> result(rows.coordinates());
  for (std::size_t j = 0; j < result.size(); ++j) {
    long double sum = 0, total = 0;
    for (std::size_t i = 0; i < weights.size(); ++i)
      if (weights[i] != 0) sum += static_cast<long double>(weights[i]) * rows.at(i, j), total += weights[i];
    result[j] = static_cast<double>(sum / total);
  }
  return result;
}

Gram gram_reference(ConstRows rows) {
  Gram result(rows.clients());
  for (std::size_t i = 0; i < rows.clients(); ++i)
    for (std::size_t j = 0; j < rows.clients(); ++j)
      for (std::size_t c = 0; c < rows.coordinates(); ++c) result(i, j) += rows.at(i, c) * rows.at(j, c);
  return result;
}

Gram centered_gram_reference(ConstRows rows) {
  Gram result(rows.clients());
  if (rows.clients() == 0) return result;
  const std::vector<double> lower = column_median_reference(rows, Even::lower), upper = column_median_reference(rows, Even::upper);
  std::vector<double> center(lower.size());
  std::transform(lower.begin(), lower.end(), upper.begin(), center.begin(), detail::nearer_zero);
  for (std::size_t i = 0; i < rows.clients(); ++i)
    for (std::size_t j = 0; j < rows.clients(); ++j)
      for (std::size_t c = 0; c < rows.coordinates(); ++c)
        result(i, j) += (rows.at(i, c) - center[c]) * (rows.at(j, c) - center[c]);
  return result;
}

std::vector<double> norms_reference(ConstRows rows) {
  std::vector<double> result(rows.clients());
  for (std::size_t i = 0; i < result.size(); ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < rows.coordinates(); ++j) sum += rows.at(i, j) * rows.at(i, j);
    result[i] = std::sqrt(sum);
  }
  return result;
}

std::vector<NonFinite> non_finite_reference(ConstRows rows) {
  std::vector<NonFinite> result(rows.clients());
  for (std::size_t i = 0; i < result.size(); ++i)
    for (std::size_t j = 0; j < rows.coordinates(); ++j)
      if (!std::isfinite(rows.at(i, j)) && result[i].count++ == 0) result[i].first = j;
  return result;
}

}  // namespace tocsin::kernels
