// SPDX-License-Identifier: Apache-2.0
// What an attack is: three places to interfere, and exactly what it may know at each.
// It never sees `Round`, which holds the server's secrets; it sees AttackRound and Knowledge, which IS its threat model.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tocsin/core/options.h"
#include "tocsin/core/registry.h"
#include "tocsin/core/rows.h"
#include "tocsin/core/snapshot.h"
#include "tocsin/data/dataset.h"
#include "tocsin/nn/training.h"

namespace tocsin::attack {

/// What the attacker wants: inputs and the labels they shall get.
struct Target {
  std::uint32_t index = 0;  ///< in the test part
  std::int32_t label = 0;   ///< the true label
  std::int32_t wanted = 0;
};

/// What every attacker knows about a round.
struct AttackRound {
  std::size_t index = 1;   ///< from 1
  ConstRows global = {};   ///< [1, d] at the start of the round
  std::size_t cohort = 0;  ///< how many clients take part
  double weight = 0;       ///< alpha_m: this client's share in a weighted mean of the cohort
  double coalition = 0;    ///< where malicious clients collude: the shares of all of them in this cohort; else 0
  double server_rate = 1;
  bool server_momentum = false;     ///< earlier rounds go on moving the global model
  bool rows_applied_whole = false;  ///< the rule applies single rows (median, Krum): boost "auto" is 1
  Stream stream = Stream(0);        ///< of this attack, round and client
  Stream lasting = Stream(0);       ///< of this attack and client, the same in every round: for what is decided once
};

/// Levels of knowledge, as in [threat]; each grants what the one before it does (docs/threat-models.md).
enum class Level { own, benign, server };
std::string_view text(Level level);

/// One thing an attacker may read, from this level of knowledge on; at no level if `never`.
struct Grant {
  std::string_view what;
  Level from = Level::own;
  bool never = false;
};
/// The threat model as a table: what AttackPlace, AttackRound and Knowledge hold, and what they do not.
std::span<const Grant> grants();

/// What a benign client sends: trained parameters minus global ones, or minus the rate times the gradient of its shard's mean loss.
enum class Algorithm { fedavg, fedsgd };

/// What an attack that crafts may read; a span is empty unless the threat model grants it.
struct Knowledge {
  Level level = Level::own;
  ConstRows own = {};     ///< [a, d] the attackers' own honest rows, where the attack asked for them (facts.needs_own)
  ConstRows benign = {};  ///< [h, d] this round's finite benign rows: `benign` and `server` only
};

/// What an attacker works on while it trains in place of the benign local training: its shard, its targets, a replica.
struct AttackPlace {
  nn::TrainingPlace training;       ///< a replica for whole batches, holding anything; its stream is the client's own
  nn::Network& small;               ///< a second replica for the targets alone, of their number; `training.network` without targets
  const nn::LocalTraining& benign;  ///< what a benign client would do
  const data::Dataset& target_data;  ///< where `targets` point into
  std::span<const Target> targets;
  const AttackRound& round;
  Algorithm algorithm = Algorithm::fedavg;
  Snapshot memory = {};  ///< what this attacker remembers; returned changed
};
/// What it sends.
struct Sent {
  nn::TrainingReport report;
  Snapshot memory;
  std::string note;  ///< for the record: why it ran without an estimate, that it held off
};

/// An attack. Defaults are those of a benign client, so an attack overrides only where it interferes.
class Attack {
 public:
  struct Facts {
    bool poisons = false;  ///< changes shards before training
    bool trains = false;   ///< replaces local training
    bool crafts = false;   ///< changes finished rows
    bool needs_targets = false;
    bool needs_own = false;  ///< wants a copy of its own honest rows in Knowledge::own
    bool stateful = false;
    bool fedsgd = true;  ///< meaningful with FedSGD
    /// The least [threat] knowledge it works with, given its options; the loader refuses less.
    Level (*needs)(Options&) = [](Options&) { return Level::own; };
    /// Samples of its own shard that it trains on at a time, given its options; 0: the benign training's batch.
    std::size_t (*batch)(Options&) = [](Options&) { return std::size_t{0}; };
    /// Classes that the data must have, given its options; 0: it works on any data.
    std::size_t (*classes)(Options&) = [](Options&) { return std::size_t{0}; };
    std::string_view reads = "";    ///< what it reads, for `describe`
    std::string_view differs = "";  ///< from its paper, or from the paper's code
  };

  virtual ~Attack() = default;
  /// The shard it trains on instead; called on a copy.
  virtual void poison(data::Shard&, const AttackRound&) const {}
  /// Trains in place of the benign client and leaves its update [1, d] in `update`. Const: memory goes in and comes out by value.
  virtual Sent train(AttackPlace place, Rows update) const;
  /// Changes finished rows `malicious` [a, d]; `rounds` [a] are theirs, in row order.
  virtual void craft(Rows malicious, const Knowledge&, std::span<const AttackRound> rounds) const { (void)malicious, (void)rounds; }
};

/// What a benign client sends, [1, d]; what `Attack::train` does by default. An empty shard sends zeros, nothing processed.
/// fedavg: trained minus global parameters, in the row's element type. fedsgd: minus the round's rate times the gradient of the
/// mean loss over the shard at the global parameters, so that a server rate of 1 makes the usual step (rules.md: x = -eta g).
nn::TrainingReport benign_update(const nn::LocalTraining& training, const nn::TrainingPlace& place, ConstRows global, Rows update,
                                 Algorithm algorithm = Algorithm::fedavg);
/// What a benign client in this place would send if `samples` of `data` were its shard.
nn::TrainingReport benign_update_on(const data::Dataset& data, std::span<const std::uint32_t> samples, const AttackPlace& place,
                                    Rows update);
/// row -= from, row += by: both [1, d], in the row's own element type.
void subtract(Rows row, ConstRows from);
void add(Rows row, ConstRows by);
/// A row [1, d] of one's own, in the same element type.
Updates copy_of(ConstRows row);
/// Where the targets stand in the test part.
std::vector<std::uint32_t> indices_of(std::span<const Target> targets);

}  // namespace tocsin::attack
