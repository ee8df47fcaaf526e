// SPDX-License-Identifier: Apache-2.0
// Whether some of the weights are half of all of them, though sums are rounded.
#pragma once
#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

namespace tocsin::kernels {

/// Compares sums of `weights` (>= 0) with half of their total. Integers (counts of samples) are compared as they are, since their
/// sums are exact in any order up to 2^53. Other weights (a cap on counts) are rounded themselves and so are their sums: what is
/// within 1e-12 of the total is equal.
class HalfMass {
 public:
  explicit HalfMass(std::span<const double> weights) : total_(std::accumulate(weights.begin(), weights.end(), 0.0)) {
    constexpr double kExact = 9007199254740992.0, kRounding = 1e-12;
    const bool exact = total_ <= kExact && std::all_of(weights.begin(), weights.end(), [](double w) { return w == std::floor(w); });
    slack_ = exact ? 0.0 : kRounding * total_;
  }
  [[nodiscard]] double total() const { return total_; }
  /// Whether a sum is half or more.
  [[nodiscard]] bool reached(double part) const { return 2 * part >= total_ - slack_; }
  /// Whether it is more than half.
  [[nodiscard]] bool passed(double part) const { return 2 * part > total_ + slack_; }

 private:
  double total_, slack_ = 0;
};

}  // namespace tocsin::kernels
