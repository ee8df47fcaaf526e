// SPDX-License-Identifier: Apache-2.0
// Folding, and the server's step: sums in double, in client order.
#include "tocsin/fed/server.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "tocsin/core/errors.h"
#include "tocsin/kernels/combine.h"
#include "tocsin/kernels/norms.h"

namespace tocsin::fed {
namespace {
/// Whether `value` survives being stored as `element`.
bool fits(double value, Element element) {
  return std::abs(value) <= (element == Element::float32 ? static_cast<double>(std::numeric_limits<float>::max())
                                                         : std::numeric_limits<double>::max());
}
}  // namespace

Folding::Folding(std::vector<double> weights, std::span<const std::uint32_t> cohort, std::size_t coordinates)
    : weights_(std::move(weights)), sum_(coordinates, 0.0), norms_(weights_.size(), 0.0), cohort_(cohort) {
  require(weights_.size() == cohort.size(), "folding: {} rows need as many weights, got {}", cohort.size(), weights_.size());
}

void Folding::add(std::size_t i, ConstRows row) {
  norms_[i] = kernels::norms(row)[0];
  const kernels::NonFinite bad = kernels::non_finite(row)[0];
  element_ = row.element();
  if (bad.count > 0)
    set_aside_.push_back({.row = i, .client = cohort_[i], .first = bad.first, .count = bad.count});
  else if (weights_[i] != 0.0)
    kernels::accumulate(sum_, weights_[i], row, 0);
}

defense::Decision Folding::decide() const {
  defense::Decision decision;
  decision.set_aside = set_aside_;
  decision.aggregation.weights = weights_;
  for (const defense::SetAsideRow& row : set_aside_) decision.aggregation.weights[row.row] = 0.0;
  double total = 0.0;
  for (const double weight : decision.aggregation.weights) total += weight;
  if (set_aside_.size() == weights_.size()) {
    decision.held = "no row left: all were set aside as non-finite";
    decision.too_few = true;
  } else if (total == 0.0) {
    decision.held = "no weight left: every row that may be used has weight 0";
  }
  if (!decision.held.empty()) {
    decision.aggregation = {};
    return decision;
  }

  const double scale = set_aside_.empty() ? 1.0 : 1.0 / total;
  decision.aggregation.update = sum_;
  for (double& weight : decision.aggregation.weights) weight *= scale;
  for (double& value : decision.aggregation.update) value *= scale;
  if (std::ranges::all_of(decision.aggregation.update, [this](double value) { return fits(value, element_); })) return decision;
  decision.aggregation = {};
  decision.held = "diverged: the aggregate is not finite";
  decision.diverged = true;
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
