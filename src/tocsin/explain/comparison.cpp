// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/comparison.h"

#include <cmath>

#include "tocsin/core/errors.h"
#include "tocsin/explain/scale.h"

namespace tocsin::explain {
namespace {

/// The position of the mean of the observed pairs, and the difference it divides by.
double position_of(const Averages& averages) { return (averages.observed - averages.floor) / (averages.ceiling - averages.floor); }
double difference_of(const Averages& averages) { return averages.ceiling - averages.floor; }

template <class Value>
Estimate estimate(const Averages& point, const std::vector<Averages>& resamples, Value&& value) {
  Estimate result{.value = value(point)};
  if (std::isnan(result.value)) return result;
  std::vector<double> values;
  values.reserve(resamples.size());
  for (const Averages& one : resamples) values.push_back(value(one));
  result.interval = percentile_interval(std::move(values));
  return result;
}

/// Nothing is divided by what may be 0.
Estimate position(const Averages& point, const std::vector<Averages>& resamples, const Estimate& difference) {
  const bool may_be_zero =
      difference.value == 0 || (difference.interval && difference.interval->low <= 0 && difference.interval->high >= 0);
  return may_be_zero ? Estimate{} : estimate(point, resamples, position_of);
}

/// All but the family-wise p and the verdict.
Comparison figures_of(const Cell& cell, const CompareOptions& options, std::vector<double>& swaps) {
  const Set main = main_ceiling(cell);
  const Ordered ordered(cell, options.ceiling.value_or(main), options.floor);
  const std::vector<double> once(cell.images, 1.0);
  const std::vector<double> slots =
      slot_weights(cell, std::vector<double>(cell.benign, 1.0), std::vector<double>(cell.attacked, 1.0));
  const Averages point = ordered.averages(once, slots);
  const std::vector<Averages> resamples = bootstrap(cell, ordered, options.bootstrap);
  swaps = swap_statistics(cell, options.bootstrap.seed);

  Comparison result{.images = cell.images,
                    .benign = cell.benign,
                    .attacked = cell.attacked,
                    .shared_seeds = cell.shared_seeds,
                    .scope = scope_of(cell),
                    .images_resampled = resamples_images(cell),
                    .ceiling = main,
                    .undefined_images = undefined_images(cell),
                    .sets = {},
                    .auc = {},
                    .ceiling_over_floor = estimate(point, resamples, [](const Averages& one) { return one.ceiling_over_floor; }),
                    .percentile = 100 * (1 - point.auc[at(main)]),
                    .odd_one_out = odd_one_out(cell),
                    .swap_statistic = swaps.empty() ? kUndefined : swaps.front(),
                    .swap_p = swap_p(swaps),
                    .family_p = kUndefined,
                    .swap_patterns = swaps.size(),
                    .position = {},
                    .ceiling_less_floor = estimate(point, resamples, difference_of),
                    .verdict = Verdict::undecided,
                    .words = {}};
  result.position = position(point, resamples, result.ceiling_less_floor);
  for (const Set set : kSets) {
    result.sets[at(set)] = figures(cell, set);
    result.auc[at(set)] = estimate(point, resamples, [set](const Averages& one) { return one.auc[at(set)]; });
  }
  return result;
}

void give_verdict(Comparison& comparison, double margin) {
  Decision decision = decide({.images = comparison.images,
                              .undefined_images = comparison.undefined_images,
                              .scope = comparison.scope,
                              .ceiling = comparison.ceiling,
                              .auc = comparison.auc[at(comparison.ceiling)],
                              .ceiling_over_floor = comparison.ceiling_over_floor,
                              .p = comparison.family_p,
                              .margin = margin});
  comparison.verdict = decision.verdict;
  comparison.words = std::move(decision.words);
}

}  // namespace

std::vector<Comparison> compare(std::span<const Cell> methods, const CompareOptions& options, Workers* workers) {
  for (const Cell& cell : methods) {
    check(cell);
    const Cell& first = methods.front();
    require(cell.images == first.images && cell.benign == first.benign && cell.attacked == first.attacked &&
                cell.shared_seeds == first.shared_seeds,
            "compare: cells of {} images and {} + {} runs and of {} images and {} + {} runs are no family", first.images,
            first.benign, first.attacked, cell.images, cell.benign, cell.attacked);
  }
  require(!options.ceiling || is_ceiling(*options.ceiling), "compare: {} is no ceiling",
          text(options.ceiling.value_or(Set::seeds)));
  require(is_floor(options.floor), "compare: {} is no floor", text(options.floor));
  require(options.margin > 0 && options.margin < 0.5, "compare: the margin must be in (0, 0.5), got {}", options.margin);

  std::vector<std::optional<Comparison>> made(methods.size());
  std::vector<std::vector<double>> swaps(methods.size());
  for_each(workers, methods.size(), [&](std::size_t, std::size_t m) { made[m] = figures_of(methods[m], options, swaps[m]); });
  const std::vector<double> family = family_wise_p(swaps);
  std::vector<Comparison> result;
  for (std::size_t m = 0; m < methods.size(); ++m) {
    Comparison& one = result.emplace_back(std::move(*made[m]));
    one.family_p = family[m];
    give_verdict(one, options.margin);
  }
  return result;
}

}  // namespace tocsin::explain
