// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/swap_test.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tocsin/core/errors.h"
#include "tocsin/core/random.h"
#include "tocsin/explain/scale.h"

namespace tocsin::explain {
namespace {

constexpr std::size_t kRandomPatterns = 10'000;
constexpr double kTie = 1e-12;

/// Mean similarity of any two runs over the images, benign runs first; only images with all pairs defined.
class Means {
 public:
  /// `benign` and `attacked` runs of each kind; pairs of one seed are not read if `shared`.
  Means(const Cell& cell, std::size_t benign, std::size_t attacked, bool shared)
      : runs_(benign + attacked), values_(runs_ * runs_, 0.0) {
    const auto value = [&](std::size_t image, std::size_t u, std::size_t v) {
      if (v < benign) return cell.of_benign(image, u, v);
      if (u >= benign) return cell.of_attacked(image, u - benign, v - benign);
      return shared && u == v - benign ? 0.0 : cell.of_both(image, u, v - benign);
    };
    for (std::size_t image = 0; image < cell.images; ++image) {
      std::vector<double> of_image(values_.size(), 0.0);
      bool defined = true;
      for (std::size_t u = 0; u < runs_; ++u)
        for (std::size_t v = u + 1; v < runs_; ++v) {
          const double one = value(image, u, v);
          defined = defined && !std::isnan(one);
          of_image[u * runs_ + v] = of_image[v * runs_ + u] = one;
        }
      if (!defined) continue;
      ++images_;
      for (std::size_t k = 0; k < values_.size(); ++k) values_[k] += of_image[k];
    }
    for (double& sum : values_) sum /= static_cast<double>(images_);
  }
  [[nodiscard]] std::size_t images() const { return images_; }
  double operator()(std::size_t u, std::size_t v) const { return values_[u * runs_ + v]; }

 private:
  std::size_t runs_, images_ = 0;
  std::vector<double> values_;
};

/// Exchanging one of two seeds turns the sign of what their pairs add to T; exchanging both leaves it.
std::vector<double> by_seed(const Cell& cell, std::uint64_t seed) {
  const std::size_t k = cell.runs();
  if (k < 2) return {};
  const Means mean(cell, k, k, true);
  if (mean.images() == 0) return {};
  std::vector<double> of_pair(k * k, 0.0);
  for (std::size_t i = 0; i < k; ++i)
    for (std::size_t j = i + 1; j < k; ++j) of_pair[i * k + j] = mean(i, j) + mean(k + i, k + j) - mean(i, k + j) - mean(j, k + i);
  std::vector<double> sign(k, 1.0), result;
  const auto add = [&] {
    double sum = 0;
    for (std::size_t i = 0; i < k; ++i)
      for (std::size_t j = i + 1; j < k; ++j) sum += sign[i] * sign[j] * of_pair[i * k + j];
    result.push_back(sum / static_cast<double>(k * (k - 1)));
  };
  if (k <= 14) {
    for (std::size_t pattern = 0; pattern < std::size_t{1} << (k - 1); ++pattern) {
      for (std::size_t i = 1; i < k; ++i) sign[i] = (pattern >> (i - 1) & 1) != 0 ? -1.0 : 1.0;
      add();
    }
    return result;
  }
  add();
  const Stream stream = Stream(seed).at("explain/swap");
  for (std::size_t pattern = 0; pattern < kRandomPatterns; ++pattern) {
    Draws draws(stream.at(pattern));
    for (std::size_t i = 1; i < k; ++i) sign[i] = (draws.bits() & 1) != 0 ? -1.0 : 1.0;
    add();
  }
  return result;
}

double relabeled(const Means& mean, const std::vector<char>& benign) {
  double sums[3] = {0, 0, 0};  // by how many of the two are called benign
  double counts[3] = {0, 0, 0};
  for (std::size_t u = 0; u < benign.size(); ++u)
    for (std::size_t v = u + 1; v < benign.size(); ++v) {
      const auto both = static_cast<std::size_t>(benign[u] + benign[v]);
      sums[both] += mean(u, v);
      counts[both] += 1;
    }
  const double across = sums[1] / counts[1];
  if (counts[0] == 0) return sums[2] / counts[2] - across;
  if (counts[2] == 0) return sums[0] / counts[0] - across;
  return (sums[0] / counts[0] + sums[2] / counts[2]) / 2 - across;
}

/// n over k, or anything above `limit` once it is passed.
std::size_t ways(std::size_t n, std::size_t k, std::size_t limit) {
  std::size_t result = 1;
  for (std::size_t i = 1; i <= std::min(k, n - k) && result <= limit; ++i) result = result * (n - i + 1) / i;
  return result;
}

std::vector<double> by_label(const Cell& cell, std::uint64_t seed) {
  const std::size_t n = cell.benign + cell.attacked;
  if (n < 3) return {};
  const Means mean(cell, cell.benign, cell.attacked, false);
  if (mean.images() == 0) return {};
  std::vector<char> benign(n, 0);
  std::fill_n(benign.begin(), cell.benign, 1);
  std::vector<double> result;
  if (ways(n, cell.benign, kRandomPatterns) <= kRandomPatterns) {
    do result.push_back(relabeled(mean, benign));
    while (std::prev_permutation(benign.begin(), benign.end()));  // from the labels as they are, the highest, to the lowest
    return result;
  }
  result.push_back(relabeled(mean, benign));
  const Stream stream = Stream(seed).at("explain/swap");
  for (std::size_t pattern = 0; pattern < kRandomPatterns; ++pattern) {
    std::fill(benign.begin(), benign.end(), 0);
    for (const std::uint32_t run : choice(n, cell.benign, stream.at(pattern))) benign[run] = 1;
    result.push_back(relabeled(mean, benign));
  }
  return result;
}

/// The patterns divided by their standard deviation; empty if they do not vary.
std::vector<double> standardized(const std::vector<double>& statistics) {
  if (statistics.empty()) return {};
  const auto n = static_cast<double>(statistics.size());
  double sum = 0, squares = 0, most = 0;
  for (const double value : statistics) sum += value, most = std::max(most, std::abs(value));
  for (const double value : statistics) squares += (value - sum / n) * (value - sum / n);
  const double deviation = std::sqrt(squares / n);
  return deviation <= kTie * most ? std::vector<double>{} : times(statistics, 1 / deviation);
}

double share_at_least(std::span<const double> values, double observed) {
  const auto count = std::count_if(values.begin(), values.end(), [&](double value) { return value >= observed - kTie; });
  return static_cast<double>(count) / static_cast<double>(values.size());
}

}  // namespace

std::vector<double> swap_statistics(const Cell& cell, std::uint64_t seed) {
  return cell.shared_seeds ? by_seed(cell, seed) : by_label(cell, seed);
}

double swap_p(std::span<const double> statistics) {
  return statistics.empty() ? kUndefined : share_at_least(statistics, statistics.front());
}

std::vector<double> family_wise_p(std::span<const std::vector<double>> methods) {
  std::vector<std::vector<double>> scaled;
  std::vector<double> most, result(methods.size(), kUndefined);
  for (const std::vector<double>& statistics : methods) {
    const std::vector<double>& one = scaled.emplace_back(standardized(statistics));
    if (one.empty()) continue;
    if (most.empty()) most.assign(one.size(), -std::numeric_limits<double>::infinity());
    require(one.size() == most.size(), "family_wise_p: methods with {} and {} patterns are no family", most.size(), one.size());
    for (std::size_t k = 0; k < one.size(); ++k) most[k] = std::max(most[k], one[k]);
  }
  for (std::size_t m = 0; m < methods.size(); ++m)
    if (!scaled[m].empty()) result[m] = share_at_least(most, scaled[m].front());
  return result;
}

}  // namespace tocsin::explain
