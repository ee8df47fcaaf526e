// SPDX-License-Identifier: Apache-2.0
// Alternating minimization: one step on the targets, its change times lambda in place, then some steps on the own shard that keep
// the update small and like the others' (L_tr + rho dist); and so on until the shard has been walked E_m times. Bhagoji,
// Chakraborty, Mittal, Calo, arXiv:1811.12470, "Alternating minimization". Differs: form "code" takes the stealth steps first, ends
// on a step on the targets and squares the distance. It does not reshuffle: batch k begins at sample k B mod (l - B), and the cycle
// that begins at step s takes the batches s, s + 1, s + 3, s + 6, ..., because the code adds up its offsets; its last cycle is
// whole however few of the floor(E_m l / B) steps are left.
#include <memory>
#include <string>
#include <utility>

#include "tocsin/attack/parts/stealth_training.h"
#include "tocsin/attack/registry.h"

namespace tocsin::attack {
namespace {
struct AlternatingOptions {
  StealthOptions stealth;
  std::size_t stealth_steps = 10;  ///< to one on the targets
  double tolerance = 0.0;          ///< a step on the targets is skipped where their loss is at most this
  bool malicious_first = true;
};

/// E_m passes over the own shard, and one step on the targets to every `stealth_steps` batches.
class AlternatingMinimization final : public Attack {
 public:
  explicit AlternatingMinimization(AlternatingOptions options) : options_(std::move(options)) {}

  Sent train(AttackPlace place, Rows update) const override {
    const Sending sending{.needs_estimate = options_.stealth.distance.anchor == Anchor::previous_others};
    return options_.stealth.campaign.conduct(std::move(place), update, sending, [&](Scene& scene, Rows change) {
      StealthTraining training(options_.stealth, scene, options_.stealth.order(), "alternating_minimization");
      for (std::size_t step = 0; step < training.batches(); step += options_.stealth_steps) {
        if (options_.malicious_first) poison(training);
        hide(training, step);
        if (!options_.malicious_first) poison(training);
      }
      return training.finish(change);
    });
  }

 private:
  /// The stealth steps of the cycle that begins at `step`.
  void hide(StealthTraining& training, std::size_t step) const {
    for (std::size_t k = 0; k < options_.stealth_steps; ++k) {
      if (options_.stealth.code)
        training.take_batch(step + k * (k + 1) / 2);
      else if (!training.next_batch())
        return;
      training.take_stealth_step();
    }
  }
  void poison(StealthTraining& training) const {
    if (training.find_malicious_step(options_.tolerance)) training.apply_malicious_step();
  }

  AlternatingOptions options_;
};

AlternatingOptions read(Options& options) {
  AlternatingOptions result;
  result.stealth = read_stealth(options, 10);
  result.stealth_steps = options.count(
      "stealth_steps",
      {.fallback = result.stealth_steps, .at_least = 1, .help = "batches of its own shard to one step on the targets"});
  result.tolerance = options.number(
      "tolerance", {.fallback = 0.0, .at_least = 0.0, .help = "skip the step on the targets where their loss is at most this"});
  const std::string order =
      options.word("order", {.fallback = "form",
                             .words = {"form", "malicious_first", "stealth_first"},
                             .help = "in a cycle; \"form\": malicious_first for text, stealth_first for code"});
  const bool aware =
      options.flag("explanation_aware", {.fallback = false,
                                         .help = "keep the gradient maps of the targets close to the global model's, "
                                                 "as a term of L_mal"});
  const double weight = options.number("explanation_weight", {.fallback = 1.0,
                                                              .at_least = 0.0,
                                                              .help = "of ||g - g_0||^2 / ||g_0||^2, the mean over targets; 0 only "
                                                                      "notes how alike the maps are"});
  if (aware)
    result.stealth.explanation = weight;
  else if (!options.is_describing())
    options.no_effect("explanation_weight", "'explanation_weight' has no effect unless explanation_aware = true",
                      "explanation_aware = true, or leave it out");
  result.malicious_first = order == "malicious_first" || (order == "form" && !result.stealth.code);
  return result;
}
}  // namespace

constinit const Entry<Attack> alternating_minimization_entry{
    .name = "alternating_minimization",
    .summary = "alternates boosted steps on the targets with steps that make the update look benign",
    .paper = "arXiv:1811.12470",
    .status = Status::lightly_tested,
    .facts = stealth_facts(
        "form \"code\" takes the stealth steps first, ends on a step on the targets, does not reshuffle its batches, of "
        "which the cycle from step s takes s, s + 1, s + 3, s + 6, ..., and takes half the square of the distance"),
    .make = [](Options& options) -> std::unique_ptr<Attack> { return std::make_unique<AlternatingMinimization>(read(options)); },
};

}  // namespace tocsin::attack
