// SPDX-License-Identifier: Apache-2.0
// The server's own arithmetic: rows folded into a weighted mean as they finish, and the step on the global model.
#pragma once
#include <span>
#include <vector>

#include "tocsin/core/round.h"
#include "tocsin/core/rows.h"
#include "tocsin/defense/set_aside.h"
#include "tocsin/fed/federation.h"
#include "tocsin/kernels/weighted_mean.h"

namespace tocsin::fed {

/// A weighted mean of rows that come one by one in cohort order and are not kept. Rows with NaN or Inf are set aside.
class Folding {
 public:
  /// `weights` [n] of `round`, as the rule knows them before any row (Aggregator::fixed_weights).
  Folding(std::vector<double> weights, const Round& round, std::size_t coordinates);
  /// Row [1, d] of client cohort[i]. O(d).
  void add(std::size_t i, ConstRows row);
  /// ||x_i|| of the rows so far [n].
  [[nodiscard]] const std::vector<double>& norms() const { return norms_; }
  /// What `defense::decide` says of the same rows, to the bit. Spends the sum: once only.
  [[nodiscard]] defense::Decision decide(const Entry<defense::Aggregator>& entry, const Options& options,
                                         defense::NonFiniteCounts counts);

 private:
  std::vector<double> weights_, norms_;
  Round round_;
  kernels::RunningMean mean_;
  std::vector<defense::SetAsideRow> set_aside_;
  Element element_ = Element::float32;  // of the rows
};

/// m = momentum m + update (m is empty without momentum: then m = update); global += learning_rate m. Nothing is changed, and false
/// returned, if a parameter would leave the range of its element type.
bool server_step(const ServerPlan& plan, std::span<const double> update, Rows global, std::vector<double>& momentum);

}  // namespace tocsin::fed
