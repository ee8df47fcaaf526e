// SPDX-License-Identifier: Apache-2.0
// The server's own arithmetic: rows folded into a weighted sum as they finish, and the step on the global model.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "tocsin/core/round.h"
#include "tocsin/core/rows.h"
#include "tocsin/defense/set_aside.h"
#include "tocsin/fed/federation.h"

namespace tocsin::fed {

/// A weighted sum of rows that come one by one in cohort order and are not kept. Rows with NaN or Inf are set aside; the weights of
/// the others are then divided by their sum, as the rule would have done (but a cap on weights stays that of all rows sent).
class Folding {
 public:
  /// `weights` [n] as the rule knows them before any row: they add up to 1, or are all 0.
  Folding(std::vector<double> weights, std::span<const std::uint32_t> cohort, std::size_t coordinates);
  /// Row [1, d] of client cohort[i]. O(d).
  void add(std::size_t i, ConstRows row);
  /// ||x_i|| of the rows so far [n].
  [[nodiscard]] const std::vector<double>& norms() const { return norms_; }
  /// What `defense::decide` would say of the same rows.
  [[nodiscard]] defense::Decision decide() const;

 private:
  std::vector<double> weights_, sum_, norms_;
  std::span<const std::uint32_t> cohort_;
  std::vector<defense::SetAsideRow> set_aside_;
  Element element_ = Element::float32;  // of the rows
};

/// m = momentum m + update (m is empty without momentum: then m = update); global += learning_rate m. Nothing is changed, and false
/// returned, if a parameter would leave the range of its element type.
bool server_step(const ServerPlan& plan, std::span<const double> update, Rows global, std::vector<double>& momentum);

}  // namespace tocsin::fed
