// SPDX-License-Identifier: Apache-2.0
// What an aggregation rule is, and what a rule tells about itself.
#pragma once
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/core/options.h"
#include "tocsin/core/registry.h"
#include "tocsin/core/round.h"
#include "tocsin/core/rows.h"
#include "tocsin/core/snapshot.h"

namespace tocsin::defense {

/// The shapes of rules (architecture): column rules, Gram rules (a weighted sum by the Gram matrix alone), compositions.
enum class Shape { column, gram, composition };

/// What a rule does with `weights = "samples"` (rules.md, section 1): nothing, turns every count into a mass, selects without and
/// averages with them, or weighs votes.
enum class WeightUse { none, mass, mean, vote };

/// What a rule decided. `update` [d] is applied to the global model; it must be finite or the round holds.
struct Aggregation {
  std::vector<double> update;  ///< [d]; empty: there is nothing to apply, the round holds, and `note` says why
  std::vector<double>
      weights;       ///< [n], the coefficient of each row in `update`; a column rule: the share of coordinates it supplied
  std::string note;  ///< what is worth a line in the record, else empty
};

/// The note of a weighted mean without any weight.
inline constexpr std::string_view kNoWeightLeft = "no weight left: every row that may be used has weight 0";

/// These rows are too few, or too unevenly weighted, for what the rule promises. `decide` holds the round; elsewhere it is an
/// invalid argument like any other.
class TooFew : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// Combines the updates of a round into one.
class Aggregator {
 public:
  /// Plain data about a rule, read by loader, laws and catalogue.
  struct Facts {
    Shape shape = Shape::gram;
    /// The fewest rows the rule is defined for, given f and its options (most ignore them).
    std::size_t (*min_clients)(std::size_t f, Options& options) = [](std::size_t, Options&) { return std::size_t{1}; };
    std::string_view min_clients_text = "1";                                              ///< as a formula: "2f+3"
    bool translation = true, scale = true, odd = true, unanimous = true, robust = false;  ///< laws T S O U R of rules.md, 2.1
    bool selects = false;   ///< weights say which rows were chosen, so records hold `selected`
    bool averages = false;  ///< a weighted mean by weights known before the rows; `folds()` says whether rows may be let go
    bool stateful = false;
    bool needs_root = false;
    bool weighs_samples = false;          ///< uses the reported sample counts by default
    WeightUse weights = WeightUse::none;  ///< what it can do with them
    std::string_view by_mass = {};        ///< what it needs beyond 2F < n where rows have masses, and why
  };

  virtual ~Aggregator() = default;
  /// `updates` [n, d], rows in ascending client id, all finite, n >= min_clients. Throws std::invalid_argument otherwise (TooFew
  /// where other rows would do).
  virtual Aggregation aggregate(ConstRows updates, const Round& round) = 0;
  /// Weights [n] known before any row is seen, for a rule whose facts say that it averages: `aggregate` gives
  /// kernels::weighted_mean by them, to the bit. Not scaled; all 0 where nothing may be applied. Empty for every other rule.
  [[nodiscard]] virtual std::vector<double> fixed_weights(const Round&) const { return {}; }
  /// Whether these weights are the same whichever rows are set aside, so that rows may be added as they come and then let go.
  [[nodiscard]] virtual bool folds() const { return false; }
  /// Names every field that lives across rounds (stateless rules: none).
  virtual void visit(SnapshotVisitor&) {}
};

}  // namespace tocsin::defense
