// SPDX-License-Identifier: Apache-2.0
// Explicit boosting: learn the wanted labels of a few targets from the start point s, then send lambda (w~ - s), so that the
// server's average lands on w~. Bhagoji, Chakraborty, Mittal, Calo, arXiv:1811.12470, "Explicit boosting".
// Differs: form "text" ends after `steps` steps; the published code (form "code") takes at least `steps`, reads the loss after
// steps 1, 101, 201, ..., with dropout on, and ends at 1e-6, here after 100,000 steps at the latest. Dropout stays on while
// learning, as in the code.
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "tocsin/attack/parts/campaign.h"
#include "tocsin/attack/parts/target_loss.h"
#include "tocsin/attack/registry.h"

namespace tocsin::attack {
namespace {
constexpr std::size_t kReadEvery = 100, kMostSteps = 100'000;  // of form "code"
constexpr double kCodeTolerance = 1e-6;

struct BoostingOptions {
  Campaign campaign;
  Boost boost;
  StepPlan step;
  bool dropout = true;
  std::size_t steps = 5;   ///< E_m
  std::size_t batch = 0;   ///< targets a step; 0: all
  double tolerance = 0.0;  ///< of L_mal; 0: never looked at
  bool code = false;
};

/// One client's attack costs `steps` steps on the targets alone: the small replica holds as many samples as there are targets.
class ExplicitBoosting final : public Attack {
 public:
  explicit ExplicitBoosting(BoostingOptions options) : options_(std::move(options)) {}

  Sent train(AttackPlace place, Rows update) const override {
    const Sending sending{.lambda = options_.boost.lambda(place.round), .scope = options_.boost.scope};
    return options_.campaign.conduct(std::move(place), update, sending,
                                     [&](Scene& scene, Rows change) { return learn(scene, change); });
  }

 private:
  nn::TrainingReport learn(Scene& scene, Rows change) const {
    TargetLoss targets(scene.place, options_.step, options_.dropout, options_.batch, "explicit_boosting");
    targets.network().load(scene.start);
    nn::TrainingReport report;
    double loss = std::numeric_limits<double>::infinity();  // of the targets, as last read
    while (!ends(targets, report.steps, loss)) {
      if (scene.place.training.stop.stop_requested()) throw Interrupted();
      if (report.steps == kMostSteps) {
        scene.note =
            fmt::format("explicit_boosting: loss on the targets still {:.3g} after {} steps", targets.loss(), report.steps);
        break;
      }
      const double mean = targets.gradient(report.steps);
      targets.step();
      report.add(mean * static_cast<double>(targets.last_batch()), targets.last_batch());
    }
    report.average();
    targets.network().save(change);
    subtract(change, scene.start);
    return report;
  }
  [[nodiscard]] bool ends(TargetLoss& targets, std::size_t steps, double& loss) const {
    if (options_.code) {
      if (steps % kReadEvery == 1) loss = targets.noisy_loss(steps);
      return steps >= options_.steps && loss <= options_.tolerance;
    }
    if (options_.tolerance > 0.0) loss = targets.loss();
    return steps >= options_.steps || (options_.tolerance > 0.0 && loss <= options_.tolerance);
  }

  BoostingOptions options_;
};

BoostingOptions read(Options& options) {
  BoostingOptions result;
  result.boost = read_boost(options);
  refuse_idle_scope(options, result.boost);
  result.steps =
      options.count("steps", {.fallback = result.steps, .at_least = 1, .help = "optimizer steps; form \"code\": at least"});
  result.step = read_step_plan(options);
  const auto batch =
      options.count_or_word("batch", {.fallback = "all", .at_least = 1, .words = {"all"}, .help = "targets in each step"});
  if (const std::size_t* count = std::get_if<std::size_t>(&batch)) result.batch = *count;
  result.code =
      options.word("form", {.fallback = "text",
                            .words = {"text", "code"},
                            .help = "the paper's text, or its code: loss read every 100 steps, ends at the tolerance"}) == "code";
  const auto tolerance = options.number_or_word(
      "tolerance",
      {.fallback = "form",
       .at_least = 0.0,
       .words = {"form"},
       .help = "end when the mean loss on the targets is at most this; 0: never; \"form\": 0 for text, 1e-6 for code"});
  const double* given = std::get_if<double>(&tolerance);
  result.tolerance = given != nullptr ? *given : (result.code ? kCodeTolerance : 0.0);
  if (result.code && result.tolerance == 0.0)
    options.no_effect("tolerance", "'tolerance' = 0 would never end the form \"code\", which has no other end",
                      "give a loss to reach, or form = \"text\"");
  result.dropout = read_dropout(options);
  result.campaign = read_campaign(options);
  return result;
}
}  // namespace

constinit const Entry<Attack> explicit_boosting_entry{
    .name = "explicit_boosting",
    .summary = "learns the wanted labels of the targets and sends the change times a boost",
    .paper = "arXiv:1811.12470",
    .status = Status::lightly_tested,
    .facts = {.trains = true,
              .needs_targets = true,
              .stateful = true,
              .reads = "the global parameters, its targets, its own share in the average and the server's rate",
              .differs =
                  "form \"text\" ends after `steps` steps; the published code (form \"code\") takes at least `steps`, reads "
                  "the loss every 100 steps, with dropout on, and ends at 1e-6; dropout stays on while learning, as in the code"},
    .make = [](Options& options) -> std::unique_ptr<Attack> { return std::make_unique<ExplicitBoosting>(read(options)); },
};

}  // namespace tocsin::attack
