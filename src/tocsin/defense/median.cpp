// SPDX-License-Identifier: Apache-2.0
// The median of each coordinate.
// Yin et al., Byzantine-Robust Distributed Learning: Towards Optimal Statistical Rates, ICML 2018; arXiv:1803.01498.
// Differs: even n has three named readings; weighted by mass it is the exact weighted median, ties included. With over = "weights"
// the coordinates of biases take the plain mean (weighted, if rows are): a choice of ours, biases being few and rarely attacked.
#include <algorithm>
#include <memory>
#include <utility>

#include "tocsin/defense/registry.h"
#include "tocsin/defense/rule_options.h"
#include "tocsin/defense/weights.h"
#include "tocsin/kernels/columns.h"
#include "tocsin/kernels/weighted_mean.h"

namespace tocsin::defense {
namespace {

struct MedianOptions {
  kernels::Even even = kernels::Even::average;
  WeightOptions weights;
  Over over = Over::all;
  AssumedMalicious assumed;
};

MedianOptions read_median(Options& options) {
  const std::string compat = read_compat(options);
  std::string_view preset = "average";
  if (compat == "epfl" || compat == "ndss21") preset = "lower";
  if (compat == "fldetector") preset = "upper";
  const std::string even =
      options.word("even", {.fallback = preset,
                            .words = {"average", "lower", "upper"},
                            .help = "the median of an even number: the mean of the middle two, or one of them"});
  MedianOptions result;
  if (even == "lower") result.even = kernels::Even::lower;
  if (even == "upper") result.even = kernels::Even::upper;
  result.weights = read_weights(options, WeightUse::mass);
  result.over = read_over(options, "coordinates that take the median: all, or weights alone while biases take the mean");
  result.assumed = read_assumed(options);
  return result;
}

/// 2f + 1 rows for the rule's own f, or what the cap on weights needs if that is more.
std::size_t fewest(const MedianOptions& options, std::size_t f) {
  const std::size_t expected = options.assumed.of(f);
  return std::max(2 * expected + 1, fewest_to_cap(options.weights, expected));
}

/// Reports the share of coordinates that each row supplied.
class Median final : public Aggregator {
 public:
  explicit Median(const MedianOptions& options) : options_(options) {}

  Aggregation aggregate(ConstRows updates, const Round& round) override {
    const std::size_t n = updates.clients(), d = updates.coordinates(), f = options_.assumed.of(round);
    if (n < 2 * f + 1) throw TooFew(fmt::format("median: needs n >= 2f+1 = {} rows for f = {}, got {}", 2 * f + 1, f, n));
    std::vector<double> weights;
    if (options_.weights.weights != Weights::none) {
      masses("median", options_.weights, round.samples, n, f);  // refuses if F is half or more
      weights = client_weights("median", options_.weights, round.samples, n, f);
    }
    if (options_.over == Over::all) return result(median_of(updates, weights, round.workers));

    const std::vector<double> of_row = weights.empty() ? std::vector<double>(n, 1.0) : weights;
    double total = 0;
    for (const double weight : of_row) total += weight;
    std::vector<double> shares = of_row;
    for (double& share : shares) share /= total;
    Aggregation whole{.update = {}, .weights = std::vector<double>(n, 0.0), .note = ""};
    for (const ColumnRange& range : column_ranges("median", round.layout, d)) {
      const ConstRows part = updates.columns(range.begin, range.end);
      const Aggregation here =
          range.is_bias ? Aggregation{.update = kernels::weighted_mean(part, of_row, round.workers), .weights = shares, .note = ""}
                        : result(median_of(part, weights, round.workers));
      whole.update.insert(whole.update.end(), here.update.begin(), here.update.end());
      const double share = static_cast<double>(range.end - range.begin) / static_cast<double>(d);
      for (std::size_t i = 0; i < n; ++i) whole.weights[i] += share * here.weights[i];
    }
    return whole;
  }

 private:
  static Aggregation result(kernels::ColumnMedian median) {
    return {.update = std::move(median.median), .weights = std::move(median.shares), .note = ""};
  }
  /// Unscaled weights: sums of integer counts are exact.
  [[nodiscard]] kernels::ColumnMedian median_of(ConstRows rows, const std::vector<double>& weights, Workers* workers) const {
    if (weights.empty()) return kernels::column_median_with_shares(rows, options_.even, workers);
    return kernels::weighted_column_median_with_shares(rows, weights, options_.even, workers);
  }

  MedianOptions options_;
};
}  // namespace

constinit const Entry<Aggregator> median_entry{
    .name = "median",
    .summary = "median of each coordinate",
    .paper = "arXiv:1803.01498",
    .status = Status::verified,
    .facts = {.shape = Shape::column,
              .min_clients = [](std::size_t f, Options& options) { return fewest(read_median(options), f); },
              .min_clients_text = "2f+1",
              .robust = true,
              .weights = WeightUse::mass},
    .make = [](Options& options) -> std::unique_ptr<Aggregator> { return std::make_unique<Median>(read_median(options)); },
};

}  // namespace tocsin::defense
