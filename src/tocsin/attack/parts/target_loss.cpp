// SPDX-License-Identifier: Apache-2.0
#include "tocsin/attack/parts/target_loss.h"

#include <algorithm>
#include <string>
#include <variant>

namespace tocsin::attack {

nn::OptimizerPlan StepPlan::resolve(const nn::OptimizerPlan& benign, std::size_t round) const {
  nn::OptimizerPlan plan = benign;
  if (optimizer) {
    plan = nn::OptimizerPlan();
    plan.kind = *optimizer;
  }
  plan.learning_rate = learning_rate.value_or(benign.rate_at(round));
  plan.schedule.clear();
  return plan;
}

StepPlan read_step_plan(Options& options) {
  StepPlan plan;
  const std::string optimizer = options.word("optimizer", {.fallback = "training",
                                                           .words = {"training", "sgd", "adam"},
                                                           .help = "for the attacker's own loss; \"training\": the benign one"});
  if (optimizer != "training") plan.optimizer = optimizer == "adam" ? nn::OptimizerKind::adam : nn::OptimizerKind::sgd;
  const auto rate = options.number_or_word("learning_rate", {.fallback = "training",
                                                             .at_least = 0.0,
                                                             .above = true,
                                                             .words = {"training"},
                                                             .help = "\"training\": the benign one of the round"});
  if (const double* number = std::get_if<double>(&rate)) plan.learning_rate = *number;
  return plan;
}

bool read_dropout(Options& options) {
  return options.flag("dropout", {.fallback = true, .help = "dropout while learning the targets, as in the published code"});
}

TargetLoss::TargetLoss(AttackPlace& place, const StepPlan& steps, bool dropout, std::size_t batch, std::string_view attack)
    : place_(place),
      batch_(batch == 0 ? place.targets.size() : std::min(batch, place.targets.size())),
      plan_(steps.resolve(place.benign.optimizer, place.round.index)),
      optimizer_(plan_, place.small.gradient_vector().coordinates(), place.small.gradient_vector().element()) {
  require(!place.targets.empty(), "{}: needs at least one target", attack);
  require(place.target_data.classes > 0, "{}: needs labelled data, got regression targets", attack);
  for (std::uint32_t i = 0; i < place.targets.size(); ++i) all_.push_back(i);
  place.small.enable_dropout(dropout);
}

double TargetLoss::gradient(std::size_t step) {
  const std::size_t per_epoch = (all_.size() + batch_ - 1) / batch_;
  if (batch_ == all_.size()) {
    put(all_);
  } else {
    const std::size_t first = step % per_epoch * batch_;
    if (first == 0) order_ = nn::epoch_order(all_, place_.round.stream, step / per_epoch);
    put(std::span(order_).subspan(first, std::min(batch_, all_.size() - first)));
  }
  return mean_gradient(place_.round.stream.at("dropout").at(step));
}

double TargetLoss::loss() {
  put(all_);
  place_.small.forward();
  return place_.small.score({.labels = wanted_}).loss / static_cast<double>(all_.size());
}

double TargetLoss::noisy_loss(std::size_t step) {
  put(all_);
  return mean_gradient(place_.round.stream.at("reading").at(step));
}

double TargetLoss::mean_gradient(const Stream& masks) {
  return place_.small.gradient({.labels = wanted_}, masks).loss / static_cast<double>(wanted_.size());
}

void TargetLoss::put(std::span<const std::uint32_t> chosen) {
  if (std::ranges::equal(chosen, put_)) return;
  put_.assign(chosen.begin(), chosen.end());
  wanted_.clear();
  std::vector<std::uint32_t> samples;
  for (const std::uint32_t i : chosen) {
    samples.push_back(place_.targets[i].index);
    wanted_.push_back(place_.targets[i].wanted);
  }
  place_.small.put(place_.target_data, samples);
}

double target_confidence(AttackPlace& place, ConstRows parameters) {
  nn::Network& network = place.small;
  network.load(parameters);
  network.put(place.target_data, indices_of(place.targets));
  network.forward();
  const std::vector<double> logits = network.logits();
  const std::size_t outputs = network.architecture().outputs();
  double sum = 0.0;
  for (std::size_t i = 0; i < place.targets.size(); ++i)
    sum += nn::softmax(std::span(logits).subspan(i * outputs, outputs)).at(static_cast<std::size_t>(place.targets[i].wanted));
  return sum / static_cast<double>(place.targets.size());
}

}  // namespace tocsin::attack
