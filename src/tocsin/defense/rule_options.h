// SPDX-License-Identifier: Apache-2.0
// The options that many rules share: `compat`, `f`, `over`, and the columns that `over = "weights"` means.
// rules.md, sections 1 and 2.3; a preset only moves defaults, an explicit key beside it wins.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/core/options.h"
#include "tocsin/core/round.h"

namespace tocsin::defense {

/// `compat`: the project whose defaults are meant; "paper" are ours. Every rule takes every name, since a sweep sets it for all.
std::string read_compat(Options& options);

/// `f`: what a rule is told to expect, its own number or the round's.
class AssumedMalicious {
 public:
  explicit AssumedMalicious(std::optional<std::size_t> own = {}) : own_(own) {}
  /// f of a rule whose round says `round_f`.
  [[nodiscard]] std::size_t of(std::size_t round_f) const { return own_.value_or(round_f); }
  /// f of a round; rows set aside and counted against f count against the rule's own as well.
  [[nodiscard]] std::size_t of(const Round& round) const {
    if (!own_) return round.assumed_malicious;
    return *own_ > round.set_aside ? *own_ - round.set_aside : 0;
  }

 private:
  std::optional<std::size_t> own_;
};
AssumedMalicious read_assumed(Options& options);

/// `over`: all coordinates, or those of weight tensors alone (not the biases), which needs the round's Layout.
enum class Over { all, weights };
Over read_over(Options& options, std::string_view help);

/// Columns [begin, end), weights or biases.
struct ColumnRange {
  std::size_t begin = 0, end = 0;
  bool is_bias = false;
};
/// The columns of `layout` in order, neighbours of a kind merged. Throws std::invalid_argument, naming `rule`, if there is no
/// layout or it is not one of d coordinates.
std::vector<ColumnRange> column_ranges(std::string_view rule, const Layout* layout, std::size_t d);

}  // namespace tocsin::defense
