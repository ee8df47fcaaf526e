// SPDX-License-Identifier: Apache-2.0
// Integrated Gradients: the gradient integrated along the straight line from a baseline x' to the input, times x - x'.
// Sundararajan, Taly, Yan, Axiomatic Attribution for Deep Networks, ICML 2017; arXiv:1703.01365.
// Two more rules draw what a published script drew (explain.md, section 5): `right_negated` is minus the right-hand rule, `beyond`
// walks on past x.
#include <array>
#include <cmath>
#include <numbers>

#include "tocsin/explain/registry.h"

namespace tocsin::explain {
namespace {
enum class Rule { midpoint, left, right, gauss_legendre, right_negated, beyond };
constexpr std::array<std::string_view, 6> kRules{"midpoint", "left", "right", "gauss_legendre", "right_negated", "beyond"};

/// Points t and weights w on [0, 1].
struct Quadrature {
  std::vector<double> points, weights;
};

/// Gauss-Legendre by Newton's iteration on the Legendre polynomials, points ascending.
Quadrature gauss_legendre(std::size_t n) {
  Quadrature result{std::vector<double>(n), std::vector<double>(n)};
  const double order = static_cast<double>(n);
  for (std::size_t i = 0; i < n; ++i) {
    double x = -std::cos(std::numbers::pi * (static_cast<double>(i) + 0.75) / (order + 0.5)), slope = 1.0;
    for (int iteration = 0; iteration < 100; ++iteration) {
      double previous = 1.0, value = x;
      for (std::size_t k = 2; k <= n; ++k) {
        const double degree = static_cast<double>(k);
        const double next = ((2.0 * degree - 1.0) * x * value - (degree - 1.0) * previous) / degree;
        previous = value;
        value = next;
      }
      slope = order * (x * value - previous) / (x * x - 1.0);
      const double step = value / slope;
      x -= step;
      if (std::abs(step) < 1e-16) break;
    }
    result.points[i] = (1.0 + x) / 2.0;
    result.weights[i] = 1.0 / ((1.0 - x * x) * slope * slope);
  }
  return result;
}

Quadrature quadrature(Rule rule, std::size_t n) {
  if (rule == Rule::gauss_legendre) return gauss_legendre(n);
  const double count = static_cast<double>(n), weight = rule == Rule::right_negated ? -1.0 / count : 1.0 / count;
  Quadrature result{{}, std::vector<double>(n, weight)};
  for (std::size_t k = 0; k < n; ++k) {
    const double at = static_cast<double>(k);
    switch (rule) {
      case Rule::left:
        result.points.push_back(at / count);
        break;
      case Rule::right:
        result.points.push_back((at + 1.0) / count);
        break;
      case Rule::right_negated:
        result.points.push_back(1.0 - at / count);
        break;
      case Rule::beyond:
        result.points.push_back(1.0 + at / count);
        break;
      default:
        result.points.push_back((at + 0.5) / count);
    }
  }
  return result;
}

class IntegratedGradients final : public Method {
 public:
  IntegratedGradients(Rule rule, std::size_t points, double baseline, bool own_neuron)
      : quadrature_(quadrature(rule, points)), baseline_(baseline), own_neuron_(own_neuron) {}

  std::vector<double> maps(Scene& scene) const override {
    const std::size_t width = scene.features();
    std::vector<double> map(scene.size() * width, 0.0);
    const auto fill = [&](std::size_t image, std::size_t k, std::span<double> input) {
      const std::span<const double> x = scene.input(image);
      for (std::size_t i = 0; i < width; ++i) input[i] = baseline_ + quadrature_.points[k] * (x[i] - baseline_);
    };
    scene.gradients(quadrature_.points.size(), own_neuron_, fill,
                    [&](std::size_t image, std::size_t k, std::span<const double> gradient) {
                      for (std::size_t i = 0; i < width; ++i) map[image * width + i] += quadrature_.weights[k] * gradient[i];
                    });
    for (std::size_t i = 0; i < map.size(); ++i) map[i] *= scene.chunk().inputs[i] - baseline_;
    return map;
  }
  double passes() const override { return static_cast<double>(quadrature_.points.size()); }

 private:
  Quadrature quadrature_;
  double baseline_;
  bool own_neuron_;
};
}  // namespace

constinit const Entry<Method> integrated_gradients_entry{
    .name = "integrated_gradients",
    .summary = "x - x' times the mean gradient on the line from the baseline x' to x",
    .paper = "arXiv:1703.01365",
    .status = Status::verified,
    .facts = {.paint = kMagnitudeGray},
    .make = [](Options& options) -> std::unique_ptr<Method> {
      const std::string word = options.word("rule", {.fallback = "midpoint",
                                                     .words = {kRules.begin(), kRules.end()},
                                                     .help = "where the line is sampled; the last two are a published script's"});
      Rule rule = Rule::midpoint;
      for (std::size_t i = 0; i < kRules.size(); ++i)
        if (word == kRules[i]) rule = static_cast<Rule>(i);
      const std::size_t points =
          options.count("points", {.fallback = 64, .at_least = 1, .at_most = 100000, .help = "gradients an input"});
      const double baseline = options.number("baseline", {.fallback = 0.0, .help = "every feature of x'"});
      const bool own = options.word("sample_neuron", {.fallback = "clean",
                                                      .words = {"clean", "own"},
                                                      .help = "each point explains the neuron chosen on the clean input, or its "
                                                              "own arg max"}) == "own";
      return std::make_unique<IntegratedGradients>(rule, points, baseline, own);
    },
};

}  // namespace tocsin::explain
