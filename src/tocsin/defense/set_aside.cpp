// SPDX-License-Identifier: Apache-2.0
// Setting rows aside, and the server's decision around any rule.
#include "tocsin/defense/set_aside.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "tocsin/core/errors.h"
#include "tocsin/defense/rule_options.h"
#include "tocsin/kernels/norms.h"

namespace tocsin::defense {
namespace {

/// min_clients for the f of this round. A rule's own `f` was written for all rows that were sent: it too is less by those counted.
std::size_t needed(const Entry<Aggregator>& entry, Options& options, const Round& round) {
  if (round.set_aside == 0 || !options.has("f")) return entry.facts.min_clients(round.assumed_malicious, options);
  const AssumedMalicious assumed = read_assumed(options);
  Table table = options.resolved();
  table.set("f", options.place("f"), Value(static_cast<std::int64_t>(assumed.of(round))));
  Faults scratch;
  Options reduced(&table, options.place(), options.title(), scratch);
  return entry.facts.min_clients(round.assumed_malicious, reduced);
}

/// The same as text.
std::string formula(const Entry<Aggregator>& entry, std::size_t f, std::size_t least) {
  Faults scratch;
  Options defaults = Options::describing(scratch);
  std::string number = std::to_string(least);
  if (entry.facts.min_clients(f, defaults) != least || entry.facts.min_clients_text == number) return number;
  return fmt::format("{} = {}", entry.facts.min_clients_text, number);
}

/// "krum needs n >= 2f+3 = 7, got 6 (8 rows sent, 2 set aside as non-finite)".
std::string too_few_text(const Entry<Aggregator>& entry, const Round& round, std::size_t least, std::size_t rows,
                         std::size_t sent) {
  std::string text = fmt::format("{} needs n >= {}, got {}", entry.name, formula(entry, round.assumed_malicious, least), rows);
  if (sent != rows) text += fmt::format(" ({} rows sent, {} set aside as non-finite)", sent, sent - rows);
  return text;
}

bool in_range(const std::vector<double>& update, Element element) {
  const double most =
      element == Element::float32 ? static_cast<double>(std::numeric_limits<float>::max()) : std::numeric_limits<double>::max();
  return std::all_of(update.begin(), update.end(), [most](double x) { return std::abs(x) <= most; });
}

/// Fills in `decision.aggregation`, or `held`.
void aggregate(Decision& decision, Aggregator& rule, const Entry<Aggregator>& entry, const Survivors& survivors) {
  try {
    decision.aggregation = rule.aggregate(survivors.rows(), survivors.round());
  } catch (const TooFew& error) {
    decision.held = error.what();
    decision.too_few = true;
    return;
  }
  check_update(decision, entry, survivors.rows().element());
}
}  // namespace

void after_setting_aside(Round& round, std::size_t rows, NonFiniteCounts counts) {
  if (counts == NonFiniteCounts::keep) return;
  round.set_aside += rows;
  round.assumed_malicious -= std::min(round.assumed_malicious, rows);
}

bool enough(Decision& decision, const Entry<Aggregator>& entry, Options options, const Round& round, std::size_t rows,
            std::size_t sent) {
  if (rows == 0) {
    decision.held = sent == 0 ? "no row left: none was sent" : "no row left: all were set aside as non-finite";
    decision.too_few = true;
    return false;
  }
  const std::size_t least = needed(entry, options, round);
  if (rows >= least) return true;
  decision.held = too_few_text(entry, round, least, rows, sent);
  decision.too_few = true;
  return false;
}

void check_update(Decision& decision, const Entry<Aggregator>& entry, Element element) {
  Aggregation& aggregation = decision.aggregation;
  if (aggregation.update.empty()) {
    decision.held = aggregation.note.empty() ? fmt::format("{} gave no update", entry.name) : std::move(aggregation.note);
  } else if (!in_range(aggregation.update, element)) {
    decision.held = "diverged: the aggregate is not finite";
    decision.diverged = true;
  } else {
    return;
  }
  aggregation = {};
}

Survivors::Survivors(ConstRows updates, const Round& round, NonFiniteCounts counts) : round_(round), sent_(updates.clients()) {
  require(round.cohort.empty() || round.cohort.size() == sent_, "a round of {} clients with {} updates", round.cohort.size(),
          sent_);
  require(round.samples.empty() || round.samples.size() == sent_, "{} sample counts for {} updates", round.samples.size(), sent_);
  const std::vector<kernels::NonFinite> bad = kernels::non_finite(updates, round.workers);
  for (std::size_t i = 0; i < sent_; ++i) {
    const std::uint32_t client = round.cohort.empty() ? static_cast<std::uint32_t>(i) : round.cohort[i];
    if (bad[i].count > 0) {
      set_aside_.push_back({.row = i, .client = client, .first = bad[i].first, .count = bad[i].count});
      continue;
    }
    kept_.push_back(i);
    if (!round.cohort.empty()) cohort_.push_back(client);
    if (!round.samples.empty()) samples_.push_back(round.samples[i]);
  }
  rows_ = RowList(updates, kept_);
  round_.cohort = cohort_;
  round_.samples = samples_;
  if (!set_aside_.empty()) round_.distances = round_.weight_distances = {};
  after_setting_aside(round_, set_aside_.size(), counts);
}

std::vector<double> Survivors::in_place(const std::vector<double>& weights) const {
  if (weights.empty()) return {};
  require(weights.size() == kept_.size(), "{} weights for {} rows", weights.size(), kept_.size());
  std::vector<double> result(sent_, 0.0);
  for (std::size_t k = 0; k < kept_.size(); ++k) result[kept_[k]] = weights[k];
  return result;
}

std::string needed_text(const Entry<Aggregator>& entry, std::size_t f, Options& options) {
  return formula(entry, f, entry.facts.min_clients(f, options));
}

Decision decide(Aggregator& rule, const Entry<Aggregator>& entry, Options options, ConstRows updates, const Round& round,
                NonFiniteCounts counts) {
  const Survivors survivors(updates, round, counts);
  Decision decision;
  decision.set_aside = survivors.set_aside();
  if (!enough(decision, entry, std::move(options), survivors.round(), survivors.rows().clients(), updates.clients()))
    return decision;
  std::optional<Snapshot> before;
  if (entry.facts.stateful) before = save(rule);
  aggregate(decision, rule, entry, survivors);
  if (decision.held.empty()) {
    decision.aggregation.weights = survivors.in_place(decision.aggregation.weights);
    return decision;
  }
  if (before) load(rule, *before);
  return decision;
}

}  // namespace tocsin::defense
