// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/ranking.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "tocsin/core/errors.h"
#include "tocsin/explain/scale.h"

namespace tocsin::explain {
namespace {

Ranking ranking_of(std::vector<std::pair<double, std::uint32_t>> values) {
  std::sort(values.begin(), values.end());
  Ranking result{.order = std::vector<std::uint32_t>(values.size()), .group = std::vector<std::uint32_t>(values.size())};
  std::uint32_t group = 0;
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (k > 0 && values[k].first != values[k - 1].first) ++group;
    result.order[k] = values[k].second;
    result.group[values[k].second] = group;
  }
  return result;
}

/// Calls run(first, last) for each run of equal values, places [first, last) of the order.
template <class Run>
void for_each_run(const Ranking& ranking, Run&& run) {
  for (std::size_t first = 0, last = 0; first < ranking.order.size(); first = last) {
    while (last < ranking.order.size() && ranking.group[ranking.order[last]] == ranking.group[ranking.order[first]]) ++last;
    run(first, last);
  }
}

/// Twice the average rank less n + 1 [n]: an integer with mean 0.
std::vector<std::int64_t> centered_ranks(const Ranking& ranking) {
  std::vector<std::int64_t> result(ranking.order.size());
  for_each_run(ranking, [&](std::size_t first, std::size_t last) {
    const auto rank = static_cast<std::int64_t>(first + last) - static_cast<std::int64_t>(ranking.order.size());
    for (std::size_t k = first; k < last; ++k) result[ranking.order[k]] = rank;
  });
  return result;
}

std::int64_t pairs(std::size_t n) { return static_cast<std::int64_t>(n) * (static_cast<std::int64_t>(n) - 1) / 2; }

std::int64_t tied_pairs(const Ranking& ranking) {
  std::int64_t result = 0;
  for_each_run(ranking, [&](std::size_t first, std::size_t last) { result += pairs(last - first); });
  return result;
}

/// Sorts the values and returns how many pairs stood in strictly falling order: a merge sort that counts.
std::int64_t inversions(std::vector<std::uint32_t> values) {
  std::vector<std::uint32_t> merged(values.size());
  std::int64_t result = 0;
  for (std::size_t width = 1; width < values.size(); width *= 2) {
    for (std::size_t begin = 0; begin < values.size(); begin += 2 * width) {
      const std::size_t middle = std::min(begin + width, values.size()), end = std::min(begin + 2 * width, values.size());
      std::size_t left = begin, right = middle;
      for (std::size_t k = begin; k < end; ++k) {
        const bool from_right = right < end && (left == middle || values[right] < values[left]);
        if (from_right) result += static_cast<std::int64_t>(middle - left);
        merged[k] = from_right ? values[right++] : values[left++];
      }
    }
    values.swap(merged);
  }
  return result;
}

void require_equal_sizes(const Ranking& a, const Ranking& b) {
  require(a.order.size() == b.order.size(), "ranking: the maps have {} and {} values", a.order.size(), b.order.size());
}

}  // namespace

Ranking ascending(std::span<const double> map) {
  std::vector<std::pair<double, std::uint32_t>> values(map.size());
  for (std::size_t i = 0; i < map.size(); ++i) values[i] = {map[i], static_cast<std::uint32_t>(i)};
  return ranking_of(std::move(values));
}

Ranking by_magnitude(std::span<const double> map) {
  std::vector<std::pair<double, std::uint32_t>> values(map.size());
  for (std::size_t i = 0; i < map.size(); ++i) values[i] = {-std::abs(map[i]), static_cast<std::uint32_t>(i)};
  return ranking_of(std::move(values));
}

Ranking kept(const Ranking& ranking, std::span<const char> keep) {
  require(keep.size() == ranking.order.size(), "kept: {} marks for {} values", keep.size(), ranking.order.size());
  std::vector<std::uint32_t> number(keep.size());
  Ranking result;
  result.group.reserve(keep.size());
  for (std::size_t i = 0; i < keep.size(); ++i) {
    number[i] = static_cast<std::uint32_t>(result.group.size());
    if (keep[i] != 0) result.group.push_back(ranking.group[i]);
  }
  result.order.reserve(result.group.size());
  for (const std::uint32_t i : ranking.order)
    if (keep[i] != 0) result.order.push_back(number[i]);
  return result;
}

std::vector<double> ranks(const Ranking& ranking) {
  std::vector<double> result(ranking.order.size());
  for_each_run(ranking, [&](std::size_t first, std::size_t last) {
    for (std::size_t k = first; k < last; ++k) result[ranking.order[k]] = static_cast<double>(first + last + 1) / 2;
  });
  return result;
}

double spearman(const Ranking& a, const Ranking& b) {
  require_equal_sizes(a, b);
  const std::vector<std::int64_t> x = centered_ranks(a), y = centered_ranks(b);
  std::int64_t xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += x[i] * y[i];
    xx += x[i] * x[i];
    yy += y[i] * y[i];
  }
  if (xx == 0 || yy == 0) return kUndefined;
  return static_cast<double>(xy) / std::sqrt(static_cast<double>(xx) * static_cast<double>(yy));
}

double kendall(const Ranking& a, const Ranking& b) {
  require_equal_sizes(a, b);
  const std::size_t n = a.order.size();
  const std::int64_t all = pairs(n), tied_a = tied_pairs(a), tied_b = tied_pairs(b);
  if (all == tied_a || all == tied_b) return kUndefined;

  // The cells in order of a, equal ones in order of b: b's order, put into the places that a has for each of its values.
  std::vector<std::uint32_t> next(n);  // the next free place of each value of a, kept at the value's first cell
  std::vector<std::uint32_t> first_cell(n);
  for_each_run(a, [&](std::size_t first, std::size_t last) {
    for (std::size_t k = first; k < last; ++k) first_cell[a.order[k]] = a.order[first];
    next[a.order[first]] = static_cast<std::uint32_t>(first);
  });
  std::vector<std::uint32_t> sequence(n), cells(n);
  for (const std::uint32_t i : b.order) {
    const std::uint32_t place = next[first_cell[i]]++;
    sequence[place] = b.group[i];
    cells[place] = i;
  }
  std::int64_t tied_both = 0;
  for (std::size_t first = 0, last = 0; first < n; first = last) {
    while (last < n && first_cell[cells[last]] == first_cell[cells[first]] && sequence[last] == sequence[first]) ++last;
    tied_both += pairs(last - first);
  }
  const std::int64_t falling = inversions(std::move(sequence));
  const std::int64_t rising_less_falling = all - tied_a - tied_b + tied_both - 2 * falling;
  return static_cast<double>(rising_less_falling) /
         std::sqrt(static_cast<double>(all - tied_a) * static_cast<double>(all - tied_b));
}

double overlap(const Ranking& a, const Ranking& b, std::size_t k) {
  require_equal_sizes(a, b);
  if (k == 0 || k > a.order.size()) return kUndefined;
  std::vector<char> chosen(a.order.size(), 0);
  for (std::size_t place = 0; place < k; ++place) chosen[a.order[place]] = 1;
  std::size_t both = 0;
  for (std::size_t place = 0; place < k; ++place) both += static_cast<std::size_t>(chosen[b.order[place]]);
  return static_cast<double>(both) / static_cast<double>(k);
}

}  // namespace tocsin::explain
