// SPDX-License-Identifier: Apache-2.0
// What a run came to: series over its rounds, what the attacker sent against what the others sent, how it ended.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tocsin/fed/federation.h"
#include "tocsin/lab/plan.h"
#include "tocsin/lab/setting.h"

namespace tocsin::lab {

/// Medians over the malicious and over the benign clients of one round's cohort; NaN where there is none.
struct Stealth {
  std::size_t round = 0;
  double malicious_norm, benign_norm;
  double malicious_distance, benign_distance;  ///< to the mean of the benign rows; NaN when rows are folded
  double malicious_cosine, benign_cosine;      ///< with that mean
};

/// What one reading of a detector came to over a run.
struct DetectorSummary {
  std::string label, title;
  std::string skipped;  ///< why it measured nothing, where it never did
  bool judges = false;
  std::size_t rounds = 0;           ///< with a malicious client that it measured
  std::size_t passed = 0;           ///< of these, those in which it flagged none of them
  fed::Tally tally;                 ///< over all rounds
  std::size_t first_detection = 0;  ///< the first round in which it flagged a malicious client; 0: none
};
/// The paper's update statistics, with the truth (fed::BandRecord), over a run.
struct BandSummary {
  std::vector<double> figures;  ///< of the rounds that have one
  std::optional<double> kappa;
  std::size_t passed = 0;  ///< rounds with a figure <= kappa
};

/// Whom a rule that selects chose, over the rounds with a malicious client in the cohort.
struct SelectionSummary {
  std::size_t rounds = 0;           ///< in which it chose anybody
  std::size_t malicious = 0;        ///< of these, those in which it chose a malicious client
  std::size_t only_malicious = 0;   ///< and those in which it chose no other
  std::size_t malicious_times = 0;  ///< malicious clients chosen, over all rounds
};

/// "rounds", "stop_at_accuracy", "held", "unfinished".
std::string_view text(fed::Ending ending);

/// Everything below holds per finished round where it is a vector.
struct Summary {
  std::string run, name, variant, plan_hash;
  std::uint64_t seed = 0;
  std::size_t clients = 0, cohort = 0, parameters = 0, rounds_planned = 0, rounds = 0;
  std::string rule, attack, network, dataset;
  std::vector<std::uint32_t> malicious;
  std::vector<attack::Target> targets;
  std::vector<std::string> class_names;  ///< may be empty
  std::vector<std::string> data_notes;   ///< of the data: rows dropped
  std::size_t classes = 0;               ///< 0: a regression
  double majority_baseline = 0;          ///< accuracy of answering the most frequent class of the evaluated test samples always
  fed::Ending ended = fed::Ending::none;
  bool diverged = false;  ///< exit 31: held to the end, or a test loss that is no number
  std::string held;       ///< the last reason
  std::size_t held_rounds = 0, set_aside_rows = 0;
  bool regression = false, has_validation = false;
  std::vector<double> test_balanced_accuracy;  ///< classification only
  std::vector<double> test_accuracy, test_loss, validation_accuracy, target_confidence, attack_success_rate;
  std::vector<Stealth> stealth;               ///< rounds with a malicious client only
  std::optional<SelectionSummary> selection;  ///< of a rule that selects
  std::vector<DetectorSummary> detectors;
  BandSummary band, band_weights;
};

/// Whether its classes are so uneven that accuracy alone says little: the most frequent one is 5 points above an even share.
bool is_uneven(const Summary& summary);

/// A summary with nothing in it yet.
Summary begin_summary(const Plan& plan, const Setting& setting);
/// Adds a finished round.
void add(Summary& summary, const fed::RoundRecord& record);
/// Says how it ended.
void close(Summary& summary, fed::Ending ended);

/// The values [cohort] of the malicious, or of the benign, clients of a round, without NaN; none where there are not as many values
/// as clients.
std::vector<double> values_of(const fed::RoundRecord& record, const std::vector<double>& values, bool malicious);
Stealth stealth_of(const fed::RoundRecord& record);
/// Won pairs over pairs; NaN without any.
double auc_of(const fed::Tally& tally);
/// Lower middle for an odd, mean of the two middle ones for an even count; NaN of none.
double median_of(std::vector<double> values);

/// summary.json: no times, no paths.
std::string summary_text(const Summary& summary);

/// Mean and standard deviation (n - 1 under the root; 0 for one value) over seeds.
struct Spread {
  double mean = 0, deviation = 0;
  std::vector<double> each;
};
Spread spread(std::vector<double> values);

}  // namespace tocsin::lab
