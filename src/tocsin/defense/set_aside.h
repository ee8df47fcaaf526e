// SPDX-License-Identifier: Apache-2.0
// Rows with NaN or Inf are set aside before anything else looks at them: counted, named, weight 0 (rules.md, section 1).
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tocsin/core/round.h"
#include "tocsin/core/rows.h"
#include "tocsin/defense/aggregator.h"

namespace tocsin::defense {

/// One row that was set aside.
struct SetAsideRow {
  std::size_t row = 0;
  std::uint32_t client = 0;
  std::size_t first = 0;  ///< first non-finite coordinate
  std::size_t count = 0;  ///< how many
};

/// Which f the rule is told to expect: f' = max(0, f - k) (`count`) or f (`keep`).
enum class NonFiniteCounts { count, keep };

/// The rows that remain and the round as the rest of the defence sees it: n' rows, f' assumed malicious.
class Survivors {
 public:
  Survivors(ConstRows updates, const Round& round, NonFiniteCounts counts = NonFiniteCounts::count);
  Survivors(const Survivors&) = delete;
  Survivors& operator=(const Survivors&) = delete;
  [[nodiscard]] ConstRows rows() const { return rows_.view(); }
  [[nodiscard]] const Round& round() const { return round_; }
  [[nodiscard]] const std::vector<SetAsideRow>& set_aside() const { return set_aside_; }
  [[nodiscard]] const std::vector<std::size_t>& kept() const { return kept_; }  ///< original row numbers, ascending
  [[nodiscard]] std::size_t sent() const { return sent_; }                      ///< rows before any was set aside
  /// Tells the round what distances lie between the rows that are left [n', n']; what is told must outlive this.
  void set_distances(std::span<const double> all, std::span<const double> weights) {
    round_.distances = all, round_.weight_distances = weights;
  }
  /// Weights of the survivors put back in their original places, 0 elsewhere [n].
  [[nodiscard]] std::vector<double> in_place(const std::vector<double>& weights) const;

 private:
  RowList rows_;
  Round round_;
  std::vector<SetAsideRow> set_aside_;
  std::vector<std::size_t> kept_;
  std::vector<std::uint32_t> cohort_;
  std::vector<double> samples_;
  std::size_t sent_;
};

/// The whole server side of a round: set aside, check n' against the rule's minimum, aggregate, check the output.
/// `held` is non-empty, and says why, if the round must keep the global model; the rule's own state is then as it was before.
struct Decision {
  Aggregation aggregation;  ///< weights over the original n rows; update empty when held
  std::vector<SetAsideRow> set_aside;
  std::string held;
  bool too_few = false;   ///< held because n' is below the rule's minimum, or no row is left
  bool diverged = false;  ///< held because the output is not finite in the rows' element type
};
/// What a rule needs at least for f and its options: "2f+3 = 7", or "7" alone where options change the formula.
std::string needed_text(const Entry<Aggregator>& entry, std::size_t f, Options& options);

/// The parts of `decide` around the rule, for a server that adds rows up as they come. Tells a round of `rows` set aside:
void after_setting_aside(Round& round, std::size_t rows, NonFiniteCounts counts);
/// whether `rows` of `sent` are enough for the rule in that round, or else `decision` says why it is held;
bool enough(Decision& decision, const Entry<Aggregator>& entry, Options options, const Round& round, std::size_t rows,
            std::size_t sent);
/// holds `decision` if it has no update, or one out of range for rows of `element`.
void check_update(Decision& decision, const Entry<Aggregator>& entry, Element element);

Decision decide(Aggregator& rule, const Entry<Aggregator>& entry, Options options, ConstRows updates, const Round& round,
                NonFiniteCounts counts = NonFiniteCounts::count);

}  // namespace tocsin::defense
