// SPDX-License-Identifier: Apache-2.0
// The summary of a run, built up round by round.
#include "tocsin/lab/summary.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tocsin::lab {
namespace {
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// The values of the malicious (or the benign) clients of a round; empty where there are none to choose from.
std::vector<double> of(const fed::RoundRecord& record, const std::vector<double>& values, bool malicious) {
  std::vector<double> chosen;
  if (values.size() != record.cohort.size()) return chosen;
  for (std::size_t i = 0; i < record.cohort.size(); ++i)
    if (std::binary_search(record.malicious.begin(), record.malicious.end(), record.cohort[i]) == malicious)
      chosen.push_back(values[i]);
  return chosen;
}

/// The summary of a reading, begun where the run has none yet.
DetectorSummary& summary_of(Summary& summary, const fed::DetectorRecord& record) {
  for (DetectorSummary& one : summary.detectors)
    if (one.label == record.label) return one;
  DetectorSummary begun;
  begun.label = record.label;
  begun.title = record.title;
  begun.skipped = record.skipped;
  return summary.detectors.emplace_back(std::move(begun));
}

void add(DetectorSummary& summary, const fed::RoundRecord& record, const fed::DetectorRecord& found) {
  if (!found.skipped.empty()) return;
  summary.skipped.clear();
  summary.judges = summary.judges || !found.reading.verdicts.empty();
  summary.tally.add(found.tally);
  if (summary.first_detection == 0 && found.tally.malicious_flagged > 0) summary.first_detection = record.round;
  const bool judges = !found.reading.verdicts.empty();
  const bool measured = judges ? found.tally.malicious_judged > 0
                               : found.tally.pairs > 0 || !values_of(record, found.reading.suspicion, true).empty();
  if (!measured) return;
  ++summary.rounds;
  if (judges && found.tally.malicious_flagged == 0) ++summary.passed;
}

void add(BandSummary& summary, const std::optional<fed::BandRecord>& record) {
  if (!record || std::isnan(record->figure)) return;
  summary.figures.push_back(record->figure);
  summary.kappa = record->kappa;
  if (record->kappa && record->figure <= *record->kappa) ++summary.passed;
}

void add(SelectionSummary& summary, const fed::RoundRecord& record) {
  if (record.malicious.empty() || record.selected->empty()) return;
  const auto is_malicious = [&](std::uint32_t id) {
    return std::binary_search(record.malicious.begin(), record.malicious.end(), id);
  };
  const auto chosen = static_cast<std::size_t>(std::count_if(record.selected->begin(), record.selected->end(), is_malicious));
  ++summary.rounds;
  summary.malicious_times += chosen;
  if (chosen > 0) ++summary.malicious;
  if (chosen == record.selected->size()) ++summary.only_malicious;
}
}  // namespace

std::vector<double> values_of(const fed::RoundRecord& record, const std::vector<double>& values, bool malicious) {
  std::vector<double> chosen = of(record, values, malicious);
  std::erase_if(chosen, [](double value) { return std::isnan(value); });
  return chosen;
}

double auc_of(const fed::Tally& tally) { return tally.pairs == 0 ? kNone : tally.won / static_cast<double>(tally.pairs); }

bool is_uneven(const Summary& summary) {
  constexpr double kAboveEven = 0.05;
  return summary.classes > 0 && summary.majority_baseline > 1.0 / static_cast<double>(summary.classes) + kAboveEven;
}

std::string_view text(fed::Ending ending) {
  switch (ending) {
    case fed::Ending::accuracy:
      return "stop_at_accuracy";
    case fed::Ending::held:
      return "held";
    case fed::Ending::rounds:
      return "rounds";
    case fed::Ending::none:
      break;
  }
  return "unfinished";
}

double median_of(std::vector<double> values) {
  if (values.empty()) return kNone;
  if (std::any_of(values.begin(), values.end(), [](double x) { return std::isnan(x); })) return kNone;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : 0.5 * (values[half - 1] + values[half]);
}

Stealth stealth_of(const fed::RoundRecord& record) {
  return {record.round,
          median_of(of(record, record.update_norms, true)),
          median_of(of(record, record.update_norms, false)),
          median_of(of(record, record.distance_to_mean, true)),
          median_of(of(record, record.distance_to_mean, false)),
          median_of(of(record, record.cosine_to_mean, true)),
          median_of(of(record, record.cosine_to_mean, false))};
}

Summary begin_summary(const Plan& plan, const Setting& setting) {
  Summary summary;
  summary.run = plan.run_name();
  summary.name = plan.name;
  summary.variant = plan.variant;
  summary.plan_hash = plan.hash();
  summary.seed = plan.seed;
  summary.clients = plan.partition.clients;
  summary.cohort = plan.cohort;
  summary.parameters = setting.architecture.parameters();
  summary.rounds_planned = plan.federation.rounds;
  summary.rule = plan.rule_entry->name;
  summary.attack = plan.attack_entry->name;
  summary.network = setting.architecture.name();
  summary.dataset = setting.problem.train->name;
  summary.malicious = plan.threat.malicious;
  summary.targets = setting.targets;
  summary.class_names = setting.problem.train->class_names;
  summary.regression = setting.problem.train->classes == 0;
  summary.data_notes = setting.problem.notes;
  summary.classes = setting.problem.train->classes;
  summary.has_validation = !setting.validation_samples.empty();
  return summary;
}

void add(Summary& summary, const fed::RoundRecord& record) {
  summary.rounds = record.round;
  summary.test_accuracy.push_back(record.test.accuracy);
  summary.test_loss.push_back(record.test.loss);
  if (!record.test.counts.empty()) summary.test_balanced_accuracy.push_back(record.test.balanced_accuracy);
  summary.majority_baseline = record.test.majority_baseline();
  if (summary.has_validation) summary.validation_accuracy.push_back(record.validation.accuracy);
  if (!summary.targets.empty()) {
    summary.target_confidence.push_back(record.target_confidence);
    summary.attack_success_rate.push_back(record.attack_success_rate);
  }
  if (!record.malicious.empty()) summary.stealth.push_back(stealth_of(record));
  if (record.selected) {
    if (!summary.selection) summary.selection.emplace();
    add(*summary.selection, record);
  }
  for (const fed::DetectorRecord& found : record.detectors) add(summary_of(summary, found), record, found);
  add(summary.band, record.band);
  add(summary.band_weights, record.band_weights);
  summary.set_aside_rows += record.set_aside.size();
  if (!record.held.empty()) {
    ++summary.held_rounds;
    summary.held = record.held;
  }
}

void close(Summary& summary, fed::Ending ended) {
  summary.ended = ended;
  const bool never_moved = summary.rounds > 0 && summary.held_rounds == summary.rounds;
  summary.diverged = ended == fed::Ending::held || never_moved || (summary.rounds > 0 && !std::isfinite(summary.test_loss.back()));
}

Spread spread(std::vector<double> values) {
  Spread result;
  result.each = std::move(values);
  const double n = static_cast<double>(result.each.size());
  if (result.each.empty()) return {kNone, kNone, {}};
  for (const double value : result.each) result.mean += value;
  result.mean /= n;
  double squares = 0;
  for (const double value : result.each) squares += (value - result.mean) * (value - result.mean);
  result.deviation = n > 1 ? std::sqrt(squares / (n - 1)) : 0.0;
  return result;
}

}  // namespace tocsin::lab
