// SPDX-License-Identifier: Apache-2.0
#include "tocsin/defense/rule_options.h"

#include <variant>

#include "tocsin/core/errors.h"

namespace tocsin::defense {

std::string read_compat(Options& options) {
  return options.word("compat",
                      {.fallback = "paper",
                       .words = {"paper", "byzfl", "epfl", "krum", "epfml", "blades", "flpoison", "ndss21", "fldetector", "flower"},
                       .help = "take the defaults of this project; explicit keys win"});
}

AssumedMalicious read_assumed(Options& options) {
  const auto given = options.count_or_word("f", {.fallback = "assumed",
                                                 .at_least = 0,
                                                 .words = {"assumed"},
                                                 .help = "malicious rows to expect among these, instead of what the threat says"});
  const auto* own = std::get_if<std::size_t>(&given);
  if (own == nullptr) return AssumedMalicious();
  constexpr std::size_t kMost = std::size_t{1} << 32;  // ids of clients have 32 bits, and 2 f + 3 must not overflow
  if (*own <= kMost) return AssumedMalicious(*own);
  options.fault("f", fmt::format("f = {}: there cannot be so many clients", *own), "set f to fewer than half of the cohort");
  return AssumedMalicious();
}

Over read_over(Options& options, std::string_view help) {
  const std::string over = options.word("over", {.fallback = "all", .words = {"all", "weights"}, .help = help});
  return over == "weights" ? Over::weights : Over::all;
}

std::vector<ColumnRange> column_ranges(std::string_view rule, const Layout* layout, std::size_t d) {
  require(
      layout != nullptr,
      "{}: over = \"weights\" needs to know which coordinates are weights, and these updates have no layout; use over = \"all\"",
      rule);
  require(layout->coordinates() == d, "{}: over = \"weights\" with a layout of {} coordinates for updates of {}", rule,
          layout->coordinates(), d);
  std::vector<ColumnRange> result;
  for (const Tensor& tensor : layout->tensors) {
    const ColumnRange range{.begin = tensor.offset, .end = tensor.offset + tensor.size, .is_bias = tensor.is_bias};
    if (!result.empty() && result.back().is_bias == range.is_bias)
      result.back().end = range.end;
    else
      result.push_back(range);
  }
  return result;
}

}  // namespace tocsin::defense
