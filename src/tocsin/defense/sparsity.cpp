// SPDX-License-Identifier: Apache-2.0
// How much of an update sits in few coordinates, and the range of its coordinates.
// Hoyer, Non-negative matrix factorization with sparseness constraints, JMLR 5, 2004: (sqrt(d) - l1 / l2) / (sqrt(d) - 1), which is
// 0 where all coordinates are equally large and 1 where one alone is not zero; no threshold, no unit.
// Bhagoji et al. (arXiv:1811.12470) note by eye that explicit boosting sends sparser updates of a smaller range.
#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "tocsin/defense/detector_registry.h"
#include "tocsin/defense/others.h"
#include "tocsin/kernels/norms.h"

namespace tocsin::defense {
namespace {
constexpr std::size_t kLanes = 8;       // sums that run side by side
constexpr std::size_t kPiece = 65'536;  // coordinates a sum is made of before it is added to the others

struct Spread {
  double sum = 0, least = 0, greatest = 0;  // of |x|, of x, of x
};

template <class T>
Spread spread_of(std::span<const T> row) {
  Spread spread{0.0, static_cast<double>(row.front()), static_cast<double>(row.front())};
  for (std::size_t begin = 0; begin < row.size(); begin += kPiece) {
    const std::span<const T> piece = row.subspan(begin, std::min(kPiece, row.size() - begin));
    double sums[kLanes] = {};
    T least[kLanes], greatest[kLanes];
    std::fill_n(least, kLanes, piece.front());
    std::fill_n(greatest, kLanes, piece.front());
    const auto take = [&](std::size_t lane, T value) {
      sums[lane] += std::abs(static_cast<double>(value));
      least[lane] = std::min(least[lane], value);
      greatest[lane] = std::max(greatest[lane], value);
    };
    const std::size_t whole = piece.size() - piece.size() % kLanes;
    for (std::size_t c = 0; c < whole; c += kLanes)
      for (std::size_t lane = 0; lane < kLanes; ++lane) take(lane, piece[c + lane]);
    for (std::size_t c = whole; c < piece.size(); ++c) take(c - whole, piece[c]);
    double sum = 0.0;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      sum += sums[lane];
      spread.least = std::min(spread.least, static_cast<double>(least[lane]));
      spread.greatest = std::max(spread.greatest, static_cast<double>(greatest[lane]));
    }
    spread.sum += sum;
  }
  return spread;
}

/// |sparsity - median sparsity of the others|. A row of zeros is as sparse as can be: 1.
class Sparsity final : public Detector {
 public:
  Suspicion suspicion(ConstRows updates, const Round& round) override {
    const std::size_t n = updates.clients(), d = updates.coordinates();
    Figure sparsity{"sparsity", std::vector<double>(n, 1.0)}, range{"range", std::vector<double>(n, 0.0)};
    const std::vector<double> lengths = kernels::norms(updates, round.workers);
    if (d > 0)
      for_each(round.workers, n, [&](std::size_t, std::size_t i) {
        const Spread spread = updates.visit([&](auto rows) { return spread_of(rows[i]); });
        range.values[i] = spread.greatest - spread.least;
        const double root = std::sqrt(static_cast<double>(d));
        if (lengths[i] > 0.0) sparsity.values[i] = d == 1 ? 1.0 : (root - spread.sum / lengths[i]) / (root - 1.0);
      });
    const std::vector<double> usual = medians_of_others(sparsity.values);
    Reading reading{std::vector<double>(n)};
    for (std::size_t i = 0; i < n; ++i) reading.suspicion[i] = std::abs(sparsity.values[i] - usual[i]);
    reading.figures = {std::move(sparsity), std::move(range)};
    return {.readings = {std::move(reading)}};
  }
};
}  // namespace

constinit const Entry<Detector> sparsity_entry{
    .name = "sparsity",
    .summary = "how far an update's sparsity is from the median sparsity of the others",
    .paper = "Hoyer, JMLR 5, 2004; arXiv:1811.12470",
    .status = Status::lightly_tested,
    .facts = {.readings = {{{"", "sparsity"}, {}}},
              .score = "|h - m|, h = (sqrt(d) - l1 / l2) / (sqrt(d) - 1) in [0, 1], m the median of the others",
              .standard = true},
    .make = [](Options&) -> std::unique_ptr<Detector> { return std::make_unique<Sparsity>(); },
};

}  // namespace tocsin::defense
