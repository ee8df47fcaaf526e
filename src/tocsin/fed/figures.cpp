// SPDX-License-Identifier: Apache-2.0
// Eight running sums a row, joined in one order, so that the loops vectorise and the bits depend on d alone.
#include "tocsin/fed/figures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "tocsin/kernels/combine.h"

namespace tocsin::fed {
namespace {
constexpr std::size_t kLanes = 8;

struct Sums {
  std::array<double, kLanes> difference2{}, product{}, length2{};
};

double total(const std::array<double, kLanes>& lanes) {
  double sum = 0.0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

template <class T>
Sums sums_of(std::span<T> row, std::span<const double> mean) {
  Sums sums;
  const auto add = [&](std::size_t lane, std::size_t j) {
    const double x = static_cast<double>(row[j]), off = x - mean[j];
    sums.difference2[lane] += off * off;
    sums.product[lane] += x * mean[j];
    sums.length2[lane] += x * x;
  };
  const std::size_t whole = row.size() / kLanes * kLanes;
  for (std::size_t j = 0; j < whole; j += kLanes)
    for (std::size_t lane = 0; lane < kLanes; ++lane) add(lane, j + lane);
  for (std::size_t j = whole; j < row.size(); ++j) add(j - whole, j);
  return sums;
}
}  // namespace

MeanFigures to_benign_mean(ConstRows updates, ConstRows benign, Workers* workers) {
  const std::size_t n = updates.clients(), h = benign.clients();
  if (h == 0) return {};
  const std::vector<double> mean = kernels::combine(benign, std::vector<double>(h, 1.0 / static_cast<double>(h)), workers);
  const double mean_length = std::sqrt(total(sums_of(std::span(mean), mean).length2));
  MeanFigures figures{std::vector<double>(n), std::vector<double>(n)};
  for_each(workers, n, [&](std::size_t, std::size_t i) {
    const Sums sums = updates.visit([&](auto rows) { return sums_of(rows[i], mean); });
    const double lengths = std::sqrt(total(sums.length2)) * mean_length;
    figures.distance[i] = std::sqrt(total(sums.difference2));
    figures.cosine[i] = lengths == 0.0 ? 0.0 : std::clamp(total(sums.product) / lengths, -1.0, 1.0);
  });
  return figures;
}

}  // namespace tocsin::fed
