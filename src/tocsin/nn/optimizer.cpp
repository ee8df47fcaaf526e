// SPDX-License-Identifier: Apache-2.0
// SGD and Adam as PyTorch defines them, one pass over memory.
// Sutskever et al., On the importance of initialization and momentum in deep learning, ICML 2013 (PyTorch's form: the rate is not
// in the buffer); Kingma, Ba, Adam, arXiv:1412.6980.
#include <algorithm>
#include <cmath>
#include <span>

#include "tocsin/core/errors.h"
#include "tocsin/kernels/elementwise.h"
#include "tocsin/nn/training.h"

namespace tocsin::nn {
namespace {
/// A pull as the kernels take it, for either element.
template <class T>
struct PullOf {
  std::span<const T> anchor = {};
  double factor = 0;
};

/// The kernels' steps once more in double, for the reference network: kernels/elementwise.h has the formulas.
/// step(i, gradient) takes the step of one parameter.
template <class Step>
double descend(std::span<const double> w, std::span<const double> g, const PullOf<double>& pull, Step step) {
  double distance2 = 0.0;
  for (std::size_t i = 0; i < w.size(); ++i) {
    const bool pulled = !pull.anchor.empty();
    step(i, pulled ? g[i] + pull.factor * (w[i] - pull.anchor[i]) : g[i]);
    if (pulled) distance2 += (w[i] - pull.anchor[i]) * (w[i] - pull.anchor[i]);
  }
  return distance2;
}
double sgd_step(std::span<double> w, std::span<const double> g, std::span<double> buffer, const OptimizerPlan& plan, double rate,
                bool first, const PullOf<double>& pull) {
  return descend(w, g, pull, [&](std::size_t i, double gradient) {
    double step = gradient + plan.weight_decay * w[i];
    if (!buffer.empty()) {
      buffer[i] = first ? step : plan.momentum * buffer[i] + step;
      step = plan.nesterov ? step + plan.momentum * buffer[i] : buffer[i];
    }
    w[i] -= rate * step;
  });
}
double adam_step(std::span<double> w, std::span<const double> g, std::span<double> m, std::span<double> v,
                 const OptimizerPlan& plan, double step_size, double root_scale, const PullOf<double>& pull) {
  return descend(w, g, pull, [&](std::size_t i, double gradient) {
    gradient += plan.weight_decay * w[i];
    m[i] = plan.beta1 * m[i] + (1.0 - plan.beta1) * gradient;
    v[i] = plan.beta2 * v[i] + (1.0 - plan.beta2) * gradient * gradient;
    w[i] -= step_size * m[i] / (std::sqrt(v[i]) * root_scale + plan.epsilon);
  });
}
double sgd_step(std::span<float> w, std::span<const float> g, std::span<float> buffer, const OptimizerPlan& plan, double rate,
                bool first, const PullOf<float>& pull) {
  return kernels::sgd_step(w, g, buffer,
                           {.rate = static_cast<float>(rate),
                            .momentum = static_cast<float>(plan.momentum),
                            .decay = static_cast<float>(plan.weight_decay),
                            .nesterov = plan.nesterov,
                            .first = first},
                           {pull.anchor, static_cast<float>(pull.factor)});
}
double adam_step(std::span<float> w, std::span<const float> g, std::span<float> m, std::span<float> v, const OptimizerPlan& plan,
                 double step_size, double root_scale, const PullOf<float>& pull) {
  return kernels::adam_step(w, g, m, v,
                            {.beta1 = static_cast<float>(plan.beta1),
                             .rest1 = static_cast<float>(1.0 - plan.beta1),
                             .beta2 = static_cast<float>(plan.beta2),
                             .rest2 = static_cast<float>(1.0 - plan.beta2),
                             .epsilon = static_cast<float>(plan.epsilon),
                             .decay = static_cast<float>(plan.weight_decay),
                             .step_size = static_cast<float>(step_size),
                             .root_scale = static_cast<float>(root_scale)},
                            {pull.anchor, static_cast<float>(pull.factor)});
}

std::size_t moments_of(const OptimizerPlan& plan) {
  if (plan.kind == OptimizerKind::adam) return 2;
  return plan.momentum != 0.0 ? 1 : 0;
}

}  // namespace

double OptimizerPlan::rate_at(std::size_t round) const {
  double rate = learning_rate;
  for (const auto& [from, scheduled] : schedule)
    if (from <= round) rate = scheduled;
  return rate;
}

Optimizer::Optimizer(const OptimizerPlan& plan, std::size_t coordinates, Element element)
    : plan_(plan), moments_(moments_of(plan), coordinates, element) {}

double Optimizer::step(Rows parameters, ConstRows gradient, double rate, double boost, const Pull* pull) {
  require(parameters.clients() == 1 && gradient.clients() == 1 && parameters.coordinates() == gradient.coordinates() &&
              parameters.element() == gradient.element(),
          "optimizer: needs parameters and gradient [1, d] of one element type, got [{}, {}] and [{}, {}]", parameters.clients(),
          parameters.coordinates(), gradient.clients(), gradient.coordinates());
  require(
      moments_.clients() == 0 || (moments_.coordinates() == parameters.coordinates() && moments_.element() == parameters.element()),
      "optimizer: was made for {} coordinates, got {}", moments_.coordinates(), parameters.coordinates());
  require(pull == nullptr || (pull->anchor.clients() == 1 && pull->anchor.coordinates() == parameters.coordinates() &&
                              pull->anchor.element() == parameters.element()),
          "optimizer: the anchor of a pull must be as the parameters are");
  ++steps_;
  return parameters.visit([&](auto typed) {
    using T = typename decltype(typed)::value_type;
    const std::size_t n = typed.coordinates();
    const std::span<T> values = typed[0];
    const std::span<const T> slopes(static_cast<const T*>(gradient.pointer(0)), n);
    const PullOf<T> to =
        pull == nullptr ? PullOf<T>() : PullOf<T>{{static_cast<const T*>(pull->anchor.pointer(0)), n}, pull->factor};
    const auto moment = [&](std::size_t row) {
      return row < moments_.clients() ? std::span<T>(static_cast<T*>(const_cast<void*>(moments_.rows().pointer(row))), n)
                                      : std::span<T>();
    };
    if (plan_.kind != OptimizerKind::adam) return sgd_step(values, slopes, moment(0), plan_, rate * boost, steps_ == 1, to);
    const double t = static_cast<double>(steps_);
    return adam_step(values, slopes, moment(0), moment(1), plan_, rate * boost / (1.0 - std::pow(plan_.beta1, t)),
                     1.0 / std::sqrt(1.0 - std::pow(plan_.beta2, t)), to);
  });
}

void Optimizer::reset() {
  steps_ = 0;
  if (moments_.clients() == 0) return;
  moments_.rows().visit([](auto rows) {
    for (std::size_t i = 0; i < rows.clients(); ++i)
      for (auto& value : rows[i]) value = 0;
  });
}

}  // namespace tocsin::nn
