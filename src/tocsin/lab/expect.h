// SPDX-License-Identifier: Apache-2.0
// Expectations: what an experiment is claimed to show, written in its file as [[expect]], and whether finished runs show it.
// They never touch a run: the plan and its hash are the same with and without them.
#pragma once
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tocsin/core/options.h"
#include "tocsin/lab/record_fields.h"

namespace tocsin::lab {

/// Which of the two sizes of an experiment something belongs to.
enum class Size { both, full, small };
bool belongs(Size size, bool small);

enum class Comparison { less, at_most, more, at_least, equal, between };
std::string_view text(Comparison comparison);
/// False with a NaN on either side.
bool holds(double measured, Comparison comparison, double low, double high);

/// One number of one run, from a field over its rounds.
struct Measure {
  enum class Statistic { last, at, max, min, mean, count, share, first };
  enum class Rounds { all, attacked, quiet };
  std::string field;
  FieldShape shape = FieldShape::number;  ///< of the field
  Statistic statistic = Statistic::last;
  std::size_t round = 0;                ///< at
  std::size_t from = 1, to = 0;         ///< rounds looked at, both included; to = 0: to the end
  Rounds among = Rounds::all;           ///< all, those with a malicious client in the cohort, those without
  Whose of = Whose::malicious;          ///< for lists over the cohort
  Comparison where = Comparison::more;  ///< count, share, first: of rounds whose value compares so with `where_low`
  double where_low = 0, where_high = 0;
};

/// What the measure is compared with, instead of a number: another measure, times a factor and plus an offset.
struct Reference {
  Measure measure;
  std::vector<std::string> variants;
  double times = 1, plus = 0;
};

/// One [[expect]].
struct Expectation {
  std::string claim;
  bool of_paper = true;  ///< by the paper; else a band we measured ourselves
  Size size = Size::both;
  std::vector<std::string> variants;  ///< each run of each counts; one empty name in a file without variants
  Measure measure;
  Comparison is = Comparison::more;
  double low = 0, high = 0;       ///< high: for `between`
  std::optional<Reference> than;  ///< instead of low
  bool every = false;             ///< each run has to hold, not the mean of them
};

/// A variant of the file.
struct VariantName {
  std::string name;
  Size size = Size::both;
};

/// The key `size`.
Size read_size(Options& options, std::string_view help);
/// Reads all [[expect]]; `variants` are those of the file (one without a name if it has none), `fields` what may be named.
std::vector<Expectation> read_expectations(Options& root, const std::vector<VariantName>& variants,
                                           const std::vector<RecordField>& fields);
/// For the documents.
void describe_expectation(Options& options);

/// "first round of target_confidence > 0.9, rounds 1 to 3", "<= 3": for tables.
std::string measure_text(const Measure& measure);
std::string expected_text(const Expectation& expectation);

/// The number of a run; NaN where nothing was measured; infinite where `first` never came.
double evaluate(const Measure& measure, const std::vector<Table>& records);

/// Finished runs of one experiment by variant and seed.
using RecordsOf = std::map<std::pair<std::string, std::uint64_t>, const std::vector<Table>*>;

/// One expectation held against runs: a value for each variant and seed, judged by their means, or each alone.
struct Outcome {
  std::vector<double> measured;  ///< by seed, then by variant
  std::vector<double> expected;  ///< of each: the number, or the reference in the same seed; empty for `between`
  std::size_t held = 0;          ///< of the measured ones, alone
  bool reproduced = false;       ///< the means compare as claimed, or every run does
};
Outcome judge(const Expectation& expectation, const RecordsOf& runs);

}  // namespace tocsin::lab
