// SPDX-License-Identifier: Apache-2.0
// Client weights from reported sample counts: `weights`, `cap_share`, `mass`, and the arithmetic of masses (rules.md, section 1).
// Weight truncation: Portnoy, Tirosh, Hendler 2020, arXiv:2004.04986; a cap_share of 0.45 is ours.
// Counts are a claim of the client. A row of weight 0 is as good as absent: it counts in no n.
#pragma once
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "tocsin/core/options.h"
#include "tocsin/core/round.h"
#include "tocsin/defense/aggregator.h"

namespace tocsin::defense {

enum class Weights { none, samples, capped };
enum class MaliciousMass { worst, mean };

struct WeightOptions {
  Weights weights = Weights::none;            ///< where client weights come from
  double cap_share = 0.45;                    ///< in (0, 0.5): the most that the f heaviest may hold (capped)
  MaliciousMass mass = MaliciousMass::worst;  ///< F: the f heaviest rows, or f average ones (mass rules)
};
/// Reads `weights` and `cap_share`, and `mass` where `use` is mass; `fallback` is the default of `weights`.
WeightOptions read_weights(Options& options, WeightUse use, std::string_view fallback = "none");

/// Reported counts [n] as the options say: ones, the counts, or the counts cut off at the largest U at which the f heaviest hold at
/// most cap_share of the total. Not scaled. Throws std::invalid_argument for counts that are no counts or missing, TooFew if no cap
/// can help (f rows of n are more than the share by number).
std::vector<double> client_weights(std::string_view rule, const WeightOptions& options, std::span<const double> samples,
                                   std::size_t n, std::size_t f);

/// The fewest rows among which f may hold no more than cap_share, if each weighs the same; 1 unless capped.
std::size_t fewest_to_cap(const WeightOptions& options, std::size_t f);

/// Masses of a round: weights scaled so that they add up to the number of rows that have any.
struct Masses {
  std::vector<double> of_row;  ///< [n], >= 0
  double total = 0;            ///< rows of positive weight, their number
  double malicious = 0;        ///< F
};
/// Scaled `client_weights`. Throws TooFew, naming the shares, unless 2 F < total.
Masses masses(std::string_view rule, const WeightOptions& options, std::span<const double> samples, std::size_t n, std::size_t f);

/// Walks the rows in `order` taking whole masses until `mass` is reached, the last one in part: portions [n], 0 for the rest.
/// Crumbs below 1e-12 of `mass`, left by rounding, are not taken.
std::vector<double> take(std::span<const std::size_t> order, std::span<const double> of_row, double mass);

}  // namespace tocsin::defense
