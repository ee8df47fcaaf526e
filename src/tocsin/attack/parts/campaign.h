// SPDX-License-Identifier: Apache-2.0
// What every attacker that trains has in common, whatever its method: when it attacks, what it guesses of the others, what it adds.
// Bhagoji, Chakraborty, Mittal, Calo, arXiv:1811.12470, sections 3 to 5. A method only says how the change is learnt.
#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tocsin/attack/attack.h"
#include "tocsin/attack/parts/boosting.h"
#include "tocsin/core/options.h"

namespace tocsin::attack {

/// The rounds in which an attacker attacks; in all others it sends its clean update.
struct Schedule {
  std::size_t start = 1, period = 1;  ///< rounds start, start + period, ...
  std::optional<double> hold_off;     ///< only while the mean confidence in the wanted labels is below this
  std::optional<std::size_t> stop;    ///< not later than so many rounds, counted from `start`
  [[nodiscard]] bool is_due(std::size_t round) const;
};

/// Where the guess of what the others send enters. pre: learn at s = w + delta^ and send the change from there; post: learn at w
/// and send the change minus delta^.
enum class Estimate { none, pre, post };

/// One attacker in a round in which it attacks.
class Scene {
 public:
  Scene(AttackPlace& at, ConstRows from, std::span<const double> guess) : place(at), start(from), others(guess) {}
  AttackPlace& place;
  ConstRows start;                 ///< s [1, d], where learning begins
  std::span<const double> others;  ///< delta^ [d]; empty: no estimate was asked for, or there is none yet
  std::string note;                ///< what the method wants said of this round
  /// The attacker's own clean update [1, d]: a full local training with the client's own streams, run when first asked for. It
  /// leaves the replica for batches changed.
  ConstRows own_benign();

 private:
  std::optional<Updates> own_benign_;
};

/// What is done with a learnt change.
struct Sending {
  double lambda = 1.0;
  Scope scope = Scope::all;
  double others_share = 1.0;    ///< post: change minus so many times delta^
  bool needs_estimate = false;  ///< beyond `estimate`: for a distance term
};

/// The common options of the attacks that train, and the one way they are carried out.
struct Campaign {
  Schedule schedule;
  Estimate estimate = Estimate::none;
  bool add_benign = false;

  /// A method: learns from `scene.start` on and leaves the change [1, d], not boosted.
  using Learn = std::function<nn::TrainingReport(Scene& scene, Rows change)>;
  /// update = lambda (change [- delta^]) [+ own clean update], or the clean update where the schedule says so; memory and notes
  /// with it.
  Sent conduct(AttackPlace place, Rows update, const Sending& sending, const Learn& learn) const;

 private:
  [[nodiscard]] std::string reason_to_wait(AttackPlace& place) const;
};

/// Reads `schedule`; for attackers with targets `hold_off` in it.
Schedule read_schedule(Options& options, bool targeted);
/// Reads `schedule`, `estimate` and `add_benign`.
Campaign read_campaign(Options& options, bool targeted = true);

/// What an attacker remembers from its last participation: all that the estimate needs.
struct Participation {
  std::int64_t round = 0;      ///< t'; 0: it has not taken part yet
  std::vector<double> global;  ///< w_G at the start of t' [d]
  std::vector<double> sent;    ///< delta_m [d]
  double share = 0;            ///< alpha_m times the server rate
  void visit(SnapshotVisitor& visitor);
  /// delta^ = (w - w_G^{t'} - alpha_m delta_m^{t'}) / (t - t') [d]: what the others moved the global model by, a round, since
  /// then. Exact for a weighted mean, a guess for other rules.
  [[nodiscard]] std::vector<double> others(ConstRows global_now, std::size_t round_now) const;
};

}  // namespace tocsin::attack
