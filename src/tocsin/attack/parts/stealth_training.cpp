// SPDX-License-Identifier: Apache-2.0
#include "tocsin/attack/parts/stealth_training.h"

#include <utility>
#include <variant>

namespace tocsin::attack {

namespace {
/// A count, or "training", which is 0.
std::size_t read_as_training(Options& options, std::string_view key, std::size_t fallback, std::string_view help) {
  constexpr std::string_view training = "training";
  const auto value =
      options.count_or_word(key, {.fallback = fallback == 0 ? std::variant<std::size_t, std::string_view>(training) : fallback,
                                  .at_least = 1,
                                  .words = {training},
                                  .help = help});
  const std::size_t* count = std::get_if<std::size_t>(&value);
  return count == nullptr ? 0 : *count;
}
}  // namespace

nn::BatchWalk OwnWalk::over(const AttackPlace& place, nn::BatchOrder order) const {
  return nn::BatchWalk(place.training, epochs == 0 ? place.benign.epochs : epochs, batch == 0 ? place.benign.batch : batch, order);
}

std::size_t read_own_batch(Options& options) {
  return read_as_training(options, "batch", 0, "own samples in each step; \"training\": as benign");
}

OwnWalk read_own_walk(Options& options, std::size_t epochs) {
  OwnWalk walk;
  walk.epochs = read_as_training(options, "epochs", epochs, "E_m, passes over its own shard; \"training\": as benign");
  walk.batch = read_own_batch(options);
  return walk;
}

StealthOptions read_stealth(Options& options, std::size_t epochs) {
  StealthOptions result;
  result.boost = read_boost(options);
  result.walk = read_own_walk(options, epochs);
  result.step = read_step_plan(options);
  result.code = options.word("form", {.fallback = "text",
                                      .words = {"text", "code"},
                                      .help = "what the paper's text says, or what its code does, where they differ"}) == "code";
  result.distance = read_distance(options, result.code, result.boost.scope);
  if (result.distance.anchor == Anchor::none) refuse_idle_scope(options, result.boost);  // else it is the distance's too
  result.dropout = read_dropout(options);
  result.campaign = read_campaign(options);
  return result;
}

StealthTraining::StealthTraining(const StealthOptions& options, Scene& scene, nn::BatchOrder order, std::string_view attack)
    : options_(options),
      scene_(scene),
      network_(scene.place.training.network),
      targets_(scene.place, options.step, options.dropout, 0, attack),
      distance_(options.distance, scene),
      plan_(scene.place.benign.optimizer),
      optimizer_(plan_, network_.gradient_vector().coordinates(), network_.gradient_vector().element()),
      walk_(options.walk.over(scene.place, order)),
      dropout_(scene.place.training.stream.at("dropout")),
      flat_(1, scene.start.coordinates(), scene.start.element()),
      boosted_(1, scene.start.coordinates(), scene.start.element()) {
  network_.load(scene.start);
  if (options.explanation) explanation_.emplace(*options.explanation, scene.place);
}

void StealthTraining::take_stealth_step() {
  const double loss = network_.gradient(walk_.wanted(), dropout_.at(walk_.step())).loss;
  distance_.step(network_, optimizer_, plan_.rate_at(scene_.place.training.round));
  report_.add(loss, walk_.samples());
  is_saved_ = false;
}

bool StealthTraining::find_malicious_step(std::optional<double> skip_at) {
  if (!is_saved_) network_.save(flat_.rows());
  is_saved_ = true;
  targets_.network().load(flat_.rows());
  const double loss = targets_.gradient(malicious_steps_++);
  if (skip_at && loss <= *skip_at) return false;
  if (explanation_) explanation_->add_gradient(std::as_const(flat_).rows(), targets_.network());
  const double lambda = options_.boost.lambda(scene_.place.round);
  targets_.step(lambda);
  targets_.network().save(boosted_.rows());
  if (options_.boost.scope == Scope::weights)
    plain_biases(boosted_.rows(), std::as_const(flat_).rows(), lambda, network_.architecture().layout());
  return true;
}

void StealthTraining::apply_malicious_step() {
  if (is_saved_) {  // w is where the step was found
    std::swap(flat_, boosted_);
  } else {
    subtract(boosted_.rows(), flat_.rows());
    network_.save(flat_.rows());
    add(flat_.rows(), std::as_const(boosted_).rows());
  }
  network_.load(flat_.rows());
  distance_.forget();
  is_saved_ = true;
}

nn::TrainingReport StealthTraining::finish(Rows change) {
  network_.save(change);
  if (explanation_)
    scene_.note = fmt::format("the gradient maps of its targets keep a cosine of {:.4f} with the global model's",
                              explanation_->at(std::as_const(change)).cosine);
  subtract(change, scene_.start);
  report_.average();
  report_.samples += malicious_steps_ * scene_.place.targets.size();
  return report_;
}

}  // namespace tocsin::attack
