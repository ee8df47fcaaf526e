// SPDX-License-Identifier: Apache-2.0
#include "tocsin/attack/parts/campaign.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "tocsin/attack/parts/target_loss.h"
#include "tocsin/kernels/norms.h"

namespace tocsin::attack {
namespace {
/// row += factor * values, in double, one rounding.
void add(Rows row, std::span<const double> values, double factor) {
  row.visit([&]<class T>(TypedRows<T> rows) {
    const std::span<T> to = rows[0];
    for (std::size_t j = 0; j < to.size(); ++j) to[j] = static_cast<T>(static_cast<double>(to[j]) + factor * values[j]);
  });
}

/// What of a row the server can have applied: nothing of one that is not finite, which it sets aside.
std::vector<double> applied(ConstRows row) {
  if (kernels::non_finite(row).front().count > 0) return std::vector<double>(row.coordinates(), 0.0);
  return row.row(0);
}

void join(std::string& notes, const std::string& note) {
  if (note.empty()) return;
  notes += (notes.empty() ? "" : "; ") + note;
}
}  // namespace

bool Schedule::is_due(std::size_t round) const {
  if (round < start || (round - start) % period != 0) return false;
  return !stop || round - start < *stop;
}

ConstRows Scene::own_benign() {
  if (!own_benign_) {
    own_benign_.emplace(1, place.round.global.coordinates(), place.round.global.element());
    benign_update(place.benign, place.training, place.round.global, own_benign_->rows(), place.algorithm);
  }
  return std::as_const(*own_benign_).rows();
}

void Participation::visit(SnapshotVisitor& visitor) {
  visitor.scalar("round", round);
  visitor.tensor("global", global);
  visitor.tensor("sent", sent);
  visitor.scalar("share", share);
}

std::vector<double> Participation::others(ConstRows global_now, std::size_t round_now) const {
  require(round > 0 && static_cast<std::size_t>(round) < round_now && global.size() == global_now.coordinates(),
          "estimate: round {} of {} coordinates does not precede round {} of {}", round, global.size(), round_now,
          global_now.coordinates());
  const double rounds = static_cast<double>(round_now) - static_cast<double>(round);
  std::vector<double> result = global_now.row(0);
  for (std::size_t j = 0; j < result.size(); ++j) result[j] = (result[j] - global[j] - share * sent[j]) / rounds;
  return result;
}

std::string Campaign::reason_to_wait(AttackPlace& place) const {
  if (!schedule.is_due(place.round.index)) return "not scheduled: sent its clean update";
  if (!schedule.hold_off) return "";
  const double confidence = target_confidence(place, place.round.global);
  if (!(confidence >= *schedule.hold_off)) return "";  // nor where it is no number
  return fmt::format("held off at confidence {:.4f}: sent its clean update", confidence);
}

Sent Campaign::conduct(AttackPlace place, Rows update, const Sending& sending, const Learn& learn) const {
  const bool estimates = estimate != Estimate::none || sending.needs_estimate;
  Participation last;
  if (estimates && !place.memory.fields.empty()) load(last, place.memory);
  Sent sent;
  if (const std::string reason = reason_to_wait(place); !reason.empty()) {
    sent.report = benign_update(place.benign, place.training, place.round.global, update, place.algorithm);
    sent.note = reason;
  } else {
    std::vector<double> others;
    if (estimates && last.round > 0) others = last.others(place.round.global, place.round.index);
    if (estimates && last.round == 0) join(sent.note, "no estimate of the others before its second participation");
    if (!others.empty() && place.round.rows_applied_whole) join(sent.note, "its estimate of the others is a guess under this rule");
    if (!others.empty() && place.round.server_momentum)
      join(sent.note, "its estimate of the others is a guess beside the server's momentum");
    Updates shifted;
    ConstRows start = place.round.global;
    if (estimate == Estimate::pre && !others.empty()) {
      shifted = copy_of(start);
      add(shifted.rows(), others, 1.0);
      start = std::as_const(shifted).rows();
    }
    Scene scene(place, start, others);
    sent.report = learn(scene, update);
    join(sent.note, scene.note);
    if (estimate == Estimate::post && !others.empty()) add(update, others, -sending.others_share);
    if (sending.lambda != 1.0) boost_change(update, sending.lambda, place.training.network.architecture().layout(), sending.scope);
    if (add_benign) add(update, scene.own_benign());
  }
  sent.memory = std::move(place.memory);
  if (estimates) {
    last = {.round = static_cast<std::int64_t>(place.round.index),
            .global = place.round.global.row(0),
            .sent = applied(update),
            .share = place.round.weight * place.round.server_rate};
    sent.memory = save(last);
  }
  return sent;
}

Schedule read_schedule(Options& options, bool targeted) {
  Schedule schedule;
  Options table = options.table("schedule", "the rounds in which it attacks; in all others it sends its clean update");
  schedule.start = table.count("start", {.fallback = 1, .at_least = 1, .help = "the first round"});
  schedule.period = table.count("period", {.fallback = 1, .at_least = 1, .help = "every so many rounds from there"});
  if (targeted) {
    const auto hold_off =
        table.number_or_word("hold_off", {.fallback = "never",
                                          .at_least = 0.0,
                                          .at_most = 1.0,
                                          .above = true,
                                          .words = {"never"},
                                          .help = "attack only while the mean confidence in the wanted labels is below this"});
    if (const double* number = std::get_if<double>(&hold_off)) schedule.hold_off = *number;
  }
  const auto stop = table.count_or_word(
      "stop", {.fallback = "never", .at_least = 1, .words = {"never"}, .help = "stop after so many rounds, counted from `start`"});
  if (const std::size_t* count = std::get_if<std::size_t>(&stop)) schedule.stop = *count;
  return schedule;
}

Campaign read_campaign(Options& options, bool targeted) {
  Campaign campaign;
  campaign.schedule = read_schedule(options, targeted);
  const std::string estimate =
      options.word("estimate", {.fallback = "none",
                                .words = {"none", "pre", "post"},
                                .help = "of what the others send: learn from where they will move the model, or subtract it"});
  campaign.estimate = estimate == "pre" ? Estimate::pre : estimate == "post" ? Estimate::post : Estimate::none;
  campaign.add_benign =
      options.flag("add_benign", {.fallback = false, .help = "add the attacker's own clean update to what it sends"});
  return campaign;
}

}  // namespace tocsin::attack
