// SPDX-License-Identifier: Apache-2.0
// Memory part by part, and time, before anything is trained. Formulas name what they multiply, so that a reader can check them.
#include "tocsin/lab/estimate.h"

#include <algorithm>
#include <cmath>

#include "tocsin/fed/explanations.h"
#include "tocsin/lab/recorded_maps.h"
#include "tocsin/lab/table.h"
#include "tocsin/nn/network.h"

namespace tocsin::lab {
namespace {
constexpr double kProgram = 20.0 * 1024 * 1024;         // code, libraries and their tables, resident; measured
constexpr double kWorkerLibraries = 2.0 * 1024 * 1024;  // a stack and buffers of libraries, resident, a thread; measured
constexpr double kForwardShare = 0.55;                  // of a replica that never goes backward: its gradients stay untouched
constexpr std::size_t kTileColumns = 4096;

double real(std::size_t n) { return static_cast<double>(n); }

/// How many optimizer moments of d a replica keeps.
std::size_t moments(const nn::OptimizerPlan& plan) {
  return plan.kind == nn::OptimizerKind::adam ? 2 : plan.momentum > 0.0 ? 1 : 0;
}

bool folds_rows(const Plan& plan, const Setting& setting) {
  fed::Parts parts;
  parts.architecture = &setting.architecture;
  parts.partition.resize(setting.partition.size());
  parts.training = plan.training;
  parts.federation = plan.federation;
  parts.threat = plan.threat;
  if (plan.attack_entry->name != "none") parts.attack_entry = plan.attack_entry;
  parts.rule_entry = plan.rule_entry;
  parts.rule = plan.rule.get();
  parts.root = Stream(plan.seed);
  return fed::folds(parts);
}

/// The largest cohort whose updates would fit into `bytes`, all else equal.
std::size_t fitting_cohort(const Setting& setting, double element, double others, double bytes) {
  const double left = bytes - others;
  return left <= 0.0 ? 0 : static_cast<std::size_t>(left / (real(setting.architecture.parameters()) * element));
}
}  // namespace

double MemoryEstimate::bytes() const {
  double sum = 0;
  for (const Holding& holding : holdings) sum += holding.bytes;
  return sum;
}

MemoryEstimate estimate_memory(const Plan& plan, const Setting& setting, std::size_t workers) {
  MemoryEstimate estimate;
  estimate.folds = folds_rows(plan, setting);
  const nn::LocalTraining& training = plan.training;
  const std::size_t d = setting.architecture.parameters(), n = plan.cohort;
  const std::size_t element = training.precision == nn::Precision::float64 ? sizeof(double) : sizeof(float);
  const auto add = [&](std::string what, std::string formula, double bytes, std::string reason = "") {
    estimate.holdings.push_back({std::move(what), std::move(formula), bytes, std::move(reason)});
  };

  if (estimate.folds) {
    const std::size_t window = std::min(n, 2 * workers);
    add("updates", fmt::format("{} x {} x {} B", window, grouped(d), element), real(window) * real(d) * real(element),
        fmt::format("{} folds rows in as they finish", plan.rule_entry->name));
  } else {
    const bool needed = !plan.rule->folds();
    add("updates", fmt::format("{} x {} x {} B", grouped(n), grouped(d), element), real(n) * real(d) * real(element),
        needed ? fmt::format("{} holds every row", plan.rule_entry->name) : "rows are kept for distances and cosines");
  }

  const auto replica = [&](std::size_t capacity) {
    return real(nn::footprint(setting.architecture, capacity, training.precision));
  };
  const std::size_t judging = fed::evaluation_batch(training.batch);
  const bool one_for_both = judging == training.batch;
  const std::size_t busy = std::min(workers, n), trainers = one_for_both ? workers : busy;
  const double trainer = replica(training.batch) + real(moments(training.optimizer)) * real(d) * real(element);
  add("replicas", fmt::format("{} x {}", trainers, bytes_text(trainer)), real(trainers) * trainer,
      one_for_both ? "for training and evaluation" : "for training");
  if (!one_for_both) {
    const double judge = kForwardShare * replica(judging);
    add("", fmt::format("{} x {}", workers, bytes_text(judge)), real(workers) * judge, "for evaluation");
  }
  if (plan.attack_entry->facts.trains && !setting.targets.empty()) {
    const double small = replica(setting.targets.size());
    add("", fmt::format("{} x {}", busy, bytes_text(small)), real(busy) * small, "for attackers");
  }

  const data::Dataset &train = *setting.problem.train, &test = *setting.problem.test;
  add("data",
      fmt::format("{} x {} {}", grouped(train.size() + test.size()), train.shape.features(), train.pixels.empty() ? "x 4 B" : "B"),
      real(train.bytes()) + real(test.bytes()));
  std::size_t indices = setting.test_samples.size() + setting.validation_samples.size();
  for (const data::Shard& shard : setting.partition) indices += shard.samples.size();
  add("shards", fmt::format("{} x 4 B, twice", grouped(indices)), 2.0 * 4.0 * real(indices));

  // Global before and after, the aggregate in double, the server's momentum, one more double vector for means and medians.
  const double vectors = real(d) * (2.0 * real(element) + 8.0 + 8.0 + (plan.federation.server.momentum > 0.0 ? 16.0 : 0.0));
  add("server", fmt::format("{} x {:.0f} B", grouped(d), vectors / real(d)), vectors);
  if (!plan.rule_entry->facts.averages) {
    const bool column = plan.rule_entry->facts.shape == defense::Shape::column;
    const double tiles = real(workers) * real(n) * real(kTileColumns) * 4.0,
                 gram = column ? 0.0 : 8.0 * real(n) * real(n) * real(workers + 2);
    add("rule", std::string(plan.rule_entry->name), tiles + gram);
  }
  const bool looked_at = !estimate.folds && !plan.detectors.empty();
  if (looked_at) {
    // A sum of rows, a model a worker while it is evaluated, two matrices of distances and their Gram matrices.
    const double pairs = real(n) * real(n) * 8.0 * real(4 + workers);
    add("detectors", fmt::format("{} x ({} + 8) B", grouped(d), real(workers) * real(element)),
        real(d) * (real(workers) * real(element) + 8.0) + pairs);
    double explained = 0.0;  // one detector after the other
    for (const PlannedDetector& one : plan.detectors)
      if (const ExplanationQuestion* question = one.detector->question())
        explained = std::max(explained, fed::footprint(*question, setting.architecture, training.precision, n, workers));
    if (explained > 0.0) add("", fmt::format("{} explainers", workers), explained, "for explanations of models");
  }
  if (const double maps = cost_of_maps(plan, setting).bytes; maps > 0.0)
    add("explanations", fmt::format("every {} rounds", plan.explain->every), maps, "maps that are recorded");
  if (plan.attack_entry->facts.stateful)
    add("memories", fmt::format("{} x {} x 16 B", plan.threat.malicious.size(), grouped(d)),  // a model and an update, in double
        real(plan.threat.malicious.size()) * real(d) * 16.0);
  add("program", "", kProgram + real(workers) * kWorkerLibraries);
  return estimate;
}

std::vector<std::string> memory_lines(const MemoryEstimate& estimate) {
  std::size_t what = 0, formula = 0, bytes = 0;
  for (const Holding& holding : estimate.holdings) {
    what = std::max(what, holding.what.size());
    formula = std::max(formula, holding.formula.size());
    bytes = std::max(bytes, bytes_text(holding.bytes).size());
  }
  std::vector<std::string> lines;
  for (const Holding& holding : estimate.holdings) {
    std::string line = fmt::format("  {:<{}}  {:<{}}  {:>{}}  {}", holding.what, what, holding.formula, formula,
                                   bytes_text(holding.bytes), bytes, holding.reason);
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
  }
  return lines;
}

void check_memory(const Plan& plan, const Setting& setting, std::size_t workers, const MemoryAllowed& allowed) {
  const MemoryEstimate estimate = estimate_memory(plan, setting, workers);
  if (estimate.bytes() <= allowed.usable()) return;
  std::string message = fmt::format("needs about {}, {} may be used ({} x {}, {})", bytes_text(estimate.bytes()),
                                    bytes_text(allowed.usable()), MemoryAllowed::kShare, bytes_text(allowed.bytes), allowed.source);
  for (const std::string& line : memory_lines(estimate)) message += "\n" + line;

  std::vector<std::string> ways;
  const double updates = estimate.holdings.front().bytes, others = estimate.bytes() - updates;
  if (!estimate.folds) {
    const double element = updates / (real(plan.cohort) * real(setting.architecture.parameters()));
    const std::size_t cohort = fitting_cohort(setting, element, others, allowed.usable());
    if (cohort > 0) ways.push_back(fmt::format("cohort <= {}", cohort));
    if (plan.rule->folds()) {
      const bool asked = std::ranges::any_of(plan.detectors, [](const PlannedDetector& one) { return one.asked_for; });
      if (others < allowed.usable())
        ways.push_back(asked ? "keep_rows = false and no detectors of one's own" : "keep_rows = false");
    } else if (others < allowed.usable()) {
      ways.push_back(fmt::format("a rule that folds rows (mean: {})", bytes_text(others)));
    }
  }
  if (workers > 1) ways.push_back("--workers 1");
  if (plan.training.batch > 1) ways.push_back("a smaller batch or network");
  throw RunError(Exit::estimate, message, ways.empty() ? "" : "would fit: " + joined(ways, ", or "));
}

RoundCost round_cost(const Plan& plan, const Setting& setting) {
  double samples = 0;
  for (const data::Shard& shard : setting.partition) samples += real(shard.samples.size());
  const double share = real(plan.cohort) / real(setting.partition.size());
  const double epochs = plan.federation.algorithm == fed::Algorithm::fedsgd ? 1.0 : real(plan.training.epochs);
  double evaluated = real(setting.test_samples.size() + setting.validation_samples.size());
  if (!folds_rows(plan, setting))
    for (const PlannedDetector& one : plan.detectors)
      if (!setting.validation_samples.empty())
        evaluated += one.detector->forward_passes(plan.cohort, setting.validation_samples.size()) *
                     (one.detector->question() == nullptr ? 1.0 : fed::passes_of(*one.detector->question()));
  return {samples * share * epochs, evaluated, cost_of_maps(plan, setting).passes};
}

double estimate_seconds(const Plan& plan, const Setting& setting, std::size_t workers, double samples_per_second) {
  const RoundCost cost = round_cost(plan, setting);
  const nn::Architecture& network = setting.architecture;
  const double forward = network.forward_flops_per_sample() / std::max(1.0, network.flops_per_sample());
  const double busy = real(std::min(workers, plan.cohort));
  const double waves = std::ceil(real(plan.cohort) / busy) * busy / real(plan.cohort);  // the last clients leave workers idle
  const double round = cost.trained * waves / busy + (cost.evaluated / real(workers) + cost.explained) * forward;
  return real(plan.federation.rounds) * round / samples_per_second;
}

}  // namespace tocsin::lab
