// SPDX-License-Identifier: Apache-2.0
// One round, in the steps of the architecture: cohort, work, training, crafting, decision, server step, evaluation, record.
// Who is malicious is known up to the crafting and to the record; the decision sees rows in ascending client id and nothing else.
#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "tocsin/core/errors.h"
#include "tocsin/fed/federation.h"
#include "tocsin/fed/figures.h"
#include "tocsin/fed/inspection.h"
#include "tocsin/fed/server.h"
#include "tocsin/kernels/norms.h"

namespace tocsin::fed {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_between(Clock::time_point from, Clock::time_point to) { return std::chrono::duration<double>(to - from).count(); }

void check(const State& state, const Parts& parts) {
  require(
      parts.architecture != nullptr && parts.fleet != nullptr && parts.problem.train != nullptr && parts.problem.test != nullptr,
      "federation: architecture, fleet, training and test data must be given");
  require(parts.rule != nullptr && parts.rule_entry != nullptr, "federation: a rule and its entry must be given");
  for (const DetectorSeat& seat : parts.detectors)
    require(seat.detector != nullptr && seat.entry != nullptr, "federation: detector '{}' needs its entry beside it", seat.label);
  require((parts.attack == nullptr) == (parts.attack_entry == nullptr), "federation: an attack needs its entry beside it");
  require(parts.federation.alpha == AlphaOver::cohort || parts.rule_entry->facts.averages,
          "federation: alpha = \"all_clients\" needs a weighted mean, and {} is none; use alpha = \"cohort\"",
          parts.rule_entry->name);
  require(std::is_sorted(parts.threat.malicious.begin(), parts.threat.malicious.end()), "federation: malicious ids must ascend");
  for (const std::uint32_t client : parts.threat.malicious)
    require(client < parts.partition.size(), "federation: client {} is malicious, but there are {} clients", client,
            parts.partition.size());
  if (parts.attack_entry != nullptr && parts.attack_entry->facts.needs_targets)
    require(!parts.targets.empty(), "federation: attack {} needs targets", parts.attack_entry->name);
  require(state.global.coordinates() == parts.architecture->parameters() &&
              state.attacker_memory.size() == parts.threat.malicious.size() &&
              state.set_aside_counts.size() == parts.partition.size(),
          "federation: the state belongs to another federation; make one with initial_state");
}

/// A round under way; its methods are the steps, called once each, in order.
class OneRound {
 public:
  OneRound(const State& before, const Parts& parts) : before_(before), parts_(parts), next(before) {
    const std::size_t t = before.finished + 1, clients = parts.partition.size();
    next.finished = t;
    record.round = t;
    record.cohort = draw_cohort(parts.federation, clients, parts.root, t);
    for (std::size_t i = 0; i < record.cohort.size(); ++i) {
      const std::uint32_t client = record.cohort[i];
      const bool bad = std::binary_search(parts.threat.malicious.begin(), parts.threat.malicious.end(), client);
      (bad ? malicious_ : benign_).push_back(i);
      if (bad) record.malicious.push_back(client);
      const std::size_t shard = parts.partition[client].samples.size();
      samples_.push_back(parts.federation.alpha == AlphaOver::all_clients ? 1.0 : static_cast<double>(shard));
      if (shard == 0) record.notes.push_back(fmt::format("client {}: empty shard, weight 0 in a weighted mean", client));
    }
    round_ = {.index = t,
              .global = before.global.rows(),
              .cohort = record.cohort,
              .samples = samples_,
              .assumed_malicious = std::min(parts.threat.assumed, record.cohort.size()),
              .root = {},
              .layout = &parts.architecture->layout(),
              .workers = parts.fleet->workers(),
              .stream = parts.root.at("rule").at(t),
              .sample_total = parts.federation.alpha == AlphaOver::all_clients ? static_cast<double>(clients) : 0.0};
  }
  OneRound(const OneRound&) = delete;
  OneRound& operator=(const OneRound&) = delete;

  /// Steps 2 and 3: rows [n, d], or their weighted sum where they are folded.
  void train(const std::function<void(std::size_t, std::size_t)>& progress, const std::stop_token& stop) {
    describe_attack_rounds();
    const std::vector<WorkItem> items = work_items();
    const RoundWork work{.round = record.round,
                         .global = before_.global.rows(),
                         .algorithm = parts_.federation.algorithm,
                         .training = &parts_.training,
                         .train = parts_.problem.train.get(),
                         .test = parts_.problem.test.get()};
    std::function<void(std::size_t)> finished;
    if (progress) finished = [&](std::size_t done) { progress(done, items.size()); };
    std::vector<WorkResult> results;
    if (folds(parts_)) {
      folding_.emplace(parts_.rule->fixed_weights(round_), round_, parts_.architecture->parameters());
      results = parts_.fleet->train_folding(
          work, items, [&](std::size_t item, ConstRows row) { folding_->add(item, row); }, finished, stop);
    } else {
      updates_ = Updates(items.size(), parts_.architecture->parameters(), before_.global.element());
      results = parts_.fleet->train(work, items, updates_.rows(), finished, stop);
    }
    for (std::size_t i = 0; i < results.size(); ++i) {
      record.train_loss.push_back(results[i].report.loss);
      if (!results[i].note.empty()) record.notes.push_back(fmt::format("client {}: {}", record.cohort[i], results[i].note));
    }
    for (const std::size_t i : malicious_) next.attacker_memory[seat_of(i)] = std::move(results[i].memory);
  }

  /// Step 4. Grants exactly what the threat model says.
  void craft() {
    if (folding_) return;
    RowList benign(updates_.rows(), benign_);
    const std::vector<kernels::NonFinite> bad = kernels::non_finite(benign.view(), round_.workers);
    for (std::size_t k = 0; k < benign_.size(); ++k)
      if (bad[k].count == 0) finite_.push_back(benign_[k]);
    if (parts_.attack == nullptr || !parts_.attack_entry->facts.crafts || malicious_.empty()) return;

    const MutableRowList malicious(updates_.rows(), malicious_);
    const RowList finite_benign(updates_.rows(), finite_);
    Updates own;
    Knowledge knowledge{.level = parts_.threat.knowledge, .own = {}, .benign = {}};
    if (parts_.attack_entry->facts.needs_own) {
      own = Updates(malicious_.size(), updates_.coordinates(), updates_.element());
      for (std::size_t k = 0; k < malicious_.size(); ++k) own.rows().assign(k, malicious.view(), k);
      knowledge.own = std::as_const(own).rows();
    }
    if (knowledge.level != attack::Level::own) knowledge.benign = finite_benign.view();
    std::vector<attack::AttackRound> rounds;
    for (const std::size_t i : malicious_) rounds.push_back(attack_rounds_[i]);
    parts_.attack->craft(malicious.view(), knowledge, rounds);
  }

  /// What detectors say of the rows, in time for the rule.
  void inspect(const std::stop_token& stop) {
    if (folding_)
      skip_inspection(parts_, "rows are folded in as they finish: [federation] keep_rows", record);
    else
      fed::inspect(parts_, std::as_const(updates_).rows(), round_, malicious_, record, stop);
  }

  /// Steps 5 and 6: rows that are not finite are set aside, the rule decides; then step 7.
  void decide() {
    Faults scratch;
    const Options none(nullptr, Place{}, "rule", scratch), &options = parts_.rule_options ? *parts_.rule_options : none;
    defense::Decision decision =
        folding_ ? folding_->decide(*parts_.rule_entry, options, parts_.nonfinite)
                 : defense::decide(*parts_.rule, *parts_.rule_entry, options, updates_.rows(), round_, parts_.nonfinite);
    if (parts_.federation.alpha == AlphaOver::all_clients) weigh_by_all_clients(decision);
    if (decision.too_few && !parts_.federation.hold_on_too_few)
      throw RunError(Exit::config, fmt::format("round {}: {}", record.round, decision.held),
                     "set on_too_few = \"hold\" to keep the global model in such a round");
    if (decision.held.empty() &&
        !server_step(parts_.federation.server, decision.aggregation.update, next.global.rows(), next.server_momentum)) {
      decision.held = "diverged: the step leaves the range of the parameters";
      decision.diverged = true;
    }
    for (const defense::SetAsideRow& row : decision.set_aside) ++next.set_aside_counts[row.client];
    next.held_in_a_row = decision.held.empty() ? 0 : before_.held_in_a_row + 1;
    if (!decision.aggregation.note.empty())
      record.notes.push_back(fmt::format("{}: {}", parts_.rule_entry->name, decision.aggregation.note));
    if (parts_.rule_entry->facts.selects && decision.held.empty()) {
      record.selected.emplace();
      for (std::size_t i = 0; i < decision.aggregation.weights.size(); ++i)
        if (decision.aggregation.weights[i] > 0.0) record.selected->push_back(record.cohort[i]);
    }
    if (decision.held.empty() && !folding_) result_ = std::move(decision.aggregation.update);
    record.weights = std::move(decision.aggregation.weights);
    record.set_aside = std::move(decision.set_aside);
    record.held = std::move(decision.held);
    record.diverged = decision.diverged;
  }

  /// Norms, and distances and cosines to the mean of the benign rows, of updates and of the result.
  void measure() {
    if (folding_) {
      record.update_norms = folding_->norms();
      return;
    }
    record.update_norms = kernels::norms(updates_.rows(), round_.workers);
    MeanFigures figures = to_benign_mean(updates_.rows(), record.update_norms, finite_, result_, samples_, round_.workers);
    record.result = figures.result;
    record.result_by_samples = figures.result_by_samples;
    record.distance_to_mean = std::move(figures.distance);
    record.cosine_to_mean = std::move(figures.cosine);
  }

  /// Step 8.
  void evaluate(const std::stop_token& stop) {
    const ConstRows global = std::as_const(next.global).rows();
    record.test = parts_.fleet->evaluate(global, *parts_.problem.test, parts_.test_samples, stop);
    if (parts_.validation_data != nullptr)
      record.validation = parts_.fleet->evaluate(global, *parts_.validation_data, parts_.validation_samples, stop);
    if (parts_.targets.empty()) return;
    const std::vector<double> logits = parts_.fleet->logits(global, *parts_.problem.test, attack::indices_of(parts_.targets));
    const std::size_t outputs = parts_.architecture->outputs();
    for (std::size_t i = 0; i < parts_.targets.size(); ++i)
      add_target(parts_.targets[i], std::span(logits).subspan(i * outputs, outputs));
    record.target_confidence /= static_cast<double>(parts_.targets.size());
    record.attack_success_rate /= static_cast<double>(parts_.targets.size());
  }

 private:
  using Knowledge = attack::Knowledge;

  /// The seat of cohort position i in ThreatPlan::malicious.
  [[nodiscard]] std::size_t seat_of(std::size_t i) const {
    const auto& ids = parts_.threat.malicious;
    return static_cast<std::size_t>(std::lower_bound(ids.begin(), ids.end(), record.cohort[i]) - ids.begin());
  }

  /// alpha of each row: as the rule will weigh it if that is known before the rows, else its share of the samples.
  [[nodiscard]] std::vector<double> shares() const {
    const std::size_t n = record.cohort.size();
    if (parts_.federation.alpha == AlphaOver::all_clients)
      return std::vector<double>(n, 1.0 / static_cast<double>(parts_.partition.size()));
    std::vector<double> result = parts_.rule_entry->facts.averages ? parts_.rule->fixed_weights(round_) : samples_;
    double total = 0.0;
    for (const double weight : result) total += weight;
    for (double& weight : result) weight = total > 0.0 ? weight / total : 0.0;
    return result;
  }

  void describe_attack_rounds() {
    const std::vector<double> alpha = shares();
    double coalition = 0.0;
    for (const std::size_t i : malicious_) coalition += alpha[i];
    for (std::size_t i = 0; i < record.cohort.size(); ++i)
      attack_rounds_.push_back({.index = record.round,
                                .global = before_.global.rows(),
                                .cohort = record.cohort.size(),
                                .weight = alpha[i],
                                .coalition = parts_.threat.colluding ? coalition : 0.0,
                                .server_rate = parts_.federation.server.learning_rate,
                                .server_momentum = parts_.federation.server.momentum > 0.0,
                                .rows_applied_whole = !parts_.rule_entry->facts.averages,
                                .stream = parts_.root.at("attack").at(record.round).at(record.cohort[i]),
                                .lasting = parts_.root.at("attack").at("lasting").at(record.cohort[i])});
  }

  std::vector<WorkItem> work_items() {
    std::vector<WorkItem> items;
    shards_.resize(record.cohort.size());
    for (std::size_t i = 0; i < record.cohort.size(); ++i) {
      const std::uint32_t client = record.cohort[i];
      items.push_back({.client = client,
                       .samples = parts_.partition[client].samples,
                       .stream = parts_.root.at("client").at(record.round).at(client),
                       .attack = nullptr,
                       .attack_round = attack_rounds_[i],
                       .targets = {},
                       .memory = {}});
    }
    for (const std::size_t i : malicious_) {
      items[i].memory = before_.attacker_memory[seat_of(i)];
      if (parts_.attack == nullptr) continue;
      const attack::Attack::Facts& facts = parts_.attack_entry->facts;
      if (facts.poisons) {
        shards_[i] = parts_.partition[items[i].client];
        parts_.attack->poison(shards_[i], attack_rounds_[i]);
        items[i].samples = shards_[i].samples;
      }
      if (facts.trains) items[i].attack = parts_.attack;
      if (facts.needs_targets) items[i].targets = parts_.targets;
    }
    return items;
  }

  /// The rule saw equal counts, so each row that is left has weight 1 / n'; 1 / K is wanted.
  void weigh_by_all_clients(defense::Decision& decision) const {
    const std::size_t left = record.cohort.size() - decision.set_aside.size();
    const double factor = static_cast<double>(left) / static_cast<double>(parts_.partition.size());
    for (double& value : decision.aggregation.update) value *= factor;
    for (double& weight : decision.aggregation.weights) weight *= factor;
  }

  void add_target(const attack::Target& target, std::span<const double> logits) {
    const std::vector<double> probabilities = nn::softmax(logits);
    const auto predicted = static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    const double confidence = probabilities.at(static_cast<std::size_t>(target.wanted));
    const bool success = predicted == target.wanted;
    record.targets.push_back({.target = target, .predicted = predicted, .confidence = confidence, .success = success});
    record.target_confidence += confidence;
    record.attack_success_rate += success ? 1.0 : 0.0;
  }

  const State& before_;
  const Parts& parts_;
  std::vector<std::size_t> malicious_, benign_;  // positions in the cohort
  std::vector<double> samples_;
  Round round_;
  std::vector<attack::AttackRound> attack_rounds_;
  std::vector<data::Shard> shards_;  // poisoned copies
  Updates updates_;
  std::vector<std::size_t> finite_;  // of the benign
  std::vector<double> result_;       // what was applied, for figures
  std::optional<Folding> folding_;

 public:
  State next;
  RoundRecord record;
};

RoundRecord advance(State& state, const Parts& parts, RoundTimes& times,
                    const std::function<void(std::size_t, std::size_t)>& progress, const std::stop_token& stop) {
  const Clock::time_point begin = Clock::now();
  OneRound round(state, parts);
  round.train(progress, stop);
  round.craft();
  const Clock::time_point trained = Clock::now();
  round.inspect(stop);
  const Clock::time_point inspected = Clock::now();
  round.decide();
  round.measure();
  const Clock::time_point aggregated = Clock::now();
  round.evaluate(stop);
  const Clock::time_point end = Clock::now();
  times = {.round = round.record.round,
           .train_seconds = seconds_between(begin, trained),
           .inspect_seconds = seconds_between(trained, inspected),
           .aggregate_seconds = seconds_between(inspected, aggregated),
           .evaluate_seconds = seconds_between(aggregated, end),
           .total_seconds = seconds_between(begin, end)};
  state = std::move(round.next);
  return std::move(round.record);
}

}  // namespace

bool folds(const Parts& parts) {
  require(parts.rule_entry != nullptr && parts.architecture != nullptr,
          "federation: a rule's entry and an architecture must be given");
  if (parts.rule == nullptr || !parts.rule->folds()) return false;
  if (parts.attack_entry != nullptr && parts.attack_entry->facts.crafts && !parts.threat.malicious.empty()) return false;
  if (parts.federation.keep_rows) return !*parts.federation.keep_rows;
  const std::size_t cohort = draw_cohort(parts.federation, parts.partition.size(), parts.root, 1).size();
  const std::size_t element = parts.training.precision == nn::Precision::float64 ? sizeof(double) : sizeof(float);
  return parts.architecture->parameters() > kRowsWithoutAsking / element / cohort;
}

RoundRecord run_round(State& state, const Parts& parts, RoundTimes& times,
                      const std::function<void(std::size_t done, std::size_t of)>& progress, std::stop_token stop) {
  check(state, parts);
  const bool keeps = parts.rule_entry->facts.stateful;
  const Snapshot rule_before = keeps ? save(*parts.rule) : Snapshot{};
  std::vector<Snapshot> seats_before;
  for (const DetectorSeat& seat : parts.detectors) seats_before.push_back(save(*seat.detector));
  try {
    return advance(state, parts, times, progress, stop);
  } catch (...) {
    if (keeps) load(*parts.rule, rule_before);
    for (std::size_t i = 0; i < seats_before.size(); ++i) load(*parts.detectors[i].detector, seats_before[i]);
    throw;
  }
}

}  // namespace tocsin::fed
