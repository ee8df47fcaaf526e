// SPDX-License-Identifier: Apache-2.0
// All JSON that lab writes: records, times, manifest, summary, the reports of --json. Keys stand in the order of this file, numbers
// that are not finite are the strings "nan", "inf", "-inf", broken UTF-8 is replaced. Only the manifest knows machine and time.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>
#include <type_traits>

#include "tocsin/lab/build_id.h"
#include "tocsin/lab/recorder.h"
#include "tocsin/lab/report.h"
#include "tocsin/lab/reproduce.h"
#include "tocsin/lab/summary.h"
#include "tocsin/nn/network.h"

namespace tocsin::lab {
namespace {
using Json = nlohmann::ordered_json;

std::string one_line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }
std::string pretty(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

Json number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

Json list(const std::vector<double>& values) {
  Json result = Json::array();
  for (const double value : values) result.push_back(number(value));
  return result;
}

/// null for NaN: nothing was measured.
Json measured(double value) { return std::isnan(value) ? Json() : number(value); }

Json measured(const std::vector<double>& values) {
  Json result = Json::array();
  for (const double value : values) result.push_back(measured(value));
  return result;
}

Json last(const std::vector<double>& values) { return values.empty() ? Json() : number(values.back()); }

Json target_json(const attack::Target& target) {
  return {{"index", target.index}, {"label", target.label}, {"wanted", target.wanted}};
}

/// What this process was told by its environment that may change bits or speed.
Json environment() {
  constexpr std::array<std::string_view, 5> kPrefixes{"OPENBLAS_", "OMP_", "ONEDNN_", "DNNL_", "TOCSIN_"};
  std::vector<std::string> lines;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view line = *entry;
    for (const std::string_view prefix : kPrefixes)
      if (line.substr(0, prefix.size()) == prefix) lines.emplace_back(line);
  }
  std::sort(lines.begin(), lines.end());
  Json result = Json::object();
  for (const std::string& line : lines) result[line.substr(0, line.find('='))] = line.substr(line.find('=') + 1);
  return result;
}

Json detector_json(const fed::DetectorRecord& record) {
  if (!record.skipped.empty()) return {{"skipped", record.skipped}};
  Json json;
  json["suspicion"] = measured(record.reading.suspicion);
  if (record.reading.threshold) json["threshold"] = *record.reading.threshold;
  if (!record.reading.verdicts.empty()) {
    json["flagged"] = Json::array();
    for (const defense::Verdict verdict : record.reading.verdicts)
      json["flagged"].push_back(verdict == defense::Verdict::unknown ? Json() : Json(verdict == defense::Verdict::flagged));
  }
  for (const defense::Figure& figure : record.reading.figures) json[figure.name] = measured(figure.values);
  return json;
}

Json band_json(const fed::BandRecord& band) {
  Json json;
  json["figure"] = measured(band.figure);
  if (band.kappa) json["passed"] = std::isnan(band.figure) ? Json() : Json(band.figure <= *band.kappa);
  json["malicious_min"] = measured(band.malicious_least);
  json["malicious_max"] = measured(band.malicious_most);
  json["benign_min"] = measured(band.benign_least);
  json["benign_max"] = measured(band.benign_most);
  return json;
}

/// Positions of the malicious clients in the cohort.
std::vector<std::size_t> malicious_in(const fed::RoundRecord& record) {
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < record.cohort.size(); ++i)
    if (std::binary_search(record.malicious.begin(), record.malicious.end(), record.cohort[i])) positions.push_back(i);
  return positions;
}

/// What the detectors said beside the truth: one object a reading, and the figures that only the truth can make.
Json stealth_json(const fed::RoundRecord& record) {
  Json json = Json::object();
  for (const fed::DetectorRecord& found : record.detectors) {
    if (!found.skipped.empty()) continue;
    Json& one = json[found.label];
    if (!found.reading.verdicts.empty()) {
      one["passed"] = found.tally.malicious_judged == 0 ? Json() : Json(found.tally.malicious_flagged == 0);
      one["false_alarms"] = found.tally.benign_flagged;
      one["benign"] = found.tally.benign_judged;
      one["detected"] = found.tally.malicious_flagged;
      one["malicious"] = found.tally.malicious_judged;
    }
    one["auc"] = measured(auc_of(found.tally));
    const std::vector<double> suspicion = values_of(record, found.reading.suspicion, true);
    one["suspicion"] = suspicion.empty() ? Json() : number(*std::max_element(suspicion.begin(), suspicion.end()));
    one["benign_suspicion"] = measured(median_of(values_of(record, found.reading.suspicion, false)));
    for (const defense::Figure& figure : found.reading.figures)
      for (const bool malicious : {true, false})
        one[(malicious ? "malicious_" : "benign_") + figure.name] =
            measured(median_of(values_of(record, figure.values, malicious)));
  }
  if (record.band) json["band"] = band_json(*record.band);
  if (record.band_weights) json["band_weights"] = band_json(*record.band_weights);
  if (!record.histograms.empty()) {
    const fed::HistogramRecord figures = fed::histogram_record(record.histograms, malicious_in(record));
    json["histogram"] = {{"wasserstein", measured(figures.wasserstein)},
                         {"wasserstein_benign", measured(figures.wasserstein_benign)},
                         {"ks", measured(figures.ks)},
                         {"ks_benign", measured(figures.ks_benign)}};
  }
  return json;
}

Json result_json(const fed::ResultFigures& figures) {
  return {{"distance", measured(figures.distance)},
          {"relative", measured(figures.relative)},
          {"cosine", measured(figures.cosine)},
          {"kappa", measured(figures.kappa)}};
}

/// Null where nothing was counted.
Json rate(std::size_t count, std::size_t of) {
  return of == 0 ? Json() : Json(static_cast<double>(count) / static_cast<double>(of));
}

/// The malicious clients' part of all weights, by absolute value; null without any.
Json malicious_share(const fed::RoundRecord& record) {
  double all = 0, malicious = 0;
  for (const double weight : record.weights) all += std::abs(weight);
  for (const std::size_t i : malicious_in(record)) malicious += std::abs(record.weights[i]);
  return all == 0 ? Json() : Json(malicious / all);
}

Json detector_summary_json(const DetectorSummary& summary) {
  if (!summary.skipped.empty()) return {{"skipped", summary.skipped}};
  Json json;
  json["rounds"] = summary.rounds;
  if (summary.judges) {
    json["passed"] = summary.passed;
    json["benign"] = summary.tally.benign_judged;
    json["false_alarms"] = summary.tally.benign_flagged;
    json["false_alarm_rate"] = rate(summary.tally.benign_flagged, summary.tally.benign_judged);
    json["malicious"] = summary.tally.malicious_judged;
    json["detected"] = summary.tally.malicious_flagged;
    json["detection_rate"] = rate(summary.tally.malicious_flagged, summary.tally.malicious_judged);
    json["precision"] = rate(summary.tally.malicious_flagged, summary.tally.malicious_flagged + summary.tally.benign_flagged);
    json["first_detection"] = summary.first_detection == 0 ? Json() : Json(summary.first_detection);
  }
  json["auc"] = measured(auc_of(summary.tally));
  return json;
}

Json band_summary_json(const BandSummary& summary) {
  Json json;
  json["rounds"] = summary.figures.size();
  if (summary.kappa) json["passed"] = summary.passed;
  json["figure"] = measured(median_of(summary.figures));
  json["largest"] = summary.figures.empty() ? Json() : number(*std::max_element(summary.figures.begin(), summary.figures.end()));
  return json;
}

Json summary_json(const Summary& summary) {
  const bool targets = !summary.targets.empty(), balanced = !summary.test_balanced_accuracy.empty();
  Json json;
  json["run"] = summary.run;
  json["name"] = summary.name;
  json["variant"] = summary.variant;
  json["seed"] = summary.seed;
  json["plan_hash"] = summary.plan_hash;
  json["dataset"] = summary.dataset;
  json["network"] = summary.network;
  json["parameters"] = summary.parameters;
  json["clients"] = summary.clients;
  json["cohort"] = summary.cohort;
  json["rule"] = summary.rule;
  json["attack"] = summary.attack;
  json["malicious"] = summary.malicious;
  json["targets"] = Json::array();
  for (const attack::Target& target : summary.targets) json["targets"].push_back(target_json(target));
  if (summary.majority_baseline > 0) json["majority_baseline"] = number(summary.majority_baseline);
  if (!summary.data_notes.empty()) json["data_notes"] = summary.data_notes;
  json["rounds_planned"] = summary.rounds_planned;
  json["rounds"] = summary.rounds;
  json["ended"] = text(summary.ended);
  json["diverged"] = summary.diverged;
  json["held_rounds"] = summary.held_rounds;
  if (!summary.held.empty()) json["held_because"] = summary.held;
  json["set_aside_rows"] = summary.set_aside_rows;
  Json& final = json["final"];
  final["test_accuracy"] = last(summary.test_accuracy);
  if (balanced) final["test_balanced_accuracy"] = last(summary.test_balanced_accuracy);
  final["test_loss"] = last(summary.test_loss);
  if (summary.has_validation) final["validation_accuracy"] = last(summary.validation_accuracy);
  if (targets) final["target_confidence"] = last(summary.target_confidence);
  if (targets) final["attack_success_rate"] = last(summary.attack_success_rate);
  json["test_accuracy"] = list(summary.test_accuracy);
  if (balanced) json["test_balanced_accuracy"] = list(summary.test_balanced_accuracy);
  json["test_loss"] = list(summary.test_loss);
  if (summary.has_validation) json["validation_accuracy"] = list(summary.validation_accuracy);
  if (targets) json["target_confidence"] = list(summary.target_confidence);
  if (targets) json["attack_success_rate"] = list(summary.attack_success_rate);
  json["stealth"] = Json::array();
  for (const Stealth& one : summary.stealth)
    json["stealth"].push_back({{"round", one.round},
                               {"malicious_norm", number(one.malicious_norm)},
                               {"benign_norm", number(one.benign_norm)},
                               {"malicious_distance", number(one.malicious_distance)},
                               {"benign_distance", number(one.benign_distance)},
                               {"malicious_cosine", number(one.malicious_cosine)},
                               {"benign_cosine", number(one.benign_cosine)}});
  if (summary.selection && summary.selection->rounds > 0)
    json["selection"] = {{"rounds", summary.selection->rounds},
                         {"malicious", summary.selection->malicious},
                         {"only_malicious", summary.selection->only_malicious},
                         {"malicious_times", summary.selection->malicious_times}};
  if (summary.detectors.empty()) return json;
  for (const DetectorSummary& one : summary.detectors) json["detectors"][one.label] = detector_summary_json(one);
  json["band"] = band_summary_json(summary.band);
  json["band_weights"] = band_summary_json(summary.band_weights);
  return json;
}

Json spread_json(const Spread& spread) {
  return {{"mean", number(spread.mean)}, {"deviation", number(spread.deviation)}, {"each", list(spread.each)}};
}
}  // namespace

std::string record_line(const fed::RoundRecord& record) {
  Json json;
  json["round"] = record.round;
  json["test_accuracy"] = number(record.test.accuracy);
  if (!record.test.counts.empty()) json["test_balanced_accuracy"] = number(record.test.balanced_accuracy);
  json["test_loss"] = number(record.test.loss);
  if (record.validation.samples > 0) {
    json["validation_accuracy"] = number(record.validation.accuracy);
    json["validation_loss"] = number(record.validation.loss);
  }
  json["cohort"] = record.cohort;
  json["malicious"] = record.malicious;
  json["targets"] = Json::array();
  for (const fed::TargetResult& result : record.targets) {
    Json target = target_json(result.target);
    target["predicted"] = result.predicted;
    target["confidence"] = number(result.confidence);
    target["success"] = result.success;
    json["targets"].push_back(std::move(target));
  }
  if (!record.targets.empty()) {
    json["target_confidence"] = number(record.target_confidence);
    json["attack_success_rate"] = number(record.attack_success_rate);
  }
  if (record.selected) json["selected"] = *record.selected;
  if (!record.weights.empty()) json["weights"] = list(record.weights);
  if (!record.weights.empty() && !record.malicious.empty()) json["malicious_share"] = malicious_share(record);
  json["update_norms"] = list(record.update_norms);
  if (!record.distance_to_mean.empty()) json["distance_to_mean"] = list(record.distance_to_mean);
  if (!record.cosine_to_mean.empty()) json["cosine_to_mean"] = list(record.cosine_to_mean);
  if (record.result) json["result"] = result_json(*record.result);
  if (record.result_by_samples) json["result_by_samples"] = result_json(*record.result_by_samples);
  for (const fed::DetectorRecord& found : record.detectors) json["detectors"][found.label] = detector_json(found);
  if (!record.detectors.empty() && !record.malicious.empty()) json["stealth"] = stealth_json(record);
  json["train_loss"] = list(record.train_loss);
  json["set_aside"] = Json::array();
  for (const defense::SetAsideRow& row : record.set_aside)
    json["set_aside"].push_back({{"client", row.client}, {"reason", "non-finite"}, {"first", row.first}, {"count", row.count}});
  json["held"] = !record.held.empty();
  if (!record.held.empty()) json["held_because"] = record.held;
  json["diverged"] = record.diverged;
  json["notes"] = record.notes;
  return one_line(json);
}

std::string histograms_line(const fed::RoundRecord& record) {
  Json json;
  json["round"] = record.round;
  json["cohort"] = record.cohort;
  json["malicious"] = record.malicious;
  json["layers"] = Json::array();
  for (const fed::LayerHistogram& layer : record.histograms)
    json["layers"].push_back({{"name", layer.name},
                              {"size", layer.size},
                              {"sampled", layer.sampled},
                              {"low", number(layer.low)},
                              {"high", number(layer.high)},
                              {"benign", layer.benign},
                              {"malicious", layer.malicious},
                              {"wasserstein", measured(layer.wasserstein)},
                              {"ks", measured(layer.ks)},
                              {"share", measured(layer.shares)}});
  return one_line(json);
}

std::string times_line(const fed::RoundTimes& times) {
  Json json;
  json["round"] = times.round;
  json["train_seconds"] = number(times.train_seconds);
  json["inspect_seconds"] = number(times.inspect_seconds);
  json["aggregate_seconds"] = number(times.aggregate_seconds);
  json["evaluate_seconds"] = number(times.evaluate_seconds);
  json["total_seconds"] = number(times.total_seconds);
  return one_line(json);
}

std::string manifest_text(const Plan& plan, const Setting& setting, const Circumstances& circumstances) {
  Json json;
  json["schema"] = 1;
  json["run"] = plan.run_name();
  json["name"] = plan.name;
  json["variant"] = plan.variant;
  json["seed"] = plan.seed;
  json["plan_hash"] = plan.hash();
  json["version"] = version();
  json["build_id"] = build_id();
  json["compiler"] = compiler();
  json["numeric_class"] = nn::numeric_class();
  json["started"] = circumstances.started;
  json["workers"] = circumstances.workers;
  json["arguments"] = circumstances.arguments;
  json["environment"] = environment();
  json["data"] = Json::array();
  for (const data::SourceFile& file : setting.problem.files)
    json["data"].push_back({{"path", file.path}, {"size", file.size}, {"sha256", file.sha256}});
  json["data_notes"] = setting.problem.notes;
  json["parameters"] = setting.architecture.parameters();
  json["malicious"] = plan.threat.malicious;
  json["shard_sizes"] = Json::array();
  for (const data::Shard& shard : setting.partition) json["shard_sizes"].push_back(shard.samples.size());
  return pretty(json);
}

std::string summary_text(const Summary& summary) { return pretty(summary_json(summary)); }

std::string report_json(const std::vector<Summary>& runs, const std::vector<std::string>& paths) {
  Json json;
  json["name"] = runs.empty() ? "" : runs.front().name;
  json["runs"] = Json::array();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    Json run = summary_json(runs[i]);
    run["path"] = paths[i];
    json["runs"].push_back(std::move(run));
  }
  json["variants"] = Json::array();
  for (const Group& group : by_variant(runs)) {
    Json variant;
    variant["variant"] = group.variant;
    variant["seeds"] = Json::array();
    for (const Summary* run : group.runs) variant["seeds"].push_back(run->seed);
    variant["test_accuracy"] = spread_json(final_spread(group, &Summary::test_accuracy));
    if (!group.runs.front()->test_balanced_accuracy.empty())
      variant["test_balanced_accuracy"] = spread_json(final_spread(group, &Summary::test_balanced_accuracy));
    variant["test_loss"] = spread_json(final_spread(group, &Summary::test_loss));
    if (!group.runs.front()->targets.empty()) {
      variant["target_confidence"] = spread_json(final_spread(group, &Summary::target_confidence));
      variant["attack_success_rate"] = spread_json(final_spread(group, &Summary::attack_success_rate));
    }
    json["variants"].push_back(std::move(variant));
  }
  return pretty(json);
}

std::string verdicts_json(const Reproduction& reproduction, const std::vector<Verdict>& verdicts) {
  Json json;
  json["paper"] = reproduction.paper;
  json["size"] = reproduction.request.small ? "small" : "full";
  json["settings"] = reproduction.request.settings;
  json["build_id"] = build_id();
  json["numeric_class"] = nn::numeric_class();
  json["runs"] = reproduction.runs.size();
  json["runs_of_other_builds"] = reproduction.of_other_builds();
  json["verdicts"] = Json::array();
  for (const Verdict& verdict : verdicts) {
    const Expectation& expectation = verdict.expectation;
    Json row;
    row["experiment"] = verdict.experiment;
    row["claim"] = expectation.claim;
    row["by"] = expectation.of_paper ? "paper" : "us";
    row["variants"] = expectation.variants;
    row["seeds"] = verdict.seeds;
    row["figure"] = measure_text(expectation.measure);
    row["expected"] = expected_text(expectation);
    row["bound"] = spread_json(spread(verdict.outcome.expected));
    row["measured"] = spread_json(spread(verdict.outcome.measured));
    row["held_alone"] = verdict.outcome.held;
    row["verdict"] = verdict.word();
    row["paths"] = verdict.paths;
    json["verdicts"].push_back(std::move(row));
  }
  return pretty(json);
}

}  // namespace tocsin::lab
