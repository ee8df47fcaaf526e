// SPDX-License-Identifier: Apache-2.0
// A federation: the parts, the state that lives across rounds, and one round of it (architecture, "One round").
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "tocsin/attack/attack.h"
#include "tocsin/core/random.h"
#include "tocsin/core/snapshot.h"
#include "tocsin/defense/detector.h"
#include "tocsin/defense/set_aside.h"
#include "tocsin/fed/figures.h"
#include "tocsin/fed/fleet.h"
#include "tocsin/fed/stealth.h"

namespace tocsin::fed {

/// The server's optimizer over the aggregated update: global += learning_rate * m, m = momentum m + update (plain: m = update).
struct ServerPlan {
  double learning_rate = 1.0;
  double momentum = 0.0;
};

/// The weights of a rule that averages: over the cohort, or 1/K of all clients for each row (the published code).
enum class AlphaOver { cohort, all_clients };

/// Rows of a folding rule are kept beyond their use, for distances and cosines, if they take no more bytes than this.
constexpr std::size_t kRowsWithoutAsking = std::size_t{256} << 20;

/// How rounds go.
struct FederationPlan {
  Algorithm algorithm = Algorithm::fedavg;
  std::size_t rounds = 10;
  double participation = 1.0;
  AlphaOver alpha = AlphaOver::cohort;  ///< all_clients: only for a rule that averages
  std::optional<double> stop_at_accuracy = {};
  std::size_t max_held = 3;     ///< consecutive held rounds that end a run
  bool hold_on_too_few = true;  ///< on_too_few: hold, or error
  std::optional<bool> keep_rows =
      {};  ///< keep [n, d] for distances and cosines; none: where it takes at most kRowsWithoutAsking bytes
  ServerPlan server = {};
};

/// Who is bad and what they know.
struct ThreatPlan {
  std::vector<std::uint32_t> malicious;  ///< client ids, ascending
  std::size_t assumed = 0;               ///< f
  bool colluding = false;                ///< they know of each other: an automatic boost is shared
  attack::Level knowledge = attack::Level::own;
};

/// A detector at work, and what it is called in the records.
struct DetectorSeat {
  std::string label;
  defense::Detector* detector = nullptr;
  const Entry<defense::Detector>* entry = nullptr;
};

/// Everything a federation is made of; immutable while it runs. Pointers are to what the caller owns.
struct Parts {
  const nn::Architecture* architecture = nullptr;
  data::Problem problem;
  std::vector<std::uint32_t> test_samples;         ///< what is evaluated (the hold-out and nothing else may be missing)
  const data::Dataset* validation_data = nullptr;  ///< null: no hold-out
  std::vector<std::uint32_t> validation_samples;
  data::Partition partition;
  nn::LocalTraining training;
  FederationPlan federation;
  ThreatPlan threat;
  const attack::Attack* attack = nullptr;  ///< null: none
  const Entry<attack::Attack>* attack_entry = nullptr;
  std::vector<attack::Target> targets;
  defense::Aggregator* rule = nullptr;
  const Entry<defense::Aggregator>* rule_entry = nullptr;
  std::optional<Options> rule_options;  ///< for min_clients(f', options)
  std::vector<DetectorSeat> detectors;  ///< look at every round whose rows are kept
  defense::NonFiniteCounts nonfinite = defense::NonFiniteCounts::count;
  Fleet* fleet = nullptr;
  Stream root = Stream(0);  ///< Stream(seed)
};

/// What lives across rounds.
struct State {
  std::size_t finished = 0;               ///< rounds done
  Updates global;                         ///< [1, d]
  std::vector<double> server_momentum;    ///< [d] or empty
  std::vector<Snapshot> attacker_memory;  ///< one a malicious client, in the order of ThreatPlan::malicious
  std::size_t held_in_a_row = 0;
  std::vector<std::size_t> set_aside_counts;  ///< [clients]
  void visit(SnapshotVisitor& visitor);
};

/// What one target came out as.
struct TargetResult {
  attack::Target target;
  std::int32_t predicted = 0;
  double confidence = 0;  ///< softmax probability of `wanted`
  bool success = false;   ///< predicted == wanted
};

/// What is written about a round. No times: those are in RoundTimes.
struct RoundRecord {
  std::size_t round = 0;
  nn::Evaluation test, validation;               ///< validation.samples == 0: none
  std::vector<std::uint32_t> cohort, malicious;  ///< client ids; malicious ones of the cohort
  std::vector<TargetResult> targets;
  double target_confidence = 0, attack_success_rate = 0;  ///< means over targets; meaningless without targets
  std::vector<double> train_loss;                         ///< [cohort]
  std::vector<double> update_norms;                       ///< [cohort], in client order
  std::optional<std::vector<std::uint32_t>> selected;     ///< client ids of weight > 0, for rules that select
  std::vector<double> weights;                            ///< [cohort], where the rule has them
  std::vector<double> distance_to_mean;            ///< [cohort]: ||x_i - mean of the benign rows||; empty when rows are folded
  std::vector<double> cosine_to_mean;              ///< [cohort]: cosine with the same mean; empty when rows are folded
  std::optional<ResultFigures> result;             ///< the aggregate, where rows are kept and it was applied
  std::optional<ResultFigures> result_by_samples;  ///< against the mean by sample counts, where those differ
  std::vector<DetectorRecord> detectors;           ///< one a reading, in the order of Parts::detectors
  std::optional<BandRecord> band, band_weights;    ///< where a detector needed distances
  std::vector<LayerHistogram> histograms;          ///< where a detector sampled coordinates; a file of their own
  std::vector<defense::SetAsideRow> set_aside;
  std::string held;                ///< why the global model was kept; empty if it moved
  std::vector<std::string> notes;  ///< of the attack and the rule
  bool diverged = false;           ///< the aggregate left float range: held for that reason
};
struct RoundTimes {
  std::size_t round = 0;
  double train_seconds = 0, inspect_seconds = 0, aggregate_seconds = 0, evaluate_seconds = 0, total_seconds = 0;
};

/// cohort = max(1, round(participation * clients)) ids, ascending, drawn at stream("cohort", round).
std::vector<std::uint32_t> draw_cohort(const FederationPlan& plan, std::size_t clients, const Stream& root, std::size_t round);

/// Fresh state: parameters as given, no memory.
State initial_state(const Parts& parts, Updates global);

/// One round: state goes in, comes out advanced; an exception (Interrupted) leaves it, and the state of rule and detectors, as they
/// were. `progress` (may be empty) hears how many clients are done. Throws RunError(Exit::config) for too few rows where the plan
/// says so.
RoundRecord run_round(State& state, const Parts& parts, RoundTimes& times,
                      const std::function<void(std::size_t done, std::size_t of)>& progress, std::stop_token stop);

/// True if the rule folds, no attack crafts and no figure needs the rows: [n, d] is then never stored. The same in every round.
bool folds(const Parts& parts);

/// Why a run is over after a round: nothing yet, all rounds done, accuracy reached, too many held rounds in a row.
enum class Ending { none, rounds, accuracy, held };
Ending ending(const State& state, const FederationPlan& plan, const RoundRecord& last);

}  // namespace tocsin::fed
