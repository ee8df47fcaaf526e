// SPDX-License-Identifier: Apache-2.0
// Column statistics by tiles: medians from sorting networks over 64 columns, moments from two passes over 1,024.
#include "tocsin/kernels/columns.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <mutex>
#include <tuple>
#include <utility>

#include "tocsin/core/errors.h"
#include "tocsin/kernels/half_mass.h"
#include "tocsin/kernels/middle.h"
#include "tocsin/kernels/row_kernels.h"
#include "tocsin/kernels/sorting.h"

namespace tocsin::kernels {
namespace {
constexpr std::size_t kColumnsAnItem = 8192;  // of work for a thread

/// Calls work(begin, end) for pieces of [0, d).
template <class Work>
void for_pieces(Workers* workers, std::size_t d, const Work& work) {
  for_each(workers, (d + kColumnsAnItem - 1) / kColumnsAnItem,
           [&](std::size_t, std::size_t item) { work(item * kColumnsAnItem, std::min(d, (item + 1) * kColumnsAnItem)); });
}

/// How often each row was the owner, counted by many threads; integers, so in any order.
class OwnerCounts {
 public:
  explicit OwnerCounts(std::size_t clients) : counts_(clients) {}
  void add(const std::vector<std::uint64_t>& piece) {
    const std::lock_guard lock(mutex_);
    std::transform(counts_.begin(), counts_.end(), piece.begin(), counts_.begin(), std::plus<>());
  }
  /// Shares of `taken` values.
  [[nodiscard]] std::vector<double> shares(std::size_t taken) const {
    std::vector<double> result(counts_.size(), 0.0);
    if (taken == 0) return result;
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = static_cast<double>(counts_[i]) / static_cast<double>(taken);
    return result;
  }

 private:
  std::mutex mutex_;
  std::vector<std::uint64_t> counts_;
};

detail::Network middle_network(std::size_t n, Even even) {
  const std::size_t lower = (n - 1) / 2, upper = n / 2;
  return {n, even == Even::upper ? upper : lower, even == Even::lower ? lower : upper};
}

ColumnMedian medians(ConstRows rows, Even even, Workers* workers, bool with_shares) {
  const std::size_t n = rows.clients(), d = rows.coordinates();
  require(n >= 1, "the median of no rows does not exist");
  const detail::Network network = middle_network(n, even);
  const std::size_t positions = network.last() - network.first() + 1;
  const std::vector<unsigned char> all(n, 1);
  ColumnMedian result{.median = std::vector<double>(d), .shares = {}};
  OwnerCounts owners(n);
  rows.visit([&]<class T>(TypedRows<const T> typed) {
    for_pieces(workers, d, [&](std::size_t begin, std::size_t end) {
      detail::MiddleScratch<T> scratch(n);
      std::vector<std::uint64_t> here(n);
      for (std::size_t first = begin; first < end; first += detail::kSortedColumns) {
        const std::size_t count = std::min(detail::kSortedColumns, end - first);
        detail::middles(network, typed, first, std::span(result.median).subspan(first, count), scratch);
        for (std::size_t p = 0; with_shares && p < positions; ++p)
          detail::count_owners(typed, first, count, scratch.values + p * detail::kSortedColumns, all, here.data());
      }
      if (with_shares) owners.add(here);
    });
  });
  if (with_shares) result.shares = owners.shares(positions * d);
  return result;
}

/// The weighted middles of one sorted column: positions of the lower and of the upper one.
template <class T, class Row>
std::pair<T, T> weighted_middles(const T* values, const Row* rows, std::size_t n, std::span<const double> weights,
                                 const HalfMass& half) {
  double mass = 0;  // of the values before k
  std::size_t lower = n, upper = 0;
  for (std::size_t k = 0; k < n; ++k) {
    if (!half.passed(mass)) upper = k;
    mass += weights[static_cast<std::size_t>(rows[k * detail::kSortedColumns])];
    if (lower == n && half.reached(mass)) lower = k;
  }
  return {values[lower * detail::kSortedColumns], values[upper * detail::kSortedColumns]};
}

HalfMass checked_half(ConstRows rows, std::span<const double> weights) {
  require(weights.size() == rows.clients(), "weighted median: {} weights for {} rows", weights.size(), rows.clients());
  for (std::size_t i = 0; i < weights.size(); ++i)
    require(weights[i] >= 0 && std::isfinite(weights[i]), "weighted median: weight {} of row {} is not a mass", weights[i], i);
  const HalfMass half(weights);
  require(half.total() > 0 && std::isfinite(half.total()), "weighted median: the weights add up to {}", half.total());
  return half;
}

ColumnMedian weighted_medians(ConstRows rows, std::span<const double> weights, Even even, Workers* workers, bool with_shares) {
  const std::size_t n = rows.clients(), d = rows.coordinates();
  const HalfMass half = checked_half(rows, weights);
  const detail::Network network(n, 0, n - 1);
  std::vector<unsigned char> heavy(n);
  std::transform(weights.begin(), weights.end(), heavy.begin(), [](double w) { return static_cast<unsigned char>(w > 0); });
  ColumnMedian result{.median = std::vector<double>(d), .shares = {}};
  OwnerCounts owners(n);
  rows.visit([&]<class T>(TypedRows<const T> typed) {
    for_pieces(workers, d, [&](std::size_t begin, std::size_t end) {
      using Key = detail::OrderKey<T>;
      std::vector<Key> keys(n * detail::kSortedColumns), sources(n * detail::kSortedColumns);
      std::vector<T> sorted(n * detail::kSortedColumns);
      std::vector<std::uint64_t> here(n);
      T lower[detail::kSortedColumns], upper[detail::kSortedColumns];
      for (std::size_t first = begin; first < end; first += detail::kSortedColumns) {
        const std::size_t count = std::min(detail::kSortedColumns, end - first);
        detail::sorted_tile_with_rows(network, typed, first, count, keys.data(), sorted.data(), sources.data());
        for (std::size_t c = 0; c < count; ++c) {
          std::tie(lower[c], upper[c]) = weighted_middles(sorted.data() + c, sources.data() + c, n, weights, half);
          if (even == Even::lower) upper[c] = lower[c];
          if (even == Even::upper) lower[c] = upper[c];
          result.median[first + c] = detail::average(static_cast<double>(lower[c]), static_cast<double>(upper[c]));
        }
        if (!with_shares) continue;
        detail::count_owners(typed, first, count, lower, heavy, here.data());
        detail::count_owners(typed, first, count, upper, heavy, here.data());
      }
      if (with_shares) owners.add(here);
    });
  });
  if (with_shares) result.shares = owners.shares(2 * d);
  return result;
}
}  // namespace

std::vector<double> column_median(ConstRows rows, Even even, Workers* workers) {
  return std::move(medians(rows, even, workers, false).median);
}
std::vector<double> median_shares(ConstRows rows, Even even, Workers* workers) {
  return std::move(medians(rows, even, workers, true).shares);
}
ColumnMedian column_median_with_shares(ConstRows rows, Even even, Workers* workers) { return medians(rows, even, workers, true); }

std::vector<double> weighted_column_median(ConstRows rows, std::span<const double> weights, Even even, Workers* workers) {
  return std::move(weighted_medians(rows, weights, even, workers, false).median);
}
ColumnMedian weighted_column_median_with_shares(ConstRows rows, std::span<const double> weights, Even even, Workers* workers) {
  return weighted_medians(rows, weights, even, workers, true);
}

Moments column_moments(ConstRows rows, std::size_t ddof, Workers* workers) {
  const std::size_t n = rows.clients(), d = rows.coordinates();
  require(n > ddof, "moments: {} rows are too few for ddof = {}", n, ddof);
  Moments result{.mean = std::vector<double>(d), .deviation = std::vector<double>(d)};
  const std::vector<double> ones(n, 1.0);
  constexpr std::size_t tile = 1024;
  rows.visit([&]<class T>(TypedRows<const T> typed) {
    for_pieces(workers, d, [&](std::size_t begin, std::size_t end) {
      std::vector<const T*> here(n);
      for (std::size_t first = begin; first < end; first += tile) {
        const std::size_t count = std::min(tile, end - first);
        const std::span mean = std::span(result.mean).subspan(first, count);
        const std::span deviation = std::span(result.deviation).subspan(first, count);
        for (std::size_t i = 0; i < n; ++i) here[i] = typed[i].data() + first;
        detail::add_rows(mean, ones, here);
        for (double& value : mean) value /= static_cast<double>(n);
        for (const T* row : here) detail::add_squares(deviation, mean.data(), row);
        for (double& value : deviation) value = std::sqrt(value / static_cast<double>(n - ddof));
      }
    });
  });
  return result;
}

}  // namespace tocsin::kernels
