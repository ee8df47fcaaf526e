// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/propagation.h"

#include <algorithm>
#include <utility>

#include "tocsin/core/errors.h"

namespace tocsin::explain {
namespace {
using nn::Layer;
using nn::LayerKind;

bool is_affine(const Layer& layer) { return layer.has_parameters() || layer.kind == LayerKind::batch_norm; }

bool raises(const Redistribution& rule) {
  return std::any_of(rule.branches.begin(), rule.branches.end(), [](const Branch& branch) {
    return std::any_of(branch.terms.begin(), branch.terms.end(), [](const Term& term) { return term.w == Weights::raised; });
  });
}

/// Whether what enters layer k can be negative: no ReLU before it, but another affine layer, or inputs that are.
bool may_be_negative(const nn::Architecture& architecture, std::size_t k, bool negative_inputs) {
  while (k-- > 0) {
    const LayerKind kind = architecture.layers()[k].kind;
    if (kind == LayerKind::relu) return false;
    if (is_affine(architecture.layers()[k])) return true;
  }
  return negative_inputs;
}

class Propagation final : public Method {
 public:
  explicit Propagation(RuleSet rules) : rules_(std::move(rules)) {}

  std::vector<double> maps(Scene& scene) const override {
    const WalkPlan plan = plan_of(rules_, scene.architecture());
    std::vector<double> seed = scene.logits();
    if (rules_.positive_seed)
      for (double& value : seed) value = std::max(value, 0.0);
    return scene.walk(plan, seed);
  }
  void check(const nn::Architecture& architecture, bool negative_inputs) const override {
    const WalkPlan plan = plan_of(rules_, architecture);
    for (std::size_t k = 0; k < architecture.layers().size(); ++k)
      require(plan.rule(k) == nullptr || !raises(*plan.rule(k)) || !may_be_negative(architecture, k, negative_inputs),
              "LRP-gamma needs inputs >= 0, and those of layer {} ({}) may be negative", k, text(architecture.layers()[k].kind));
  }
  double passes() const override {
    double most = 1;
    for (const Redistribution* rule : {&rules_.dense, &rules_.convolution})
      most = std::max(most, static_cast<double>(rule->branches.size()));
    return most;
  }

 private:
  RuleSet rules_;
};
}  // namespace

WalkPlan plan_of(const RuleSet& rules, const nn::Architecture& architecture) {
  WalkPlan plan{.gate = Gate::open, .rules = {}, .shares_averages = true};
  plan.rules.resize(architecture.layers().size());
  bool is_first = true;
  for (std::size_t k = 0; k < architecture.layers().size(); ++k) {
    const Layer& layer = architecture.layers()[k];
    if (!is_affine(layer)) continue;
    const bool is_dense =
        layer.kind == LayerKind::dense || (layer.kind == LayerKind::batch_norm && layer.in.height * layer.in.width == 1);
    plan.rules[k] = is_first && rules.first ? *rules.first : is_dense ? rules.dense : rules.convolution;
    is_first = false;
  }
  return plan;
}

std::unique_ptr<Method> make_propagation(RuleSet rules) { return std::make_unique<Propagation>(std::move(rules)); }

std::optional<Redistribution> read_first(Options& options, std::string_view fallback) {
  const std::string word = options.word(
      "first", {.fallback = fallback, .words = {"same", "zb", "w_squared", "flat"}, .help = "rule of the first affine layer"});
  const double low = options.number("low", {.fallback = 0.0, .at_most = 0.0, .help = "smallest input, for first = \"zb\""});
  const double high = options.number("high", {.fallback = 1.0, .at_least = 0.0, .help = "largest input, for first = \"zb\""});
  const bool bias =
      options.word("first_bias",
                   {.fallback = "none", .words = {"none", "with"}, .help = "whether b^2 is added, for first = \"w_squared\""}) ==
      "with";
  if (word == "zb") {
    if (low < high) return z_box(low, high);
    options.fault("low", "low must be below high");
    return z_box(0.0, 1.0);
  }
  if (word == "w_squared") return w_squared(bias);
  if (word == "flat") return flat();
  return std::nullopt;
}

}  // namespace tocsin::explain
