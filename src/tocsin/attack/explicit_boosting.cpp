// SPDX-License-Identifier: Apache-2.0
// Explicit boosting: learn the wanted labels of a few targets from the global parameters s, then send lambda (w~ - s), so that the
// server's average lands on w~. Bhagoji, Chakraborty, Mittal, Calo, arXiv:1811.12470, "Explicit boosting".
// Differs: form "text" ends after `steps` steps; the published code (form "code") takes at least `steps`, reads the loss after
// steps 1, 101, 201, ... and ends at 1e-6, here after 100,000 steps at the latest. Dropout stays on while learning, as in the code.
#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tocsin/attack/registry.h"

namespace tocsin::attack {
namespace {
constexpr std::size_t kReadEvery = 100, kMostSteps = 100'000;  // of form "code"
constexpr double kCodeTolerance = 1e-6;

struct BoostingOptions {
  std::optional<double> boost;           ///< none: 1 / (alpha_m server rate), or 1 where the rule applies rows whole
  std::size_t steps = 5;                 ///< E_m
  std::optional<std::string> optimizer;  ///< none: the benign training's
  std::optional<double> learning_rate;   ///< none: the benign training's
  std::size_t batch = 0;                 ///< targets a step; 0: all
  double tolerance = 0.0;                ///< of L_mal; 0: never looked at
  bool code = false;
  bool weights_only = false;
  bool dropout = true;
};

/// lambda for this round.
double boost_of(const BoostingOptions& options, const AttackRound& round) {
  if (options.boost) return *options.boost;
  const double share = round.weight * round.server_rate;
  return round.rows_applied_whole || share <= 0.0 ? 1.0 : 1.0 / share;
}

/// `update` [1, d] holds w~ and becomes lambda (w~ - s); biases keep the plain step where only weights are boosted.
void scale_change(Rows update, ConstRows start, double lambda, const Layout& layout, bool weights_only) {
  update.visit([&]<class T>(TypedRows<T> rows) {
    start.visit([&]<class U>(TypedRows<U> from) {
      const std::span<T> values = rows[0];
      const std::span<U> origin = from[0];
      for (const Tensor& tensor : layout.tensors) {
        const double factor = weights_only && tensor.is_bias ? 1.0 : lambda;
        for (std::size_t j = tensor.offset; j < tensor.offset + tensor.size; ++j)
          values[j] = static_cast<T>(factor * (static_cast<double>(values[j]) - static_cast<double>(origin[j])));
      }
    });
  });
}

/// L_mal on a small replica: the targets with the labels they shall get, all at once or in batches of a reshuffled order.
class TargetTask {
 public:
  TargetTask(AttackPlace& place, std::size_t batch)
      : place_(place), batch_(batch == 0 ? place.targets.size() : std::min(batch, place.targets.size())) {
    for (std::uint32_t i = 0; i < place.targets.size(); ++i) all_.push_back(i);
  }

  /// Gradient of the mean loss over the next batch, as dropout stream `step`.
  nn::BatchLoss gradient(std::size_t step) {
    const std::size_t per_epoch = (all_.size() + batch_ - 1) / batch_;
    if (batch_ == all_.size()) {
      put(all_);
    } else {
      const std::size_t first = step % per_epoch * batch_;
      if (first == 0) order_ = nn::epoch_order(all_, place_.round.stream, step / per_epoch);
      put(std::span(order_).subspan(first, std::min(batch_, all_.size() - first)));
    }
    return place_.small.gradient({.labels = wanted_}, place_.round.stream.at("dropout").at(step));
  }
  /// L_mal: mean loss over all targets, without dropout.
  double loss() {
    put(all_);
    place_.small.forward();
    return place_.small.score({.labels = wanted_}).loss / static_cast<double>(all_.size());
  }
  [[nodiscard]] std::size_t last_batch() const { return wanted_.size(); }

 private:
  void put(std::span<const std::uint32_t> chosen) {
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

  AttackPlace& place_;
  std::size_t batch_;
  std::vector<std::uint32_t> all_, order_, put_;
  std::vector<std::int32_t> wanted_;
};

nn::OptimizerPlan optimizer_of(const BoostingOptions& options, const nn::OptimizerPlan& benign, std::size_t round) {
  nn::OptimizerPlan plan = benign;
  if (options.optimizer) {
    plan = nn::OptimizerPlan();
    plan.kind = *options.optimizer == "adam" ? nn::OptimizerKind::adam : nn::OptimizerKind::sgd;
  }
  plan.learning_rate = options.learning_rate.value_or(benign.rate_at(round));
  plan.schedule.clear();
  return plan;
}

/// One client's attack costs `steps` steps on the targets alone: the small replica holds as many samples as there are targets.
class ExplicitBoosting final : public Attack {
 public:
  explicit ExplicitBoosting(BoostingOptions options) : options_(std::move(options)) {}

  Sent train(AttackPlace place, Rows update) const override {
    require(!place.targets.empty(), "explicit_boosting: needs at least one target");
    require(place.target_data.classes > 0, "explicit_boosting: needs labelled data, got regression targets");
    nn::Network& network = place.small;
    network.load(place.round.global);
    network.enable_dropout(options_.dropout);
    const nn::OptimizerPlan plan = optimizer_of(options_, place.benign.optimizer, place.round.index);
    nn::Optimizer optimizer(plan, network.gradient_vector().coordinates(), network.gradient_vector().element());

    Sent sent{.report = {}, .memory = std::move(place.memory), .note = {}};
    nn::TrainingReport& report = sent.report;
    TargetTask task(place, options_.batch);
    double loss = std::numeric_limits<double>::infinity();  // of the targets, as last read
    while (!ends(task, report.steps, loss)) {
      if (place.training.stop.stop_requested()) throw Interrupted();
      if (report.steps == kMostSteps) {
        sent.note = fmt::format("explicit_boosting: loss on the targets still {:.3g} after {} steps", task.loss(), report.steps);
        break;
      }
      report.loss += task.gradient(report.steps).loss;
      optimizer.step(network.parameters(), network.gradient_vector(), plan.learning_rate);
      report.samples += task.last_batch();
      ++report.steps;
    }
    if (report.samples > 0) report.loss /= static_cast<double>(report.samples);

    network.save(update);
    scale_change(update, place.round.global, boost_of(options_, place.round), network.architecture().layout(),
                 options_.weights_only);
    return sent;
  }

 private:
  [[nodiscard]] bool ends(TargetTask& task, std::size_t steps, double& loss) const {
    if (options_.code ? steps % kReadEvery == 1 : options_.tolerance > 0.0) loss = task.loss();
    if (options_.code) return steps >= options_.steps && loss <= options_.tolerance;
    return steps >= options_.steps || (options_.tolerance > 0.0 && loss <= options_.tolerance);
  }

  BoostingOptions options_;
};

BoostingOptions read(Options& options) {
  BoostingOptions result;
  const auto boost = options.number_or_word(
      "boost",
      {.fallback = "auto",
       .at_least = 0.0,
       .above = true,
       .words = {"auto"},
       .help = "lambda; \"auto\": 1 / (alpha_m times the server rate) under a weighted mean, 1 where rows are applied whole"});
  if (const double* number = std::get_if<double>(&boost)) result.boost = *number;
  result.steps =
      options.count("steps", {.fallback = result.steps, .at_least = 1, .help = "optimizer steps; form \"code\": at least"});
  const std::string optimizer = options.word("optimizer", {.fallback = "training",
                                                           .words = {"training", "sgd", "adam"},
                                                           .help = "for the loss on the targets; \"training\": the benign one"});
  if (optimizer != "training") result.optimizer = optimizer;
  const auto rate = options.number_or_word("learning_rate", {.fallback = "training",
                                                             .at_least = 0.0,
                                                             .above = true,
                                                             .words = {"training"},
                                                             .help = "\"training\": the benign one of the round"});
  if (const double* number = std::get_if<double>(&rate)) result.learning_rate = *number;
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
  result.weights_only = options.word("scope", {.fallback = "all",
                                               .words = {"all", "weights"},
                                               .help = "what is boosted; \"weights\": biases keep their plain step"}) == "weights";
  result.dropout =
      options.flag("dropout", {.fallback = true, .help = "dropout while learning the targets, as in the published code"});
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
              .reads = "the global parameters, its targets, its own share in the average and the server's rate"},
    .make = [](Options& options) -> std::unique_ptr<Attack> { return std::make_unique<ExplicitBoosting>(read(options)); },
};

}  // namespace tocsin::attack
