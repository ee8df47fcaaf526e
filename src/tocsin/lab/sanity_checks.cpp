// SPDX-License-Identifier: Apache-2.0
#include "tocsin/lab/sanity_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tocsin/explain/plane.h"

namespace tocsin::lab {
namespace {
constexpr double kInsensitive = 0.5;
using explain::Maps;
using explain::Plane;

/// The mean of the values that are numbers; NaN if there is none.
class Mean {
 public:
  void add(double value) {
    if (!std::isfinite(value)) return;
    sum_ += value;
    ++count_;
  }
  [[nodiscard]] double value() const { return count_ == 0 ? std::nan("") : sum_ / static_cast<double>(count_); }

 private:
  double sum_ = 0;
  std::size_t count_ = 0;
};

class Checking {
 public:
  Checking(const explain::Explained& model, nn::Init init, const explain::Images& images,
           std::span<const explain::MethodUse> methods, const explain::ExplainOptions& options, Workers& workers)
      : model_(model),
        images_(images),
        methods_(methods),
        explainer_(model, options, &workers),
        random_(1, model.architecture.parameters()) {
    nn::initialise(model.architecture, init, Stream(options.seed).at("explain/randomize").at("sanity"), random_.rows());
    neurons_ = explainer_.neurons(images, {});
    trained_ = explainer_.explain(images, methods, neurons_);
    for (const explain::MethodUse& use : methods) checks_.push_back({.method = use.label, .stages = {}});
    for (std::size_t k = 0; k < model.architecture.layers().size(); ++k)
      if (model.architecture.layers()[k].has_parameters()) layers_.push_back(k);
  }

  std::vector<SanityCheck> run() {
    compare_with_another_logit();
    std::vector<std::size_t> downwards(layers_.rbegin(), layers_.rend());
    cumulative("cascade", downwards, true);
    cumulative("bottom_up", layers_, false);
    for (const std::size_t layer : downwards) stage("independent", layer, {layer});
    return std::move(checks_);
  }

 private:
  void cumulative(const char* order, const std::vector<std::size_t>& layers, bool measures_complexity) {
    std::vector<std::size_t> drawn;
    for (const std::size_t layer : layers) {
      drawn.push_back(layer);
      const std::vector<Maps> maps = stage(order, layer, drawn);
      if (measures_complexity && drawn.size() == layers.size()) measure_complexity(maps);
    }
  }

  /// Maps with these layers drawn anew, recorded as a stage of every method.
  std::vector<Maps> stage(const char* order, std::size_t last, const std::vector<std::size_t>& drawn) {
    Updates parameters(1, model_.architecture.parameters());
    parameters.rows().assign(0, model_.parameters, 0);
    for (const std::size_t k : drawn) {
      const nn::Layer& layer = model_.architecture.layers()[k];
      const std::size_t begin = layer.weight_offset, end = layer.bias_offset + (layer.bias ? layer.out.channels : 0);
      parameters.rows().columns(begin, end).assign(0, random_.rows().columns(begin, end), 0);
    }
    explainer_.load({model_.architecture, parameters.rows(), model_.run});
    std::vector<Maps> maps = explainer_.explain(images_, methods_, neurons_);
    const std::string name = fmt::format("{} ({})", last, nn::text(model_.architecture.layers()[last].kind));
    for (std::size_t m = 0; m < methods_.size(); ++m) {
      Mean ranks, drawn_alike;
      for (std::size_t i = 0; i < images_.size(); ++i) {
        const Plane a = plane(trained_[m], m, i), b = plane(maps[m], m, i);
        ranks.add(alike(ranks_, a, b));
        drawn_alike.add(alike(drawn_, a, b));
      }
      checks_[m].stages.push_back({order, name, ranks.value(), drawn_alike.value()});
    }
    return maps;
  }

  void measure_complexity(const std::vector<Maps>& random) {
    for (std::size_t m = 0; m < methods_.size(); ++m) {
      Mean rise;
      for (std::size_t i = 0; i < images_.size(); ++i)
        rise.add(explain::complexity_rise(values(trained_[m], i), values(random[m], i)));
      checks_[m].complexity_rise = rise.value();
    }
  }
  void compare_with_another_logit() {
    std::vector<std::size_t> others = neurons_;
    for (std::size_t& neuron : others) neuron = (neuron + 1) % model_.architecture.outputs();
    const std::vector<Maps> maps = explainer_.explain(images_, methods_, others);
    for (std::size_t m = 0; m < methods_.size(); ++m) {
      Mean mean;
      for (std::size_t i = 0; i < images_.size(); ++i) mean.add(alike(ranks_, plane(trained_[m], m, i), plane(maps[m], m, i)));
      checks_[m].random_logit = mean.value();
    }
  }

  [[nodiscard]] Plane plane(const Maps& maps, std::size_t method, std::size_t image) const {
    return {maps.values.rows().row(image), model_.architecture.input(), methods_[method].entry->facts.paint};
  }
  [[nodiscard]] std::vector<double> values(const Maps& maps, std::size_t image) const {
    return explain::plane_values(maps.values.rows().row(image), model_.architecture.input(), false);
  }

  const explain::Explained& model_;
  const explain::Images& images_;
  std::span<const explain::MethodUse> methods_;
  explain::Explainer explainer_;
  const explain::Similarity& ranks_ = *explain::find_similarity("spearman_abs");
  const explain::Similarity& drawn_ = *explain::find_similarity("ssim_drawn");
  Updates random_;
  std::vector<std::size_t> neurons_, layers_;
  std::vector<Maps> trained_;
  std::vector<SanityCheck> checks_;
};

std::string digits(double value) { return std::isfinite(value) ? fmt::format("{:.2f}", value) : "-"; }
}  // namespace

bool SanityCheck::is_insensitive() const {
  const auto last = std::find_if(stages.rbegin(), stages.rend(), [](const SanityStage& stage) { return stage.order == "cascade"; });
  return last != stages.rend() && last->spearman_abs >= kInsensitive;
}

std::vector<SanityCheck> sanity_checks(const explain::Explained& model, nn::Init init, const explain::Images& images,
                                       std::span<const explain::MethodUse> methods, const explain::ExplainOptions& options,
                                       Workers& workers) {
  return Checking(model, init, images, methods, options, workers).run();
}

std::string sanity_markdown(const std::vector<SanityCheck>& checks) {
  if (checks.empty()) return "";
  std::string text =
      "Layers are drawn anew, from the top down (cascade), from the bottom up, or one alone; each cell is the mean rank "
      "correlation of "
      "magnitudes with the trained map / SSIM of the drawn maps. `insensitive`: the former is still at least .5 when all are "
      "random. Rise: "
      "of the map's entropy, trained to random. Other logit: rank correlation with the map of the next class.\n\n| method |";
  for (const SanityStage& stage : checks.front().stages) text += fmt::format(" {} {} |", stage.order, stage.layer);
  text += " rise | other logit | |\n| --- |";
  for (std::size_t i = 0; i < checks.front().stages.size() + 3; ++i) text += " --- |";
  text += "\n";
  for (const SanityCheck& check : checks) {
    text += fmt::format("| {} |", check.method);
    for (const SanityStage& stage : check.stages)
      text += fmt::format(" {} / {} |", digits(stage.spearman_abs), digits(stage.ssim_drawn));
    text += fmt::format(" {} | {} | {} |\n", digits(check.complexity_rise), digits(check.random_logit),
                        check.is_insensitive() ? "insensitive" : "");
  }
  return text;
}

}  // namespace tocsin::lab
