// SPDX-License-Identifier: Apache-2.0
// Folding, and the server's step, in client order.
#include "tocsin/fed/server.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <type_traits>
#include <utility>

#include "tocsin/core/errors.h"
#include "tocsin/kernels/norms.h"

namespace tocsin::fed {
namespace {
/// Whether `value` survives being stored as `element`.
bool fits(double value, Element element) {
  return std::abs(value) <= (element == Element::float32 ? static_cast<double>(std::numeric_limits<float>::max())
                                                         : std::numeric_limits<double>::max());
}
}  // namespace

Folding::Folding(std::vector<double> weights, const Round& round, std::size_t coordinates)
    : weights_(std::move(weights)),
      norms_(weights_.size(), 0.0),
      round_(round),
      mean_(coordinates, std::accumulate(weights_.begin(), weights_.end(), 0.0)) {
  require(weights_.size() == round.cohort.size(), "folding: {} rows need as many weights, got {}", round.cohort.size(),
          weights_.size());
}

void Folding::add(std::size_t i, ConstRows row) {
  norms_[i] = kernels::norms(row)[0];
  const kernels::NonFinite bad = kernels::non_finite(row)[0];
  element_ = row.element();
  if (bad.count > 0)
    set_aside_.push_back({.row = i, .client = round_.cohort[i], .first = bad.first, .count = bad.count});
  else
    mean_.add(weights_[i], row, 0);
}

defense::Decision Folding::decide(const Entry<defense::Aggregator>& entry, const Options& options,
                                  defense::NonFiniteCounts counts) {
  defense::Decision decision;
  decision.set_aside = set_aside_;
  defense::after_setting_aside(round_, set_aside_.size(), counts);
  if (!defense::enough(decision, entry, options, round_, weights_.size() - set_aside_.size(), weights_.size())) return decision;
  defense::Aggregation& aggregation = decision.aggregation;
  aggregation.weights = weights_;
  for (const defense::SetAsideRow& row : set_aside_) aggregation.weights[row.row] = 0.0;
  double total = 0.0;
  for (const double weight : aggregation.weights) total += weight;
  if (total == 0.0) {
    aggregation.note = defense::kNoWeightLeft;
  } else {
    aggregation.update = mean_.take();
    for (double& weight : aggregation.weights) weight /= total;
  }
  defense::check_update(decision, entry, element_);
  return decision;
}

bool server_step(const ServerPlan& plan, std::span<const double> update, Rows global, std::vector<double>& momentum) {
  const std::size_t d = update.size();
  require(global.coordinates() == d && (momentum.empty() || momentum.size() == d),
          "server step: {} parameters, an update of {} and a momentum of {}", global.coordinates(), d, momentum.size());
  const auto step = [&](std::size_t j) { return momentum.empty() ? update[j] : plan.momentum * momentum[j] + update[j]; };
  return global.visit([&](auto rows) {
    const auto values = rows[0];
    const auto moved = [&](std::size_t j) { return static_cast<double>(values[j]) + plan.learning_rate * step(j); };
    // Looked at first and taken afterwards: a second vector in double would be what a round holds most.
    bool all = true;
    for (std::size_t j = 0; j < d; ++j) all &= fits(step(j), Element::float64) && fits(moved(j), global.element());
    if (!all) return false;
    for (std::size_t j = 0; j < d; ++j) {
      values[j] = static_cast<std::remove_cvref_t<decltype(values[j])>>(moved(j));
      if (!momentum.empty()) momentum[j] = step(j);
    }
    return true;
  });
}

}  // namespace tocsin::fed
