// SPDX-License-Identifier: Apache-2.0
// Implicit boosting: minimise L_mal(s + alpha delta) over the update delta itself, from delta = 0, and send delta as it is.
// Bhagoji, Chakraborty, Mittal, Calo, arXiv:1811.12470, "Implicit boosting". The gradient is alpha times that of L_mal, and the
// model moves by alpha times a step: slower than boosting afterwards, as the paper says.
// alpha is alpha_m times the server rate, 1 where the rule applies rows whole.
#include <memory>
#include <utility>

#include "tocsin/attack/parts/campaign.h"
#include "tocsin/attack/parts/target_loss.h"
#include "tocsin/attack/registry.h"

namespace tocsin::attack {
namespace {
struct ImplicitOptions {
  Campaign campaign;
  StepPlan step;
  bool dropout = true;
  std::size_t steps = 5;   ///< E_m
  double tolerance = 0.0;  ///< of L_mal; 0: never looked at
};

/// to = start + factor * by, [1, raw].
void place_at(Rows to, ConstRows start, double factor, ConstRows by) {
  to.visit([&]<class T>(TypedRows<T> rows) {
    const T* origin = static_cast<const T*>(start.pointer(0));
    const T* change = static_cast<const T*>(by.pointer(0));
    const std::span<T> values = rows[0];
    for (std::size_t j = 0; j < values.size(); ++j) values[j] = origin[j] + static_cast<T>(factor) * change[j];
  });
}
void scale(Rows row, double factor) {
  row.visit([&]<class T>(TypedRows<T> rows) {
    for (T& value : rows[0]) value *= static_cast<T>(factor);
  });
}

/// `steps` steps on the targets alone.
class ImplicitBoosting final : public Attack {
 public:
  explicit ImplicitBoosting(ImplicitOptions options) : options_(std::move(options)) {}

  Sent train(AttackPlace place, Rows update) const override {
    const double alpha = 1.0 / Boost().lambda(place.round);
    // What is sent counts alpha times, so delta^ of the others, which counts once, is subtracted 1 / alpha times.
    return options_.campaign.conduct(std::move(place), update, {.others_share = 1.0 / alpha},
                                     [&](Scene& scene, Rows change) { return learn(scene, change, alpha); });
  }

 private:
  nn::TrainingReport learn(Scene& scene, Rows change, double alpha) const {
    TargetLoss targets(scene.place, options_.step, options_.dropout, 0, "implicit_boosting");
    nn::Network& network = targets.network();
    network.load(scene.start);
    const Updates start = copy_of(network.parameters());
    Updates delta(1, start.coordinates(), start.element());
    nn::TrainingReport report;
    while (report.steps < options_.steps && !(options_.tolerance > 0.0 && targets.loss() <= options_.tolerance)) {
      if (scene.place.training.stop.stop_requested()) throw Interrupted();
      const double mean = targets.gradient(report.steps);
      scale(network.gradient_vector(), alpha);
      targets.step(delta.rows());
      place_at(network.parameters(), start.rows(), alpha, std::as_const(delta).rows());
      report.add(mean * static_cast<double>(targets.last_batch()), targets.last_batch());
    }
    report.average();
    network.to_flat(std::as_const(delta).rows(), change);
    return report;
  }

  ImplicitOptions options_;
};

ImplicitOptions read(Options& options) {
  ImplicitOptions result;
  result.steps = options.count("steps", {.fallback = result.steps, .at_least = 1, .help = "optimizer steps"});
  result.step = read_step_plan(options);
  result.tolerance = options.number(
      "tolerance", {.fallback = 0.0, .at_least = 0.0, .help = "end when the mean loss on the targets is at most this; 0: never"});
  result.dropout = read_dropout(options);
  result.campaign = read_campaign(options);
  return result;
}
}  // namespace

constinit const Entry<Attack> implicit_boosting_entry{
    .name = "implicit_boosting",
    .summary = "learns an update that moves the average, not a model, to the wanted labels",
    .paper = "arXiv:1811.12470",
    .status = Status::lightly_tested,
    .facts = {.trains = true,
              .needs_targets = true,
              .stateful = true,
              .reads = "the global parameters, its targets, its own share in the average and the server's rate",
              .differs = "none known: the published code could not run it"},
    .make = [](Options& options) -> std::unique_ptr<Attack> { return std::make_unique<ImplicitBoosting>(read(options)); },
};

}  // namespace tocsin::attack
