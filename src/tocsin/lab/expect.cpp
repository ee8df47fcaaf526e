// SPDX-License-Identifier: Apache-2.0
// The statistics of one field over rounds, and the verdict over seeds. Pure: records in, numbers out.
#include "tocsin/lab/expect.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "tocsin/lab/summary.h"
#include "tocsin/lab/table.h"

namespace tocsin::lab {
namespace {
using Statistic = Measure::Statistic;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

struct Point {
  std::size_t round;
  double value;
};

std::size_t round_of(const Table& record) {
  const Value* value = record.find("round");
  const std::int64_t* round = value == nullptr ? nullptr : value->as<std::int64_t>();
  return round == nullptr ? 0 : static_cast<std::size_t>(*round);
}

/// What the measure looks at.
std::vector<Point> series_of(const Measure& measure, const std::vector<Table>& records) {
  std::vector<Point> series;
  for (const Table& record : records) {
    const std::size_t round = round_of(record);
    if (round < measure.from || (measure.to > 0 && round > measure.to)) continue;
    if (measure.among != Measure::Rounds::all && is_attacked(record) != (measure.among == Measure::Rounds::attacked)) continue;
    if (const std::optional<double> value = value_in(record, measure.field, measure.of)) series.push_back({round, *value});
  }
  return series;
}

double with_nan(double a, double b, bool larger) {
  if (std::isnan(a) || std::isnan(b)) return kNone;
  return larger ? std::max(a, b) : std::min(a, b);
}

std::string number_text(double value) { return std::isinf(value) ? (value > 0 ? "inf" : "-inf") : fmt::format("{:.4g}", value); }

std::string bound_text(Comparison is, double low, double high) {
  return is == Comparison::between ? fmt::format("in {} .. {}", number_text(low), number_text(high))
                                   : fmt::format("{} {}", text(is), number_text(low));
}

std::string_view text(Whose whose) {
  switch (whose) {
    case Whose::malicious:
      return "the attacker's";
    case Whose::benign:
      return "the others' median";
    case Whose::lowest_benign:
      return "the others' least";
    case Whose::highest_benign:
      return "the others' largest";
  }
  return "";
}
}  // namespace

bool belongs(Size size, bool small) { return size == Size::both || (size == Size::small) == small; }

std::string_view text(Comparison comparison) {
  switch (comparison) {
    case Comparison::less:
      return "<";
    case Comparison::at_most:
      return "<=";
    case Comparison::more:
      return ">";
    case Comparison::at_least:
      return ">=";
    case Comparison::equal:
      return "=";
    case Comparison::between:
      break;
  }
  return "between";
}

bool holds(double measured, Comparison comparison, double low, double high) {
  switch (comparison) {
    case Comparison::less:
      return measured < low;
    case Comparison::at_most:
      return measured <= low;
    case Comparison::more:
      return measured > low;
    case Comparison::at_least:
      return measured >= low;
    case Comparison::equal:
      return measured == low;
    case Comparison::between:
      break;
  }
  return measured >= low && measured <= high;
}

double evaluate(const Measure& measure, const std::vector<Table>& records) {
  const std::vector<Point> series = series_of(measure, records);
  if (series.empty()) return kNone;
  const auto fits = [&](const Point& point) { return holds(point.value, measure.where, measure.where_low, measure.where_high); };
  const auto matching = static_cast<double>(std::count_if(series.begin(), series.end(), fits));
  double sum = 0, least = series.front().value, largest = series.front().value;
  for (const Point& point : series) {
    sum += point.value;
    least = with_nan(least, point.value, false);
    largest = with_nan(largest, point.value, true);
  }
  switch (measure.statistic) {
    case Statistic::last:
      return series.back().value;
    case Statistic::at: {
      const auto found = std::find_if(series.begin(), series.end(), [&](const Point& p) { return p.round == measure.round; });
      return found == series.end() ? kNone : found->value;
    }
    case Statistic::max:
      return largest;
    case Statistic::min:
      return least;
    case Statistic::mean:
      return sum / static_cast<double>(series.size());
    case Statistic::count:
      return matching;
    case Statistic::share:
      return matching / static_cast<double>(series.size());
    case Statistic::first:
      break;
  }
  const auto found = std::find_if(series.begin(), series.end(), fits);
  return found == series.end() ? std::numeric_limits<double>::infinity() : static_cast<double>(found->round);
}

std::string measure_text(const Measure& measure) {
  std::string field = measure.field;
  if (measure.shape != FieldShape::number) field = fmt::format("{} ({})", field, text(measure.of));
  const std::string where = bound_text(measure.where, measure.where_low, measure.where_high);
  std::string result;
  switch (measure.statistic) {
    case Statistic::last:
      result = "last " + field;
      break;
    case Statistic::at:
      result = fmt::format("{} at round {}", field, measure.round);
      break;
    case Statistic::max:
      result = "largest " + field;
      break;
    case Statistic::min:
      result = "least " + field;
      break;
    case Statistic::mean:
      result = "mean " + field;
      break;
    case Statistic::count:
      result = fmt::format("rounds with {} {}", field, where);
      break;
    case Statistic::share:
      result = fmt::format("share of rounds with {} {}", field, where);
      break;
    case Statistic::first:
      result = fmt::format("first round with {} {}", field, where);
      break;
  }
  if (measure.from > 1 || measure.to > 0)
    result +=
        measure.to > 0 ? fmt::format(", rounds {} to {}", measure.from, measure.to) : fmt::format(", from round {}", measure.from);
  if (measure.among == Measure::Rounds::attacked) result += ", rounds with the attacker";
  if (measure.among == Measure::Rounds::quiet) result += ", rounds without the attacker";
  return result;
}

std::string expected_text(const Expectation& expectation) {
  if (!expectation.than) return bound_text(expectation.is, expectation.low, expectation.high);
  const Reference& than = *expectation.than;
  std::string result = std::string(text(expectation.is)) + " ";
  if (than.times != 1.0) result += number_text(than.times) + " x ";
  const bool same = measure_text(than.measure) == measure_text(expectation.measure);
  result += same ? "that" : measure_text(than.measure);
  if (than.variants != expectation.variants) result += " of " + joined(than.variants);
  if (than.plus != 0.0) result += fmt::format(" {} {}", than.plus < 0 ? "-" : "+", number_text(std::fabs(than.plus)));
  return result;
}

Outcome judge(const Expectation& expectation, const RecordsOf& runs) {
  std::set<std::uint64_t> seeds;
  for (const auto& [key, records] : runs) seeds.insert(key.second);
  const auto value = [&](const Measure& measure, const std::string& variant, std::uint64_t seed) {
    const auto found = runs.find({variant, seed});
    return found == runs.end() ? kNone : evaluate(measure, *found->second);
  };
  Outcome outcome;
  for (const std::uint64_t seed : seeds)
    for (std::size_t v = 0; v < expectation.variants.size(); ++v) {
      const double measured = value(expectation.measure, expectation.variants[v], seed);
      double expected = expectation.low;
      if (expectation.than) {
        const Reference& than = *expectation.than;
        expected = than.times * value(than.measure, than.variants[than.variants.size() == 1 ? 0 : v], seed) + than.plus;
      }
      outcome.measured.push_back(measured);
      outcome.expected.push_back(expected);
      if (holds(measured, expectation.is, expected, expectation.high)) ++outcome.held;
    }
  outcome.reproduced = expectation.every
                           ? outcome.held == outcome.measured.size() && outcome.held > 0
                           : holds(spread(outcome.measured).mean, expectation.is, spread(outcome.expected).mean, expectation.high);
  return outcome;
}

}  // namespace tocsin::lab
